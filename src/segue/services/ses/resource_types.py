"""Identities, configuration sets, templates and contact lists in templates of stacks.

Source: CloudFormation template reference, AWS::SES::EmailIdentity, ConfigurationSet, ConfigurationSetEventDestination,
Template, ContactList.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, note_ignored, remove, retag
from segue.errors import AwsError
from segue.services.ses.feedback import NEW_KINDS, OLD_KINDS
from segue.services.ses.service import SERVICE

_OPTIONS: Final = (
    "DeliveryOptions",
    "ReputationOptions",
    "SendingOptions",
    "SuppressionOptions",
    "TrackingOptions",
)
_IGNORED: Final = ("VdmOptions", "ArchivingOptions")
_KINDS: Final = {
    name.lower(): NEW_KINDS[kind] for kind in NEW_KINDS for name in (kind, NEW_KINDS[kind], OLD_KINDS.get(kind, kind))
}


def _tags(request: ResourceRequest) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in request.all_tags().items()]


def _arn(request: ResourceRequest, kind: str) -> dict[str, str]:
    return {"ResourceArn": request.call.arn("ses", f"{kind}/{request.physical_id}")}


def _create_identity(request: ResourceRequest) -> Resource:
    name = str(request.properties["EmailIdentity"])
    signing = request.properties.get("DkimSigningAttributes")
    params = {"EmailIdentity": name, "DkimSigningAttributes": signing, "Tags": _tags(request)}
    request.perform("sesv2:CreateEmailIdentity", params)
    request.physical_id = name
    _set_identity(request)
    return _identity(request)


def _set_identity(request: ResourceRequest) -> None:
    """What of an identity can be changed; what the template no longer says goes back."""
    name, given, before = {"EmailIdentity": request.physical_id}, request.properties, request.previous

    def of(member: str) -> Mapping[str, Any] | None:
        value = given.get(member)
        return value if value is not None else {} if before.get(member) is not None else None

    if (own := of("ConfigurationSetAttributes")) is not None:
        request.perform("sesv2:PutEmailIdentityConfigurationSetAttributes", {**name, **own})
    if (own := of("FeedbackAttributes")) is not None:
        params = {**name, "EmailForwardingEnabled": True, **own}
        request.perform("sesv2:PutEmailIdentityFeedbackAttributes", params)
    if (own := of("DkimAttributes")) is not None:
        request.perform("sesv2:PutEmailIdentityDkimAttributes", {**name, "SigningEnabled": True, **own})
    if (own := of("MailFromAttributes")) is not None:
        request.perform("sesv2:PutEmailIdentityMailFromAttributes", {**name, **own})


def _identity(request: ResourceRequest) -> Resource:
    name = request.physical_id
    found = request.perform("sesv2:GetEmailIdentity", {"EmailIdentity": name})
    attributes = {}
    for number, token in enumerate(found["DkimAttributes"].get("Tokens") or (), 1):
        attributes[f"DkimDNSTokenName{number}"] = f"{token}._domainkey.{name}"
        attributes[f"DkimDNSTokenValue{number}"] = f"{token}.dkim.amazonses.com"
    return Resource(name, attributes)


def _update_identity(request: ResourceRequest) -> Resource:
    _set_identity(request)
    retag(request, "sesv2", _arn(request, "identity"))
    return _identity(request)


def _delete_identity(request: ResourceRequest) -> None:
    remove(request, "sesv2:DeleteEmailIdentity", {"EmailIdentity": request.physical_id})


def _create_set(request: ResourceRequest) -> Resource:
    name = request.name("Name", 64)
    options = chosen(request.properties, *_OPTIONS)
    request.perform("sesv2:CreateConfigurationSet", {"ConfigurationSetName": name, **options, "Tags": _tags(request)})
    note_ignored(request, *_IGNORED)
    return Resource(name)


def _update_set(request: ResourceRequest) -> Resource:
    name = request.physical_id
    unset: dict[str, dict[str, Any]] = {"SendingOptions": {"SendingEnabled": True}}
    for option in _OPTIONS:
        if request.changed(option):
            given = request.properties.get(option) or unset.get(option, {})
            request.perform(f"sesv2:PutConfigurationSet{option}", {"ConfigurationSetName": name, **given})
    retag(request, "sesv2", _arn(request, "configuration-set"))
    note_ignored(request, *_IGNORED)
    return Resource(name)


def _delete_set(request: ResourceRequest) -> None:
    remove(request, "sesv2:DeleteConfigurationSet", {"ConfigurationSetName": request.physical_id})


def _destination(request: ResourceRequest, operation: str, name: str) -> Resource:
    set_name, given = str(request.properties["ConfigurationSetName"]), dict(request.properties["EventDestination"])
    given.pop("Name", None)
    kinds = [str(kind) for kind in given.pop("MatchingEventTypes")]
    unknown = [kind for kind in kinds if kind.lower() not in _KINDS]
    if unknown:
        raise AwsError("ValidationError", f"MatchingEventTypes: {unknown[0]} is no type of event")
    destination = {"Enabled": False, **given, "MatchingEventTypes": [_KINDS[kind.lower()] for kind in kinds]}
    if destination.get("KinesisFirehoseDestination"):
        request.notes.append("KinesisFirehoseDestination has no effect here; segue deliveries shows what it would")
    params = {"ConfigurationSetName": set_name, "EventDestinationName": name, "EventDestination": destination}
    request.perform(f"sesv2:{operation}ConfigurationSetEventDestination", params)
    made = f"{set_name}|{name}"
    return Resource(made, {"Id": made})


def _create_destination(request: ResourceRequest) -> Resource:
    named = request.properties["EventDestination"].get("Name")
    return _destination(request, "Create", str(named) if named else request.name("", 64))


def _update_destination(request: ResourceRequest) -> Resource:
    return _destination(request, "Update", request.physical_id.partition("|")[2])


def _delete_destination(request: ResourceRequest) -> None:
    set_name, _, name = request.physical_id.partition("|")
    params = {"ConfigurationSetName": set_name, "EventDestinationName": name}
    remove(request, "sesv2:DeleteConfigurationSetEventDestination", params)


def _template_params(request: ResourceRequest, name: str) -> dict[str, Any]:
    given = request.properties.get("Template") or {}
    content = {"Subject": given.get("SubjectPart"), "Text": given.get("TextPart"), "Html": given.get("HtmlPart")}
    return {"TemplateName": name, "TemplateContent": content}


def _create_template(request: ResourceRequest) -> Resource:
    given = (request.properties.get("Template") or {}).get("TemplateName")
    name = str(given) if given else request.name("", 64)
    request.perform("sesv2:CreateEmailTemplate", {**_template_params(request, name), "Tags": _tags(request)})
    return Resource(name, {"Id": name})


def _update_template(request: ResourceRequest) -> Resource:
    request.perform("sesv2:UpdateEmailTemplate", _template_params(request, request.physical_id))
    retag(request, "sesv2", _arn(request, "template"))
    return Resource(request.physical_id, {"Id": request.physical_id})


def _delete_template(request: ResourceRequest) -> None:
    remove(request, "sesv2:DeleteEmailTemplate", {"TemplateName": request.physical_id})


def _create_contact_list(request: ResourceRequest) -> Resource:
    name = request.name("ContactListName", 64)
    params = {"ContactListName": name, **chosen(request.properties, "Description", "Topics"), "Tags": _tags(request)}
    request.perform("sesv2:CreateContactList", params)
    return Resource(name)


def _update_contact_list(request: ResourceRequest) -> Resource:
    params = {"ContactListName": request.physical_id, "Description": "", "Topics": []}
    request.perform("sesv2:UpdateContactList", {**params, **chosen(request.properties, "Description", "Topics")})
    retag(request, "sesv2", _arn(request, "contact-list"))
    return Resource(request.physical_id)


def _delete_contact_list(request: ResourceRequest) -> None:
    remove(request, "sesv2:DeleteContactList", {"ContactListName": request.physical_id})


for _declared in (
    ResourceType("AWS::SES::EmailIdentity", _create_identity, _delete_identity, _update_identity),
    ResourceType("AWS::SES::ConfigurationSet", _create_set, _delete_set, _update_set),
    ResourceType(
        "AWS::SES::ConfigurationSetEventDestination", _create_destination, _delete_destination, _update_destination
    ),
    ResourceType("AWS::SES::Template", _create_template, _delete_template, _update_template),
    ResourceType("AWS::SES::ContactList", _create_contact_list, _delete_contact_list, _update_contact_list),
):
    SERVICE.resource_type(_declared)

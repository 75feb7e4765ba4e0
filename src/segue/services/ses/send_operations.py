"""The older API's operations that send."""

from __future__ import annotations

from typing import Any, Final

from segue.api import Call
from segue.api.outbox import Message
from segue.errors import AwsError
from segue.services.ses.addresses import invalid, split_list
from segue.services.ses.records import TEMPLATE
from segue.services.ses.sending import MOST_RECIPIENTS, Mail, send
from segue.services.ses.service import SERVICE, existing, sending_identity
from segue.services.ses.templated import send_rendered
from segue.services.ses.templates import Parts, parts_of

BULK_STATUSES: Final = {
    "MessageRejected": "MessageRejected",
    "MailFromDomainNotVerifiedException": "MailFromDomainNotVerified",
    "ConfigurationSetDoesNotExist": "ConfigurationSetDoesNotExist",
    "TemplateDoesNotExist": "TemplateDoesNotExist",
    "AccountSendingPausedException": "AccountSendingPaused",
    "ConfigurationSetSendingPausedException": "ConfigurationSetSendingPaused",
    "InvalidParameterValue": "InvalidParameterValue",
    "InvalidRenderingParameter": "InvalidParameterValue",
}
"""Errors, and how a bulk's answer calls them."""


@SERVICE.operation("SendEmail", resource=sending_identity)
def send_email(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    body, subject = params["Message"].get("Body") or {}, params["Message"].get("Subject") or {}
    text, html = (body.get("Text") or {}).get("Data") or "", (body.get("Html") or {}).get("Data") or ""
    parts = Parts(subject.get("Data") or "", text, html)
    return {"MessageId": send(call, mail_of(params, params.get("Destination") or {}, parts))}


def mail_of(params: dict[str, Any], destination: dict[str, Any], parts: Parts) -> Mail:
    """A mail of the older API's members."""
    message = Message(
        kind="EMAIL",
        service="ses",
        source="",
        message_id="",
        sender=params["Source"],
        to=tuple(destination.get("ToAddresses") or ()),
        cc=tuple(destination.get("CcAddresses") or ()),
        bcc=tuple(destination.get("BccAddresses") or ()),
        reply_to=tuple(params.get("ReplyToAddresses") or ()),
        subject=parts.subject,
        text=parts.text,
        html=parts.html,
    )
    return Mail(
        message,
        params.get("SourceArn") or "",
        params.get("ReturnPath") or "",
        params.get("ConfigurationSetName") or "",
        tags_of(params.get("Tags")),
    )


def tags_of(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """Message tags by name."""
    return {tag["Name"]: tag["Value"] for tag in tags or ()}


@SERVICE.operation("SendRawEmail", resource=sending_identity)
def send_raw_email(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    source = params.get("Source") or ""
    arn = params.get("SourceArn") or params.get("FromArn") or ""
    destinations = params.get("Destinations")
    message = raw_message(params["RawMessage"]["Data"], source, destinations)
    set_name, tags = params.get("ConfigurationSetName") or "", tags_of(params.get("Tags"))
    return {"MessageId": send(call, raw_mail(message, Mail(message, arn, "", set_name, tags)))}


def raw_message(raw: bytes, source: str, destinations: list[str] | None) -> Message:
    """A raw mail's message: from whom and to whom as the operation says, or else as its own headers do.

    Raises:
        AwsError: ``InvalidParameterValue``: it says neither.
    """
    from segue.api.mime import read_headers

    headers: dict[str, str] = {}
    for name, value in read_headers(raw):
        headers.setdefault(name.lower(), value)
    sender = source or headers.get("from", "")
    if not sender:
        raise invalid("Missing required header 'From'.")
    named = {name: split_list(headers.get(name, "")) for name in ("to", "cc", "bcc")}
    if destinations:
        named = {"to": destinations, "cc": [], "bcc": []}
    return Message(
        kind="EMAIL",
        service="ses",
        source="",
        message_id="",
        sender=sender,
        to=tuple(named["to"]),
        cc=tuple(named["cc"]),
        bcc=tuple(named["bcc"]),
        reply_to=tuple(split_list(headers.get("reply-to", ""))),
        subject=headers.get("subject", ""),
        raw=raw,
        attributes={
            name: headers[key]
            for name, key in (("ConfigurationSetName", "x-ses-configuration-set"), ("Tags", "x-ses-message-tags"))
            if key in headers
        },
    )


def raw_mail(message: Message, mail: Mail) -> Mail:
    """What the mail's own headers say of its configuration set and tags, unless the operation does."""
    own_tags = message.attributes.pop("Tags", "")
    own_set = message.attributes.pop("ConfigurationSetName", "")
    pairs = (pair.strip().partition("=") for pair in own_tags.split(",") if "=" in pair)
    tags = {name: value for name, _, value in pairs}
    return Mail(
        message,
        mail.identity_arn,
        mail.return_path,
        mail.configuration_set or own_set.strip(),
        {**tags, **mail.tags},
        mail.largest_bytes,
    )


@SERVICE.operation("SendTemplatedEmail", resource=sending_identity)
def send_templated_email(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A mail of a template; where its data lack something, it is accepted and not sent, as on AWS."""
    template = existing(call, TEMPLATE, _template_name(params))
    mail = mail_of(params, params["Destination"], Parts("", "", ""))
    parts = parts_of(template.document)
    return {"MessageId": send_rendered(call, mail, template.name, parts, params["TemplateData"])}


def _template_name(params: dict[str, Any]) -> str:
    """By name; the newest SDKs may name its ARN instead."""
    return str(params.get("Template") or str(params.get("TemplateArn") or "").rpartition("/")[2])


@SERVICE.operation("SendBulkTemplatedEmail", resource=sending_identity)
def send_bulk_templated_email(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A mail each to up to fifty destinations; what becomes of one does not touch the others."""
    destinations = params["Destinations"]
    if not 1 <= len(destinations) <= MOST_RECIPIENTS:
        raise invalid(f"Destination count exceeds {MOST_RECIPIENTS}." if destinations else "No destinations.")
    template = existing(call, TEMPLATE, _template_name(params))
    parts, default = parts_of(template.document), params.get("DefaultTemplateData") or "{}"
    default_tags = params.get("DefaultTags")
    statuses: list[dict[str, Any]] = []
    for each in destinations:
        given = {**params, "Tags": each.get("ReplacementTags") or default_tags}
        mail = mail_of(given, each.get("Destination") or {}, Parts("", "", ""))
        data = stated(each.get("ReplacementTemplateData"))
        try:
            with call.tx.savepoint():
                sent = send_rendered(call, mail, template.name, parts, data or default)
        except AwsError as error:
            statuses.append({"Status": BULK_STATUSES.get(error.code, "Failed"), "Error": error.message})
        else:
            statuses.append({"Status": "Success", "MessageId": sent})
    return {"Status": statuses}


def stated(data: str | None) -> str:
    """A destination's own data; nothing, where they are an empty object: then those of all destinations hold."""
    return "" if data is None or "".join(data.split()) == "{}" else data

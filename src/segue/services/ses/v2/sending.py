"""Sending: simple, raw, of a template kept or given along, and in bulk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from segue.api import Call
from segue.api.outbox import Attachment, Message
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.services.ses.records import TEMPLATE
from segue.services.ses.send_operations import raw_mail, raw_message, stated, tags_of
from segue.services.ses.sending import LARGEST_V2, MOST_RECIPIENTS, Mail, send
from segue.services.ses.service import existing, scope_of_arn, sending_identity
from segue.services.ses.templated import send_rendered
from segue.services.ses.templates import Parts, check_parts
from segue.services.ses.templates import parts_of as kept_parts
from segue.services.ses.v2.contacts import management_headers
from segue.services.ses.v2.service import bad_request, operation
from segue.services.ses.v2.templates import parts_of

_STATUSES: Final = {
    "MessageRejected": "MESSAGE_REJECTED",
    "MailFromDomainNotVerifiedException": "MAIL_FROM_DOMAIN_NOT_VERIFIED",
    "ConfigurationSetDoesNotExist": "CONFIGURATION_SET_NOT_FOUND",
    "TemplateDoesNotExist": "TEMPLATE_NOT_FOUND",
    "AccountSendingPausedException": "ACCOUNT_SENDING_PAUSED",
    "ConfigurationSetSendingPausedException": "CONFIGURATION_SET_SENDING_PAUSED",
    "InvalidParameterValue": "INVALID_PARAMETER",
    "InvalidRenderingParameter": "INVALID_PARAMETER",
}


@operation("SendEmail", resource=sending_identity)
def send_email(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    content = params["Content"]
    given = [kind for kind in ("Simple", "Raw", "Template") if content.get(kind) is not None]
    if len(given) != 1:
        raise bad_request("Content must have exactly one of Simple, Raw and Template.")
    inner = content[given[0]]
    if given[0] == "Raw":
        return {"MessageId": _send_raw(call, params, inner["Data"])}
    mail = _mail(call, params, params.get("Destination") or {}, params.get("EmailTags"), inner)
    if given[0] == "Template":
        name, parts = _template(call, inner)
        return {"MessageId": send_rendered(call, mail, name, parts, inner.get("TemplateData") or "{}")}
    body = inner.get("Body") or {}
    message = replace(
        mail.message,
        subject=(inner.get("Subject") or {}).get("Data") or "",
        text=(body.get("Text") or {}).get("Data") or "",
        html=(body.get("Html") or {}).get("Data") or "",
    )
    return {"MessageId": send(call, replace(mail, message=message))}


def _send_raw(call: Call, params: dict[str, Any], raw: bytes) -> str:
    destination = params.get("Destination") or {}
    lists = [destination.get(f"{kind}Addresses") or [] for kind in ("To", "Cc", "Bcc")]
    message = raw_message(raw, params.get("FromEmailAddress") or "", [])
    if any(lists):
        message = replace(message, to=tuple(lists[0]), cc=tuple(lists[1]), bcc=tuple(lists[2]))
    mail = Mail(
        message,
        params.get("FromEmailAddressIdentityArn") or "",
        params.get("FeedbackForwardingEmailAddress") or "",
        params.get("ConfigurationSetName") or "",
        tags_of(params.get("EmailTags")),
        LARGEST_V2,
    )
    return send(call, raw_mail(message, mail))


def _mail(
    call: Call,
    params: dict[str, Any],
    destination: dict[str, Any],
    tags: list[dict[str, str]] | None,
    content: dict[str, Any],
) -> Mail:
    """A mail of this API's members, without what is to be read."""
    sender = params.get("FromEmailAddress")
    if not sender:
        raise bad_request("FromEmailAddress must be given.")
    headers = [(header["Name"], header["Value"]) for header in content.get("Headers") or ()]
    recipients = destination.get("ToAddresses") or []
    message = Message(
        kind="EMAIL",
        service="ses",
        source="",
        message_id="",
        sender=sender,
        to=tuple(recipients),
        cc=tuple(destination.get("CcAddresses") or ()),
        bcc=tuple(destination.get("BccAddresses") or ()),
        reply_to=tuple(params.get("ReplyToAddresses") or ()),
        headers=(*headers, *management_headers(call, params.get("ListManagementOptions"), recipients)),
        attachments=tuple(_attachment(each) for each in content.get("Attachments") or ()),
    )
    return Mail(
        message,
        params.get("FromEmailAddressIdentityArn") or "",
        params.get("FeedbackForwardingEmailAddress") or "",
        params.get("ConfigurationSetName") or "",
        tags_of(tags),
        LARGEST_V2,
    )


def _attachment(given: dict[str, Any]) -> Attachment:
    kind = given.get("ContentType") or "application/octet-stream"
    inline = given.get("ContentDisposition") == "INLINE"
    return Attachment(given["FileName"], kind, given["RawContent"], (given.get("ContentId") or "") if inline else "")


def _template(call: Call, given: dict[str, Any]) -> tuple[str, Parts]:
    """The template: kept under a name, or given along (its name is empty then)."""
    content, arn = given.get("TemplateContent"), given.get("TemplateArn") or ""
    name = given.get("TemplateName") or (parse_arn(arn).resource.partition("/")[2] if is_arn(arn) else "")
    if content is not None and not name:
        parts = parts_of(content)
        check_parts("", parts, kept=False)
        return "", parts
    if not name or content is not None:
        raise bad_request("A template needs exactly one of TemplateName, TemplateArn and TemplateContent.")
    template = existing(call, TEMPLATE, name, scope_of_arn(arn) if is_arn(arn) else "")
    return template.name, kept_parts(template.document)


@operation("SendBulkEmail", resource=sending_identity)
def send_bulk_email(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A mail each to up to fifty entries; what becomes of one does not touch the others."""
    entries, content = params["BulkEmailEntries"], params["DefaultContent"].get("Template")
    if not 1 <= len(entries) <= MOST_RECIPIENTS:
        raise bad_request(f"There must be 1 to {MOST_RECIPIENTS} bulk email entries.")
    if content is None:
        raise bad_request("DefaultContent needs a Template.")
    name, parts = _template(call, content)
    results: list[dict[str, Any]] = []
    for entry in entries:
        own = (entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or {}
        data = stated(own.get("ReplacementTemplateData")) or content.get("TemplateData") or "{}"
        headers = {header["Name"]: header for header in content.get("Headers") or ()}
        headers |= {header["Name"]: header for header in entry.get("ReplacementHeaders") or ()}
        tags = entry.get("ReplacementTags") or params.get("DefaultEmailTags")
        mail = _mail(call, params, entry["Destination"], tags, {**content, "Headers": list(headers.values())})
        try:
            with call.tx.savepoint():
                sent = send_rendered(call, mail, name, parts, data)
        except AwsError as error:
            results.append({"Status": _STATUSES.get(error.code, "FAILED"), "Error": error.message})
        else:
            results.append({"Status": "SUCCESS", "MessageId": sent})
    return {"BulkEmailEntryResults": results}

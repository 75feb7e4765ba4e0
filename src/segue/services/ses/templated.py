"""Mail of templates: rendered and sent, or accepted and not sent."""

from __future__ import annotations

from dataclasses import replace

from segue.api import Call
from segue.api.deliveries import Delivery, record
from segue.services.ses.addresses import all_checked, invalid
from segue.services.ses.sending import Mail, Teller, admit, send
from segue.services.ses.templates import Parts, RenderingFailure, data_of, render
from segue.services.ses.verification import message_id


def send_rendered(call: Call, mail: Mail, name: str, parts: Parts, data: str) -> str:
    """Send a mail of a template's parts with these data (a JSON object's text); its message id.

    Where the data lack what the template wants, there is a message id, too, but no mail: the event ``Rendering
    Failure`` says so, and a hop that failed (``segue deliveries``).

    Raises:
        AwsError: ``InvalidRenderingParameter``; and as :func:`segue.services.ses.sending.send` does.
    """
    values = data_of(data)
    kept = {"Template": name, "TemplateData": data} if name else {"TemplateData": data}
    attributes = {**mail.message.attributes, **kept}
    try:
        done = render(name, parts, values)
    except RenderingFailure as failure:
        return _accepted_only(call, mail, failure)
    message = replace(mail.message, subject=done.subject, text=done.text, html=done.html, attributes=attributes)
    return send(call, replace(mail, message=message))


def _accepted_only(call: Call, mail: Mail, failure: RenderingFailure) -> str:
    identity_arn, set_name = admit(call, mail)
    if not all_checked(mail.message.recipients):
        raise invalid("Missing required header 'To'.")
    attributes = {"ConfigurationSetName": set_name} if set_name else {}
    message = replace(mail.message, source=identity_arn, message_id=message_id(call), attributes=attributes)
    why, about = str(failure), {"errorMessage": str(failure), "templateName": failure.template}
    Teller(call, message, call.now_ms).tell("Rendering Failure", about)
    target = f"mailto:{message.recipients[0]}"
    record(call, Delivery(identity_arn, target, "ses:Mail", "failed", 1, why, message.message_id))
    return message.message_id

"""Templates of mail: kept, listed, rendered.

Source: https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html (500 KB a template, 20,000 of them).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from segue.api import Call
from segue.api.tags import drop_tags
from segue.errors import AwsError
from segue.languages.handlebars import InvalidTemplate, MissingAttribute, Program, RenderingTooLarge, compile_template
from segue.services.ses import records
from segue.services.ses.records import TEMPLATE
from segue.services.ses.service import SERVICE, arn_of, existing, page, scope_of

_LARGEST: Final = 500 * 1_024
_MOST: Final = 20_000


class Parts(NamedTuple):
    """Subject, text and HTML: of a template, or rendered."""

    subject: str
    text: str
    html: str


class RenderingFailure(Exception):
    """A template and its data do not come together; mail that was accepted is not sent for it.

    ``template`` is its name; ``too_large`` tells it from a missing attribute.
    """

    def __init__(self, message: str, template: str) -> None:
        super().__init__(message)
        self.template = template


def _named(call: Call, params: dict[str, Any]) -> str:
    name = params.get("TemplateName") or (params.get("Template") or {}).get("TemplateName")
    return arn_of(call, TEMPLATE, str(name or "*"))


def parts_of(document: Mapping[str, Any]) -> Parts:
    """A template's parts."""
    return Parts(document.get("SubjectPart") or "", document.get("TextPart") or "", document.get("HtmlPart") or "")


def check_parts(name: str, parts: Parts, *, kept: bool = True) -> None:
    """Refuse what is no template.

    Raises:
        AwsError: ``InvalidTemplate``.
    """
    if kept and not parts.subject:
        raise AwsError("InvalidTemplate", "The subject must be specified.", members={"TemplateName": name})
    if sum(len(part.encode()) for part in parts) > _LARGEST:
        raise AwsError("InvalidTemplate", "The template is larger than 500 KB.", members={"TemplateName": name})
    for part in parts:
        try:
            _program(part)
        except InvalidTemplate as error:
            raise AwsError(
                "InvalidTemplate", f"Template parsing failed: {error}", members={"TemplateName": name}
            ) from None


@lru_cache(maxsize=256)
def _program(text: str) -> Program:
    return compile_template(text)


def data_of(text: str) -> dict[str, Any]:
    """A template's data.

    Raises:
        AwsError: ``InvalidRenderingParameter``: it is no JSON object.
    """
    try:
        data = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise AwsError("InvalidRenderingParameter", "Template rendering data is invalid")
    return data


def render(name: str, parts: Parts, data: Mapping[str, Any]) -> Parts:
    """The parts with the data in them.

    Raises:
        RenderingFailure: see there.
    """
    try:
        return Parts(*(_program(part).render(data) for part in parts))
    except (MissingAttribute, RenderingTooLarge, InvalidTemplate) as error:
        raise RenderingFailure(str(error), name) from None


def save_template(call: Call, name: str, parts: Parts, *, new: bool) -> None:
    """Keep a template.

    Raises:
        AwsError: ``AlreadyExists``, ``TemplateDoesNotExist``, ``InvalidTemplate``, ``LimitExceeded``.
    """
    if new and records.find(call.tx, scope_of(call), TEMPLATE, name) is not None:
        raise AwsError("AlreadyExists", f"Template {name} already exists.", members={"Name": name})
    if new and records.count(call.tx, scope_of(call), TEMPLATE) >= _MOST:
        raise AwsError("LimitExceeded", f"An account has at most {_MOST} templates.")
    if not new:
        existing(call, TEMPLATE, name)
    check_parts(name, parts)
    document = {"SubjectPart": parts.subject, "TextPart": parts.text, "HtmlPart": parts.html}
    records.save(call.tx, scope_of(call), TEMPLATE, name, {key: text for key, text in document.items() if text})


def rendered_mail(call: Call, parts: Parts) -> str:
    """What TestRenderTemplate answers: a mail, without sender and recipients."""
    from email.utils import format_datetime  # not above: every start would wait for it

    from segue.api.mime import compose

    date = format_datetime(datetime.fromtimestamp(call.now_ms / 1000, UTC))
    return compose([("Date", date), ("Subject", parts.subject)], parts.text, parts.html, ()).decode()


def test_render(call: Call, name: str, data: str) -> str:
    """A template rendered, nothing sent.

    Raises:
        AwsError: ``TemplateDoesNotExist``, ``InvalidRenderingParameter``, ``MissingRenderingAttribute``.
    """
    template = existing(call, TEMPLATE, name)
    try:
        return rendered_mail(call, render(name, parts_of(template.document), data_of(data)))
    except RenderingFailure as failure:
        raise AwsError("MissingRenderingAttribute", str(failure), members={"TemplateName": name}) from None


@SERVICE.operation("CreateTemplate", resource=_named)
def create_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    save_template(call, params["Template"]["TemplateName"], parts_of(params["Template"]), new=True)
    return {}


@SERVICE.operation("UpdateTemplate", resource=_named)
def update_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    save_template(call, params["Template"]["TemplateName"], parts_of(params["Template"]), new=False)
    return {}


@SERVICE.operation("GetTemplate", reads=True, resource=_named)
def get_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = existing(call, TEMPLATE, params["TemplateName"])
    return {"Template": {"TemplateName": found.name, **found.document}}


@SERVICE.operation("DeleteTemplate", resource=_named)
def delete_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Forget a template; one that is not there is no error."""
    records.delete(call.tx, scope_of(call), TEMPLATE, params["TemplateName"])
    drop_tags(call.tx, _named(call, params))
    return {}


@SERVICE.operation("ListTemplates", reads=True)
def list_templates(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found, token = page(call, TEMPLATE, params, params.get("MaxItems"), 100, 10)
    metadata = [{"Name": thing.name, "CreatedTimestamp": thing.created_at_ms} for thing in found]
    return {"TemplatesMetadata": metadata, "NextToken": token}


@SERVICE.operation("TestRenderTemplate", reads=True, resource=_named)
def test_render_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return {"RenderedTemplate": test_render(call, params["TemplateName"], params["TemplateData"])}

"""Templates of mail."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.services.ses import records, templates
from segue.services.ses.records import TEMPLATE
from segue.services.ses.service import arn_of, existing, named, page, scope_of
from segue.services.ses.templates import Parts
from segue.services.ses.v2.identities import given_tags, listed_tags
from segue.services.ses.v2.service import operation

_template = named(TEMPLATE, "TemplateName")


def parts_of(content: dict[str, Any]) -> Parts:
    """A template's parts, of this API's members."""
    return Parts(content.get("Subject") or "", content.get("Text") or "", content.get("Html") or "")


@operation("CreateEmailTemplate", resource=_template)
def create_email_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    templates.save_template(call, params["TemplateName"], parts_of(params["TemplateContent"]), new=True)
    add_tags(call.tx, arn_of(call, TEMPLATE, params["TemplateName"]), given_tags(params))
    return {}


@operation("UpdateEmailTemplate", resource=_template)
def update_email_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    templates.save_template(call, params["TemplateName"], parts_of(params["TemplateContent"]), new=False)
    return {}


@operation("GetEmailTemplate", reads=True, resource=_template)
def get_email_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = existing(call, TEMPLATE, params["TemplateName"])
    parts = templates.parts_of(found.document)
    content = {"Subject": parts.subject, "Text": parts.text or None, "Html": parts.html or None}
    tags = listed_tags(tags_of(call.tx, arn_of(call, TEMPLATE, found.name)))
    return {"TemplateName": found.name, "TemplateContent": content, "Tags": tags}


@operation("DeleteEmailTemplate", resource=_template)
def delete_email_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    existing(call, TEMPLATE, params["TemplateName"])
    records.delete(call.tx, scope_of(call), TEMPLATE, params["TemplateName"])
    drop_tags(call.tx, arn_of(call, TEMPLATE, params["TemplateName"]))
    return {}


@operation("ListEmailTemplates", reads=True)
def list_email_templates(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found, token = page(call, TEMPLATE, params, params.get("PageSize"), 100, 10)
    metadata = [{"TemplateName": thing.name, "CreatedTimestamp": thing.created_at_ms} for thing in found]
    return {"TemplatesMetadata": metadata, "NextToken": token}


@operation("TestRenderEmailTemplate", reads=True, resource=_template)
def test_render_email_template(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    return {"RenderedTemplate": templates.test_render(call, params["TemplateName"], params["TemplateData"])}

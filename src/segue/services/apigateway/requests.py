"""The request that an integration sends, made of the client's: parameters, template, overrides.

Source: API Gateway developer guide, "Parameter mapping" and "Method request behavior for payloads without mapping
templates".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from segue.api.http_payload import query_of
from segue.api.integration_targets import with_stage_variables
from segue.api.mapping_templates import Mapping, Override
from segue.api.mapping_values import plain
from segue.api.service_requests import with_path
from segue.services.apigateway.entered import Entered

_HOP_BY_HOP = frozenset(("connection", "content-length", "transfer-encoding", "keep-alive", "host", "expect"))


class Unsupported(Exception):
    """There is no template for what the client sent, and it may not go through as it is."""


@dataclass(slots=True)
class Sent:
    """A request for what is behind.

    Attributes:
        headers: by lower-case name.
        query: all values by name.
        path: variables of the URI.
        body: as text where a template made it or may, else as bytes.
        answered: what a template says already of the answer.
    """

    uri: str
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    answered: Override = field(default_factory=Override)

    @property
    def url(self) -> str:
        """The URI with its variables and its query."""
        url = with_path(self.uri, self.path)
        text = urlencode([(name, value) for name, values in self.query.items() for value in values])
        return f"{url}{'&' if '?' in url else '?'}{text}" if text else url


def sent(entered: Entered) -> Sent:
    """The request of the integration.

    Raises:
        Unsupported: no template fits, and nothing may pass.
        VelocityError: the template cannot be rendered.
    """
    integration = entered.integration
    made = Sent(with_stage_variables(integration.get("uri", ""), entered.stage_variables))
    is_proxy = integration["type"] == "HTTP_PROXY"
    if is_proxy:
        headers = entered.visit.request.headers
        made.headers = {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}
        made.query = {name: list(values) for name, values in query_of(entered.visit.request).items()}
        made.path = dict(entered.variables)
        made.body = entered.visit.request.body
    for name, source in (integration.get("requestParameters") or {}).items():
        value = entered.value(str(source))
        if value is not None:
            _place(made, name.removeprefix("integration.request."), value)
    if not is_proxy:
        _fill(entered, made)
    return made


def _place(made: Sent, name: str, value: Any) -> None:
    place, _, key = name.partition(".")
    text = plain(value) or ""
    if place == "header":
        made.headers[key.lower()] = text
    elif place == "querystring":
        made.query[key] = [str(item) for item in value] if isinstance(value, list) else [text]
    elif place == "path":
        made.path[key] = text


def _fill(entered: Entered, made: Sent) -> None:
    """The body, by the template for its type, or as it came."""
    integration, request = entered.integration, entered.visit.request
    kind = request.header("content-type", "application/json").partition(";")[0].strip().lower()
    templates = {name.lower(): text for name, text in (integration.get("requestTemplates") or {}).items()}
    template = templates.get(kind, templates.get("$default"))
    if template is None:
        behaviour = integration.get("passthroughBehavior", "WHEN_NO_MATCH")
        if behaviour == "NEVER" or (behaviour == "WHEN_NO_TEMPLATES" and templates):
            raise Unsupported
        made.body = request.body
        made.headers.setdefault("content-type", kind)
        return
    mapping = Mapping(entered.told, entered.text)
    made.body = mapping.render(template).encode("utf-8", "replace")
    made.headers.setdefault("content-type", kind)
    for name, value in mapping.request.header.items():
        made.headers[name.lower()] = plain(value) or ""
    for name, value in mapping.request.querystring.items():
        _place(made, f"querystring.{name}", value)
    for name, value in mapping.request.path.items():
        made.path[name] = plain(value) or ""
    made.answered = mapping.response

"""From what came from behind to what the client gets: integration responses.

Source: API Gateway developer guide, "Set up an integration response in API Gateway".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from segue.api.mapping_templates import Mapping, Override
from segue.api.mapping_values import plain, read_path
from segue.languages.regexes import InvalidRegex, Regex
from segue.languages.velocity import VelocityError
from segue.services.apigateway.entered import Entered, finished, refuse
from segue.services.apigateway.records import Document
from segue.wire.request import Response


@dataclass(slots=True)
class Came:
    """What came from behind.

    Attributes:
        chosen_by: what selection patterns are held against: a status, or the message of a function's error.
        headers: by lower-case name.
    """

    chosen_by: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    answered: Override = field(default_factory=Override)


def respond(entered: Entered, came: Came) -> Document:
    """The client's answer."""
    response = _chosen(entered.integration.get("integrationResponses") or {}, came.chosen_by)
    if response is None:
        return refuse(entered, "API_CONFIGURATION_ERROR")
    try:
        body, kind, override = _body(entered, came, response)
    except VelocityError:
        return refuse(entered, "API_CONFIGURATION_ERROR")
    headers = {"content-type": kind}
    for name, source in (response.get("responseParameters") or {}).items():
        value = _value(entered, came, str(source))
        if value is not None and name.startswith("method.response.header."):
            headers[name.removeprefix("method.response.header.").lower()] = value
    for changes in (came.answered, override):
        headers |= {name.lower(): plain(value) or "" for name, value in changes.header.items()}
    status = override.status or came.answered.status or response["statusCode"]
    number = int(status) if str(status).isdigit() and 100 <= int(status) <= 599 else 500
    return finished(entered, Response(number, headers, body))


def _chosen(responses: dict[str, Document], chosen_by: str) -> Document | None:
    """The first whose pattern is the whole of it; else the one without a pattern."""
    default = None
    for response in responses.values():
        pattern = response.get("selectionPattern")
        if not pattern:
            default = default or response
        elif _fits(pattern, chosen_by):
            return response
    return default


def _fits(pattern: str, text: str) -> bool:
    try:
        return Regex(pattern).is_whole(text)
    except InvalidRegex:
        return False


def _body(entered: Entered, came: Came, response: Document) -> tuple[bytes, str, Override]:
    templates = response.get("responseTemplates") or {}
    kind = came.headers.get("content-type", "application/json").partition(";")[0].strip()
    if not templates:
        return came.body, "application/json", Override()
    accepted = entered.visit.request.header("accept").partition(",")[0].strip()
    name = next((one for one in (accepted, kind) if one in templates), next(iter(templates)))
    template = templates[name]
    if template is None:
        return came.body, name, Override()
    mapping = Mapping(entered.told, came.body.decode("utf-8", "replace"))
    return mapping.render(template).encode("utf-8", "replace"), name, mapping.response


def _value(entered: Entered, came: Came, source: str) -> str | None:
    name = source.removeprefix("integration.response.")
    if name == source:
        return plain(entered.value(source))
    place, _, rest = name.partition(".")
    if place in ("header", "multivalueheader"):
        return came.headers.get(rest.lower())
    text = came.body.decode("utf-8", "replace")
    found: Any = read_path(text, rest) if rest else text
    return plain(found)

"""A policy document compiled: each statement is a few functions of the request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from segue.languages.globs import Matcher, compile_glob
from segue.languages.policy.conditions import Condition, compile_conditions
from segue.languages.policy.request import Request
from segue.languages.policy.variables import compile_pattern

Filter = Callable[[Request], bool]

_ACCOUNT = re.compile(r"\d{12}|\d{10}")
_ACCOUNT_ROOT = re.compile(r"arn:[^:]*:iam::(\d+):root")
_REGIONAL_SERVICE = re.compile(r"([a-z0-9-]+)\.[a-z]{2}(?:-[a-z]+)+-\d\.(amazonaws\.com(?:\.cn)?)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, compiled.

    Attributes:
        effect: ``Allow`` or ``Deny``.
        filters: what must hold of the request: action, resource and conditions.
        principal: whom it speaks of; ``None`` where it names nobody (an identity policy's).
    """

    effect: str
    filters: tuple[Filter, ...]
    principal: Filter | None

    def applies(self, request: Request, resource_policy: bool) -> bool:
        """Whether the statement speaks of this request."""
        if resource_policy and (self.principal is None or not self.principal(request)):
            return False
        return all(holds(request) for holds in self.filters)


def compile_document(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The document's statements. ``ValueError`` where an operator is unknown; other flaws match nothing."""
    variables = document.get("Version") == "2012-10-17"
    return tuple(_statement(body, variables) for body in _listed(document.get("Statement", [])))


def _statement(body: Mapping[str, Any], variables: bool) -> Statement:
    filters: list[Filter] = [_action(body)]
    resource = _resource(body, variables)
    if resource is not None:
        filters.append(resource)
    conditions: list[Condition] = compile_conditions(body.get("Condition") or {}, variables)
    return Statement(str(body.get("Effect")), (*filters, *conditions), _principal(body))


def _action(body: Mapping[str, Any]) -> Filter:
    matchers = [compile_glob(str(text).lower()) for text in _listed(body.get("Action", body.get("NotAction", [])))]
    negated = "NotAction" in body and "Action" not in body
    return lambda request: _any(matchers, request.action.lower()) is not negated


def _resource(body: Mapping[str, Any], variables: bool) -> Filter | None:
    """The resource's filter; ``None`` where the statement has none (a trust policy's)."""
    if "Resource" not in body and "NotResource" not in body:
        return None
    patterns = [
        compile_pattern(str(text), variables) for text in _listed(body.get("Resource", body.get("NotResource", [])))
    ]
    negated = "Resource" not in body
    return lambda request: any(matches(request, request.resource) for matches in patterns) is not negated


def _principal(body: Mapping[str, Any]) -> Filter | None:
    if "Principal" in body:
        return _principals(body["Principal"])
    if "NotPrincipal" in body:
        named = _principals(body["NotPrincipal"])
        return lambda request: not named(request)
    return None


def _principals(named: Any) -> Filter:
    if named == "*":
        return lambda request: True
    if not isinstance(named, Mapping):
        return lambda request: False
    filters = [
        _ONE_PRINCIPAL[kind](str(text))
        for kind, texts in named.items()
        if kind in _ONE_PRINCIPAL
        for text in _listed(texts)
    ]
    return lambda request: any(matches(request) for matches in filters)


def _aws_principal(text: str) -> Filter:
    """An account (by number or root), a user, a role (all its sessions), one session, or everyone."""
    if text == "*":
        return lambda request: True
    root = _ACCOUNT_ROOT.fullmatch(text)
    if root or _ACCOUNT.fullmatch(text):
        account = root[1] if root else text
        return lambda request: not request.service and request.account == account
    return lambda request: request.principal_arn == text or (request.values("aws:PrincipalArn") or [""])[0] == text


def _service_principal(text: str) -> Filter:
    if text == "*":
        return lambda request: bool(request.service)
    plain = _REGIONAL_SERVICE.sub(r"\1.\2", text)
    return lambda request: request.service in (plain, text) and bool(request.service)


def _federated_principal(text: str) -> Filter:
    return lambda request: (request.values("aws:FederatedProvider") or [""])[0] == text


_ONE_PRINCIPAL: dict[str, Callable[[str], Filter]] = {
    "AWS": _aws_principal,
    "Service": _service_principal,
    "Federated": _federated_principal,
}


def _any(matchers: list[Matcher], text: str) -> bool:
    return any(matches(text) for matches in matchers)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

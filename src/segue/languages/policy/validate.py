"""What IAM refuses about a policy document, in its words (``MalformedPolicyDocument``)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from segue.languages.policy.conditions import known_operator

Kind = Literal["identity", "managed", "trust", "resource"]
"""In a user, group or role; managed by itself; a role's trust policy; attached to a resource."""

_VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY_MEMBERS = {"Version", "Id", "Statement"}
_STATEMENT_MEMBERS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"
}  # fmt: skip
_PRINCIPAL_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+|\*")
_SID = re.compile(r"[0-9A-Za-z]*")
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+|.*\$\{.+")
_SYNTAX = "Syntax errors in policy."


class MalformedPolicy(ValueError):
    """The document is no policy; the message is IAM's."""


def validate_document(text: str, kind: Kind = "identity") -> dict[str, Any]:
    """The parsed document; :class:`MalformedPolicy` where IAM would refuse it.

    Inline policies may be of either version, and need not say it (the policy templates of SAM do not).

    Source: what IAM answers to CreatePolicy, PutRolePolicy and CreateRole
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
    """
    document = _parsed(text)
    _require(not set(document) - _POLICY_MEMBERS, _SYNTAX)
    version = document.get("Version", "2008-10-17")
    _require(version in _VERSIONS, _SYNTAX)
    _require(kind != "managed" or version == "2012-10-17", "Policy document must be version 2012-10-17 or greater.")
    statements = document.get("Statement")
    listed: list[Any] = statements if isinstance(statements, list) else [statements]
    _require(bool(listed) and all(isinstance(statement, Mapping) for statement in listed), _SYNTAX)
    for statement in listed:
        _statement(statement, kind)
    sids = [statement["Sid"] for statement in listed if statement.get("Sid")]
    unique = kind == "resource" or len(set(sids)) == len(sids)  # buckets and repositories bear the same one twice
    _require(unique, "Statement IDs (SID) in a single policy must be unique.")
    return document


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise MalformedPolicy("This policy contains invalid Json") from None
    _require(isinstance(document, dict), _SYNTAX)
    found: dict[str, Any] = document
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _require(len({name for name, _ in pairs}) == len(pairs), _SYNTAX)
    return dict(pairs)


def _statement(statement: Mapping[str, Any], kind: Kind) -> None:
    _require(not set(statement) - _STATEMENT_MEMBERS, _SYNTAX)
    _require(statement.get("Effect") in ("Allow", "Deny"), _SYNTAX)
    sid = statement.get("Sid", "")
    _require(isinstance(sid, str), _SYNTAX)
    _require(
        kind == "resource" or _SID.fullmatch(sid) is not None,
        "Statement IDs (SID) must be alpha-numeric. "
        "Check that your input satisfies the regular expression [0-9A-Za-z]*",
    )
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")):
        _require(not (one in statement and other in statement), _SYNTAX)
    _actions(statement, kind)
    _resources(statement, kind)
    _principals(statement, kind)
    _conditions(statement.get("Condition", {}))


def _actions(statement: Mapping[str, Any], kind: Kind) -> None:
    actions = _texts(statement.get("Action", statement.get("NotAction", [])))
    _require(bool(actions), "Policy statement must contain actions.")
    for action in actions:
        _require(
            _ACTION.fullmatch(action) is not None,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
            if ":" not in action
            else f"Action {action} is not valid.",
        )
        _require(
            kind != "trust" or action.lower().startswith("sts:") or action == "*",
            "AssumeRole policy may only specify STS AssumeRole actions.",
        )


def _resources(statement: Mapping[str, Any], kind: Kind) -> None:
    named = "Resource" in statement or "NotResource" in statement
    if kind == "trust":
        _require(not named, "Has prohibited field Resource")
        return
    resources = _texts(statement.get("Resource", statement.get("NotResource", [])))
    _require(bool(resources) or kind == "resource", "Policy statement must contain resources.")
    for resource in resources:
        _require(
            kind == "resource" or _RESOURCE.fullmatch(resource) is not None,
            f'Resource {resource} must be in ARN format or "*".',
        )


def _principals(statement: Mapping[str, Any], kind: Kind) -> None:
    named = statement.get("Principal", statement.get("NotPrincipal"))
    if kind in ("identity", "managed"):
        _require(named is None, "Policy document should not specify a principal.")
        return
    _require(named is not None, "Missing required field Principal")
    if named == "*":
        return
    _require(isinstance(named, Mapping) and bool(named) and not set(named) - _PRINCIPAL_KINDS, _SYNTAX)
    for principal, texts in named.items():
        for text in _texts(texts):
            _require(bool(text), f'Invalid principal in policy: "{principal}":"{text}"')
            valid = principal != "AWS" or text == "*" or text.startswith(("arn:", "A")) or text.isdigit()
            _require(valid, f'Invalid principal in policy: "AWS":"{text}"')


def _conditions(block: Any) -> None:
    _require(isinstance(block, Mapping), _SYNTAX)
    for operator, keys in block.items():
        _require(known_operator(operator), f"Invalid Condition type : {operator}.")
        _require(isinstance(keys, Mapping), _SYNTAX)
        for values in keys.values():
            listed = values if isinstance(values, list) else [values]
            _require(all(isinstance(value, str | int | float) for value in listed), _SYNTAX)


def _texts(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    _require(all(isinstance(text, str) for text in listed), _SYNTAX)
    return listed


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise MalformedPolicy(message)

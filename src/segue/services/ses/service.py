"""The service's declaration, its second API, and what both need: names, ARNs, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from segue.api import Call, Service
from segue.api.paginate import decode_token, encode_token
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.services.ses import records
from segue.services.ses.addresses import domain_of
from segue.services.ses.records import Thing
from segue.store import Transaction

PRINCIPAL: Final = "ses.amazonaws.com"
KIND_WORDS: Final = {
    records.TEMPLATE: ("TemplateDoesNotExist", "Template {} does not exist"),
    records.CONFIGURATION_SET: ("ConfigurationSetDoesNotExist", "Configuration set <{}> does not exist."),
}


def policy_of(tx: Transaction, arn: str) -> str | None:
    """What an identity's policies say together; ``None`` where it has none."""
    parsed = parse_arn(arn)
    kind, _, name = parsed.resource.partition("/")
    found = (
        records.find(tx, f"{parsed.account}/{parsed.region}", records.IDENTITY, name) if kind == "identity" else None
    )
    policies = [json.loads(text) for text in (found.document.get("Policies") or {}).values()] if found else []
    if not policies:
        return None
    statements = [statement for policy in policies for statement in as_list(policy["Statement"])]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def conditions(operation: str, params: dict[str, Any]) -> dict[str, str]:
    """The condition keys of a call that sends."""
    sender = str(params.get("Source") or params.get("FromEmailAddress") or "")
    name, bracket, _ = sender.partition("<")
    found = {
        "ses:FromAddress": sender.rpartition("<")[2].rstrip("> "),
        "ses:FromDisplayName": name.strip(' "') if bracket else "",
        "ses:FeedbackAddress": str(params.get("ReturnPath") or params.get("FeedbackForwardingEmailAddress") or ""),
    }
    return {key: value for key, value in found.items() if value}


SERVICE = Service("ses", migrations=records.MIGRATIONS, resource_policy=policy_of, conditions=conditions)


def scope_of(call: Call) -> str:
    """Where names are unique."""
    return f"{call.account}/{call.region}"


def scope_of_arn(arn: str) -> str:
    """The same, of a resource."""
    parsed = parse_arn(arn)
    return f"{parsed.account}/{parsed.region}"


def arn_of(call: Call, kind: str, name: str) -> str:
    """The ARN of one of the caller's things."""
    return call.arn("ses", f"{kind}/{name}")


def named(kind: str, *members: str) -> Callable[[Call, dict[str, Any]], str]:
    """The resource of an operation: the thing that the first of these members names."""

    def resource(call: Call, params: dict[str, Any]) -> str:
        return arn_of(call, kind, str(next((params[member] for member in members if params.get(member)), "*")))

    return resource


def sending_identity(call: Call, params: dict[str, Any]) -> str:
    """The resource of an operation that sends: the identity that is named, or the one of the sender's address."""
    given = params.get("SourceArn") or params.get("FromArn") or params.get("FromEmailAddressIdentityArn")
    if given and is_arn(given):
        return str(given)
    sender = str(params.get("Source") or params.get("FromEmailAddress") or "").rpartition("<")[2].rstrip("> ")
    if not sender:
        return arn_of(call, "identity", "*")
    known = records.find(call.tx, scope_of(call), records.IDENTITY, sender)
    return arn_of(call, "identity", sender if known is not None or "@" not in sender else domain_of(sender))


def existing(call: Call, kind: str, name: str, scope: str = "") -> Thing:
    """The thing of that name.

    Raises:
        AwsError: as the older API calls it where there is none.
    """
    found = records.find(call.tx, scope or scope_of(call), kind, name)
    if found is None:
        code, words = KIND_WORDS.get(kind, ("NotFoundException", f"{kind} <{{}}> does not exist."))
        raise AwsError(code, words.format(name))
    return found


def page(
    call: Call, kind: str, params: dict[str, Any], size: int | None, longest: int, default: int | None = None
) -> tuple[list[Thing], str | None]:
    """One page of things, by name, and the token of the next."""
    token = params.get("NextToken")
    after = decode_token(token, "InvalidParameterValue", "Invalid token.")[0] if token else ""
    limit = min(size or default or longest, longest) if (size or 1) > 0 else longest
    found = records.listed(call.tx, scope_of(call), kind, after, limit + 1)
    return found[:limit], encode_token(found[limit - 1].name) if len(found) > limit else None


def as_list(value: Any) -> list[Any]:
    """A statement may stand without a list around it."""
    return value if isinstance(value, list) else [value]


@SERVICE.housekeeping.append
def _forget_old(call: Call, _: Any) -> bool:
    records.forget_statistics(call.tx)
    return records.forget(call.tx, records.LINK, call.now_ms - 86_400_000, 500)

"""How callers name functions: a name, a partial ARN or an ARN, each with or without a qualifier."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.arn import make_arn
from segue.services.lambda_.errors import invalid, missing

LATEST = "$LATEST"
_ORDINAL_DIGITS = 18

_FORM = re.compile(
    r"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:)?(?:(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d):)?"
    r"(?:(?P<account>\d{12}|\d{10}):)?(?:function:)?(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)


@dataclass(frozen=True, slots=True)
class FunctionName:
    """A function as a caller named it.

    Attributes:
        arn: without qualifier: the key of all that belongs to the function.
        name: the last part of it.
        qualifier: a version, an alias, ``$LATEST``, or nothing.
    """

    arn: str
    name: str
    qualifier: str = ""

    @property
    def qualified_arn(self) -> str:
        """The ARN as named: with the qualifier if there is one."""
        return f"{self.arn}:{self.qualifier}" if self.qualifier else self.arn

    @property
    def invoked_version_arn(self) -> str:
        """The ARN with a qualifier always: ``$LATEST`` where none was named."""
        return f"{self.arn}:{self.qualifier or LATEST}"


def function_name(call: Call, text: str, qualifier: str | None = None) -> FunctionName:
    """What ``text`` (and the ``Qualifier`` parameter beside it) names, in the caller's account and region.

    Raises:
        AwsError: ``InvalidParameterValueException`` where both name a qualifier and differ,
            ``ResourceNotFoundException`` for an ARN of another region.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise invalid(f"Invalid function name: {text}")
    region = found["region"] or call.region
    if region != call.region and call.caller.kind != "service":  # services hand over between regions
        raise missing(f"Functions from '{region}' are not reachable in this region ('{call.region}')")
    named = found["qualifier"] or ""
    if named and qualifier and named != qualifier:
        raise invalid("The derived qualifier from the function name does not match the specified qualifier.")
    arn = make_arn("lambda", region, found["account"] or call.account, f"function:{found['name']}")
    return FunctionName(arn, found["name"], named or qualifier or "")


def named_function(call: Call, params: dict[str, Any]) -> FunctionName:
    """The function that an operation's ``FunctionName`` and ``Qualifier`` name."""
    return function_name(call, params["FunctionName"], params.get("Qualifier"))


def function_resource(call: Call, params: dict[str, Any]) -> str:
    """The ARN that policies speak of, for operations on one function."""
    return named_function(call, params).qualified_arn


def plain_function_resource(call: Call, params: dict[str, Any]) -> str:
    """The function's ARN without qualifier, for operations whose policies know no versions."""
    return function_name(call, params["FunctionName"]).arn


def scope_of(arn: str) -> str:
    """Account and region of an ARN, as lists are scoped by them (``us-east-1:000000000000``)."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return f"{region}:{account}"


def ordinal_of(qualifier: str) -> int:
    """The number of the version that a qualifier names: 0 for ``$LATEST`` and nothing, -1 for what cannot be one."""
    if qualifier in ("", LATEST):
        return 0
    return int(qualifier) if qualifier.isdecimal() and len(qualifier) <= _ORDINAL_DIGITS else -1


def qualifier_of(arn: str) -> str:
    """The qualifier of a function's ARN, or nothing."""
    return arn.split(":", 7)[7] if arn.count(":") >= 7 else ""

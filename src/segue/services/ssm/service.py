"""The service's declaration, and names of parameters: as callers write them, and as they are kept."""

from __future__ import annotations

import re
from typing import Any

from segue.api import Call, Service
from segue.arn import is_arn, make_arn, parse_arn
from segue.errors import AwsError
from segue.services.ssm import records

SERVICE = Service("ssm", migrations=records.MIGRATIONS)

_NAME = re.compile(r"/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*", re.ASCII)
_DEEPEST = 15
_LONGEST = 1_011


def scope_of(call: Call) -> str:
    """Where names are unique."""
    return f"{call.account}/{call.region}"


def arn_of(call: Call, name: str) -> str:
    """A parameter's ARN; a name that is a path brings its own slash."""
    if name.startswith("/aws/service/"):  # AWS's own, which are of no account
        return make_arn("ssm", call.region, "", f"parameter{name}")
    return call.arn("ssm", f"parameter/{name.removeprefix('/')}")


def named(call: Call, params: dict[str, Any]) -> str:
    """The ARN of the parameter that a request names, which policies speak of."""
    name = str(params.get("Name") or params.get("ResourceId") or "")
    return name if is_arn(name) else arn_of(call, selected(name)[0])


def path_of(call: Call, params: dict[str, Any]) -> str:
    """The ARN of a path, which policies speak of."""
    return arn_of(call, params["Path"])


def selected(name: str) -> tuple[str, str]:
    """A name and its selector: ``name:3``, ``name:label``; a name by itself, or an ARN, selects the latest."""
    if is_arn(name):
        resource = parse_arn(name).resource.partition("/")[2]
        base, _, selector = resource.partition(":")
        return (f"/{base}" if "/" in base else base), selector
    base, _, selector = name.partition(":")
    return base, selector


def check_name(name: str, *, new: bool = False) -> None:
    """Raise ``AwsError`` where a name can be none, or none of a new parameter.

    Source: https://github.com/aws/aws-sdk-php/issues/1952, https://github.com/boto/boto3/issues/1499 (the words), API
    reference, PutParameter.
    """
    if not _NAME.fullmatch(name) or name.lower().lstrip("/").startswith("ssm") or ("/" in name and name[0] != "/"):
        raise invalid(
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
            "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the "
            "following 3 symbols .-_"
        )
    if not new:
        return
    if name.lower().lstrip("/").startswith("aws"):
        raise AwsError("AccessDeniedException", f"No access to reserved parameter name: {name}.")
    if name.count("/") > _DEEPEST:
        message = f"The hierarchy of the parameter name has more than {_DEEPEST} levels: {name}"
        raise AwsError("HierarchyLevelLimitExceededException", message)
    if len(name) > _LONGEST:
        raise invalid(f"Parameter name must not be longer than {_LONGEST} characters.")


def check_path(path: str) -> None:
    """Raise ``ValidationException`` for a path that is none (words: https://github.com/aws/aws-sdk-js-v3/issues/5928)."""
    if path != "/" and (path[:1] != "/" or not _NAME.fullmatch(path.rstrip("/"))):
        raise invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
            'slash "/". It can\'t be prefixed with \\"aws\\" or \\"ssm\\" (case-insensitive). It must use only '
            "letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters "
            'are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: '
            "/get/parameters2-/by1./path0_."
        )


def invalid(message: str) -> AwsError:
    """``ValidationException``."""
    return AwsError("ValidationException", message)


def not_found() -> AwsError:
    """There is no such parameter, of which AWS says nothing more (https://github.com/aws/aws-sdk-js/issues/4330)."""
    return AwsError("ParameterNotFound", "")

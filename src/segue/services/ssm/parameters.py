"""Parameters: put, told, deleted, with all their versions.

Source: API reference, PutParameter, GetParameter(s), DeleteParameter(s), GetParameterHistory; user guide, "Parameter
Store".
"""

from __future__ import annotations

import re
from typing import Any

from segue.api import Call
from segue.api.authorize import authorize_action
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags
from segue.errors import AwsError
from segue.services.ssm import records
from segue.services.ssm.encryption import MANAGED_KEY, decrypt, encrypt
from segue.services.ssm.policies import parse_policies, remove, schedule, tell_change, told, unschedule
from segue.services.ssm.public_parameters import PREFIX, public_parameter
from segue.services.ssm.records import Version
from segue.services.ssm.service import SERVICE, arn_of, check_name, invalid, named, not_found, scope_of, selected

_LONGEST = {"Standard": 4_096, "Advanced": 8_192}
_KEPT_VERSIONS = 100
_DATA_TYPES = ("text", "aws:ec2:image", "aws:ssm:integration")
_DETAILS = ("Type", "Tier", "DataType", "KeyId", "Description", "AllowedPattern", "LastModifiedUser")
_PAGE = 50


@SERVICE.operation("PutParameter", resource=named)
def put_parameter(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new parameter, or with ``Overwrite`` a new version of one."""
    name, text = params["Name"], params["Value"]
    check_name(name, new=True)
    known = records.latest(call.tx, scope_of(call), name)
    _check(params, known)
    details = _details(call, params, known)
    _check_value(details, text)
    value = encrypt(call, name, details["KeyId"], text) if details["Type"] == "SecureString" else text
    made = Version(name, known.version + 1 if known else 1, value, call.now_ms, (), details)
    _make_room(call, name)
    records.insert(call.tx, scope_of(call), made)
    add_tags(call.tx, arn_of(call, name), {tag["Key"]: tag["Value"] for tag in params.get("Tags") or ()})
    schedule(call, made)
    tell_change(call, made, "Update" if known else "Create")
    return {"Version": made.version, "Tier": details["Tier"]}


def _check(params: dict[str, Any], known: Version | None) -> None:
    if known is not None and not params.get("Overwrite"):
        message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to"
        raise AwsError("ParameterAlreadyExists", f"{message} true.")
    if known is None and "Type" not in params:
        raise invalid("A parameter type is required when you create a parameter.")
    if params.get("Overwrite") and params.get("Tags"):
        raise invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
            "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
            "RemoveTagsFromResource."
        )
    if known is not None and params.get("Type", known.type) != known.type:
        message = "The parameter type can't be changed; make another parameter"
        raise AwsError("HierarchyTypeMismatchException", f"{message}: {known.name} is a {known.type}.")
    if params.get("DataType", "text") not in _DATA_TYPES:
        given = params["DataType"]
        raise invalid(f"The following data type is not supported: {given} (Data type names are all lowercase.)")


def _details(call: Call, params: dict[str, Any], known: Version | None) -> dict[str, Any]:
    """What a version tells beside its value; what is not given stays as it was."""
    before = known.details if known else {}
    details: dict[str, Any] = {"Type": before.get("Type"), "DataType": before.get("DataType", "text")}
    for name in ("Type", "DataType", "Description", "AllowedPattern", "KeyId"):
        if params.get(name) is not None:
            details[name] = params[name]
        elif name in before:
            details[name] = before[name]
    if details["Type"] == "SecureString":
        details.setdefault("KeyId", MANAGED_KEY)
    elif params.get("KeyId"):
        raise invalid("KeyId is required for SecureString type parameter only.")
    else:
        details.pop("KeyId", None)
    tier = params.get("Tier", before.get("Tier", "Standard"))
    policies = before.get("Policies", [])
    if params.get("Policies") is not None:
        policies = told(parse_policies(params["Policies"], call.now_ms))
    elif policies:
        policies = [{**one, "PolicyStatus": "Pending"} for one in policies]
    if tier == "Intelligent-Tiering":
        needs_more = policies or _length(params["Value"]) > _LONGEST["Standard"]
        tier = "Advanced" if needs_more else before.get("Tier", "Standard")
    if tier == "Standard" and before.get("Tier") == "Advanced":
        raise invalid(
            "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
            "advanced-parameter tier to the standard-parameter tier."
        )
    if policies and tier == "Standard":
        raise invalid("Parameter policies are only supported for parameters of the advanced-parameter tier.")
    if policies:
        details["Policies"] = policies
    return {**details, "Tier": tier, "LastModifiedUser": call.caller.principal_arn}


def _length(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _check_value(details: dict[str, Any], text: str) -> None:
    if not text:
        raise invalid(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1."
        )
    tier = details["Tier"]
    if _length(text) > _LONGEST[tier]:
        more = " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
        what = f"{tier} tier parameters support a maximum parameter value of {_LONGEST[tier]} characters."
        raise invalid(what + (more if tier == "Standard" else ""))
    pattern = details.get("AllowedPattern")
    if pattern and not _fits(pattern, text):
        message = f"Parameter value, cannot be validated against allowedPattern: {pattern}"
        raise AwsError("ParameterPatternMismatchException", message)


def _fits(pattern: str, text: str) -> bool:
    import regex  # whose matching can be given an end

    try:
        return regex.search(pattern, text, timeout=0.1) is not None
    except (regex.error, re.error):
        message = f"The parameter's allowedPattern is no regular expression: {pattern}"
        raise AwsError("InvalidAllowedPatternException", message) from None
    except TimeoutError:
        raise invalid(f"The parameter's allowedPattern takes too long: {pattern}") from None


def _make_room(call: Call, name: str) -> None:
    """Of a hundred versions the oldest goes, unless a label keeps it."""
    there = records.versions(call.tx, scope_of(call), name)
    if len(there) < _KEPT_VERSIONS:
        return
    oldest = there[0]
    if oldest.labels:
        raise AwsError(
            "ParameterMaxVersionLimitExceeded",
            f"You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. "
            f"Version {oldest.version}, the oldest version, can't be deleted because it has a label associated with "
            "it. Move the label to another version of the parameter, and try again.",
        )
    records.delete_version(call.tx, scope_of(call), name, oldest.version)


def found(call: Call, given: str) -> tuple[Version, str]:
    """The version that a name, perhaps with a selector, means; and the selector as it is told (``:3``).

    Raises:
        AwsError: ``ParameterNotFound``, ``ParameterVersionNotFound``, ``ValidationException``.
    """
    name, selector = selected(given)
    check_name(name)
    version = records.latest(call.tx, scope_of(call), name)
    if version is None and name.startswith(PREFIX):
        version = public_parameter(call.region, name)
    if version is None:
        raise not_found()
    if not selector:
        return version, ""
    for one in records.versions(call.tx, scope_of(call), name) or [version]:
        if selector in (str(one.version), *one.labels):
            return one, f":{selector}"
    what = "version" if selector.isdigit() else "label"
    message = f"Systems Manager could not find {what} {selector} of {name}. Verify the {what} and try again."
    raise AwsError("ParameterVersionNotFound", message)


def shown(call: Call, version: Version, params: dict[str, Any], selector: str = "") -> dict[str, Any]:
    """A parameter as answers have it; a secure string decrypted only if asked for."""
    value = version.value
    if version.type == "SecureString" and params.get("WithDecryption"):
        value = decrypt(call, version.name, version.details["KeyId"], value)
    return {
        "Name": version.name,
        "Type": version.type,
        "Value": value,
        "Version": version.version,
        "Selector": selector or None,
        "LastModifiedDate": version.modified_at_ms,
        "ARN": arn_of(call, version.name),
        "DataType": version.details["DataType"],
    }


@SERVICE.operation("GetParameter", reads=True, resource=named)
def get_parameter(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A parameter with its value."""
    version, selector = found(call, params["Name"])
    return {"Parameter": shown(call, version, params, selector)}


@SERVICE.operation("GetParameters", reads=True, action=None)
def get_parameters(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Several parameters; those that are not there are told apart."""
    _authorize(call, "ssm:GetParameters", params["Names"])
    there, missing = [], []
    for name in dict.fromkeys(params["Names"]):
        try:
            version, selector = found(call, name)
        except AwsError as error:
            if error.code not in ("ParameterNotFound", "ParameterVersionNotFound"):
                raise
            missing.append(name)
        else:
            there.append(shown(call, version, params, selector))
    return {"Parameters": there, "InvalidParameters": missing}


@SERVICE.operation("DeleteParameter", resource=named)
def delete_parameter(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a parameter with its versions."""
    if not _delete(call, params["Name"]):
        raise not_found()
    return {}


@SERVICE.operation("DeleteParameters", action=None)
def delete_parameters(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove several."""
    _authorize(call, "ssm:DeleteParameters", params["Names"])
    names = list(dict.fromkeys(params["Names"]))
    gone = [name for name in names if _delete(call, name)]
    return {"DeletedParameters": gone, "InvalidParameters": [name for name in names if name not in gone]}


def _authorize(call: Call, action: str, names: list[str]) -> None:
    """Each of several parameters must be allowed."""
    for name in names:
        authorize_action(call, SERVICE, action, named(call, {"Name": name}))


def _delete(call: Call, given: str) -> bool:
    name = selected(given)[0]
    version = records.latest(call.tx, scope_of(call), name)
    if version is None:
        return False
    unschedule(call, name)
    remove(call, version)
    return True


@SERVICE.operation("GetParameterHistory", reads=True, resource=named)
def get_parameter_history(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A parameter's versions, oldest first."""
    name = selected(params["Name"])[0]
    if records.latest(call.tx, scope_of(call), name) is None:
        raise not_found()
    limit = params.get("MaxResults") or _PAGE
    last = next_key(params, int, 0)
    rows = records.versions(call.tx, scope_of(call), name, last, limit + 1)
    history = [
        {
            **{key: value for key, value in shown(call, one, params).items() if key not in ("ARN", "Selector")},
            **{key: one.details[key] for key in _DETAILS if key in one.details},
            "Labels": list(one.labels),
            "Policies": one.details.get("Policies", []),
        }
        for one in rows[:limit]
    ]
    token = encode_token(rows[limit - 1].version) if len(rows) > limit else None
    return {"Parameters": history, "NextToken": token}


def next_key(params: dict[str, Any], kind: type, first: Any) -> Any:
    """After which key the page begins."""
    if not params.get("NextToken"):
        return first
    return decode_token(params["NextToken"], "InvalidNextToken", "The specified token isn't valid.", (kind,))[0]

"""Parameters by their path, and their descriptions by filters.

Source: API reference, GetParametersByPath, DescribeParameters, ParameterStringFilter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.api import Call
from segue.api.paginate import encode_token
from segue.api.tags import tags_of
from segue.errors import AwsError
from segue.services.ssm import records
from segue.services.ssm.parameters import next_key, shown
from segue.services.ssm.public_parameters import public_below
from segue.services.ssm.records import Version
from segue.services.ssm.service import SERVICE, arn_of, check_path, invalid, path_of, scope_of

_BY_PATH = 10
_DESCRIBED = 50
_READ_AHEAD = 200

Test = Callable[[Version], bool]


@SERVICE.operation("GetParametersByPath", reads=True, resource=path_of)
def get_parameters_by_path(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters right below a path, or anywhere below it, by name."""
    path = params["Path"]
    check_path(path)
    if (published := public_below(path)) and not params.get("NextToken"):
        return {"Parameters": [shown(call, one, params) for one in published]}
    below = path if path.endswith("/") else f"{path}/"
    tests = [_below(below, bool(params.get("Recursive"))), *_tests(call, params.get("ParameterFilters") or ())]
    page, token = _page(call, params, "" if below == "/" else below, tests, _BY_PATH)
    return {"Parameters": [shown(call, one, params) for one in page], "NextToken": token}


def _below(path: str, recursive: bool) -> Test:
    def is_below(one: Version) -> bool:
        name = one.name if one.name[0] == "/" else f"/{one.name}"
        return name.startswith(path) and (recursive or "/" not in name[len(path) :])

    return is_below


@SERVICE.operation("DescribeParameters", reads=True)
def describe_parameters(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """What parameters are, without their values."""
    filters = [*(params.get("ParameterFilters") or ())]
    if filters and params.get("Filters"):
        raise invalid("You can use either Filters or ParameterFilters in a single request.")
    for given in params.get("Filters") or ():
        option = "BeginsWith" if given["Key"] == "Name" else "Equals"
        filters.append({"Key": given["Key"], "Option": option, "Values": given["Values"]})
    page, token = _page(call, params, "", _tests(call, filters), _DESCRIBED)
    return {"Parameters": [_described(call, one) for one in page], "NextToken": token}


def _described(call: Call, one: Version) -> dict[str, Any]:
    return {
        "Name": one.name,
        "ARN": arn_of(call, one.name),
        "LastModifiedDate": one.modified_at_ms,
        "Version": one.version,
        "Policies": [],
        **one.details,
    }


def _page(
    call: Call, params: dict[str, Any], prefix: str, tests: list[Test], most: int
) -> tuple[list[Version], str | None]:
    """A page of what passes all tests, and where the next one begins."""
    limit = min(params.get("MaxResults") or most, most)
    last, passed = next_key(params, str, ""), list[Version]()
    while len(passed) <= limit:
        rows = records.after(call.tx, scope_of(call), prefix, last, _READ_AHEAD)
        passed += [row for row in rows if all(test(row) for test in tests)]
        if len(rows) < _READ_AHEAD:
            break
        last = rows[-1].name
    return passed[:limit], encode_token(passed[limit - 1].name) if len(passed) > limit else None


def _tests(call: Call, filters: Any) -> list[Test]:
    return [_test(call, given) for given in filters]


def _test(call: Call, given: dict[str, Any]) -> Test:
    key, values = given["Key"], given.get("Values") or []
    if key == "Path":
        return _path_test(given.get("Option", "OneLevel"), values)
    compare = _comparison(given.get("Option", "Equals"))
    if key.startswith("tag:"):

        def tagged(one: Version) -> bool:
            value = tags_of(call.tx, arn_of(call, one.name)).get(key[4:])
            return value is not None and (not values or any(compare(value, wanted) for wanted in values))

        return tagged
    return lambda one: any(compare(text, wanted) for text in _texts(one, key) for wanted in values)


def _texts(one: Version, key: str) -> tuple[str, ...]:
    match key:
        case "Name":
            return (one.name,)
        case "Label":
            return one.labels
        case _:
            return (str(one.details.get(key, "")),)


def _path_test(option: str, values: list[str]) -> Test:
    if option not in ("OneLevel", "Recursive"):
        raise AwsError("InvalidFilterOption", f"The following filter option is not valid: {option}.")
    for path in values:
        check_path(path)
    tests = [_below(path if path.endswith("/") else f"{path}/", option == "Recursive") for path in values]
    return lambda one: any(test(one) for test in tests)


def _comparison(option: str) -> Callable[[str, str], bool]:
    match option:
        case "Equals":
            return lambda text, wanted: text == wanted
        case "BeginsWith":
            return lambda text, wanted: text.startswith(wanted)
        case "Contains":
            return lambda text, wanted: wanted in text
        case _:
            raise AwsError("InvalidFilterOption", f"The following filter option is not valid: {option}.")

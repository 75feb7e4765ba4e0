"""Numbers and times by picture strings: XPath's notation, long and well trodden, done by the library ``jsonatapy``.

Its values are those of the reference for all of the official cases. Its wheels exist for the usual platforms; where
there is none, pictures alone are missing, and the error says so.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from segue.languages.jsonata.errors import MESSAGES, JsonataError, failure
from segue.languages.jsonata.functions import function
from segue.languages.jsonata.runtime import Runtime
from segue.languages.jsonata.values import UNDEFINED, plain

try:
    import jsonatapy
except ImportError:  # pragma: no cover - no wheel for this platform
    jsonatapy = None  # type: ignore[assignment,unused-ignore]

_CODE = re.compile(r"(?:[A-Za-z ]+: )?([A-Z][0-9]{4}): ?(.*)", re.DOTALL)
_MAX_PICTURE = 1_000
_STEPS_A_CALL = 50
_ISO = re.compile(
    r"(\d{4})(?:-([01]\d)(?:-([0-3]\d))?)?(?:T([0-2]\d):([0-5]\d):([0-5]\d)(?:\.(\d+))?)?(?:Z|([+-])([0-2]\d):?([0-5]\d))?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _by_library(runtime: Runtime, expression: str, **values: Any) -> Any:
    runtime.spend(_STEPS_A_CALL)
    if jsonatapy is None:
        raise JsonataError(None, "Picture strings need the package jsonatapy, which is not installed here")
    bindings = {name: value for name, value in values.items() if value is not UNDEFINED}
    for value in bindings.values():
        if type(value) is str and len(value) > _MAX_PICTURE:
            raise JsonataError(None, f"A picture string of more than {_MAX_PICTURE} characters")
    arguments = ", ".join(f"${name}" for name in bindings)
    try:
        return jsonatapy.compile(f"{expression}({arguments})").evaluate(None, bindings)
    except (ValueError, OverflowError) as error:
        raise _translated(str(error), bindings) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise JsonataError(None, f"{expression} cannot do this") from None


def _translated(text: str, bindings: dict[str, Any]) -> JsonataError:
    """The library's error in the reference's words: the code is the same."""
    match = _CODE.match(text)
    if match is None or match.group(1) not in MESSAGES:
        return JsonataError(None, text)
    code = match.group(1)
    if "{" not in MESSAGES[code]:
        return failure(code)
    quoted = re.search(r'[\'"](.*)[\'"]', match.group(2))
    return failure(code, value=quoted.group(1) if quoted else next(iter(bindings.values()), None))


@function("formatNumber", "<n-so?:s>", 3)
def format_number(runtime: Runtime, value: Any, picture: Any, options: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else _by_library(runtime, "$formatNumber", a=value, b=picture, c=options)


@function("formatInteger", "<n-s:s>", 2)
def format_integer(runtime: Runtime, value: Any, picture: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    return _by_library(runtime, "$formatInteger", a=math.floor(value), b=picture)


@function("parseInteger", "<s-s:n>", 2)
def parse_integer(runtime: Runtime, text: Any, picture: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    result = _by_library(runtime, "$parseInteger", a=text, b=picture)
    if type(result) is float:
        if math.isfinite(result):
            return plain(result)
        runtime.is_plain = False
    return result


@function("fromMillis", "<n-s?s?:s>", 3)
def from_millis(runtime: Runtime, millis: Any, picture: Any, timezone: Any) -> Any:
    if millis is UNDEFINED:
        return UNDEFINED
    if picture is UNDEFINED and timezone is UNDEFINED:
        try:
            moment = _EPOCH + timedelta(milliseconds=math.floor(millis))
        except OverflowError:
            raise failure("D3110", value=millis) from None
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z".rjust(24, "0")
    if picture is UNDEFINED:
        picture = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"
    return _by_library(runtime, "$fromMillis", a=millis, b=picture, c=timezone)


@function("toMillis", "<s-s?:n>", 2)
def to_millis(runtime: Runtime, text: Any, picture: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    if picture is not UNDEFINED:
        result = _by_library(runtime, "$toMillis", a=text, b=picture)
        return UNDEFINED if result is None else result
    match = _ISO.fullmatch(text)
    if match is None:
        raise failure("D3110", value=text)
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        raise failure("D3110", value=text) from None
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    millis = int(f"{fraction or '':0<3}"[:3])
    return (moment.replace(tzinfo=UTC) - offset - _EPOCH) // timedelta(milliseconds=1) + millis

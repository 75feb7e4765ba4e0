"""Functions of texts (docs.jsonata.org, "String functions")."""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from segue.languages.jsonata.calls import call_back
from segue.languages.jsonata.errors import JsonataError, failure
from segue.languages.jsonata.functions import function
from segue.languages.jsonata.matching import Matcher
from segue.languages.jsonata.runtime import Runtime
from segue.languages.jsonata.texts import to_text
from segue.languages.jsonata.values import UNDEFINED, Sequence

_SPACES = re.compile(r"[ \t\n\r]+")


@function("string", "<x-b?:s>", 1)
def string(runtime: Runtime, value: Any, is_pretty: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else to_text(value, runtime, is_pretty is True)


def _weighed(text: str, runtime: Runtime) -> str:
    runtime.text(len(text))
    return text


@function("length", "<s-:n>", 1)
def length(runtime: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else len(text)


@function("substring", "<s-nn?:s>", 3)
def substring(runtime: Runtime, text: Any, start: Any, count: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    begin = 0.0 if start is UNDEFINED else start
    if len(text) + begin < 0:
        begin = 0
    if count is UNDEFINED:
        return text[math.trunc(begin) :]
    if count <= 0:
        return ""
    end = begin + count if begin >= 0 else len(text) + begin + count
    return text[math.trunc(begin) : max(0, math.trunc(min(end, len(text))))]


@function("substringBefore", "<s-s:s>", 2)
def substring_before(runtime: Runtime, text: Any, part: Any) -> Any:
    if text is UNDEFINED or part is UNDEFINED:
        return text
    runtime.text(len(text))
    return text.partition(part)[0] if part else ""


@function("substringAfter", "<s-s:s>", 2)
def substring_after(runtime: Runtime, text: Any, part: Any) -> Any:
    if text is UNDEFINED or part is UNDEFINED:
        return text
    runtime.text(len(text))
    if part not in text:
        return text
    return text.partition(part)[2] if part else text


@function("lowercase", "<s-:s>", 1)
def lowercase(runtime: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else _weighed(text, runtime).lower()


@function("uppercase", "<s-:s>", 1)
def uppercase(runtime: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else _weighed(text, runtime).upper()


@function("trim", "<s-:s>", 1)
def trim(runtime: Runtime, text: Any) -> Any:
    return UNDEFINED if text is UNDEFINED else _SPACES.sub(" ", _weighed(text, runtime)).strip(" ")


@function("pad", "<s-ns?:s>", 3)
def pad(runtime: Runtime, text: Any, width: Any, filler: Any) -> Any:
    if text is UNDEFINED or width is UNDEFINED:
        return text
    if filler is UNDEFINED or filler == "":
        filler = " "
    missing = math.trunc(min(abs(width), 2**53)) - len(text)
    if missing <= 0:
        return text
    runtime.text(missing + len(text))
    padding = (filler * (missing // len(filler) + 1))[:missing]
    return text + padding if width > 0 else padding + text


@function("contains", "<s-(sf):b>", 2)
def contains(runtime: Runtime, text: Any, part: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    if type(part) is str:
        return part in text
    return next(_matches(part, text, runtime), None) is not None


@function("match", "<s-f<s:o>n?:a<o>>", 3)
def match(runtime: Runtime, text: Any, pattern: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    bound = _limit(limit, "D3040")
    found = Sequence()
    for one in _matches(pattern, text, runtime):
        if len(found) >= bound:
            break
        found.append({"match": one["match"], "index": one["start"], "groups": one["groups"]})
    return found


def _limit(limit: Any, code: str) -> float:
    if limit is UNDEFINED:
        return math.inf
    if limit < 0:
        raise failure(code)
    return float(limit)


def _matches(pattern: Any, text: str, runtime: Runtime) -> Any:
    """The matches of a regular expression, or of a function that follows its protocol."""
    if isinstance(pattern, Matcher):
        yield from pattern.matches(text, runtime)
        return
    match = call_back(pattern, [text], runtime)
    while match is not UNDEFINED:
        if type(match) is not dict or not {"match", "start", "end", "groups", "next"} <= match.keys():
            raise failure("T1010", token=runtime.caller)
        runtime.spend(1)
        yield match
        match = call_back(match["next"], [], runtime)


@function("replace", "<s-(sf)(sf)n?:s>", 4)
def replace(runtime: Runtime, text: Any, pattern: Any, replacement: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    if pattern == "":
        raise failure("D3010")
    bound = _limit(limit, "D3011")
    if bound == 0 or pattern is UNDEFINED:
        return text
    if type(pattern) is str:
        count = text.count(pattern) if bound == math.inf else min(text.count(pattern), math.ceil(bound))
        new = "undefined" if replacement is UNDEFINED else replacement
        if type(new) is not str:
            raise failure("D3012", value=None)
        runtime.text(len(text) + count * len(new))
        return text.replace(pattern, new, count)
    parts, position = [], 0
    for number, one in enumerate(_matches(pattern, text, runtime)):
        if number >= bound:
            break
        new = _filled(replacement, one) if type(replacement) is str else call_back(replacement, [one], runtime)
        if type(new) is not str:
            raise failure("D3012", value=None)
        runtime.text(len(new))
        parts += [text[position : one["start"]], new]
        position = one["start"] + len(one["match"])
    whole = "".join([*parts, text[position:]])
    runtime.text(len(whole))
    return whole


_REFERENCE = re.compile(r"\$(\$|\d+)?", re.ASCII)


def _filled(template: str, match: dict[str, Any]) -> str:
    """``$1`` in a replacement is what the first group matched, ``$0`` everything, ``$$`` a dollar sign."""
    groups = match["groups"]

    def fill(reference: re.Match[str]) -> str:
        digits = reference.group(1)
        if digits is None or digits == "$":
            return "$"
        if digits[0] == "0":
            return str(match["match"]) + digits[1:]
        most = 1 if not groups else int(math.log10(len(groups))) + 1
        number = digits[:most]
        if most > 1 and int(number) > len(groups):
            number = digits[: most - 1]
        value = groups[int(number) - 1] if int(number) <= len(groups) else ""
        return str(value) + digits[len(number) :]

    return _REFERENCE.sub(fill, template)


@function("split", "<s-(sf)n?:a<s>>", 3)
def split(runtime: Runtime, text: Any, separator: Any, limit: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    bound = _limit(limit, "D3020")
    if bound == 0:
        return []
    most = None if bound == math.inf else math.trunc(bound)
    if type(separator) is str:
        runtime.items(len(text) if not separator else text.count(separator))
        return (text.split(separator) if separator else list(text))[:most]
    if separator is UNDEFINED:
        return [text][:most]
    parts, start, count = [], 0, 0
    for one in _matches(separator, text, runtime):
        if count >= bound:
            break
        parts.append(text[start : one["start"]])
        start = one["end"]
        count += 1
    if count < bound:
        parts.append(text[start:])
    return parts


@function("join", "<a<s>s?:s>", 2)
def join(runtime: Runtime, texts: Any, separator: Any) -> Any:
    if texts is UNDEFINED:
        return UNDEFINED
    between = "" if separator is UNDEFINED else separator
    runtime.items(len(texts))
    runtime.text(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


@function("base64encode", "<s-:s>", 1)
def base64encode(runtime: Runtime, text: Any) -> Any:
    """Of the text in UTF-8. The reference takes the low bytes of the characters; ASCII is the same either way."""
    return (
        UNDEFINED
        if text is UNDEFINED
        else base64.b64encode(_weighed(text, runtime).encode("utf-8", "replace")).decode("ascii")
    )


@function("base64decode", "<s-:s>", 1)
def base64decode(runtime: Runtime, text: Any) -> Any:
    """AWS fails for what is not Base64 (with a message that holds a random number: floci-io/floci#2736)."""
    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise JsonataError(None, "The text is not Base64") from None


@function("encodeUrlComponent", "<s-:s>", 1)
def encode_url_component(runtime: Runtime, text: Any) -> Any:
    return _encoded(runtime, text, "-_.!~*'()", "encodeUrlComponent")


@function("encodeUrl", "<s-:s>", 1)
def encode_url(runtime: Runtime, text: Any) -> Any:
    return _encoded(runtime, text, "-_.!~*'();/?:@&=+$,#", "encodeUrl")


def _encoded(runtime: Runtime, text: Any, safe: str, name: str) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise failure("D3140", bare=name, value=text) from None


@function("decodeUrlComponent", "<s-:s>", 1)
def decode_url_component(runtime: Runtime, text: Any) -> Any:
    return _decoded(runtime, text, "", "decodeUrlComponent")


@function("decodeUrl", "<s-:s>", 1)
def decode_url(runtime: Runtime, text: Any) -> Any:
    return _decoded(runtime, text, ";/?:@&=+$,#", "decodeUrl")


_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")


def _decoded(runtime: Runtime, text: Any, kept: str, name: str) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    runtime.text(len(text))
    if _BAD_PERCENT.search(text):
        raise failure("D3140", bare=name, value=text)
    codes = {f"{ord(char):02X}" for char in kept}
    spared = _PERCENT.sub(lambda part: "%25" + part.group(1) if part.group(1).upper() in codes else part.group(), text)
    try:
        return unquote_to_bytes(spared).decode()
    except UnicodeDecodeError:
        raise failure("D3140", bare=name, value=text) from None

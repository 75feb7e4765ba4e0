"""Match expressions: ``{"prefix": "a"}``, ``{"anything-but": {"wildcard": "*.txt"}}``, ``{"numeric": [">", 0]}``."""

from __future__ import annotations

from collections.abc import Callable

from segue.languages.eventpattern import leaves
from segue.languages.eventpattern.errors import InvalidPattern
from segue.languages.eventpattern.leaves import BadOperand, Matcher
from segue.languages.eventpattern.tokens import Token, Tokens

_ONE_KEY = "Only one key allowed in match expression"
_TOO_MANY = "Too many elements in numeric expression"


def match_expression(tokens: Tokens) -> Matcher | None:
    """The expression whose ``{`` has been read; ``None`` for the one that asks for absence."""
    name = tokens.next()
    if name.kind != "name":
        raise tokens.fail("Match expression name not found")
    read = _EXPRESSIONS.get(name.value)
    if read is None:
        raise tokens.fail(f"Unrecognized match type {name.value}")
    return read(tokens)


def _string(
    build: Callable[[str], Matcher], what: str, ignoring_case: Callable[[str], Matcher] | None = None
) -> Callable[[Tokens], Matcher]:
    """An operator on a string, maybe with ``equals-ignore-case`` inside."""

    def read(tokens: Tokens) -> Matcher:
        token = tokens.next()
        if token.kind == "{" and ignoring_case is not None:
            return _nested_ignore_case(tokens, what, ignoring_case)
        if token.kind != "string":
            raise tokens.fail(f"{what} match pattern must be a string")
        matcher = build(tokens.read(token))
        _close(tokens, _ONE_KEY)
        return matcher

    return read


def _nested_ignore_case(tokens: Tokens, what: str, build: Callable[[str], Matcher]) -> Matcher:
    name = tokens.next()
    if name.kind != "name":
        raise tokens.fail(f"{what.capitalize()} expression name not found")
    if name.value != "equals-ignore-case":
        raise tokens.fail(f"Unsupported {what} pattern: {name.value}")
    token = tokens.next()
    if token.kind != "string":
        raise tokens.fail("equals-ignore-case match pattern must be a string")
    matcher = build(tokens.read(token))
    _close(tokens, _ONE_KEY)
    _close(tokens, _ONE_KEY)
    return matcher


def _wildcard(tokens: Tokens) -> Matcher:
    token = tokens.next()
    if token.kind != "string":
        raise tokens.fail("wildcard match pattern must be a string")
    text = tokens.read(token)
    matcher = _placed(tokens, lambda: leaves.wildcard(text))
    _close(tokens, _ONE_KEY)
    return matcher


def _cidr(tokens: Tokens) -> Matcher:
    token = tokens.next()
    if token.kind != "string":
        raise tokens.fail("prefix match pattern must be a string")  # AWS's own slip of the pen
    try:
        matcher = leaves.cidr(tokens.read(token))
    except BadOperand as error:
        raise InvalidPattern(str(error)) from None  # AWS names no place here
    _close(tokens, _ONE_KEY)
    return matcher


def _exists(tokens: Tokens) -> Matcher | None:
    token = tokens.next()
    if token.kind not in ("true", "false"):
        raise tokens.fail("exists match pattern must be either true or false.")
    _close(tokens, _ONE_KEY)
    return leaves.anything if token.kind == "true" else None


def _numeric(tokens: Tokens) -> Matcher:
    if tokens.next().kind != "[":
        raise tokens.fail("Value of numeric must be an array.")
    operator = tokens.next()
    if operator.kind != "string":
        raise tokens.fail(f"Invalid member in numeric match: {_shown(operator)}")
    first = tokens.read(operator)
    token = tokens.next()
    if first not in ("=", "<", "<=", ">", ">="):
        raise tokens.fail(f"Unrecognized numeric range operator: {first}")
    if token.kind != "number":
        raise tokens.fail(f"Value of {'equals' if first == '=' else first} must be numeric")
    bounds = [(first, token.value)]
    following = tokens.next()
    if following.kind != "]":
        if first not in (">", ">="):
            raise tokens.fail(_TOO_MANY)
        bounds.append(_upper_bound(tokens, following, token.value))
    _close(tokens, _TOO_MANY)
    return leaves.numeric(bounds)


def _upper_bound(tokens: Tokens, operator: Token, bottom: float) -> tuple[str, float]:
    if operator.kind != "string":
        raise tokens.fail(f"Bad value in numeric range: {_shown(operator)}")
    name = tokens.read(operator)
    if name not in ("<", "<="):
        raise tokens.fail(f"Bad numeric range operator: {name}")
    top = tokens.next()
    if top.kind != "number":
        raise tokens.fail(f"Value of {name} must be numeric")
    if tokens.next().kind != "]":
        raise tokens.fail("Too many terms in numeric range expression")
    if not bottom < top.value:
        raise tokens.fail("Bottom must be less than top")
    return name, top.value


def _anything_but(tokens: Tokens) -> Matcher:
    kind = ""
    token = tokens.next()
    if token.kind == "{":
        name = tokens.next()
        if name.kind != "name":
            raise tokens.fail("Anything-But expression name not found")
        kind = name.value
        if kind not in _REFUSALS:
            raise tokens.fail(f"Unsupported anything-but pattern: {kind}")
        token = tokens.next()
    if token.kind not in ("[", "string", "number"):
        raise tokens.fail("Value of anything-but must be an array or single string/number value.")
    if kind:
        matchers = _nested_refusals(tokens, token, kind)
    elif token.kind == "[":
        matchers = _refusals(tokens)
    else:
        matchers = [leaves.exact(tokens.read(token))]
    _close(tokens, _TOO_MANY)
    if kind:
        _close(tokens, _TOO_MANY)
    return leaves.anything_but(matchers)


def _refusals(tokens: Tokens) -> list[Matcher]:
    values: list[str | float] = []
    while (token := tokens.next()).kind != "]":
        if token.kind not in ("string", "number"):
            raise _doubled(tokens, "Inside anything but list, start|null|boolean is not supported.")
        values.append(tokens.read(token))
    strings = sum(isinstance(value, str) for value in values)
    if strings not in (0, len(values)) or not values:
        raise tokens.fail(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    if strings:
        return [leaves.one_of_strings([value for value in values if isinstance(value, str)])]
    return [leaves.exact(value) for value in values]


def _nested_refusals(tokens: Tokens, token: Token, kind: str) -> list[Matcher]:
    build, wrong_type = _REFUSALS[kind]
    if token.kind != "[":
        if token.kind != "string":
            raise tokens.fail(wrong_type)
        text = tokens.read(token)
        if not text and kind in ("prefix", "suffix"):
            raise tokens.fail("Null prefix/suffix not allowed")
        return [_placed(tokens, lambda: build(text))]
    texts: list[str] = []
    while (item := tokens.next()).kind != "]":
        if item.kind != "string":
            raise _doubled(tokens, wrong_type)
        texts.append(tokens.read(item))
        if not texts[-1] and kind in ("prefix", "suffix"):
            raise _doubled(tokens, "Null prefix/suffix not allowed")
    return [_placed(tokens, lambda: build(text)) for text in texts]  # noqa: B023


def _doubled(tokens: Tokens, reason: str) -> InvalidPattern:
    """Within a list AWS reports the place twice (conformance: content_anything_but_string_list_null_type_EXC)."""
    return tokens.fail(str(tokens.fail(reason)))


def _placed(tokens: Tokens, build: Callable[[], Matcher]) -> Matcher:
    try:
        return build()
    except BadOperand as error:
        raise tokens.fail(str(error)) from None


def _close(tokens: Tokens, otherwise: str) -> None:
    if tokens.next().kind != "}":
        raise tokens.fail(otherwise)


def _shown(token: Token) -> str:
    return token.kind if token.value is None else str(token.value)


_AFFIX = "prefix/suffix match pattern must be a string"
_REFUSALS: dict[str, tuple[Callable[[str], Matcher], str]] = {
    "equals-ignore-case": (
        leaves.equals_ignore_case,
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
    ),
    "prefix": (leaves.prefix, _AFFIX),
    "suffix": (leaves.suffix, _AFFIX),
    "wildcard": (leaves.wildcard, "wildcard match pattern must be a string"),
}
_EXPRESSIONS: dict[str, Callable[[Tokens], Matcher | None]] = {
    "exactly": _string(leaves.exact, "exact"),
    "prefix": _string(leaves.prefix, "prefix", leaves.prefix_ignore_case),
    "suffix": _string(leaves.suffix, "suffix", leaves.suffix_ignore_case),
    "equals-ignore-case": _string(leaves.equals_ignore_case, "equals-ignore-case"),
    "numeric": _numeric,
    "anything-but": _anything_but,
    "exists": _exists,
    "cidr": _cidr,
    "wildcard": _wildcard,
}

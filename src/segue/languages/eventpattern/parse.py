"""A pattern's text read into alternatives (what ``$or`` multiplies out to), each a table of path → leaf.

Order of checks, wording and places are EventBridge's, as recorded in the conformance group ``eventbridge-patterns``.
"""

from __future__ import annotations

from dataclasses import dataclass

from segue.languages.eventpattern.errors import InvalidPattern
from segue.languages.eventpattern.leaves import Matcher, address_of, either, exact, one_of_strings
from segue.languages.eventpattern.operators import match_expression
from segue.languages.eventpattern.tokens import Token, Tokens

Path = tuple[str, ...]
Alternative = dict[Path, "Leaf"]

MAX_ALTERNATIVES = 1_000
"""How many combinations ``$or`` may multiply out to: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""

MAX_DEPTH = 200
"""How deep a field may lie: no event has such, and everything that walks patterns can rely on it."""

_RESERVED_IN_OR = frozenset({
    "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
    "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after",
    "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range"
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leaf:
    """What one field must be.

    Attributes:
        matches: whether one of the field's values will do.
        absent: whether its absence will do.
        text: the leaf as written, for people.
        strings: the texts, where exact strings are all that the leaf takes: rules are looked up by them.
    """

    matches: Matcher
    absent: bool
    text: str
    strings: frozenset[str] | None = None


def parse(text: str) -> list[Alternative]:
    """The alternatives; the event must answer one of them in full. :class:`InvalidPattern` where it is no pattern."""
    tokens = Tokens(text)
    if tokens.next().kind != "{":
        raise tokens.fail("Filter is not an object")
    alternatives: list[Alternative] = [{}]
    return _object(tokens, (), alternatives, within_or=False)


def _object(tokens: Tokens, path: Path, alternatives: list[Alternative], *, within_or: bool) -> list[Alternative]:
    empty = True
    while (token := tokens.next()).kind != "}":
        empty = False
        name: str = token.value
        if name == "$or":
            alternatives = _or(tokens, path, alternatives)
            continue
        if within_or and name in _RESERVED_IN_OR:
            raise tokens.fail(f"{name} is Ruler reserved fieldName which cannot be used inside $or.")
        inner = (*path, *name.split("."))
        if len(inner) > MAX_DEPTH:
            raise tokens.fail(f"Fields are nested deeper than {MAX_DEPTH} levels")
        match tokens.next().kind:
            case "{":
                alternatives = _object(tokens, inner, alternatives, within_or=within_or)
            case "[":
                leaf = _leaf(tokens)
                for alternative in alternatives:
                    alternative[inner] = leaf
            case _:
                raise tokens.fail(f'"{name}" must be an object or an array')
    if empty:
        raise tokens.fail("Empty objects are not allowed")
    return alternatives


def _or(tokens: Tokens, path: Path, alternatives: list[Alternative]) -> list[Alternative]:
    if tokens.next().kind != "[":
        raise tokens.fail("It must be an Array followed with $or.")
    branches = 0
    found: list[Alternative] = []
    while (token := tokens.next()).kind != "]":
        branches += 1
        if token.kind != "{":
            raise tokens.fail("Only JSON object is allowed in array of $or relationship.")
        copies = [dict(alternative) for alternative in alternatives]
        found += _object(tokens, path, copies, within_or=True)
        if len(found) > MAX_ALTERNATIVES:
            raise InvalidPattern(f"The $or relationships make more than {MAX_ALTERNATIVES} combinations")
    if branches < 2:
        raise tokens.fail("There must have at least 2 Objects in $or relationship.")
    return found


def _leaf(tokens: Tokens) -> Leaf:
    start = tokens.position - 1
    strings: list[str] = []
    matchers: list[Matcher] = []
    absent = False
    while (token := tokens.next()).kind != "]":
        if token.kind == "{":
            expression = match_expression(tokens)
            absent = absent or expression is None
            if expression is not None:
                matchers.append(expression)
        elif _is_plain_string(token):
            strings.append(tokens.read(token))
        elif token.kind in ("string", "number", "true", "false", "null"):
            matchers.append(exact(tokens.read(token)))
        else:
            raise tokens.fail("Match value must be String, number, true, false, or null")
    if not strings and not matchers and not absent:
        raise tokens.fail("Empty arrays are not allowed")
    only_strings = frozenset(strings) if strings and not matchers and not absent else None
    matchers = [one_of_strings(strings), *matchers] if strings else matchers
    return Leaf(either(matchers) if matchers else _nothing, absent, tokens.text[start : tokens.position], only_strings)


def _is_plain_string(token: Token) -> bool:
    return token.kind == "string" and (":" not in token.value or address_of(token.value) is None)


def _nothing(actual: object) -> bool:
    return False

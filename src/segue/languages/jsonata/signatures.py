"""Signatures of functions, such as ``<s-nn?:s>``: what arguments are taken, and what becomes of missing ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from segue.languages.jsonata.errors import failure, invalid
from segue.languages.jsonata.values import UNDEFINED, Function

_ARRAYS_OF = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}
_TYPES = {str: "s", int: "n", float: "n", bool: "b", dict: "o", type(None): "l"}


def type_letter(value: Any) -> str:
    """The letter of a value's type in signatures."""
    letter = _TYPES.get(type(value))
    if letter is not None:
        return letter
    if isinstance(value, list):
        return "a"
    return "f" if isinstance(value, Function) else "m"


@dataclass(slots=True)
class _Parameter:
    type: str
    regex: str
    subtype: str | None = None
    context: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A compiled signature."""

    parameters: tuple[_Parameter, ...]
    pattern: re.Pattern[str]
    easy: str = field(default="")
    """The letters of arguments that need no further look, when each parameter is of one plain type."""

    @classmethod
    def parse(cls, text: str, position: int = 0) -> Signature:
        """Compile ``<…:…>``.

        Raises:
            InvalidJsonata: it is no signature.
        """
        parameters: list[_Parameter] = []
        at = 1
        while at < len(text) and text[at] != ":":
            letter = text[at]
            if letter in "snblo":
                parameters.append(_Parameter(letter, f"[{letter}m]"))
            elif letter == "a":
                parameters.append(_Parameter("a", "[asnblfom]"))
            elif letter == "f":
                parameters.append(_Parameter("f", "f"))
            elif letter == "j":
                parameters.append(_Parameter("j", "[asnblom]"))
            elif letter == "x":
                parameters.append(_Parameter("x", "[asnblfom]"))
            elif letter == "(":
                end = _closing(text, at, "(", ")")
                choice = text[at + 1 : end]
                if "<" in choice or not choice.isalpha():
                    raise invalid("S0402", position + at, value=choice)
                parameters.append(_Parameter(f"({choice})", f"[{choice}m]"))
                at = end
            elif parameters:
                at = _modify(parameters[-1], text, at, position)
            at += 1
        pattern = re.compile("".join(f"({one.regex})" for one in parameters))
        return cls(tuple(parameters), pattern, _easy(parameters))

    def arguments(self, given: list[Any], context: Any, name: str) -> list[Any]:
        """The arguments that the function gets.

        Raises:
            JsonataError: they do not fit (T0410, T0411, T0412).
        """
        letters = "".join([type_letter(value) for value in given])
        if letters and letters == self.easy:
            return given
        match = self.pattern.fullmatch(letters)
        if match is None:
            raise self._mismatch(letters, name)
        taken: list[Any] = []
        at = 0
        for parameter, part in zip(self.parameters, match.groups(), strict=True):
            if part == "":
                if parameter.context is not None:
                    if not parameter.context.fullmatch(type_letter(context)):
                        raise failure("T0411", index=at + 1, token=name)
                    taken.append(context)
                else:
                    taken.append(given[at] if at < len(given) else UNDEFINED)
                    at += 1
                continue
            for letter in part:
                value = given[at]
                at += 1
                taken.append(_as_array(parameter, letter, part, value, at, name) if parameter.type == "a" else value)
        return taken

    def _mismatch(self, letters: str, name: str) -> Exception:
        good, pattern = 0, ""
        for parameter in self.parameters:
            pattern += parameter.regex
            match = re.match(pattern, letters)
            if match is None:
                break
            good = match.end()
        return failure("T0410", index=good + 1, token=name)


def _as_array(parameter: _Parameter, letter: str, part: str, value: Any, index: int, name: str) -> Any:
    if letter == "m":
        return UNDEFINED
    subtype = parameter.subtype
    if subtype is not None:
        fits = part == subtype
        if letter == "a":
            fits = not value or all(type_letter(item) == subtype[0] for item in value)
        if not fits:
            raise failure("T0412", index=index, token=name, type=_ARRAYS_OF.get(subtype, subtype))
    return value if letter == "a" else [value]


def _modify(parameter: _Parameter, text: str, at: int, position: int) -> int:
    symbol = text[at]
    if symbol == "-":
        parameter.context = re.compile(parameter.regex)
        parameter.regex += "?"
    elif symbol in "?+":
        parameter.regex += symbol
    elif symbol == "<":
        if parameter.type not in ("a", "f"):
            raise invalid("S0401", position + at, value=parameter.type)
        end = _closing(text, at, "<", ">")
        parameter.subtype = text[at + 1 : end]
        return end
    return at


def _closing(text: str, at: int, opening: str, closing: str) -> int:
    depth = 0
    for index in range(at, len(text)):
        depth += (text[index] == opening) - (text[index] == closing)
        if depth == 0:
            return index
    return len(text)


def _easy(parameters: list[_Parameter]) -> str:
    letters = "".join(one.regex[1] for one in parameters if re.match(r"\[[snbo]m\]", one.regex))
    return letters if letters and len(letters) == len(parameters) else ""

"""Items in files: CSV, JSON and JSON Lines, read piece by piece (developer guide, "ItemReader (Map)").

A reader is given a stretch of the file's bytes and says how many of them it has used; the next stretch begins there. So
it needs no memory of its own but a few plain values, its *place*, and any file can be read on after a crash. Where it
has used nothing, it wants a longer stretch.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from segue.languages.asl import json_text

csv.field_size_limit(1 << 20)

Place = dict[str, Any]

_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
_WHITE = " \t\r\n"
_decode_from = json.JSONDecoder().raw_decode


NOT_ITERABLE = "Attempting to map over non-iterable node."
"""Recorded: sfn-map/*json_no_json_list_object."""


class FormatError(ValueError):
    """The file does not hold what it should; the text says what is wrong."""


class Taken(NamedTuple):
    """Items as JSON texts, how many bytes they took, where the next stretch begins to be read, whether all is read."""

    items: list[str]
    used: int
    place: Place
    is_end: bool


def format_reader(config: dict[str, Any]) -> Callable[[bytes, Place, bool], Taken]:
    """The reader for a ReaderConfig: ``reader(stretch, place, is_last)``; the first place of a file is ``{}``.

    Raises:
        FormatError: an InputType that is not read.
    """
    kind = config.get("InputType", "JSON")
    match kind:
        case "CSV":
            return lambda data, place, is_last: _read_csv(config, data, place, is_last)
        case "JSONL":
            return lambda data, place, is_last: _read_lines(data, is_last)
        case "JSON":
            return lambda data, place, is_last: _read_json(config, data, place, is_last)
    raise FormatError(f"InputType {kind} is not supported here")


def hash_order(keys: list[str]) -> list[str]:
    """Keys in the order of a HashMap of Java, which is how AWS gives the fields of a row (recorded:
    sfn-map/*csv_headers_first_row_typed_headers, *csv_first_row_extra_fields)."""
    unique = list(dict.fromkeys(keys))
    size = 16
    while len(unique) > size * 3 // 4:
        size *= 2
    return sorted(unique, key=lambda key: _spread_hash(key) & (size - 1))


def _spread_hash(key: str) -> int:
    value = 0
    encoded = key.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(encoded), 2):
        value = (value * 31 + (encoded[at] << 8 | encoded[at + 1])) & 0xFFFFFFFF
    return value ^ value >> 16


# Texts


def _text(data: bytes, is_last: bool) -> str:
    """The characters of a stretch, without one that is cut off at its end."""
    try:
        return codecs.utf_8_decode(data, "strict", is_last)[0]
    except UnicodeDecodeError as error:
        raise FormatError(f"The file is not UTF-8: {error.reason}") from None


def _size(text: str) -> int:
    return len(text.encode())


def _normal(text: str) -> str:
    try:
        return json_text.dump(json_text.parse(text))
    except ValueError as error:
        raise FormatError(f"The file is not valid JSON: {error}") from None


# JSON Lines


def _read_lines(data: bytes, is_last: bool) -> Taken:
    end = len(data) if is_last else data.rfind(b"\n") + 1
    text = _text(data[:end], True).removeprefix("\ufeff")
    items = [_normal(line) for line in text.split("\n") if line.strip()]
    return Taken(items, end, {}, is_last)


# CSV


def _read_csv(config: dict[str, Any], data: bytes, place: Place, is_last: bool) -> Taken:
    text = _text(data, is_last)
    skipped = 0
    if not place and text.startswith("\ufeff"):
        text, skipped = text[1:], 3
    lines = _Lines(text)
    rows: list[list[str]] = []
    ends: list[int] = []
    delimiter = _DELIMITERS.get(config.get("CSVDelimiter", "COMMA"), ",")
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            rows.append(row)
            ends.append(lines.taken)
    except csv.Error as error:
        raise FormatError(f"The file is not valid CSV: {error}") from None
    if not is_last and rows:  # the last row may go on in the next stretch
        rows.pop()
        ends.pop()
    if not rows:
        return Taken([], len(data) if is_last else 0, place, is_last)
    headers: list[str] | None = place.get("headers")
    if headers is None:
        is_given = config.get("CSVHeaderLocation") == "GIVEN"
        headers = list(config.get("CSVHeaders", ())) if is_given else rows.pop(0)
    used = len(data) if is_last else skipped + _size(text[: ends[-1]])
    order = [(name, len(headers) - 1 - headers[::-1].index(name)) for name in hash_order(headers)]
    items = [json_text.dump({name: row[at] if at < len(row) else "" for name, at in order}) for row in rows if row]
    return Taken(items, used, {"headers": headers}, is_last)


class _Lines:
    """The lines of a text, and how many of its characters were taken."""

    def __init__(self, text: str) -> None:
        self._source = io.StringIO(text, newline="")
        self.taken = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.taken += len(line)
        return line


# JSON


def _read_json(config: dict[str, Any], data: bytes, place: Place, is_last: bool) -> Taken:
    text = _text(data, is_last)
    if is_last and not place and not config.get("ItemsPointer"):
        return Taken(_whole_array(text), len(data), {}, True)
    walk = _Walk(text, is_last)
    try:
        if not place:
            if text.startswith("\ufeff"):
                walk.at = 1
            walk.enter(config.get("ItemsPointer", ""))
            is_first = True
        else:
            is_first = bool(place.get("first"))
        items, is_end = walk.elements(is_first)
    except _More:
        if is_last:
            raise FormatError("The file is not valid JSON: it ends too early") from None
        return Taken([], 0, place, False)
    if is_end and not config.get("ItemsPointer") and walk.rest():
        raise FormatError("The file is not valid JSON: there is something after its array")
    if is_last and not is_end:
        raise FormatError("The file is not valid JSON: it ends too early")
    return Taken(items, _size(text[: walk.at]), {"first": is_first and not items}, is_end)


def _whole_array(text: str) -> list[str]:
    try:
        value = json_text.parse(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise FormatError(f"The file is not valid JSON: {error}") from None
    if not isinstance(value, list):
        raise FormatError(NOT_ITERABLE)
    return [json_text.dump(item) for item in value]


class _More(Exception):
    """What is looked for may be in the next stretch."""


class _Walk:
    """A walk through the text of a JSON document that may not be all there."""

    def __init__(self, text: str, is_last: bool) -> None:
        self.text = text
        self.at = 0
        self._is_last = is_last

    def enter(self, pointer: str) -> None:
        """Go to the array that the pointer names, past its opening bracket."""
        for token in pointer.split("/")[1:]:
            self._step(token.replace("~1", "/").replace("~0", "~"), pointer)
        if self._next() != "[":
            raise FormatError(NOT_ITERABLE)
        self.at += 1

    def elements(self, is_first: bool) -> tuple[list[str], bool]:
        """The elements that are complete, and whether the array ends after them; the place is then behind them."""
        items: list[str] = []
        complete = self.at
        try:
            if is_first and self._next() == "]":
                self.at += 1
                return items, True
            while True:
                if not is_first and self._next() == "]":
                    self.at += 1
                    return items, True
                if not is_first:
                    self._expect(",")
                text = self._value()
                self._delimiter()
                items.append(_normal(text))
                is_first = False
                complete = self.at
        except _More:
            self.at = complete
            return items, False

    def rest(self) -> str:
        """What stands after the place, but white space."""
        return self.text[self.at :].strip()

    def _step(self, token: str, pointer: str) -> None:
        opening = self._next()
        self.at += 1
        missing = FormatError(f"The ItemsPointer '{pointer}' finds nothing in the file")
        if opening not in "{[":
            raise missing
        index = 0
        while self._next() not in "]}":
            name = str(index)
            if opening == "{":
                name = json.loads(self._value())
                self._expect(":")
                self._next()
            if name == token:
                return
            self._value()
            index += 1
            if self._delimiter() == ",":
                self.at += 1
        raise missing

    def _next(self) -> str:
        text = self.text
        while self.at < len(text) and text[self.at] in _WHITE:
            self.at += 1
        if self.at == len(text):
            raise _More
        return text[self.at]

    def _expect(self, symbol: str) -> None:
        if self._next() != symbol:
            raise FormatError(f"The file is not valid JSON: expected '{symbol}', found '{self.text[self.at]}'")
        self.at += 1

    def _delimiter(self) -> str:
        """What follows a value; a number that is cut off seems to be followed by something else."""
        symbol = self._next()
        if symbol in ",]}":
            return symbol
        if self._is_last:
            raise FormatError(f"The file is not valid JSON: expected ',', found '{symbol}'")
        raise _More

    def _value(self) -> str:
        self._next()
        start = self.at
        try:
            _, self.at = _decode_from(self.text, start)
        except json.JSONDecodeError as error:
            if self._is_last:
                raise FormatError(f"The file is not valid JSON: {error}") from None
            raise _More from None
        except RecursionError:
            raise FormatError("The file is not valid JSON: it is nested too deeply") from None
        return self.text[start : self.at]

"""From a template's text to its program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from segue.languages.handlebars.program import DEEPEST, Block, Node, Partial, Path, Program, Value

_BLOCKS: Final = ("if", "unless", "each", "with")
_INLINE: Final = re.compile(r"""\*\s*inline\s+["']([^"']+)["']""")
_PARTIAL: Final = re.compile(r"""["']?([^\s"']+)["']?(?:\s+(\S+))?""")
_SEGMENT: Final = re.compile(r"\[([^\]]*)\]|([^\s./\[\]{}()#&>^!~=\"'`;,|]+)")


class InvalidTemplate(ValueError):
    """The text is no template, or uses what is left out; the message says what is wrong and in which line."""


class _Tag(NamedTuple):
    sign: str
    inner: str
    line: int
    trims_left: bool
    trims_right: bool


@dataclass(slots=True)
class _Open:
    """A block whose end has not come."""

    name: str
    into: list[Node]
    block: Block | None
    line: int
    chained: bool = False


def compile_template(text: str) -> Program:
    """The program of a template.

    Raises:
        InvalidTemplate: see there.
    """
    compiler = _Compiler()
    for piece in _pieces(text):
        if isinstance(piece, str):
            compiler.literal(piece)
        else:
            compiler.tag(piece)
    return compiler.program()


def _pieces(text: str) -> list[str | _Tag]:
    """Texts and tags by turns; what a tag's tilde takes away is gone."""
    pieces: list[str | _Tag] = []
    position, line, trims = 0, 1, False
    while True:
        start = text.find("{{", position)
        literal = text[position : start if start >= 0 else len(text)]
        line += literal.count("\n")
        escaped = start > 0 and literal.endswith("\\")
        tag, end = (None, len(text)) if start < 0 else _tag(text, start, line)
        if escaped:
            tag, literal = None, literal[:-1] + text[start:end]
        shown = literal.lstrip() if trims else literal
        if tag is not None and tag.trims_left:
            shown = shown.rstrip()
        if shown:
            pieces.append(shown)
        if start < 0:
            return pieces
        trims = tag is not None and tag.trims_right
        if tag is not None and tag.sign != "!":
            pieces.append(tag)
        line += text.count("\n", start, end)
        position = end


def _tag(text: str, start: int, line: int) -> tuple[_Tag, int]:
    """The tag that begins there, and where the text goes on behind it."""
    opening = "{{"
    for closing, begins in (("}}}", "{{{"), ("--}}", "{{!--"), ("--~}}", "{{~!--"), ("--}}", "{{~!--")):
        if text.startswith(begins, start):
            end = text.find(closing, start + len(begins))
            if end >= 0:
                sign = "&" if begins == "{{{" else "!"
                inner = text[start + len(begins) : end]
                return _Tag(sign, inner.strip(), line, "~" in begins, "~" in closing), end + len(closing)
    end = text.find("}}", start + 2)
    if end < 0:
        raise InvalidTemplate(f"line {line}: a tag is not closed")
    inner = text[start + len(opening) : end]
    left, right = inner.startswith("~"), inner.endswith("~")
    inner = inner.strip("~").strip()
    sign = inner[:1] if inner[:1] in ("#", "/", "^", "&", ">", "!") else ""
    return _Tag(sign, inner[len(sign) :].strip(), line, left, right), end + 2


class _Compiler:
    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._partials: dict[str, list[Node]] = {}
        self._open: list[_Open] = []
        self._into = self._nodes

    def literal(self, text: str) -> None:
        self._into.append(text)

    def program(self) -> Program:
        if self._open:
            unclosed = self._open[-1]
            raise InvalidTemplate(f"line {unclosed.line}: the block '{unclosed.name}' is not closed")
        return Program(self._nodes, self._partials)

    def tag(self, tag: _Tag) -> None:
        word, _, rest = tag.inner.partition(" ")
        match tag.sign:
            case "#":
                self._begin(tag, word, rest.strip())
            case "/":
                self._end(tag)
            case ">":
                self._partial(tag)
            case "^" if not tag.inner:
                self._else(tag, "")
            case "^":
                raise InvalidTemplate(f"line {tag.line}: inverse sections are not supported, use #unless")
            case "" if word == "else":
                self._else(tag, rest.strip())
            case _:
                self._into.append(Value(_path(tag.inner, tag.line)))

    def _begin(self, tag: _Tag, word: str, rest: str, *, chained: bool = False) -> None:
        inline = _INLINE.fullmatch(tag.inner)
        if len(self._open) >= DEEPEST:
            raise InvalidTemplate(f"line {tag.line}: blocks nest deeper than {DEEPEST}")
        if inline is not None:
            body = self._partials[inline[1]] = []
            self._push(_Open("inline", self._into, None, tag.line), body)
            return
        if word not in _BLOCKS:
            raise InvalidTemplate(f"line {tag.line}: there is no helper '{word[:100]}'")
        block = Block(word, _path(rest, tag.line))
        self._into.append(block)
        self._push(_Open(word, self._into, block, tag.line, chained), block.body)

    def _push(self, opened: _Open, into: list[Node]) -> None:
        self._open.append(opened)
        self._into = into

    def _else(self, tag: _Tag, rest: str) -> None:
        opened = self._open[-1] if self._open else None
        if opened is None or opened.block is None or self._into is opened.block.inverse:
            raise InvalidTemplate(f"line {tag.line}: 'else' without a block")
        self._into = opened.block.inverse
        if rest:  # else if …: a block of its own, which ends with this one
            word, _, path = rest.partition(" ")
            self._begin(tag, word, path.strip(), chained=True)

    def _end(self, tag: _Tag) -> None:
        while self._open and self._open[-1].chained:
            self._into = self._open.pop().into
        if not self._open or self._open[-1].name != tag.inner:
            raise InvalidTemplate(f"line {tag.line}: '/{tag.inner[:100]}' closes no block of that name")
        self._into = self._open.pop().into

    def _partial(self, tag: _Tag) -> None:
        found = _PARTIAL.fullmatch(tag.inner)
        if found is None:
            raise InvalidTemplate(f"line {tag.line}: '> {tag.inner[:100]}' names no partial")
        self._into.append(Partial(found[1], _path(found[2], tag.line) if found[2] else None))


def _path(text: str, line: int) -> Path:
    rest, up = text, 0
    while rest == ".." or rest.startswith("../"):
        rest, up = rest[3:], up + 1
    here_only = rest in (".", "this") or rest.startswith(("./", "this.", "this/"))
    for prefix in ("this.", "this/", "./"):
        rest = rest.removeprefix(prefix)
    data = rest.startswith("@")
    segments: list[str] = []
    position = 1 if data else 0
    wanted = rest not in ("", ".", "this")
    while wanted and position < len(rest):
        found = _SEGMENT.match(rest, position)
        if found is None or (found.end() < len(rest) and rest[found.end()] not in "./"):
            raise InvalidTemplate(f"line {line}: '{text[:100]}' is no attribute")
        segments.append(found[1] if found[1] is not None else found[2])
        position = found.end() + 1
    if (data and not segments) or (not text) or (rest.endswith((".", "/")) and wanted):
        raise InvalidTemplate(f"line {line}: '{text[:100]}' is no attribute")
    name = segments.pop(0) if data else ""
    return Path(text, up, name, tuple(segments), here_only)

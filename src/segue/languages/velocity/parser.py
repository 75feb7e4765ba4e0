"""From a template's text to its tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from segue.languages.velocity.expressions import ExpressionParser
from segue.languages.velocity.tree import Expression, Foreach, If, Leave, Node, Reference, Set, Text

_DIRECTIVE = re.compile(r"#(?:\{([a-z]+)\}|([a-z]+))")
_LINE_END = re.compile(r"[ \t]*(?:\r\n|\n|\r)")
_PLAIN = re.compile(r"[^#$\\]+")
_BLOCK_ENDS: Final = frozenset(("else", "elseif", "end"))
_UNKNOWN: Final = frozenset(("macro", "define", "include", "parse", "evaluate"))
_MAX_NESTING: Final = 50


@dataclass(frozen=True, slots=True)
class Template:
    """A template that has been read."""

    body: tuple[Node, ...]


@lru_cache(maxsize=512)
def parse(text: str) -> Template:
    """Read a template.

    Raises:
        VelocityError: it is none, or uses what is left out here.
    """
    return Template(_TemplateParser(text, 0).whole())


class _TemplateParser(ExpressionParser):
    """Reads text, references and directives."""

    def whole(self) -> tuple[Node, ...]:
        body, ended_by = self._block()
        if ended_by:
            raise self.error(f"#{ended_by} without #if or #foreach")
        return body

    def interpolated(self, text: str) -> tuple[Node, ...]:
        return _TemplateParser(text, self.depth + 1).whole()

    def _block(self) -> tuple[tuple[Node, ...], str]:
        """Nodes up to the end of the block (which is taken), and which word ended it."""
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise self.error("nested too deeply")
        nodes: list[Node] = []
        while self.at < len(self.text):
            ended_by = self._node(nodes)
            if ended_by:
                self.depth -= 1
                return tuple(nodes), ended_by
        self.depth -= 1
        return tuple(nodes), ""

    def _node(self, nodes: list[Node]) -> str:
        found = _PLAIN.match(self.text, self.at)
        if found:
            self.at = found.end()
            nodes.append(Text(found[0]))
            return ""
        character = self.text[self.at]
        if character == "\\":
            self._backslash(nodes)
        elif character == "$":
            reference = self.reference()
            nodes.append(self._text("$") if reference is None else reference)
        else:
            return self._hash(nodes)
        return ""

    def _text(self, text: str) -> Text:
        self.at += len(text)
        return Text(text)

    def _backslash(self, nodes: list[Node]) -> None:
        """A backslash takes the meaning from what follows it."""
        if self.text.startswith(("\\$", "\\#"), self.at):
            follows = self.text[self.at + 1 :][:2]
            is_one = len(follows) > 1 and (follows[1].isalpha() or follows[1] in "!{_")
            nodes.append(Text(follows[0] if is_one else f"\\{follows[0]}"))
            self.at += 2
        else:
            nodes.append(self._text("\\"))

    def _hash(self, nodes: list[Node]) -> str:
        if self.text.startswith("##", self.at):
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end + 1
            return ""
        for begin, end_mark in (("#*", "*#"), ("#[[", "]]#")):
            if self.text.startswith(begin, self.at):
                end = self.text.find(end_mark, self.at + len(begin))
                if end < 0:
                    raise self.error(f"{begin} is not ended")
                if begin == "#[[":
                    nodes.append(Text(self.text[self.at + len(begin) : end]))
                self.at = end + len(end_mark)
                return ""
        return self._directive(nodes)

    def _directive(self, nodes: list[Node]) -> str:
        found = _DIRECTIVE.match(self.text, self.at)
        name = (found[1] or found[2]) if found else ""
        if found is None or name not in _BLOCK_ENDS | _UNKNOWN | {"set", "if", "foreach", "break", "stop"}:
            nodes.append(self._text("#"))
            return ""
        if name in _UNKNOWN:
            raise self.error(f"#{name} is not supported")
        self.at = found.end()
        if name in ("else", "end", "elseif"):
            if name != "elseif":
                self._line_end()
            return name
        if name in ("break", "stop"):
            self._line_end()
            nodes.append(Leave(name))
        else:
            nodes.append({"set": self._set, "if": self._if, "foreach": self._foreach}[name]())
        return ""

    def _line_end(self) -> None:
        found = _LINE_END.match(self.text, self.at)
        if found:
            self.at = found.end()

    def _set(self) -> Node:
        self.expect("(")
        self.space()
        target = self.reference()
        if target is None or any(step.kind == "method" for step in target.steps):
            raise self.error("#set needs a reference")
        self.expect("=")
        value = self.expression()
        self.expect(")")
        self._line_end()
        return Set(target, value)

    def _condition(self) -> Expression:
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        self._line_end()
        return condition

    def _if(self) -> Node:
        branches: list[tuple[Expression | None, tuple[Node, ...]]] = []
        condition: Expression | None = self._condition()
        while True:
            body, ended_by = self._block()
            branches.append((condition, body))
            if ended_by == "end":
                return If(tuple(branches))
            if not ended_by or condition is None:
                raise self.error("#if without #end")
            condition = self._condition() if ended_by == "elseif" else None

    def _foreach(self) -> Node:
        self.expect("(")
        self.space()
        name = self.reference()
        if not isinstance(name, Reference) or name.steps:
            raise self.error("#foreach needs a variable")
        self.space()
        if not self.take("in"):
            raise self.error("#foreach needs 'in'")
        items = self.expression()
        self.expect(")")
        self._line_end()
        body, ended_by = self._block()
        if ended_by != "end":
            raise self.error("#foreach without #end")
        return Foreach(name.name, items, body)

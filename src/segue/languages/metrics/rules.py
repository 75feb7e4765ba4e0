"""The rules of composite alarms: ``ALARM("a") AND (OK(b) OR NOT INSUFFICIENT_DATA("c d"))``.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')
_STATES: Final = frozenset(("ALARM", "OK", "INSUFFICIENT_DATA"))
_DEPTH: Final = 100
_MOST_ALARMS: Final = 100

States = Callable[[str], str | None]
"""The state of an alarm by its name or ARN; ``None``: there is no such alarm."""

Node = Callable[[States], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule.

    Attributes:
        alarms: the names or ARNs that it speaks of, each once.
    """

    alarms: tuple[str, ...]
    holds: Node


def compile_rule(text: str) -> Rule:
    """Compile a rule.

    Raises:
        ValueError: in words: it is none.
    """
    parser = _Parser(text)
    node = parser.either(0)
    if parser.at < len(parser.tokens):
        raise ValueError(f"unexpected {parser.tokens[parser.at][1]!r}")
    alarms = tuple(dict.fromkeys(parser.alarms))
    if len(alarms) > _MOST_ALARMS:
        raise ValueError(f"it speaks of more than {_MOST_ALARMS} alarms")
    return Rule(alarms, node)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"unexpected {text[at : at + 20]!r}")
        at = found.end()
        if found[1] or found[2]:
            tokens.append((found[1] or found[2], found[1] or found[2]))
        elif found[3] is not None:
            tokens.append(("name", re.sub(r"\\(.)", r"\1", found[3])))
        else:
            tokens.append(("word", found[4]))
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens, self.at, self.alarms = _tokens(text), 0, list[str]()

    def _take(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][0] != "name" and self.tokens[self.at][1] == word:
            self.at += 1
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise ValueError("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def either(self, depth: int) -> Node:
        if depth > _DEPTH:
            raise ValueError("it is nested too deeply")
        nodes = [self._both(depth)]
        while self._take("OR"):
            nodes.append(self._both(depth))
        return nodes[0] if len(nodes) == 1 else lambda states: any(node(states) for node in nodes)

    def _both(self, depth: int) -> Node:
        nodes = [self._not(depth)]
        while self._take("AND"):
            nodes.append(self._not(depth))
        return nodes[0] if len(nodes) == 1 else lambda states: all(node(states) for node in nodes)

    def _not(self, depth: int) -> Node:
        negated = False
        while self._take("NOT"):
            negated = not negated
        node = self._plain(depth)
        return (lambda states: not node(states)) if negated else node

    def _plain(self, depth: int) -> Node:
        kind, word = self._next()
        if kind == "(":
            node = self.either(depth + 1)
            self._expect(")")
            return node
        if kind == "word" and word in ("TRUE", "FALSE"):
            return lambda _states: word == "TRUE"
        if kind == "word" and word in _STATES:
            self._expect("(")
            kind, name = self._next()
            if kind not in ("name", "word"):
                raise ValueError("the name of an alarm is missing")
            self._expect(")")
            self.alarms.append(name)
            return lambda states: states(name) == word
        raise ValueError(f"unexpected {word!r}")

    def _expect(self, word: str) -> None:
        if self._next() != (word, word):
            raise ValueError(f"{word!r} is missing")

"""Regular expressions of users, matched in linear time: Python's matcher can be made to try for hours.

The common part of the language, without look-around and back-references: literals, ``.``, classes, ``\\d\\w\\s``,
groups, ``|``, ``* + ? {m,n}`` (lazy ones too: only whether something matches is asked), ``^`` at the start and ``$`` at
the end. An expression becomes a nondeterministic automaton, and that a deterministic one, as far as a text needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_MAX_STATES: Final = 1_000
_MAX_NESTING: Final = 50
_MAX_KEPT: Final = 2_000
_MAX_WORK: Final = 500_000
"""How many states one text may have looked at while the deterministic automaton grows; beyond it, it does not match.
Some tenths of a second."""

_CLASSES: Final = {"d": r"\d", "D": r"\D", "w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S"}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_COUNTS = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}", re.ASCII)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_HEX = re.compile(r"x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}")

_START: Final = "start"
_END: Final = "end"

Part = tuple[int, int]
"""A piece of the automaton under construction: where it is entered, and where it is left."""


class InvalidRegex(ValueError):
    """The text is no expression, or one that is not supported here."""


class Regex:
    """A compiled expression."""

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        self._automaton = _Automaton(text, ignore_case)
        self._searching = _Reader(self._automaton, anywhere=True)
        self._matching = _Reader(self._automaton, anywhere=False)

    def is_in(self, text: str) -> bool:
        """Whether the expression matches somewhere in ``text``."""
        return self._searching.reads(text)

    def is_whole(self, text: str) -> bool:
        """Whether it matches the whole of ``text``."""
        return self._matching.reads(text)


class _Automaton:
    """Thompson's construction: states with free moves, and moves that read a character of some set."""

    def __init__(self, text: str, ignore_case: bool) -> None:
        self._text, self._at, self._nesting = text, 0, 0
        self._flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        self.free: list[list[tuple[int, str]]] = []  # (target, "" or where in the text the move is open)
        self.reading: list[tuple[re.Pattern[str], int] | None] = []
        self.first, self.last = self._choice()
        if self._at < len(text):
            raise InvalidRegex("unbalanced parenthesis")

    def _state(self) -> int:
        if len(self.free) >= _MAX_STATES:
            raise InvalidRegex("the expression is too large")
        self.free.append([])
        self.reading.append(None)
        return len(self.free) - 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, wanted: str) -> bool:
        if self._text.startswith(wanted, self._at):
            self._at += len(wanted)
            return True
        return False

    def _choice(self) -> Part:
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise InvalidRegex("the expression is nested too deeply")
        first, last = self._sequence()
        while self._take("|"):
            other, end = self._sequence()
            enter, leave = self._state(), self._state()
            self.free[enter] = [(first, ""), (other, "")]
            self.free[last].append((leave, ""))
            self.free[end].append((leave, ""))
            first, last = enter, leave
        self._nesting -= 1
        return first, last

    def _sequence(self) -> Part:
        first = last = self._state()
        while self._peek() not in ("", "|", ")"):
            enter, leave = self._repeated()
            self.free[last].append((enter, ""))
            last = leave
        return first, last

    def _repeated(self) -> Part:
        start = self._at
        part = self._single()
        end = self._at
        least, most = self._counts()
        if (least, most) == (1, 1):
            return part
        if most is not None and (most < least or most == 0):
            raise InvalidRegex("a count that cannot be")
        first = last = self._state()
        done = self._state()  # of its own: what is skipped must not lead into a loop at a part's end
        for number in range(max(least, most or 0, 1)):  # written out: as often as it is wanted
            if number:
                part = self._again(start, end)
            enter, leave = part
            self.free[last].append((enter, ""))
            if number >= least:
                self.free[last].append((done, ""))
            last = leave
        if most is None:
            self.free[last].append((enter, ""))
        self.free[last].append((done, ""))
        return first, done

    def _again(self, start: int, end: int) -> Part:
        resumed, self._at = self._at, start
        part = self._single()
        assert self._at == end
        self._at = resumed
        return part

    def _counts(self) -> tuple[int, int | None]:
        found = _COUNTS.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            least = int(found[1])
            counts = least, (int(found[3]) if found[3] else None) if found[2] else least
        elif self._peek() and self._peek() in "*+?":
            counts = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self._peek()]
            self._at += 1
        else:
            return 1, 1
        self._take("?")
        if self._peek() and (self._peek() in "*+?" or _COUNTS.match(self._text, self._at)):
            raise InvalidRegex("multiple repeat")
        return counts

    def _single(self) -> Part:
        character = self._peek()
        if character == "(":
            return self._group()
        if character in ("*", "+", "?"):
            raise InvalidRegex("nothing to repeat")
        if character in ("^", "$"):
            self._at += 1
            enter, leave = self._state(), self._state()
            self.free[enter] = [(leave, _START if character == "^" else _END)]
            return enter, leave
        enter, leave = self._state(), self._state()
        self.reading[enter] = (self._set(), leave)
        return enter, leave

    def _group(self) -> Part:
        self._at += 1
        if self._peek() == "?" and not self._take("?:"):
            raise InvalidRegex("groups with extensions are not supported")
        part = self._choice()
        if not self._take(")"):
            raise InvalidRegex("missing ), unterminated subpattern")
        return part

    def _set(self) -> re.Pattern[str]:
        """The characters that the next item stands for, as an expression of one character."""
        character = self._peek()
        if character == "[":
            found = _CLASS.match(self._text, self._at)
            if found is None:
                raise InvalidRegex("unterminated character set")
            self._at = found.end()
            return self._compiled(found[0].replace("&&", r"&\&").replace("[[", r"[\["))
        self._at += 1
        if character == "\\":
            return self._compiled(self._escape())
        return self._compiled("." if character == "." else re.escape(character))

    def _escape(self) -> str:
        found = _HEX.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            return re.escape(chr(int(found[0][1:], 16)))
        character = self._peek()
        self._at += 1
        if character in _CLASSES:
            return _CLASSES[character]
        if character in _CONTROLS:
            return re.escape(_CONTROLS[character])
        if not character or (character.isalnum() and character.isascii()):
            raise InvalidRegex(f"\\{character} is not supported")
        return re.escape(character)

    def _compiled(self, one: str) -> re.Pattern[str]:
        try:
            return re.compile(one, self._flags)
        except (re.error, OverflowError) as error:
            raise InvalidRegex(str(error)) from None

    def closure(self, states: Iterable[int], at: frozenset[str]) -> frozenset[int]:
        """The states with all that can be reached from them for nothing."""
        found = set(states)
        left = list(found)
        while left:
            for target, where in self.free[left.pop()]:
                if target not in found and (not where or where in at):
                    found.add(target)
                    left.append(target)
        return frozenset(found)


_NOWHERE: Final[frozenset[str]] = frozenset()


class _Node:
    """A state of the deterministic automaton: a set of the other's, and where characters lead from it."""

    __slots__ = ("following", "is_last", "states")

    def __init__(self, states: frozenset[int], is_last: bool) -> None:
        self.states, self.is_last = states, is_last
        self.following: dict[str, _Node] = {}


class _Reader:
    """The deterministic automaton, grown while it reads; forgotten when it has grown too large."""

    def __init__(self, automaton: _Automaton, *, anywhere: bool) -> None:
        self._automaton, self._anywhere = automaton, anywhere
        self._again = automaton.closure([automaton.first], _NOWHERE) if anywhere else frozenset()
        self._nodes: dict[frozenset[int], _Node] = {}

    def reads(self, text: str) -> bool:
        automaton, anywhere, work = self._automaton, self._anywhere, 0
        here = self._node(automaton.closure([automaton.first], frozenset((_START,))))
        for character in text:
            if here.is_last and anywhere:
                return True
            following = here.following.get(character)
            if following is None:
                work += len(here.states) + 10
                if work > _MAX_WORK:
                    return False
                following = here.following[character] = self._node(self._step(here.states, character))
            here = following
        at_end = frozenset((_END,)) if text else frozenset((_START, _END))
        return automaton.last in automaton.closure(here.states, at_end)

    def _node(self, states: frozenset[int]) -> _Node:
        node = self._nodes.get(states)
        if node is None:
            if len(self._nodes) >= _MAX_KEPT:
                self._nodes.clear()
            node = self._nodes[states] = _Node(states, self._automaton.last in states)
        return node

    def _step(self, here: frozenset[int], character: str) -> frozenset[int]:
        automaton = self._automaton
        moves = [move for move in map(automaton.reading.__getitem__, here) if move is not None]
        reached = [target for one, target in moves if one.match(character)]
        return automaton.closure(reached, _NOWHERE) | self._again

"""The rules of a bus compiled for routing, kept per process as long as the bus's revision stands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from segue.arn import Arn, parse_arn
from segue.ids import Ids
from segue.languages import eventpattern
from segue.languages.eventpattern import Pattern
from segue.services.events.inputs import Input, compile_input
from segue.services.events.records import DEFAULT_BUS, list_rules, targets_of_bus
from segue.store import Transaction

_KEPT_BUSES = 512


@dataclass(frozen=True, slots=True)
class CompiledTarget:
    """A target, with the function that makes its input."""

    document: dict[str, Any]
    arn: Arn
    make_input: Input


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """An enabled rule with a pattern."""

    arn: str
    name: str
    pattern: Pattern
    targets: tuple[CompiledTarget, ...]


@dataclass(frozen=True, slots=True)
class CompiledArchive:
    """An archive of the bus; without a pattern it takes everything, without retention it keeps it for ever."""

    arn: str
    pattern: Pattern | None
    retention_days: int


class CompiledBus:
    """What happens to an event on a bus. Rules that ask for exact sources are looked up by them."""

    def __init__(self, rules: list[CompiledRule], archives: list[CompiledArchive]) -> None:
        self.rules = rules
        self.archives = archives
        self._by_source: dict[str, list[CompiledRule]] = {}
        self._any_source: list[CompiledRule] = []
        for rule in rules:
            sources = rule.pattern.strings_of("source")
            if sources is None:
                self._any_source.append(rule)
            else:
                for source in sources:
                    self._by_source.setdefault(source, []).append(rule)

    def matching(self, body: dict[str, Any]) -> Iterator[CompiledRule]:
        """The rules that match an event."""
        for rules in (self._by_source.get(body["source"], ()), self._any_source):
            for rule in rules:
                if rule.pattern.matches(body):
                    yield rule

    def may_take(self, source: str) -> bool:
        """Whether an event of that source could go anywhere."""
        return bool(self._any_source or self.archives or source in self._by_source)

    def why_not(self, body: dict[str, Any]) -> str:
        """For people: why no rule matched."""
        if not self.rules:
            return "the bus has no enabled rule with a pattern"
        reasons = (f"{rule.name}: {rule.pattern.explain(body)}" for rule in self.rules[:5])
        return "no rule matches; " + "; ".join(reasons)


_UNTOUCHED = CompiledBus([], [])
"""A default bus that nobody has used yet: it is there, and has no rules."""

_buses: OrderedDict[str, tuple[Ids, int, CompiledBus]] = OrderedDict()
"""By ARN: whose revision it is (servers of one process may draw the same numbers), the revision, the bus."""


def compiled_bus(tx: Transaction, bus_arn: str) -> CompiledBus | None:
    """The bus as it stands in this transaction, or ``None`` where there is no such bus."""
    row = tx.one("SELECT revision FROM events_buses WHERE arn = ?", bus_arn)
    if row is None:
        return _UNTOUCHED if bus_arn.endswith(f":event-bus/{DEFAULT_BUS}") else None
    known = _buses.get(bus_arn)
    if known is not None and known[0] is tx.ids and known[1] == row[0]:
        return known[2]
    bus = _compile(tx, bus_arn)
    _buses[bus_arn] = (tx.ids, row[0], bus)
    _buses.move_to_end(bus_arn)
    if len(_buses) > _KEPT_BUSES:
        _buses.popitem(last=False)
    return bus


def _compile(tx: Transaction, bus_arn: str) -> CompiledBus:
    targets = targets_of_bus(tx, bus_arn)
    rules = [
        CompiledRule(
            rule.arn, rule.name, eventpattern.compile(rule.pattern), compile_targets(targets.get(rule.arn, []))
        )
        for rule in list_rules(tx, bus_arn)
        if rule.enabled and rule.pattern
    ]
    archives = [
        CompiledArchive(arn, eventpattern.compile(pattern) if pattern else None, days)
        for arn, pattern, days in tx.all(
            "SELECT arn, pattern, retention_days FROM events_archives WHERE bus_arn = ?", bus_arn
        )
    ]
    return CompiledBus(rules, archives)


def compile_targets(targets: list[dict[str, Any]]) -> tuple[CompiledTarget, ...]:
    """Targets with the functions that make their inputs."""
    return tuple(CompiledTarget(target, parse_arn(target["Arn"]), compile_input(target)) for target in targets)

"""Buses, rules and targets as rows. A scope is ``account/region``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from segue.arn import make_arn, parse_arn
from segue.store import Row, Transaction

DEFAULT_BUS = "default"


@dataclass(frozen=True, slots=True)
class Bus:
    """An event bus. ``details`` holds members that are stored and returned (Description, DeadLetterConfig, …)."""

    arn: str
    name: str
    policy: str | None
    details: dict[str, Any]
    revision: int
    created_at_ms: int
    modified_at_ms: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. ``details`` holds members that are stored and returned (Description, RoleArn)."""

    arn: str
    bus_arn: str
    name: str
    state: str
    pattern: str | None
    schedule: str | None
    managed_by: str | None
    created_by: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        """Whether it takes part in routing (both kinds of ENABLED)."""
        return self.state != "DISABLED"

    @property
    def bus_name(self) -> str:
        """The name of its bus."""
        return self.bus_arn.rsplit("/", 1)[-1]


def scope_of(account: str, region: str) -> str:
    """Where names are unique."""
    return f"{account}/{region}"


def rule_arn(bus_arn: str, name: str) -> str:
    """The ARN of a rule: rules of the default bus do not name it."""
    bus = parse_arn(bus_arn)
    bus_name = bus.resource.split("/", 1)[-1]
    resource = f"rule/{name}" if bus_name == DEFAULT_BUS else f"rule/{bus_name}/{name}"
    return make_arn("events", bus.region, bus.account, resource)


_BUS = "SELECT arn, name, policy, details, revision, created_at, modified_at FROM events_buses"
_RULE = "SELECT arn, bus_arn, name, state, pattern, schedule, managed_by, created_by, details FROM events_rules"


def find_bus(tx: Transaction, arn: str) -> Bus | None:
    """The bus; the default one exists in every account and region, and is made at its first use."""
    row = tx.one(f"{_BUS} WHERE arn = ?", arn)
    return None if row is None else _bus(row)


def ensure_default_bus(tx: Transaction, account: str, region: str) -> None:
    """Make the default bus, if nothing has yet."""
    arn = make_arn("events", region, account, f"event-bus/{DEFAULT_BUS}")
    if tx.one("SELECT 1 FROM events_buses WHERE arn = ?", arn) is None:
        insert_bus(tx, arn, {})


def insert_bus(tx: Transaction, arn: str, details: dict[str, Any]) -> None:
    """A new bus."""
    parsed = parse_arn(arn)
    tx.run(
        "INSERT INTO events_buses VALUES (?, ?, ?, NULL, ?, ?, ?, ?)",
        arn,
        scope_of(parsed.account, parsed.region),
        parsed.resource.split("/", 1)[-1],
        json.dumps(details),
        tx.ids.seed(),
        tx.now_ms,
        tx.now_ms,
    )


def list_buses(tx: Transaction, scope: str, prefix: str, after: str, limit: int) -> list[Bus]:
    """Buses by name."""
    rows = tx.all(
        f"{_BUS} WHERE scope = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
        scope,
        after,
        len(prefix),
        prefix,
        limit,
    )
    return [_bus(row) for row in rows]


def update_bus(tx: Transaction, arn: str, details: dict[str, Any], policy: str | None) -> None:
    """Write what may change of a bus."""
    tx.run(
        "UPDATE events_buses SET details = ?, policy = ?, modified_at = ? WHERE arn = ?",
        json.dumps(details),
        policy,
        tx.now_ms,
        arn,
    )


def rerouted(tx: Transaction, bus_arn: str) -> None:
    """Rules, targets or archives of the bus have changed: whoever keeps them compiled will notice.

    The revision is drawn, not counted: a unit that is undone must not leave behind a number that another one reuses.
    """
    tx.run("UPDATE events_buses SET revision = ? WHERE arn = ?", tx.ids.seed(), bus_arn)


def delete_bus(tx: Transaction, arn: str) -> None:
    """The bus is gone."""
    tx.run("DELETE FROM events_buses WHERE arn = ?", arn)


def policy_of(tx: Transaction, arn: str) -> str | None:
    """The resource policy of a bus."""
    row = tx.one("SELECT policy FROM events_buses WHERE arn = ?", arn)
    return None if row is None else row[0]


def find_rule(tx: Transaction, arn: str) -> Rule | None:
    """The rule."""
    row = tx.one(f"{_RULE} WHERE arn = ?", arn)
    return None if row is None else _rule(row)


def save_rule(tx: Transaction, rule: Rule) -> None:
    """Write a rule down, new or changed."""
    tx.run(
        "INSERT INTO events_rules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (arn) DO UPDATE SET state = excluded.state, pattern = excluded.pattern,"
        " schedule = excluded.schedule, details = excluded.details",
        rule.arn,
        rule.bus_arn,
        rule.name,
        rule.state,
        rule.pattern,
        rule.schedule,
        rule.managed_by,
        rule.created_by,
        json.dumps(rule.details),
    )
    rerouted(tx, rule.bus_arn)


def delete_rule(tx: Transaction, rule: Rule) -> None:
    """The rule is gone, with its targets."""
    tx.run("DELETE FROM events_targets WHERE rule_arn = ?", rule.arn)
    tx.run("DELETE FROM events_rules WHERE arn = ?", rule.arn)
    rerouted(tx, rule.bus_arn)


def list_rules(tx: Transaction, bus_arn: str, prefix: str = "", after: str = "", limit: int = 1_000_000) -> list[Rule]:
    """Rules of a bus by name."""
    rows = tx.all(
        f"{_RULE} WHERE bus_arn = ? AND name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
        bus_arn,
        after,
        len(prefix),
        prefix,
        limit,
    )
    return [_rule(row) for row in rows]


def rules_with_target(tx: Transaction, bus_arn: str, target_arn: str, after: str, limit: int) -> list[str]:
    """Names of the rules of a bus that have this target."""
    rows = tx.all(
        "SELECT DISTINCT r.name FROM events_targets t JOIN events_rules r ON r.arn = t.rule_arn"
        " WHERE t.bus_arn = ? AND t.target_arn = ? AND r.name > ? ORDER BY r.name LIMIT ?",
        bus_arn,
        target_arn,
        after,
        limit,
    )
    return [str(row[0]) for row in rows]


def save_target(tx: Transaction, rule: Rule, target: dict[str, Any]) -> None:
    """Write a target down, new or changed."""
    tx.run(
        "INSERT INTO events_targets VALUES (?, ?, ?, ?, ?,"
        " (SELECT COALESCE(MAX(number), 0) + 1 FROM events_targets WHERE rule_arn = ?))"
        " ON CONFLICT (rule_arn, id) DO UPDATE SET target_arn = excluded.target_arn, document = excluded.document",
        rule.arn,
        target["Id"],
        rule.bus_arn,
        target["Arn"],
        json.dumps(target),
        rule.arn,
    )


def delete_target(tx: Transaction, rule: Rule, target_id: str) -> bool:
    """Remove a target; whether it was there."""
    return tx.run("DELETE FROM events_targets WHERE rule_arn = ? AND id = ?", rule.arn, target_id) > 0


def targets_of(tx: Transaction, arn: str) -> list[dict[str, Any]]:
    """Targets of a rule, in the order in which they were put."""
    return [target for _, target in page_of_targets(tx, arn)]


def page_of_targets(tx: Transaction, arn: str, after: int = 0, limit: int = 1_000) -> list[tuple[int, dict[str, Any]]]:
    """Targets of a rule and their numbers, in the order in which they were put, those after a number."""
    rows = tx.all(
        "SELECT number, document FROM events_targets WHERE rule_arn = ? AND number > ? ORDER BY number LIMIT ?",
        arn,
        after,
        limit,
    )
    return [(row[0], json.loads(row[1])) for row in rows]


def targets_of_bus(tx: Transaction, bus_arn: str) -> dict[str, list[dict[str, Any]]]:
    """Targets of all rules of a bus, by rule."""
    found: dict[str, list[dict[str, Any]]] = {}
    for arn, document in tx.all(
        "SELECT rule_arn, document FROM events_targets WHERE bus_arn = ? ORDER BY rule_arn, number", bus_arn
    ):
        found.setdefault(arn, []).append(json.loads(document))
    return found


def _bus(row: Row) -> Bus:
    return Bus(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5], row[6])


def _rule(row: Row) -> Rule:
    return Rule(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], json.loads(row[8]))

"""Hops of one conversation as a tree of calls. Pure.

A hop is caused by the one that led to where it comes from. Sessions of roles are who they are named after: a function
or an execution; a rule goes on from its bus. What came of a call later (a retry, a dead letter) belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Hop = dict[str, Any]
_DONE = ("delivered", "audit")
_RULE = re.compile(r"(arn:[^:]*:events:[^:]*:[^:]*):rule/(?:([^/]+)/)?[^/]+")


@dataclass(slots=True, eq=False)
class Node:
    """A call.

    Attributes:
        hop: the first that is known of it.
        later: what came of it since: attempts that failed, its end as a dead letter.
        inside: the calls that it led to.
    """

    hop: Hop
    later: list[Hop] = field(default_factory=list)
    inside: list[Node] = field(default_factory=list)
    parent: Node | None = None

    @property
    def last(self) -> Hop:
        """What is known last."""
        return self.later[-1] if self.later else self.hop


def forest(hops: Iterable[Hop]) -> list[Node]:
    """The calls that nobody in the conversation caused, each with what it led to; oldest first."""
    nodes: list[Node] = []
    for hop in sorted(hops, key=lambda one: one["id"]):
        of = _outcome_of(hop, nodes) if hop["status"] != "audit" else None
        if of is None:
            nodes.append(Node(hop))
        else:
            of.later.append(hop)
    by_target: dict[str, list[Node]] = {}
    for node in nodes:
        for place in {node.hop["target"], _session(node.hop["target"])} - {""}:
            by_target.setdefault(place, []).append(node)
    roots = []
    for node in nodes:
        candidates = (by_target.get(place, []) for place in _came_from(node.hop["source"]))
        cause = next((found for some in candidates if (found := _cause(node, some))), None)
        if cause is None:
            roots.append(node)
        else:
            node.parent = cause
            cause.inside.append(node)
    return roots


def _came_from(source: str) -> list[str]:
    """The names under which calls may have led to where a hop comes from."""
    rule = _RULE.fullmatch(source)
    bus = [f"{rule[1]}:event-bus/{rule[2] or 'default'}"] if rule else []
    return [source, *bus, *filter(None, [_session(source)])]


def _outcome_of(hop: Hop, nodes: list[Node]) -> Node | None:
    """The call that a hop from a resource to itself (another attempt, its end) belongs to."""
    if hop["source"] != hop["target"]:
        return None
    calls = [node for node in nodes if node.hop["target"] == hop["target"]]
    same = [node for node in calls if hop["subject"] and hop["subject"] in (node.hop["subject"], node.last["subject"])]
    free = [node for node in calls if not node.later]
    return next(iter(same or free), None)


def _cause(node: Node, candidates: list[Node]) -> Node | None:
    """The last of the calls before, else the first one after: a synchronous call is written down when it has ended."""
    possible = [one for one in candidates if one is not node and not _is_within(one, node)]
    before = [one for one in possible if one.hop["id"] < node.hop["id"]]
    return before[-1] if before else possible[0] if possible else None


def _is_within(node: Node, other: Node) -> bool:
    above: Node | None = node
    while above is not None:
        if above is other:
            return True
        above = above.parent
    return False


def _session(arn: str) -> str:
    """``session:NAME`` of a role's session, and of who has sessions of that name."""
    parts = arn.split(":")
    if ":assumed-role/" in arn:
        return f"session:{arn.rpartition('/')[2]}"
    if arn.startswith("arn:") and len(parts) > 6 and parts[2] in ("lambda", "states"):
        name = parts[6] if parts[2] == "lambda" else parts[-1]
        return f"session:{name[:64]}"
    return ""


def failures(nodes: Iterable[Node]) -> list[Node]:
    """The calls whose last outcome is none that was wanted; each once."""
    return [node for node in every(nodes) if node.last["status"] not in (*_DONE, "ignored", "late")]


def every(nodes: Iterable[Node]) -> Iterable[Node]:
    """All calls, each before those that it led to."""
    waiting = list(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.inside[::-1])

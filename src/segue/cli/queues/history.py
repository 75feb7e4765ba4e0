"""A message's history: its conversation, from what began it to where its siblings are now.

The server records hops with the conversation that they belong to. They are listed in the order in which they happened;
those of the message itself are marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from segue.api.deliveries import trace_root
from segue.arn import is_arn
from segue.cli.deliveries import short
from segue.cli.queues.pages import page
from segue.cli.stacks.connection import Connection
from segue.cli.words import clock, cut, printable

Paint = Callable[[str, str], str]

_COLOURS = {"delivered": "", "retrying": "yellow", "dead-lettered": "red", "failed": "red", "dropped": "red"}
_UNTOLD = ("audit",)


def hops_of(connection: Connection, trace: str) -> list[dict[str, Any]]:
    """What is recorded of a conversation, oldest first; without what policies would say."""
    found = page(connection, "deliveries", trace=trace)["deliveries"] if trace else []
    return sorted((hop for hop in found if hop["status"] not in _UNTOLD), key=lambda hop: (hop["at"], hop["id"]))


def queues_in(hops: Iterable[dict[str, Any]]) -> list[str]:
    """The ARNs of the queues that a conversation has touched."""
    ends = (end for hop in hops for end in (hop["source"], hop["target"]))
    return list(dict.fromkeys(arn for arn in ends if is_arn(arn) and arn.split(":")[2] == "sqs"))


def siblings(connection: Connection, message: dict[str, Any], hops: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Other messages of the conversation that wait in one of its queues (among the first of each), with their queue."""
    root = trace_root(message["trace"])
    return [
        {**other, "queue": arn}
        for arn in queues_in(hops)
        for other in page(connection, "peek", queue=arn)["messages"]
        if other["messageId"] != message["messageId"] and trace_root(other["trace"]) == root
    ]


def history(connection: Connection, message: dict[str, Any]) -> dict[str, Any]:
    """A message's ``hops`` and ``siblings``."""
    hops = hops_of(connection, trace_root(message.get("trace") or ""))
    return {"hops": hops, "siblings": siblings(connection, message, hops)}


def history_lines(message: dict[str, Any], told: dict[str, Any], width: int, paint: Paint) -> list[str]:
    """The history below its message."""
    lines = [_hop_line(hop, hop["subject"] == message["messageId"], width, paint) for hop in told["hops"]]
    if not lines:
        lines = [paint("    nothing else is recorded of its conversation", "dim")]
    for other in told["siblings"]:
        queue = other["queue"].rsplit(":", 1)[-1]
        body = printable(other["body"])
        lines.append(paint(cut(f"    sibling {other['messageId']} is in {queue}: {body}", width), "cyan"))
    return lines


def _hop_line(hop: dict[str, Any], own: bool, width: int, paint: Paint) -> str:
    how = "→" if hop["status"] == "delivered" else f"✗ {hop['status']} →"
    attempts = f" (attempt {hop['attempts']})" if hop["attempts"] > 1 else ""
    reason = f": {hop['reason']}" if hop["reason"] else ""
    said = f"{_called(hop['source'])} {how} {_called(hop['target'])}  {hop['operation']}{attempts}{reason}"
    text = cut(f"  {'●' if own else ' '} {clock(hop['at'])}  {said}", width)
    return paint(text, _COLOURS.get(hop["status"], "") if own or hop["status"] != "delivered" else "dim")


def _called(arn: str) -> str:
    """A session of a role by its name, which is the function's; anything else by service and name."""
    text = short(arn)
    return text.rsplit("/", 1)[-1] if text.startswith("sts:assumed-role/") else text

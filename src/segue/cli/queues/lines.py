"""Queues and messages as lines of text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segue.cli.queues.reading import Queue
from segue.cli.stacks.screen import table
from segue.cli.words import clock, cut, printable, span

Paint = Callable[[str, str], str]

_HEADS = ("QUEUE", "WAITING", "IN FLIGHT", "DELAYED", "OLDEST", "RECEIVES", "DEAD LETTERS")


def overview(queues: Sequence[Queue], depths: Mapping[str, int], now_ms: int) -> list[str]:
    """A table of queues; ``depths`` says how many messages queues (by their ARN) hold."""
    cells = [_HEADS]
    for queue in queues:
        counts = (str(queue.visible), str(queue.in_flight), str(queue.delayed))
        cells.append((queue.name, *counts, oldest(queue, now_ms), receives(queue), _dead_letters(queue, depths)))
    return table(cells, "")


def oldest(queue: Queue, now_ms: int) -> str:
    """The age of the oldest message."""
    return "-" if queue.oldest_sent_at is None else span(now_ms - queue.oldest_sent_at)


def receives(queue: Queue) -> str:
    """How often the message was received that was received most often, and how often that may be."""
    most = max((message["receiveCount"] for message in queue.messages), default=0)
    return f"{most} of {queue.max_receives}" if queue.max_receives else str(most) if queue.messages else "-"


def _dead_letters(queue: Queue, depths: Mapping[str, int]) -> str:
    if queue.dead_letters is None:
        return "-"
    depth = depths.get(queue.dead_letters)
    return f"{queue.dead_letters.rsplit(':', 1)[-1]} ({'not there' if depth is None else depth})"


def message_lines(message: dict[str, Any], now_ms: int, width: int, *, full: bool, paint: Paint) -> list[str]:
    """A message: when it came and what became of it, then its attributes and its body."""
    facts = [f"sent {clock(message['sentAt'], day=True)} ({span(now_ms - message['sentAt'])} ago)"]
    facts.append(_state(message))
    if message["receiveCount"]:
        times = message["receiveCount"]
        facts.append(f"received {times} times" if times > 1 else "received once")
    if message.get("groupId"):
        facts.append(f"group {message['groupId']}")
    if message.get("source"):
        facts.append(f"from {message['source'].rsplit(':', 1)[-1]}")
    if message.get("trace"):
        facts.append(f"trace {message['trace'].partition('Root=')[2].partition(';')[0] or message['trace']}")
    found = [f"{paint(printable(str(message['messageId'])), 'bold')}  {printable(', '.join(facts))}"]
    for name, attribute in sorted(message.get("attributes", {}).items()):
        value = attribute.get("StringValue", attribute.get("BinaryValue")) if isinstance(attribute, dict) else attribute
        found.append(paint("  " + cut(f"{name}: {value}", width - 2), "dim"))
    body = message["body"]
    found.append("  " + (printable(body) if full else cut(body, width - 2)))
    if full and message.get("bodyCharacters", 0) > len(body):
        found.append(paint(f"  … {message['bodyCharacters'] - len(body)} more characters", "dim"))
    return found


def _state(message: dict[str, Any]) -> str:
    if message["visible"]:
        return "waiting"
    return f"{'in flight' if message['receiveCount'] else 'delayed'} until {clock(message['visibleAt'])}"

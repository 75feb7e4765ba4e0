"""Conversations as lines of text. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from segue.arn import is_arn
from segue.cli.deliveries import short
from segue.cli.traces.tree import Node
from segue.cli.words import clock, cut, printable, span

Paint = Callable[[str, str], str]
_DEEPEST = 12


def tree_lines(roots: Iterable[Node], width: int, paint: Paint) -> list[str]:
    """The tree, a line a call."""
    found = []
    for root in roots:
        found.append(_line("", f"{place(root.hop['source'])} → {called(root)}", root, width, paint))
        waiting = [(child, "", child is root.inside[-1]) for child in reversed(root.inside)]
        while waiting:
            node, lead, is_last = waiting.pop()
            name = called(node) if _follows(node) else f"{place(node.hop['source'])} → {called(node)}"
            found.append(_line(lead + ("└─ " if is_last else "├─ "), name, node, width, paint))
            below = (lead + ("   " if is_last else "│  "))[: 3 * _DEEPEST]
            waiting += [(child, below, child is node.inside[-1]) for child in reversed(node.inside)]
    return found


def _follows(node: Node) -> bool:
    """Whether it is plain who calls: whoever stands above."""
    return node.parent is not None and ":rule/" not in node.hop["source"]


def _line(lead: str, name: str, node: Node, width: int, paint: Paint) -> str:
    last = node.last
    attempts = f" (attempt {last['attempts']})" if last["attempts"] > 1 else ""
    text = f"{clock(node.hop['at'])}  {lead}{name}"
    if last["status"] == "delivered":
        return cut(f"{text}{attempts}", width)
    colour = "dim" if last["status"] in ("late", "ignored") else "red"
    said = f"  {'⚠' if last['status'] == 'audit' else '✗ ' + last['status']}{attempts}: {printable(last['reason'])}"
    return cut(text, width) + paint(cut(said, max(30, width - len(text))), colour)


def called(node: Node) -> str:
    """What was called: the resource, and the operation where the resource does not say it."""
    operation = node.hop["operation"]
    name = place(node.hop["target"])
    return (
        name
        if operation.startswith("lambda:Invoke") or operation == "states:StartExecution"
        else f"{name}  {operation}"
    )


def place(arn: str) -> str:
    """A resource in few words."""
    if arn.startswith("http"):
        return re.sub(r"^https?://([a-z0-9]{6})[a-z0-9]*\.lambda-url\.[^/]*", r"URL \1…", arn)
    name = short(arn)
    if is_arn(arn):
        name = re.sub(r"^lambda:function:", "function ", name)
        name = re.sub(r"^states:(?:execution|express|stateMachine):", "workflow ", name)
        name = re.sub(r"^(?:sts:assumed-role/[^/]+/|iam:)", "", name)
        name = name.replace("sqs:", "queue ", 1).replace("sns:", "topic ", 1).replace("events:", "", 1)
    return printable(name)


def job_line(job: dict[str, Any], now_ms: int) -> str:
    """What goes on."""
    name = place(job["key"].partition("/")[0]) if is_arn(job["key"]) else job["kind"]
    if job["runs"]:
        return f"{name}: runs"
    if job["at"] <= now_ms:
        return f"{name}: begins"
    return f"{name}: {'again ' if job['attempts'] else ''}in {span(job['at'] - now_ms)}"


def summary_line(trace: str, roots: list[Node], hops: int, failed: int, paint: Paint) -> str:
    """A conversation in one line."""
    first = roots[0].hop
    count = f"{hops} {'hop' if hops == 1 else 'hops'}"
    bad = paint(f"  {failed} failed", "red") if failed else ""
    return f"{clock(first['at'])}  {trace}  {count:>8}  {place(first['source'])} → {place(first['target'])}{bad}"

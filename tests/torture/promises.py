"""What clients ask for, what they were promised, and whether the promises were kept: one class for each kind.

A step may end in any exception, since the server dies at any moment: what was not answered was not promised, but may
have happened. ``tried`` and ``kept`` hold the difference.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tests.torture.application import ACCOUNT, Clients, arn, drained

_MAX_SHOWN = 5


class Ledger:
    """Names that were tried, and those of which the server said that they are done; threads share it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.tried: Counter[str] = Counter()
        self.promised: set[str] = set()
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def name(self) -> str:
        """A new name."""
        return f"{self.kind}-{next(self._numbers)}"

    def ask(self, name: str, call: Callable[[], Any]) -> Any:
        """Try, and note it where it is answered."""
        with self._lock:
            self.tried[name] += 1
        answer = call()
        with self._lock:
            self.promised.add(name)
        return answer

    def problems(self, found: Counter[str]) -> Iterator[str]:
        """What is promised and not there, or there more often than it was asked for."""
        yield from _told(f"{self.kind}: promised and not there", sorted(self.promised - set(found)))
        yield from _told(f"{self.kind}: there more often than tried", sorted(found - self.tried))


def _told(what: str, names: list[str]) -> Iterator[str]:
    if names:
        yield f"{what}: {', '.join(names[:_MAX_SHOWN])}, {len(names)} in all"


class Promise:
    """A kind of load. ``step`` does one thing as a client would; ``problems`` are told once the server is calm."""

    kind = ""

    def __init__(self) -> None:
        self.ledger = Ledger(self.kind)

    def step(self, clients: Clients, chance: random.Random) -> None:
        """One request, or a few."""
        raise NotImplementedError

    def problems(self, clients: Clients) -> Iterator[str]:
        """What is wrong, in words."""
        raise NotImplementedError


class Messages(Promise):
    """Sent once and never again; received and deleted by others. Deleted ones do not come back."""

    kind = "message"

    def __init__(self) -> None:
        super().__init__()
        self.deleted = Ledger("deletion")

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.send("messages", name))
        if chance.random() < 0.4:
            for message in clients.receive("messages"):
                body, handle = message["Body"], message["ReceiptHandle"]
                self.deleted.ask(body, lambda handle=handle: clients.delete("messages", handle))  # type: ignore[misc]

    def problems(self, clients: Clients) -> Iterator[str]:
        found = Counter(drained(clients, "messages"))
        yield from _told("message: deleted and there again", sorted(self.deleted.promised & set(found)))
        found.update(set(self.deleted.tried) - set(found))
        yield from self.ledger.problems(found)


class Groups(Promise):
    """Messages of FIFO groups, each group by a client of its own that tries again until it is answered."""

    kind = "fifo"

    def __init__(self) -> None:
        super().__init__()
        self._groups = [(f"group{number}", itertools.count(), threading.Lock()) for number in range(4)]
        self._pending: dict[str, str] = {}

    def step(self, clients: Clients, chance: random.Random) -> None:
        group, numbers, lock = chance.choice(self._groups)
        with lock:
            name = self._pending.setdefault(group, f"{group}-{next(numbers)}")
            self.ledger.ask(
                name, lambda: clients.send("groups.fifo", name, MessageGroupId=group, MessageDeduplicationId=name)
            )
            del self._pending[group]

    def problems(self, clients: Clients) -> Iterator[str]:
        found = drained(clients, "groups.fifo")
        for name in self.ledger.tried:
            self.ledger.tried[name] = 1  # however often it was tried: its deduplication id makes it one
        yield from self.ledger.problems(Counter(found))
        for group, _, _ in self._groups:
            numbers = [int(name.split("-")[1]) for name in found if name.startswith(f"{group}-")]
            if numbers != sorted(numbers):
                yield f"fifo: {group} came in the order {numbers[:30]}"


class Copies(Promise):
    """Published to a topic, or put on a bus: a copy in every queue behind it."""

    kind = "copy"
    queues = ("copies-1", "copies-2")

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.sns.publish(TopicArn=arn("sns", "copies"), Message=name))

    def problems(self, clients: Clients) -> Iterator[str]:
        for queue in self.queues:
            for problem in self.ledger.problems(Counter(body.strip('"') for body in drained(clients, queue))):
                yield f"{queue}: {problem}"


class Events(Copies):
    kind = "event"
    queues = ("events",)

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        entry = {"Source": "torture", "DetailType": "t", "Detail": json.dumps({"name": name})}
        self.ledger.ask(name, lambda: clients.events.put_events(Entries=[entry]))


class Items(Promise):
    """Conditional writes, and counters that grow by one."""

    kind = "item"

    def __init__(self) -> None:
        super().__init__()
        self.added: Counter[str] = Counter()
        self.tried_to_add: Counter[str] = Counter()
        self._lock = threading.Lock()

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        condition = {"ConditionExpression": "attribute_not_exists(id)"}
        put = clients.dynamodb.put_item
        self.ledger.ask(name, lambda: put(TableName="items", Item={"id": {"S": name}}, **condition))
        counter = f"counter-{chance.randrange(3)}"
        with self._lock:
            self.tried_to_add[counter] += 1
        clients.add_one("items", counter)
        with self._lock:
            self.added[counter] += 1

    def problems(self, clients: Clients) -> Iterator[str]:
        items = clients.items("items")
        counters = {name: int(item["times"]["N"]) for name, item in items.items() if name.startswith("counter")}
        yield from self.ledger.problems(Counter(set(items) - set(counters)))
        for name, count in self.added.items():
            if not count <= counters.get(name, 0) <= self.tried_to_add[name]:
                yield f"{name}: {count} acknowledged, {self.tried_to_add[name]} tried, {counters.get(name)} there"


class Objects(Promise):
    """Objects are whole, and as new as was acknowledged."""

    kind = "object"

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[str, int] = {}

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self._sizes[name] = chance.choice((10, 5_000, 400_000))
        body = self._body(name)
        self.ledger.ask(name, lambda: clients.s3.put_object(Bucket="objects", Key=name, Body=body))

    def _body(self, name: str) -> bytes:
        return (name.encode() + b".") * (self._sizes[name] // len(name))

    def problems(self, clients: Clients) -> Iterator[str]:
        pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket="objects")
        names = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        yield from self.ledger.problems(Counter(names))
        for name in names:
            if clients.s3.get_object(Bucket="objects", Key=name)["Body"].read() != self._body(name):
                yield f"{name}: not as it was sent"


class Invocations(Promise):
    """Functions invoked asynchronously: at least once, whoever dies."""

    kind = "invocation"

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        payload = json.dumps({"name": name})
        invoke = clients.functions.invoke
        self.ledger.ask(name, lambda: invoke(FunctionName="note", InvocationType="Event", Payload=payload))

    def problems(self, clients: Clients) -> Iterator[str]:
        yield from self.ledger.problems(Counter(set(clients.items("notes"))))


class Executions(Promise):
    """Started under a name until it is answered: each has one effect in a table, one in a queue, and ends."""

    kind = "execution"

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        for _ in range(2):  # idempotent: the second start is the first
            self.ledger.ask(name, lambda: clients.start("works", name, {"id": name, "items": [1, 2, 3]}))

    def problems(self, clients: Clients) -> Iterator[str]:
        ended = clients.executions("works")
        once = Counter(self.ledger.tried.keys())
        for found in (Counter(ended.keys()), Counter(drained(clients, "results"))):
            yield from _told("execution: promised and not there", sorted(self.ledger.promised - set(found)))
            yield from _told("execution: there more often than started", sorted(found - once))
        effects = {name: int(item["times"]["N"]) for name, item in clients.items("effects").items()}
        yield from _told("execution: effect not once", sorted(name for name in ended if effects.get(name) != 1))
        yield from _told("execution: not well", sorted(name for name, how in ended.items() if how != "SUCCEEDED"))
        for name in list(ended)[:: max(1, len(ended) // 20)]:
            ids = clients.history(f"arn:aws:states:us-east-1:{ACCOUNT}:execution:works:{name}")
            if ids != list(range(1, len(ids) + 1)):
                yield f"{name}: a gap in the history: {ids}"


class Tokens(Promise):
    """Executions that wait for a token; the first answer that was taken is the one that counts."""

    kind = "token"

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, list[str]] = {}
        self.taken: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.start("asks", name, {"id": name}))
        for message in clients.receive("questions"):
            question = json.loads(message["Body"])
            self._answer(clients, question["id"], question["token"], f'"{chance.random()}"')
            clients.delete("questions", message["ReceiptHandle"])

    def _answer(self, clients: Clients, name: str, token: str, answer: str) -> None:
        with self._lock:
            self.answers.setdefault(name, []).append(answer)
        try:
            clients.states.send_task_success(taskToken=token, output=answer)
        except clients.states.exceptions.TaskTimedOut:
            return  # an answer before this one was taken
        with self._lock:
            self.taken.setdefault(name, []).append(answer)

    def problems(self, clients: Clients) -> Iterator[str]:
        for message in drained(clients, "questions"):
            question = json.loads(message)
            self._answer(clients, question["id"], question["token"], '"late"')
        ended = clients.executions("asks")
        yield from self.ledger.problems(Counter(ended.keys()))
        yield from _told("token: not well", sorted(name for name, how in ended.items() if how != "SUCCEEDED"))
        yield from _told("token: taken twice", sorted(name for name, taken in self.taken.items() if len(taken) > 1))
        for name, taken in self.taken.items():
            output = clients.output("asks", name)
            if output != taken[0]:
                yield f"{name}: ended with {output}, acknowledged was {taken[0]}"


class Timers(Promise):
    """Schedules for one moment each: it comes, once."""

    kind = "timer"

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.schedule(name, chance.uniform(0.5, 3)))

    def problems(self, clients: Clients) -> Iterator[str]:
        yield from self.ledger.problems(Counter(drained(clients, "timers")))


KINDS: tuple[type[Promise], ...] = (
    Messages,
    Groups,
    Copies,
    Events,
    Items,
    Objects,
    Invocations,
    Executions,
    Tokens,
    Timers,
)

"""Messages: in queues, in order, too late for their reader, and through a pipe."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.torture.clients import ROLE, Clients, Drain
from tests.torture.ledger import Ledger, told
from tests.torture.promises.promise import Promise

_GROUPS = 4


class Messages(Promise):
    """Sent once and never again, some with a delay; received and deleted by others. Deleted ones do not come back."""

    kind = "message"
    weight = 2

    def __init__(self) -> None:
        super().__init__()
        self._deleted = Ledger("deletion")
        self._delay_seconds: dict[str, int] = {}
        self._early: set[str] = set()
        self._rest = Drain("messages")

    def deploy(self, clients: Clients) -> None:
        clients.queue("messages")

    def step(self, clients: Clients, chance: random.Random) -> None:
        names = [self.ledger.name() for _ in range(chance.choice((1, 1, 1, 4)))]
        self._delay_seconds.update((name, chance.choice((0, 0, 1, 2))) for name in names)
        entries = [{"Id": name, "MessageBody": name, "DelaySeconds": self._delay_seconds[name]} for name in names]
        url = clients.url("messages")
        self.ledger.ask_all(names, lambda: clients.sqs.send_message_batch(QueueUrl=url, Entries=entries))
        if chance.random() < 0.4:
            for message in clients.receive("messages"):
                self._take(clients, message)

    def _take(self, clients: Clients, message: dict[str, Any]) -> None:
        name, times = message["Body"], message["Attributes"]
        waited_ms = int(times["ApproximateFirstReceiveTimestamp"]) - int(times["SentTimestamp"])
        if waited_ms < self._delay_seconds[name] * 1_000:
            self._early.add(name)
        self._deleted.ask(name, lambda: clients.delete("messages", message["ReceiptHandle"]))

    def problems(self, clients: Clients) -> Iterator[str]:
        found = Counter(self._rest(clients))
        yield from told("message: came before its time", self._early)
        yield from told("message: deleted and there again", self._deleted.promised & set(found))
        found.update(set(self._deleted.tried) - set(found))
        yield from self.ledger.problems(found)


class Groups(Promise):
    """Messages of FIFO groups, each group by a client of its own that tries again until it is answered; one reader."""

    kind = "fifo"
    queue = "groups.fifo"
    weight = 2

    def __init__(self) -> None:
        super().__init__()
        self._groups = [(f"group{number}", itertools.count(1), threading.Lock()) for number in range(_GROUPS)]
        self._pending: dict[str, str] = {}
        self._reader = threading.Lock()
        self._read: Counter[str] = Counter()
        self._behind: list[str] = []
        self._deleted: set[str] = set()
        self._rest = Drain(self.queue)

    def deploy(self, clients: Clients) -> None:
        clients.queue(self.queue)

    def send(self, clients: Clients, group: str, name: str) -> None:
        """One message, whose deduplication id makes it one however often it is sent."""
        clients.send(self.queue, name, MessageGroupId=group, MessageDeduplicationId=name)

    def step(self, clients: Clients, chance: random.Random) -> None:
        group, numbers, lock = chance.choice(self._groups)
        with lock:
            name = self._pending.setdefault(group, f"{group}-{next(numbers)}")
            self.ledger.ask(name, lambda: self.send(clients, group, name))
            del self._pending[group]
        if chance.random() < 0.3 and self._reader.acquire(blocking=False):
            try:
                self._receive(clients)
            finally:
                self._reader.release()

    def _receive(self, clients: Clients) -> None:
        for message in clients.receive(self.queue):
            name = message["Body"]
            group, number = name.split("-")
            if int(number) <= self._read[group]:
                self._behind.append(f"{name} after {self._read[group]} was deleted")
            self._deleted.add(name)
            try:
                clients.delete(self.queue, message["ReceiptHandle"])
            except ClientError as error:
                if error.response["Error"]["Code"] != "InvalidParameterValue":
                    raise
                return  # too late: it comes again, and so do those behind it
            self._read[group] = int(number)

    def problems(self, clients: Clients) -> Iterator[str]:
        found = self._rest(clients)
        yield from told(f"{self.kind}: came behind one that was deleted", self._behind)
        yield from self.ledger.problems(Counter(found) + Counter(self._deleted - set(found)), once=True)
        for group, _, _ in self._groups:
            numbers = [int(name.split("-")[1]) for name in found if name.startswith(f"{group}-")]
            if [self._read[group], *numbers] != sorted({self._read[group], *numbers}):
                yield f"{self.kind}: {group} came in the order {numbers[:30]}, {self._read[group]} was deleted"


class Dead(Promise):
    """Messages that nobody deletes end in the dead-letter queue, once."""

    kind = "dead"

    def __init__(self) -> None:
        super().__init__()
        self._dead = Drain("dead")

    def deploy(self, clients: Clients) -> None:
        policy = f'{{"deadLetterTargetArn": "{clients.queue("dead")}", "maxReceiveCount": 2}}'
        clients.queue("poison", VisibilityTimeout="1", RedrivePolicy=policy)

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.send("poison", name))
        if chance.random() < 0.3:
            clients.receive("poison")

    def problems(self, clients: Clients) -> Iterator[str]:
        while clients.receive("poison", 2):
            pass
        yield from self.ledger.problems(Counter(self._dead(clients)))


class Piped(Promise):
    """Messages that a pipe takes from one queue to another, in one transaction: once."""

    kind = "piped"

    def __init__(self) -> None:
        super().__init__()
        self._piped = Drain("piped")

    def deploy(self, clients: Clients) -> None:
        source, target = clients.queue("to-pipe"), clients.queue("piped")
        more = {"TargetParameters": {"InputTemplate": "<$.body>"}}
        clients.pipes.create_pipe(Name="torture", Source=source, Target=target, RoleArn=ROLE, **more)

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.send("to-pipe", name))

    def problems(self, clients: Clients) -> Iterator[str]:
        yield from self.ledger.problems(Counter(body.strip('"') for body in self._piped(clients)))

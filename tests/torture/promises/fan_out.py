"""What is sent on: by topics, by rules of a bus, by mail."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator

from tests.torture.clients import ROLE, Clients, Drain, arn, task
from tests.torture.ledger import told
from tests.torture.promises.promise import Promise
from tests.torture.promises.queues import Groups


class Copies(Promise):
    """Published to a topic: a copy in every queue behind it, in those with a filter of what passes it. All or none."""

    kind = "copy"

    def __init__(self) -> None:
        super().__init__()
        self._all, self._even = Drain("copies"), Drain("copies-even")

    def deploy(self, clients: Clients) -> None:
        topic = clients.sns.create_topic(Name="copies")["TopicArn"]
        for queue, more in (("copies", {}), ("copies-even", {"FilterPolicy": '{"even": ["yes"]}'})):
            attributes = {"RawMessageDelivery": "true", **more}
            clients.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=clients.queue(queue), Attributes=attributes)

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        even = {"DataType": "String", "StringValue": "yes" if _is_even(name) else "no"}
        publish = clients.sns.publish
        topic = arn("sns", "copies")
        self.ledger.ask(name, lambda: publish(TopicArn=topic, Message=name, MessageAttributes={"even": even}))

    def problems(self, clients: Clients) -> Iterator[str]:
        found, even = Counter(self._all(clients)), Counter(self._even(clients))
        yield from self.ledger.problems(found)
        differ = (even - found) + (Counter(filter(_is_even, found.elements())) - even)
        yield from told("copy: not the same in both queues", differ)


class OrderedCopies(Groups):
    """Published to a FIFO topic."""

    kind = "ordered copy"
    queue = "copies.fifo"
    weight = 1

    def deploy(self, clients: Clients) -> None:
        fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "false"}
        topic = clients.sns.create_topic(Name="copies.fifo", Attributes=fifo)["TopicArn"]
        more = {"Attributes": {"RawMessageDelivery": "true"}}
        clients.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=clients.queue(self.queue), **more)

    def send(self, clients: Clients, group: str, name: str) -> None:
        ids = {"MessageGroupId": group, "MessageDeduplicationId": name}
        clients.sns.publish(TopicArn=arn("sns", "copies.fifo"), Message=name, **ids)


class Events(Promise):
    """Put on a bus: a message in a queue and an execution that sends one, both or none; some to a function, too."""

    kind = "event"

    def __init__(self) -> None:
        super().__init__()
        self._events, self._ends = Drain("events"), Drain("event-ends")

    def deploy(self, clients: Clients) -> None:
        clients.queue("event-ends")
        parameters = {"QueueUrl": clients.url("event-ends"), "MessageBody.$": "$"}
        machine = clients.machine("event", {"Send": task("sqs:sendMessage", parameters, End=True)})
        clients.events.put_rule(Name="all", EventPattern='{"source": ["torture"]}')
        name = {"InputPath": "$.detail.name"}
        targets = [
            {"Id": "queue", "Arn": clients.queue("events"), **name},
            {"Id": "machine", "Arn": machine, "RoleArn": ROLE, **name},
        ]
        clients.events.put_targets(Rule="all", Targets=targets)
        clients.events.put_rule(Name="noted", EventPattern='{"source": ["torture"], "detail": {"noted": [true]}}')
        target = {"Id": "function", "Arn": arn("lambda", "function:note"), "InputPath": "$.detail"}
        clients.events.put_targets(Rule="noted", Targets=[target])
        clients.functions.add_permission(
            FunctionName="note", StatementId="bus", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
        )

    def step(self, clients: Clients, chance: random.Random) -> None:
        names = [self.ledger.name() for _ in range(chance.choice((1, 1, 3)))]
        details = [json.dumps({"name": name, "noted": _is_noted(name)}) for name in names]
        entries = [{"Source": "torture", "DetailType": "t", "Detail": detail} for detail in details]
        self.ledger.ask_all(names, lambda: clients.events.put_events(Entries=entries))

    def problems(self, clients: Clients) -> Iterator[str]:
        for drain in (self._events, self._ends):
            found = Counter(body.strip('"') for body in drain(clients))
            for problem in self.ledger.problems(found):
                yield f"{drain.queue}: {problem}"
        came = {body.strip('"') for body in self._events(clients)}
        yield from told("event: in one queue only", came ^ {body.strip('"') for body in self._ends(clients)})
        yield from told("event: not noted", set(filter(_is_noted, came)) ^ set(clients.notes("event-")))


class Mails(Promise):
    """Mail is in the outbox, once for each time that it was sent."""

    kind = "mail"
    weight = 0.3

    def deploy(self, clients: Clients) -> None:
        clients.ses.verify_email_identity(EmailAddress="from@example.com")

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        message = {"Subject": {"Data": name}, "Body": {"Text": {"Data": "…"}}}
        to = {"ToAddresses": ["to@example.com"]}
        send = clients.ses.send_email
        self.ledger.ask(name, lambda: send(Source="from@example.com", Destination=to, Message=message))

    def problems(self, clients: Clients) -> Iterator[str]:
        found: Counter[str] = Counter()
        after = "0"
        while page := clients.page(f"/_segue/outbox?after={after}")["messages"]:
            found.update(mail["subject"] for mail in page)
            after = page[-1]["id"]
        yield from self.ledger.problems(found)


def _number(name: str) -> int:
    return int(name.rsplit("-", 1)[1])


def _is_even(name: str) -> bool:
    return _number(name) % 2 == 0


def _is_noted(name: str) -> bool:
    return _number(name) % 10 == 0

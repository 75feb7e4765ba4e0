"""Functions: invoked asynchronously, from queues, from the stream of a table, from executions. All at least once."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator

from tests.torture.clients import Clients, Drain, arn, task
from tests.torture.ledger import told
from tests.torture.promises.promise import Promise


class Invocations(Promise):
    """Invoked asynchronously; what came of it is told to a queue, be it good or bad."""

    kind = "invocation"
    weight = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._succeeded, self._failed = Drain("succeeded"), Drain("failed")

    def deploy(self, clients: Clients) -> None:
        ends = {"OnSuccess": {"Destination": clients.queue("succeeded")}}
        ends["OnFailure"] = {"Destination": clients.queue("failed")}
        config = {"MaximumRetryAttempts": 0, "DestinationConfig": ends}
        clients.functions.put_function_event_invoke_config(FunctionName="note", **config)

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        payload = json.dumps({"name": name, "fails": _fails(name)})
        invoke = clients.functions.invoke
        self.ledger.ask(name, lambda: invoke(FunctionName="note", InvocationType="Event", Payload=payload))

    def problems(self, clients: Clients) -> Iterator[str]:
        succeeded, failed = (
            {str(json.loads(body)["requestPayload"]["name"]) for body in drain(clients)}
            for drain in (self._succeeded, self._failed)
        )
        ours = {name for name in succeeded | failed if name.startswith("invocation-")}
        yield from self.ledger.problems(Counter(ours))
        yield from told("invocation: failed for nothing", {name for name in failed & ours if not _fails(name)})
        yield from told("invocation: succeeded in failing", filter(_fails, succeeded & ours))
        yield from told("invocation: not noted", (succeeded & ours) - set(clients.notes("invocation-")))


def _fails(name: str) -> bool:
    return name.startswith("invocation-") and int(name.rsplit("-", 1)[1]) % 3 == 2


class Mapped(Promise):
    """Sent to a queue that is a function's event source. No more than two may run: nobody keeps a place who is dead."""

    kind = "mapped"
    weight = 0.5

    def deploy(self, clients: Clients) -> None:
        source = clients.queue("mapped", VisibilityTimeout="120")
        narrow = {"FunctionName": clients.function("narrow")}
        clients.functions.put_function_concurrency(**narrow, ReservedConcurrentExecutions=2)
        clients.functions.create_event_source_mapping(EventSourceArn=source, **narrow, BatchSize=2)

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.send("mapped", name))

    def problems(self, clients: Clients) -> Iterator[str]:
        yield from self.ledger.problems(Counter(clients.notes("mapped-")))
        if rest := clients.in_queue("mapped"):
            yield f"mapped: {rest} messages are left"


class Streamed(Promise):
    """Put into a table whose stream is a function's event source; some items are gone when their time has come."""

    kind = "streamed"
    weight = 0.5

    def deploy(self, clients: Clients) -> None:
        more = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}
        clients.table("streamed", **more)
        until = {"Enabled": True, "AttributeName": "until"}
        clients.dynamodb.update_time_to_live(TableName="streamed", TimeToLiveSpecification=until)
        stream = clients.dynamodb.describe_table(TableName="streamed")["Table"]["LatestStreamArn"]
        mapping = {"EventSourceArn": stream, "FunctionName": "note", "StartingPosition": "TRIM_HORIZON"}
        clients.functions.create_event_source_mapping(**mapping)

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        until = {"until": {"N": str(int(time.time()) + 2)}} if _expires(name) else {}
        put = clients.dynamodb.put_item
        self.ledger.ask(name, lambda: put(TableName="streamed", Item={"id": {"S": name}, **until}))

    def problems(self, clients: Clients) -> Iterator[str]:
        items, noted = set(clients.items("streamed")), set(clients.notes("streamed-"))
        yield from self.ledger.problems(Counter(noted))
        yield from told("streamed: in the table or noted, not both", items ^ {n for n in noted if not _expires(n)})


def _expires(name: str) -> bool:
    return int(name.rsplit("-", 1)[1]) % 2 == 0


class Calls(Promise):
    """Executions that call a function and go on with its answer."""

    kind = "call"
    weight = 0.4

    def deploy(self, clients: Clients) -> None:
        call = task("lambda:invoke", {"FunctionName": arn("lambda", "function:note"), "Payload.$": "$"})
        retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 5}]
        clients.machine("calls", {"Call": {**call, "ResultPath": "$", "Retry": retry, "End": True}})

    def step(self, clients: Clients, chance: random.Random) -> None:
        name = self.ledger.name()
        self.ledger.ask(name, lambda: clients.start("calls", name, {"name": name}))

    def problems(self, clients: Clients) -> Iterator[str]:
        ended = clients.executions("calls")
        yield from self.ledger.problems(Counter(set(ended)), once=True)
        yield from told("call: not well", (f"{name} {how}" for name, how in ended.items() if how != "SUCCEEDED"))
        yield from told("call: started or noted, not both", set(ended) ^ set(clients.notes("call-")))
        yield from clients.misfits("calls", list(ended), {"Call": 1})

"""Old and new version side by side on one database, and the old one leaves: nothing is lost, nothing stands still."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from segue import __version__
from tests.acceptance import newer
from tests.acceptance.test_nodes import ROLE, cluster
from tests.acceptance.test_nodes_functions import Function
from tests.nodes import Nodes, take, until
from tests.served import Served


class Load:
    """Clients that start executions, each of which sends a message with its name.

    Attributes:
        servers: where they ask, one after the other: whoever is refused, or finds nobody, asks the next.
        acknowledged, unknown: the names of those that were started, and of those that may have been.
    """

    def __init__(self, server: Served, machine: str) -> None:
        self.servers, self._machine = [server], machine
        self.acknowledged: set[str] = set()
        self.unknown: set[str] = set()
        self.refusals: set[int] = set()
        self._stopped = threading.Event()

    def _run(self, client: int) -> None:
        clients: dict[str, Any] = {}
        for number in range(10**6):
            if self._stopped.is_set():
                return
            name = f"{client}-{number}"
            server = self.servers[number % len(self.servers)]
            states = clients.setdefault(server.endpoint_url, server.client("stepfunctions"))
            try:
                states.start_execution(stateMachineArn=self._machine, name=name, input=json.dumps(name))
                self.acknowledged.add(name)
            except ClientError as error:
                self.refusals.add(error.response["ResponseMetadata"]["HTTPStatusCode"])
            except BotoCoreError:
                self.unknown.add(name)  # nobody answered: it may have been started
            time.sleep(0.05)

    @contextmanager
    def going(self) -> Iterator[None]:
        """While the load goes on."""
        threads = [threading.Thread(target=self._run, args=(client,)) for client in range(3)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()


def test_the_old_version_works_beside_the_new_one_then_leaves_and_nothing_is_lost(nodes: Nodes, tmp_path: Path) -> None:
    old = nodes.start()
    function = Function(old, tmp_path, None)
    queue = old.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    event = json.dumps({"until": str(tmp_path / "now"), "seconds": 0})
    old.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=event)
    until(lambda: function.notes == "+")
    load = Load(old, machine_that_tells(old, queue))
    with load.going():
        time.sleep(1)
        new = nodes.start("tests.acceptance.newer")  # it changes the schema meanwhile
        load.servers = [old, new]
        by = have_made(new, 50)
        until(lambda: len(done(nodes)) == 50)
        until(lambda: versions(old) == {__version__, newer.VERSION})
        assert cluster(old)["unknownKinds"] == []
        threading.Timer(1.5, (tmp_path / "now").touch).start()
        assert old.end() == 0
        load.servers = [new]
        assert function.notes == "+-", "what it has begun it ends, and nobody begins it again"
        assert versions(new) == {newer.VERSION}
        time.sleep(0.5)
    assert load.refusals <= {503}
    assert {node for _, node in done(nodes)} == {by}
    found: list[str] = []
    until(lambda: found.extend(take(new.client("sqs"), queue)) or len(found) >= len(load.acknowledged))
    told = [*found, *take(new.client("sqs"), queue)]
    assert len(told) == len(set(told))
    assert load.acknowledged <= set(told) <= load.acknowledged | load.unknown
    assert function.notes == "+-"


def machine_that_tells(node: Served, queue: str) -> str:
    """A state machine that waits for a second and sends its input to a queue."""
    parameters = {"QueueUrl": queue, "MessageBody.$": "$"}
    send = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": parameters, "End": True}
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "S"}, "S": send}}
    made = node.client("stepfunctions").create_state_machine(name="m", roleArn=ROLE, definition=json.dumps(definition))
    return str(made["stateMachineArn"])


def have_made(node: Served, jobs: int) -> str:
    """Have the newer version make jobs that the older one does not know; which node it is."""
    with urllib.request.urlopen(f"{node.endpoint_url}{newer.ADDRESS}{jobs}", timeout=20) as answer:
        return bytes(answer.read()).decode()


def done(nodes: Nodes) -> list[tuple[Any, ...]]:
    """Which of them have been done, and by which node."""
    with psycopg.connect(nodes.url) as connection:
        return connection.execute("SELECT id, node FROM newer_done").fetchall()


def versions(node: Served) -> set[str]:
    """Of the nodes that are there."""
    return {one.get("version", "") for one in cluster(node)["nodes"] if one["here"]}

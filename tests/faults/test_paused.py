"""A node that is stopped for so long that it is taken for dead, and wakes in the midst of what it was doing."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.faults.load import Sender, check_messages
from tests.faults.work import Book, call, check_history, make_function, make_machine, received, send
from tests.nodes import Nodes, until


@pytest.mark.parametrize(
    ("pause_seconds", "times"),
    [(8, 1), pytest.param(30, 3, marks=[pytest.mark.faults, pytest.mark.timeout(400)])],
)
def test_a_node_that_was_stopped_finds_its_work_taken_and_doubles_nothing(
    nodes: Nodes, book: Book, pause_seconds: float, times: int
) -> None:
    sleeps, wakes = nodes.start(), nodes.start()
    queues, states = wakes.client("sqs"), wakes.client("stepfunctions")
    make_function(wakes.client("lambda"), book)
    done, load = (queues.create_queue(QueueName=name)["QueueUrl"] for name in ("done", "load"))
    calls = make_machine(states, "calls", {"F": call(2), "S": send(done, "$$.Execution.Name")})
    time.sleep(2.5)  # until they know of each other
    started = []
    with Sender(sleeps, load, "sleeps") as asleep, Sender(wakes, load, "wakes") as awake:
        for turn in range(times):
            start = sleeps.client("stepfunctions").start_execution  # whoever starts something begins with it, as a rule
            started += [start(stateMachineArn=calls, name=f"{turn}-{n}") for n in range(6)]
            seen = len(book.starts())
            until(lambda seen=seen: sleeps.endpoint_url in {start.endpoint_url for start in book.starts()[seen:]})
            sleeps.process.send_signal(signal.SIGSTOP)  # its functions run on, and wait with their answers
            time.sleep(pause_seconds)
            count = len(asleep.acknowledged)
            sleeps.process.send_signal(signal.SIGCONT)
            until(lambda count=count: len(asleep.acknowledged) > count + 10, 40)
    assert awake.longest_seconds < 10, "others waited for the node that was stopped"
    assert not awake.refused
    bodies = received(queues, done, len(started), 40)
    assert sorted(bodies) == sorted(f"{turn}-{n}" for turn in range(times) for n in range(6))
    for execution in started:
        check_history(states, execution["executionArn"])
    check_messages(wakes, load, [asleep, awake])
    assert max(book.count().values()) <= 2
    again = states.start_execution(stateMachineArn=calls, name="again", input=json.dumps({}))
    until(lambda: states.describe_execution(executionArn=again["executionArn"])["status"] == "SUCCEEDED")

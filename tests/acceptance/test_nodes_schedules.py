"""What is to happen at a time happens once, whatever number of nodes look at the clock, and though one of them dies."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg

from tests.acceptance.test_nodes import ROLE
from tests.nodes import Nodes, take, until
from tests.served import Served

QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:q"


def test_schedules_fire_once_though_the_node_dies_that_was_about_to(nodes: Nodes) -> None:
    first, second, dies = (nodes.start() for _ in range(3))
    queue = first.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    make_rules(first, 6)
    make_schedules(second, 30)
    dies.process.send_signal(signal.SIGSTOP)  # in the midst of whatever it does: it may hold jobs that are due
    time.sleep(0.3)
    dies.end(signal.SIGKILL)
    fire_rules(nodes, 6)
    expected = Counter({f"rule {number}": 2 for number in range(6)} | {f"at {number}": 1 for number in range(30)})
    found: Counter[str] = Counter()

    def found_all(count: int) -> bool:
        found.update(body.strip('"') for body in take(second.client("sqs"), queue))
        return found.total() >= count

    until(lambda: found_all(36), 30)
    fire_rules(nodes, 6)  # their next minute
    until(lambda: found_all(expected.total()), 30)
    time.sleep(1)
    found_all(0)
    assert found == expected
    with psycopg.connect(nodes.url) as connection:
        counts: dict[str, int] = dict(
            connection.execute("SELECT kind, COUNT(*) FROM jobs WHERE kind LIKE 'api:%' GROUP BY kind").fetchall()
        )
    assert counts == {"api:housekeeping": 1, "api:collect-blobs": 1}, "each once, though three nodes have started"


def make_rules(node: Served, count: int) -> None:
    """Rules that send to the queue every minute."""
    events = node.client("events")
    for number in range(count):
        events.put_rule(Name=f"r{number}", ScheduleExpression="rate(1 minute)")
        targets = [{"Id": "q", "Arn": QUEUE_ARN, "Input": json.dumps(f"rule {number}")}]
        assert not events.put_targets(Rule=f"r{number}", Targets=targets)["FailedEntryCount"]


def make_schedules(node: Served, count: int) -> None:
    """Schedules that send to the queue once, in the seconds from now on."""
    scheduler = node.client("scheduler")
    for number in range(count):
        at = datetime.now(UTC) + timedelta(seconds=1 + number % 4)
        scheduler.create_schedule(
            Name=f"s{number}",
            ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": QUEUE_ARN, "RoleArn": ROLE, "Input": f"at {number}"},
        )


def fire_rules(nodes: Nodes, count: int) -> None:
    """Let the rules' time be now."""
    with psycopg.connect(nodes.url) as connection:
        moved = connection.execute(
            "UPDATE jobs SET visible_at = CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
            " WHERE kind = 'events:fire' AND receipt = 0"
        )
        assert moved.rowcount == count

"""What lies in a pipe's source comes out at its target, once, whenever the server is killed in between."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from pathlib import Path

from tests.acceptance.test_durability import ROLE, drain, eventually
from tests.served import Served

ENRICH = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "seen", "ResultPath": "$[0].more", "End": True}}}
MESSAGES = 60


def test_each_message_goes_through_once(tmp_path: Path) -> None:
    chance = random.Random(7)
    data = tmp_path / "data"
    with Served(data) as served:
        sqs, states = served.client("sqs"), served.client("stepfunctions")
        url = sqs.create_queue(QueueName="in", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
        sqs.create_queue(QueueName="out")
        enrich = states.create_state_machine(name="e", type="EXPRESS", definition=json.dumps(ENRICH), roleArn=ROLE)[
            "stateMachineArn"
        ]
        arn = "arn:aws:sqs:us-east-1:000000000000"
        served.client("pipes").create_pipe(
            Name="p",
            Source=f"{arn}:in",
            Target=f"{arn}:out",
            Enrichment=enrich,
            RoleArn=ROLE,
            SourceParameters={"SqsQueueParameters": {"BatchSize": 1}},
            TargetParameters={"InputTemplate": '{"n": <$.body>, "more": <$.more>}'},
        )
        for first in range(0, MESSAGES, 10):
            entries = [{"Id": str(n), "MessageBody": str(first + n)} for n in range(10)]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        served.end(signal.SIGKILL)
    for _ in range(3):
        with Served(data) as served:
            time.sleep(chance.uniform(0, 0.15))
            served.end(signal.SIGKILL)
    came: Counter[int] = Counter()
    with Served(data) as served:
        sqs = served.client("sqs")
        out = sqs.get_queue_url(QueueName="out")["QueueUrl"]

        def all_there() -> bool:
            for message in drain(sqs, out):
                body = json.loads(message["Body"])
                assert body["more"] == "seen"
                came[body["n"]] += 1
            return sum(came.values()) >= MESSAGES

        eventually(all_there)
    assert came == Counter(range(MESSAGES))

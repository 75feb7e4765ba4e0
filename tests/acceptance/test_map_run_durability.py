"""A Map Run goes on after ``kill -9``, without doing a finished item twice."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_durability import drain, eventually, machine, status
from tests.served import Served

ITEMS = 1_200


def definition(kind: str, queue_url: str) -> dict[str, Any]:
    """Items of a CSV file; each child sends its own to the queue; results go to a file."""
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": queue_url, "MessageBody.$": "$.number"},
        "ResultPath": None,
        "End": True,
    }
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "items", "Key": "items.csv"},
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
    }
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": "items", "Prefix": "results"},
        "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"},
    }
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    processor = {"ProcessorConfig": config, "StartAt": "Send", "States": {"Send": send}}
    each = {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "ResultWriter": writer, "End": True}
    return {"StartAt": "Each", "States": {"Each": each}}


@pytest.mark.parametrize("kind", ["EXPRESS", "STANDARD"])
def test_no_item_is_done_twice_and_none_is_left_out(tmp_path: Path, kind: str) -> None:
    chance = random.Random(kind)
    data = tmp_path / "data"
    with Served(data) as served:
        url = served.client("sqs").create_queue(QueueName="done")["QueueUrl"]
        s3 = served.client("s3")
        s3.create_bucket(Bucket="items")
        s3.put_object(Bucket="items", Key="items.csv", Body="number\n" + "".join(f"{n}\n" for n in range(ITEMS)))
        arn = machine(served, "each", definition(kind, url))
        execution = served.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"]
        served.end(signal.SIGKILL)
    interrupted = 0
    for _ in range(3):
        with Served(data) as served:
            time.sleep(chance.uniform(0.02, 0.25))
            interrupted += status(served, execution) == "RUNNING"
            served.end(signal.SIGKILL)
    assert interrupted
    with Served(data) as served:
        eventually(lambda: status(served, execution) == "SUCCEEDED", 60)
        states, s3 = served.client("stepfunctions"), served.client("s3")
        url = served.client("sqs").get_queue_url(QueueName="done")["QueueUrl"]
        sent = Counter(int(message["Body"]) for message in drain(served.client("sqs"), url))
        assert sent == Counter(range(ITEMS))
        output = json.loads(states.describe_execution(executionArn=execution)["output"])
        manifest = s3.get_object(Bucket="items", Key=output["ResultWriterDetails"]["Key"])["Body"].read()
        (file,) = json.loads(manifest)["ResultFiles"]["SUCCEEDED"]
        lines = s3.get_object(Bucket="items", Key=file["Key"])["Body"].read().decode().splitlines()
        assert [int(json.loads(line)["number"]) for line in lines] == list(range(ITEMS))
        counts = states.describe_map_run(mapRunArn=output["MapRunArn"])["executionCounts"]
        assert (counts["succeeded"], counts["resultsWritten"], counts["total"]) == (ITEMS, ITEMS, ITEMS)

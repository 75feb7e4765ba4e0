"""StartSyncExecution, by boto3."""

from __future__ import annotations

import json

from botocore.config import Config

from segue.jobs import queue
from segue.testing import Segue

DEFINITION = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": {"n": 1}, "End": True}}}


def test_it_answers_with_the_output_and_leaves_no_job_behind(segue: Segue) -> None:
    # the request waits for the execution's end, not a task: nobody is to be told of it by a job
    states = segue.client("stepfunctions", config=Config(inject_host_prefix=False))  # no name "sync-127.0.0.1"
    role = "arn:aws:iam::000000000000:role/express"
    definition = json.dumps(DEFINITION)
    machine = states.create_state_machine(name="express", definition=definition, roleArn=role, type="EXPRESS")
    answer = states.start_sync_execution(stateMachineArn=machine["stateMachineArn"])
    assert answer["status"] == "SUCCEEDED"
    assert json.loads(answer["output"]) == {"n": 1}
    assert segue.transact(lambda tx: queue.due(tx, 10)) == []
    left = segue.transact(lambda tx: tx.all("SELECT kind FROM jobs WHERE kind LIKE 'stepfunctions:%'"))
    assert left == []

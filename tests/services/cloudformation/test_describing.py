"""Who describes a stack that has just begun to change is told when it is done."""

from __future__ import annotations

import json
import threading
from typing import Any

from segue.testing import Segue


def test_the_answer_waits_for_the_end_for_a_moment() -> None:
    with Segue(stack_wait_ms=3_000) as segue:
        client = segue.client("cloudformation")
        template = json.dumps({"Resources": {"A": {"Type": "AWS::SQS::Queue"}}})
        client.create_stack(StackName="s", TemplateBody=template)
        assert client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        wait = {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": {"Ref": "H"}, "Timeout": "60"}}
        handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
        template = json.dumps({"Resources": {"H": handle, "W": wait}})
        client.update_stack(StackName="s", TemplateBody=template)
        found: list[dict[str, Any]] = []
        looking = threading.Thread(target=lambda: found.extend(client.describe_stacks(StackName="s")["Stacks"]))
        looking.start()
        segue.settle()
        assert found == []
        segue.advance(3)
        looking.join(10)
        assert found[0]["StackStatus"] == "UPDATE_IN_PROGRESS"
        segue.advance(60)
        assert client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

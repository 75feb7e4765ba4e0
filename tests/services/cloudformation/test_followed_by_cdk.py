"""What the CDK CLI looks at while it deploys."""

from __future__ import annotations

import json

from segue.testing import Segue


def test_each_event_has_a_time_and_an_id_of_its_own(segue: Segue) -> None:
    """CDK's CLI stops reading at an id that it has seen, and shows events sorted by their times."""
    client = segue.client("cloudformation")
    template = {"Resources": {f"Queue{number}": {"Type": "AWS::SQS::Queue"} for number in range(5)}}
    client.create_stack(StackName="s", TemplateBody=json.dumps(template))
    segue.settle()
    events = client.describe_stack_events(StackName="s")["StackEvents"]
    assert len({event["EventId"] for event in events}) == len(events) == 17
    times = [event["Timestamp"] for event in events]
    assert times == sorted(set(times), reverse=True)

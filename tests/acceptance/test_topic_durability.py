"""What a topic has taken reaches its web endpoint, and people, whenever the server is killed before."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

from tests.acceptance.test_durability import eventually
from tests.outside import Outside, Reply, Sent
from tests.served import Served
from tests.services.sns.verification import is_genuine
from tests.visits import visit

SOON = {"healthyRetryPolicy": {"numRetries": 20, "minDelayTarget": 1, "maxDelayTarget": 1}}


def slow(sent: Sent) -> Reply:
    time.sleep(0.3)  # so that the server dies while it waits for the answers
    return Reply(b"", 503)


def test_messages_reach_an_endpoint_that_was_not_well_over_crashes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Outside() as outside:
        with Served(data) as served:
            sns = served.client("sns")
            topic = sns.create_topic(Name="t")["TopicArn"]
            policy = {"DeliveryPolicy": json.dumps(SOON)}
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=outside.url, Attributes=policy)
            asked = json.loads(eventually(lambda: outside.sent)[0].body)
            assert is_genuine(asked)
            assert visit(asked["SubscribeURL"], "GET", None, {})[0] == 200
            outside.answer = slow
            for number in range(10):
                sns.publish(TopicArn=topic, Message=str(number))
            eventually(lambda: len(outside.sent) > 3)
            served.end(signal.SIGKILL)
        outside.sent.clear()
        outside.answer = lambda sent: Reply(b"")
        with Served(data):
            eventually(lambda: len({sent.headers["x-amz-sns-message-id"] for sent in outside.sent}) == 10)
        messages = [json.loads(sent.body) for sent in outside.sent]
        assert {message["Message"] for message in messages} == {str(number) for number in range(10)}

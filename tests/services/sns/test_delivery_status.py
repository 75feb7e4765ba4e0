from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.outside import Outside, Reply
from tests.services.sns.test_http_endpoints import Hook
from tests.services.sns.test_publish import Fan

ROLE = "arn:aws:iam::000000000000:role/logs"
GROUP = "sns/us-east-1/000000000000/t"


def logged(segue: Segue, group: str = GROUP) -> list[dict[str, Any]]:
    logs = segue.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=group)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(event["message"]) for event in events]


def test_deliveries_to_queues_are_logged(segue: Segue) -> None:
    fan = Fan(segue, SQSSuccessFeedbackRoleArn=ROLE, SQSFailureFeedbackRoleArn=ROLE)
    url = fan.queue("q")
    gone = "arn:aws:sqs:us-east-1:000000000000:gone"
    fan.sns.subscribe(TopicArn=fan.arn, Protocol="sqs", Endpoint=gone)
    message_id = fan.publish("Should be received")["MessageId"]
    (entry,) = logged(segue)
    (message,) = fan.receive(url)
    assert entry["notification"] == {
        "messageMD5Sum": "c1c7ff780647014d463e6801bf83c59d",
        "messageId": message_id,
        "topicArn": fan.arn,
        "timestamp": "2023-11-14 22:13:20.000",
    }
    assert (entry["status"], entry["delivery"]["statusCode"], entry["delivery"]["dwellTimeMs"]) == ("SUCCESS", 200, 0)
    assert json.loads(entry["delivery"]["providerResponse"])["sqsMessageId"] == message["MessageId"]
    (failure,) = logged(segue, f"{GROUP}/Failure")
    assert (failure["status"], failure["delivery"]["destination"]) == ("FAILURE", gone)
    assert "does not exist" in failure["delivery"]["providerResponse"]


def test_a_share_of_the_successes_is_logged(segue: Segue) -> None:
    fan = Fan(segue, SQSSuccessFeedbackRoleArn=ROLE, SQSSuccessFeedbackSampleRate="0")
    fan.queue("q")
    fan.publish()
    assert logged(segue) == []
    fan.sns.set_topic_attributes(TopicArn=fan.arn, AttributeName="SQSSuccessFeedbackSampleRate", AttributeValue="100")
    fan.publish()
    assert len(logged(segue)) == 1
    with pytest.raises(ClientError, match="Must be between 0 and 100"):
        fan.sns.set_topic_attributes(
            TopicArn=fan.arn, AttributeName="SQSSuccessFeedbackSampleRate", AttributeValue="101"
        )


def test_endpoints_that_fail_are_logged_once_given_up(segue: Segue) -> None:
    with Outside() as outside:
        hook = Hook(segue, outside)
        hook.sns.set_topic_attributes(
            TopicArn=hook.topic, AttributeName="HTTPFailureFeedbackRoleArn", AttributeValue=ROLE
        )
        hook.subscribe()
        hook.publish("fine")
        outside.answer = lambda sent: Reply(b"", 500)
        hook.publish("not fine")
        assert logged(segue, f"{GROUP}/Failure") == []
        segue.advance(61)
        (failure,) = logged(segue, f"{GROUP}/Failure")
        assert (failure["delivery"]["statusCode"], failure["delivery"]["attempts"]) == (500, 4)
        assert failure["delivery"]["dwellTimeMs"] >= 60_000
        assert logged(segue) == []


def test_text_messages_are_logged_as_the_account_says(segue: Segue) -> None:
    sns = segue.client("sns")
    sns.publish(PhoneNumber="+14155550123", Message="hi")
    sns.set_sms_attributes(attributes={"DeliveryStatusIAMRole": ROLE, "DeliveryStatusSuccessSamplingRate": "100"})
    sns.publish(PhoneNumber="+14155550123", Message="hi")
    (entry,) = logged(segue, "sns/us-east-1/000000000000/DirectPublishToPhoneNumber")
    assert (entry["status"], entry["delivery"]["smsType"]) == ("SUCCESS", "Promotional")
    with pytest.raises(ClientError, match="DeliveryStatusSuccessSamplingRate is invalid"):
        sns.set_sms_attributes(attributes={"DeliveryStatusSuccessSamplingRate": "many"})

from __future__ import annotations

import json

from segue.services.sns.notifications import Envelopes, Message, timestamp
from segue.services.sns.records import Subscription, Topic
from segue.testing import Segue

TOPIC = Topic("arn:aws:sns:us-east-1:1:t", "1", {}, 0)
QUEUE = Subscription("arn:aws:sns:us-east-1:1:t:s", 1, TOPIC.arn, "sqs", "q", "1", "p", False, True, "", {}, False, "")
MESSAGE = Message(
    id="m",
    bodies={"default": 'say "ö"\n'},
    subject="s",
    attributes={
        "n": {"DataType": "Number", "StringValue": "1"},
        "b": {"DataType": "Binary", "BinaryValue": b"\x02\x03"},
    },
    published_at_ms=1_626_777_296_007,
)


def test_an_envelope_has_the_spacing_and_order_of_aws(segue: Segue) -> None:
    text = segue.transact(lambda tx: Envelopes(tx, TOPIC, MESSAGE, "http://h").text(QUEUE))
    signature = json.loads(text)["Signature"]
    certificate = json.loads(text)["SigningCertURL"]
    assert text == (
        "{\n"
        '  "Type" : "Notification",\n'
        '  "MessageId" : "m",\n'
        '  "TopicArn" : "arn:aws:sns:us-east-1:1:t",\n'
        '  "Subject" : "s",\n'
        '  "Message" : "say \\"ö\\"\\n",\n'
        '  "Timestamp" : "2021-07-20T10:34:56.007Z",\n'
        '  "SignatureVersion" : "1",\n'
        f'  "Signature" : "{signature}",\n'
        f'  "SigningCertURL" : "{certificate}",\n'
        '  "UnsubscribeURL" : "http://h/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:1:t:s",\n'
        '  "MessageAttributes" : {\n'
        '    "n" : {"Type":"Number","Value":"1"},\n'
        '    "b" : {"Type":"Binary","Value":"AgM="}\n'
        "  }\n"
        "}"
    )


def test_a_function_event_has_a_subject_even_if_there_is_none(segue: Segue) -> None:
    message = Message("m", {"default": "x", "lambda": "for functions"}, None, {}, 0)
    subscription = Subscription(
        "arn:aws:sns:us-east-1:1:t:s", 1, TOPIC.arn, "lambda", "f", "1", "p", False, True, "", {}, False, ""
    )
    event = segue.transact(lambda tx: Envelopes(tx, TOPIC, message, "http://h").function_event(subscription))
    (record,) = json.loads(event)["Records"]
    assert list(record) == ["EventSource", "EventVersion", "EventSubscriptionArn", "Sns"]
    assert list(record["Sns"]) == [
        "Type",
        "MessageId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertUrl",
        "UnsubscribeUrl",
        "MessageAttributes",
    ]
    assert (record["Sns"]["Subject"], record["Sns"]["Message"]) == (None, "for functions")


def test_timestamps_have_milliseconds() -> None:
    assert timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(1_626_777_296_120) == "2021-07-20T10:34:56.120Z"

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest
from cryptography.x509 import load_pem_x509_certificate

from segue.services.sns.signing import signed_text
from segue.testing import Segue
from tests.services.sns.test_publish import Fan
from tests.services.sns.verification import is_genuine


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_queues_get_verifies_and_what_was_changed_does_not(segue: Segue, version: str) -> None:
    fan = Fan(segue, SignatureVersion=version)
    one, other = fan.queue("one"), fan.queue("other")
    fan.publish("paid ✓\n", Subject="an order")
    envelopes = [json.loads(fan.receive(url)[0]["Body"]) for url in (one, other)]
    assert [envelope["SignatureVersion"] for envelope in envelopes] == [version, version]
    assert all(is_genuine(envelope) for envelope in envelopes)
    assert not is_genuine(envelopes[0] | {"Message": "paid"})
    assert not is_genuine({name: value for name, value in envelopes[0].items() if name != "Subject"})


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    with Segue(tmp_path) as segue:
        fan = Fan(segue)
        url = fan.queue("q")
        fan.publish()
        before = json.loads(fan.receive(url)[0]["Body"])
        assert is_genuine(before)
    with Segue(tmp_path) as segue:
        fan = Fan(segue)
        fan.publish()
        after = json.loads(fan.receive(fan.sqs.get_queue_url(QueueName="q")["QueueUrl"])[0]["Body"])
        assert is_genuine(after)
        certificates = [envelope["SigningCertURL"].rpartition("/")[2] for envelope in (before, after)]
        assert certificates[0] == certificates[1]


def test_the_certificate_is_valid_by_the_given_clock(segue: Segue) -> None:
    fan = Fan(segue)
    url = fan.queue("q")
    fan.publish()
    address = json.loads(fan.receive(url)[0]["Body"])["SigningCertURL"]
    with urllib.request.urlopen(address) as answer:
        certificate = load_pem_x509_certificate(answer.read())
    assert certificate.not_valid_before_utc.timestamp() < 1_700_000_000 < certificate.not_valid_after_utc.timestamp()
    with pytest.raises(HTTPError, match="404"):
        urllib.request.urlopen(f"{segue.endpoint_url}/SimpleNotificationService-0000.pem")


def test_what_is_signed_of_which_type() -> None:
    fields = {"Type": "Notification", "Message": "m", "MessageId": "i", "Timestamp": "t", "TopicArn": "a", "Token": "x"}
    assert signed_text(fields) == "Message\nm\nMessageId\ni\nTimestamp\nt\nTopicArn\na\nType\nNotification\n"
    fields |= {"Type": "SubscriptionConfirmation", "SubscribeURL": "u", "Subject": "never"}
    assert signed_text(fields) == (
        "Message\nm\nMessageId\ni\nSubscribeURL\nu\nTimestamp\nt\nToken\nx\nTopicArn\na\n"
        "Type\nSubscriptionConfirmation\n"
    )

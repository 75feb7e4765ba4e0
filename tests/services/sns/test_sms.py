from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import deliveries
from segue.testing import Segue
from tests.services.sns.outbox import sent

NUMBER = "+14155550123"


@pytest.fixture
def sns(segue: Segue) -> Any:
    return segue.client("sns")


def opt_out(segue: Segue, number: str) -> None:
    sql = "INSERT INTO sns_sms_attributes VALUES ('000000000000:us-east-1:numbers', ?, 'out')"
    segue.transact(lambda tx: tx.run(sql, number))


def test_a_text_message_is_sent_as_its_attributes_say(segue: Segue, sns: Any) -> None:
    said = {"SenderID": "Shop", "SMSType": "Transactional", "MaxPrice": "0.5"}
    attributes = {
        f"AWS.SNS.SMS.{name}": {"DataType": "String" if name != "MaxPrice" else "Number", "StringValue": value}
        for name, value in said.items()
    }
    message_id = sns.publish(PhoneNumber=NUMBER, Message="your code: 1", MessageAttributes=attributes)["MessageId"]
    (message,) = sent(segue)
    assert (message.kind, message.to, message.text, message.message_id) == (
        "SMS",
        (NUMBER,),
        "your code: 1",
        message_id,
    )
    assert (message.sender, message.attributes["SMSType"]) == ("Shop", "Transactional")


def test_defaults_are_an_accounts_own(segue: Segue, sns: Any) -> None:
    sns.set_sms_attributes(attributes={"DefaultSenderID": "House", "DefaultSMSType": "Transactional"})
    sns.publish(PhoneNumber=NUMBER, Message="hi")
    (message,) = sent(segue)
    assert (message.sender, message.attributes["SMSType"]) == ("House", "Transactional")
    assert sns.get_sms_attributes(attributes=["DefaultSenderID"])["attributes"] == {"DefaultSenderID": "House"}


def test_a_topic_sends_text_messages_under_its_name(segue: Segue, sns: Any) -> None:
    topic = sns.create_topic(Name="t", Attributes={"DisplayName": "News"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=NUMBER)
    sns.publish(TopicArn=topic, Message='{"default": "long", "sms": "short"}', MessageStructure="json")
    (message,) = sent(segue)
    assert (message.text, message.source) == ("News> short", topic)


def test_who_wants_none_gets_none(segue: Segue, sns: Any) -> None:
    opt_out(segue, NUMBER)
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=NUMBER)["isOptedOut"] is True
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == [NUMBER]
    sns.publish(PhoneNumber=NUMBER, Message="hi")
    assert sent(segue) == []
    (hop,) = segue.transact(lambda tx: deliveries.since(tx, 0))
    assert (hop["status"], hop["reason"]) == ("dropped", "Phone number is opted out")
    sns.opt_in_phone_number(phoneNumber=NUMBER)
    sns.publish(PhoneNumber=NUMBER, Message="hi")
    assert len(sent(segue)) == 1


def test_too_long_for_one_is_an_error_and_for_a_topic_a_drop(segue: Segue, sns: Any) -> None:
    with pytest.raises(ClientError, match="Message too long"):
        sns.publish(PhoneNumber=NUMBER, Message="x" * 1_601)
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=NUMBER)
    sns.publish(TopicArn=topic, Message="x" * 1_601)
    (hop,) = segue.transact(lambda tx: deliveries.since(tx, 0))
    assert (hop["target"], hop["status"]) == (NUMBER, "dropped")


def test_a_number_of_the_sandbox_is_verified_by_what_was_sent_to_it(segue: Segue, sns: Any) -> None:
    assert sns.get_sms_sandbox_account_status()["IsInSandbox"] is False
    sns.create_sms_sandbox_phone_number(PhoneNumber=NUMBER)
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": NUMBER, "Status": "Pending"}]
    password = sent(segue)[0].text[-6:]
    wrong = f"{(int(password) + 1) % 1_000_000:06d}"
    with pytest.raises(sns.exceptions.VerificationException):
        sns.verify_sms_sandbox_phone_number(PhoneNumber=NUMBER, OneTimePassword=wrong)
    sns.verify_sms_sandbox_phone_number(PhoneNumber=NUMBER, OneTimePassword=password)
    assert sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"] == [{"PhoneNumber": NUMBER, "Status": "Verified"}]
    with pytest.raises(sns.exceptions.UserErrorException):
        sns.create_sms_sandbox_phone_number(PhoneNumber=NUMBER)
    sns.delete_sms_sandbox_phone_number(PhoneNumber=NUMBER)
    with pytest.raises(sns.exceptions.ResourceNotFoundException):
        sns.verify_sms_sandbox_phone_number(PhoneNumber=NUMBER, OneTimePassword=password)
    assert sns.list_origination_numbers()["PhoneNumbers"] == []

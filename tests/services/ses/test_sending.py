"""Sending by the older API: who may, to whom, what is told, what the outbox holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import outbox
from segue.testing import Segue

MESSAGE = {"Subject": {"Data": "Grüße"}, "Body": {"Text": {"Data": "Hallo"}, "Html": {"Data": "<p>Hallo</p>"}}}


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        client = server.client("ses")
        client.verify_email_identity(EmailAddress="shop@example.com")
        client.verify_domain_identity(Domain="shop.example")
        yield server


@pytest.fixture
def ses(segue: Segue) -> Any:
    segue.transact(lambda tx: outbox.delete_all(tx))
    return segue.client("ses")


def sent(segue: Segue) -> list[outbox.Message]:
    def unit(tx: Any) -> list[outbox.Message]:
        return [kept for entry in outbox.listed(tx) if (kept := outbox.content(tx, entry.id)) is not None]

    return segue.transact(unit)


def send(ses: Any, source: str = "shop@example.com", to: Any = "ann@example.com", **more: Any) -> str:
    destination = to if isinstance(to, dict) else {"ToAddresses": [to]}
    return str(
        ses.send_email(**{"Source": source, "Destination": destination, "Message": MESSAGE, **more})["MessageId"]
    )


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_mail_is_in_the_outbox_as_it_was_sent(segue: Segue, ses: Any) -> None:
    to = {"ToAddresses": ["Ann <ann@example.com>"], "CcAddresses": ["bob@example.com"], "BccAddresses": ["eve@e.org"]}
    message_id = send(ses, "Shop <shop@example.com>", to, ReplyToAddresses=["help@example.com"])
    assert (message_id[:8], message_id[-7:], len(message_id)) == ("0100018b", "-000000", 60)
    (mail,) = sent(segue)
    assert (mail.message_id, mail.sender, mail.subject) == (message_id, "Shop <shop@example.com>", "Grüße")
    assert (mail.text, mail.html, mail.reply_to) == ("Hallo", "<p>Hallo</p>", ("help@example.com",))
    assert (mail.to, mail.cc, mail.bcc) == (("Ann <ann@example.com>",), ("bob@example.com",), ("eve@e.org",))
    assert mail.source == "arn:aws:ses:us-east-1:000000000000:identity/shop@example.com"


@pytest.mark.parametrize(
    "source", ["shop+news@example.com", "any@shop.example", "any@mail.SHOP.example", "A B <shop@EXAMPLE.com>"]
)
def test_who_is_verified_or_below_a_verified_domain_may_send(ses: Any, source: str) -> None:
    assert send(ses, source)


@pytest.mark.parametrize(
    ("source", "failed"),
    [
        ("Eve <eve@example.com>", "eve@example.com"),
        ("shop@example", "shop@example"),
        ("any@notshop.example", "any@notshop.example"),
        ("Shop@example.com", "Shop@example.com"),
    ],
)
def test_nobody_else_may(segue: Segue, ses: Any, source: str, failed: str) -> None:
    with pytest.raises(ClientError) as error:
        send(ses, source)
    words = f"Email address is not verified. The following identities failed the check in region US-EAST-1: {failed}"
    assert refusal(error) == ("MessageRejected", words)
    assert sent(segue) == []


def test_an_identity_is_one_of_its_region_and_account(segue: Segue) -> None:
    for elsewhere in (segue.client("ses", region="eu-west-1"), segue.client("ses", account="111111111111")):
        with pytest.raises(ClientError) as error:
            send(elsewhere)
        assert refusal(error)[0] == "MessageRejected"


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("ann", "Missing final '@domain'"),
        ("", "Missing final '@domain'"),
        ("@example.com", "User name is missing: '@example.com'."),
        ("a b@example.com", "Local address contains control or whitespace"),
        ("ann@ex ample.com", "Domain contains illegal character"),
        ("ann@.example.com", "Domain starts with dot"),
        ("ann@example..com", "Domain contains dot-dot"),
        ("jürgen@example.com", "Local address contains non-ascii characters"),
        ({"ToAddresses": [f"u{number}@example.com" for number in range(51)]}, "Recipient count exceeds 50."),
    ],
)
def test_recipients_that_are_none_are_refused(segue: Segue, ses: Any, to: Any, words: str) -> None:
    with pytest.raises(ClientError) as error:
        send(ses, to=to)
    assert refusal(error) == ("InvalidParameterValue", words)
    assert sent(segue) == []


RAW = (
    b'From: "Shop" <shop@example.com>\r\nTo: ann@example.com,\r\n "Berg, Bob" <bob@example.com>\r\nBcc: eve@example.com'
    b"\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-SES-MESSAGE-TAGS: kind=order\r\n\r\nHallo\r\n"
)


def test_raw_mail_goes_to_whom_its_headers_say(segue: Segue, ses: Any) -> None:
    ses.send_raw_email(RawMessage={"Data": RAW})
    (mail,) = sent(segue)
    assert mail.raw == RAW
    assert (mail.subject, mail.sender) == ("Grüße", '"Shop" <shop@example.com>')
    assert mail.to == ("ann@example.com", '"Berg, Bob" <bob@example.com>')
    assert mail.bcc == ("eve@example.com",)
    assert mail.attributes == {"Tags": '{"kind": "order"}'}


def test_or_to_whom_the_caller_says(segue: Segue, ses: Any) -> None:
    ses.send_raw_email(Source="any@shop.example", Destinations=["only@example.com"], RawMessage={"Data": RAW})
    (mail,) = sent(segue)
    assert (mail.sender, mail.recipients) == ("any@shop.example", ("only@example.com",))


@pytest.mark.parametrize(
    ("raw", "words"), [(b"Subject: x\r\n\r\nx", "'From'"), (b"From: shop@example.com\r\n\r\nx", "'To'")]
)
def test_raw_mail_of_nobody_or_to_nobody_is_refused(ses: Any, raw: bytes, words: str) -> None:
    with pytest.raises(ClientError) as error:
        ses.send_raw_email(RawMessage={"Data": raw})
    assert refusal(error) == ("InvalidParameterValue", f"Missing required header {words}.")


def test_mail_beyond_ten_megabytes_is_refused(ses: Any) -> None:
    with pytest.raises(ClientError) as error:
        ses.send_raw_email(RawMessage={"Data": RAW + b"x" * 10_485_760})
    assert "Message length is more than 10485760 bytes long" in refusal(error)[1]


@pytest.fixture
def template(ses: Any) -> Iterator[str]:
    text, html = "{{#each items}}{{this}};{{/each}}", "<b>{{name}}</b>"
    parts = {"SubjectPart": "Hi {{name}}", "TextPart": text, "HtmlPart": html}
    ses.create_template(Template={"TemplateName": "greeting", **parts})
    yield "greeting"
    ses.delete_template(TemplateName="greeting")


def test_mail_of_a_template(segue: Segue, ses: Any, template: str) -> None:
    data = json.dumps({"name": "Ann & Co", "items": ["tea", "milk"]})
    to = {"ToAddresses": ["ann@example.com"]}
    ses.send_templated_email(Source="shop@example.com", Destination=to, Template=template, TemplateData=data)
    (mail,) = sent(segue)
    assert (mail.subject, mail.text, mail.html) == ("Hi Ann & Co", "tea;milk;", "<b>Ann & Co</b>")


@pytest.mark.parametrize("data", ['"name"', "{", "[]", "nothing"])
def test_data_that_are_no_object_are_refused(ses: Any, template: str, data: str) -> None:
    to = {"ToAddresses": ["ann@example.com"]}
    with pytest.raises(ClientError) as error:
        ses.send_templated_email(Source="shop@example.com", Destination=to, Template=template, TemplateData=data)
    assert refusal(error)[0] == "InvalidRenderingParameter"


def test_each_of_a_bulk_for_itself(segue: Segue, ses: Any, template: str) -> None:
    destinations = [
        {"Destination": {"ToAddresses": ["ann@example.com"]}, "ReplacementTemplateData": '{"name": "Ann"}'},
        {"Destination": {"ToAddresses": ["bob@example.com"]}, "ReplacementTemplateData": "{}"},
        {"Destination": {"ToAddresses": ["carl@"]}},
        {"Destination": {"ToAddresses": ["dan@example.com"]}, "ReplacementTemplateData": "{"},
    ]
    answer = ses.send_bulk_templated_email(
        Source="shop@example.com",
        Template=template,
        DefaultTemplateData='{"name": "you", "items": ["x"]}',
        Destinations=destinations,
    )
    statuses = [status["Status"] for status in answer["Status"]]
    assert statuses == ["Success", "Success", "InvalidParameterValue", "InvalidParameterValue"]
    assert [(mail.subject, mail.text) for mail in sent(segue)] == [("Hi Ann", ""), ("Hi you", "x;")]


def test_the_account_can_be_paused(ses: Any) -> None:
    ses.update_account_sending_enabled(Enabled=False)
    try:
        with pytest.raises(ClientError) as error:
            send(ses)
        assert refusal(error)[0] == "AccountSendingPausedException"
    finally:
        ses.update_account_sending_enabled(Enabled=True)
    assert send(ses)


def test_what_was_sent_is_counted(segue: Segue) -> None:
    ses = segue.client("ses", region="eu-west-1")
    ses.verify_email_identity(EmailAddress="a@example.com")
    send(ses, "a@example.com", {"ToAddresses": ["b@example.com", "bounce+1@simulator.amazonses.com"]})
    assert ses.get_send_quota()["SentLast24Hours"] == 2
    (point,) = ses.get_send_statistics()["SendDataPoints"]
    assert (point["DeliveryAttempts"], point["Bounces"], point["Complaints"]) == (2, 1, 0)


def test_in_the_sandbox_recipients_are_verified_too() -> None:
    with Segue(ses_sandbox=True) as server:
        ses = server.client("ses")
        ses.verify_email_identity(EmailAddress="a@example.com")
        with pytest.raises(ClientError) as error:
            send(ses, "a@example.com", "b@example.com")
        assert refusal(error)[1].endswith("US-EAST-1: b@example.com")
        assert send(ses, "a@example.com", "success@simulator.amazonses.com")
        assert send(ses, "a@example.com", "a@example.com")
        assert ses.get_send_quota()["Max24HourSend"] == 200

"""The newer API: sends, keeps and lists; shares everything with the older one; tells errors in its own names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.api import outbox
from segue.testing import Segue

TO = {"ToAddresses": ["ann@example.com"]}
SIMPLE = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hallo"}, "Html": {"Data": "<p>Hallo</p>"}}}
PARTS = {"Subject": "Hi {{name}}", "Text": "{{#if vip}}!{{/if}}", "Html": "<b>{{name}}</b>"}


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        server.client("sesv2").create_email_identity(EmailIdentity="shop@example.com")
        yield server


@pytest.fixture
def ses(segue: Segue) -> Any:
    segue.transact(lambda tx: outbox.delete_all(tx))
    return segue.client("sesv2")


def sent(segue: Segue) -> list[outbox.Message]:
    def unit(tx: Any) -> list[outbox.Message]:
        return [kept for entry in outbox.listed(tx) if (kept := outbox.content(tx, entry.id)) is not None]

    return segue.transact(unit)


def send(ses: Any, content: Any, **more: Any) -> str:
    params = {"FromEmailAddress": "shop@example.com", "Destination": TO, "Content": content, **more}
    return str(ses.send_email(**params)["MessageId"])


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_simple_mail_with_headers_and_attachments(segue: Segue, ses: Any) -> None:
    attachment = {"FileName": "a.pdf", "RawContent": b"%PDF", "ContentType": "application/pdf"}
    inline = {"FileName": "l.png", "RawContent": b"\x89", "ContentDisposition": "INLINE", "ContentId": "logo"}
    headers = [{"Name": "X-Order", "Value": "17"}]
    send(ses, {"Simple": {**SIMPLE, "Headers": headers, "Attachments": [attachment, inline]}})
    (mail,) = sent(segue)
    assert (mail.subject, mail.text, mail.html, mail.headers) == ("Hi", "Hallo", "<p>Hallo</p>", (("X-Order", "17"),))
    assert mail.attachments == (
        outbox.Attachment("a.pdf", "application/pdf", b"%PDF"),
        outbox.Attachment("l.png", "application/octet-stream", b"\x89", "logo"),
    )


def test_raw_mail(segue: Segue, ses: Any) -> None:
    raw = b"From: shop@example.com\r\nTo: bob@example.com\r\nSubject: Raw\r\n\r\nHi"
    ses.send_email(Content={"Raw": {"Data": raw}})
    send(ses, {"Raw": {"Data": raw}})
    assert [mail.recipients for mail in sent(segue)] == [("bob@example.com",), ("ann@example.com",)]
    assert sent(segue)[0].raw == raw


def test_mail_of_a_template_kept_here_or_there(segue: Segue, ses: Any) -> None:
    ses.create_email_template(TemplateName="new", TemplateContent=PARTS)
    old = {"TemplateName": "old", "SubjectPart": "Old {{name}}"}
    segue.client("ses").create_template(Template=old)
    data = json.dumps({"name": "Ann", "vip": True})
    arn = "arn:aws:ses:us-east-1:000000000000:template/new"
    named: list[dict[str, Any]] = [{"TemplateName": "new"}, {"TemplateName": "old"}, {"TemplateArn": arn}]
    for given in (*named, {"TemplateContent": {"Subject": "Inline {{name}}"}}):
        send(ses, {"Template": {**given, "TemplateData": data}})
    assert [mail.subject for mail in sent(segue)] == ["Hi Ann", "Old Ann", "Hi Ann", "Inline Ann"]
    assert sent(segue)[0].attributes["Template"] == "new"


def test_bulk(segue: Segue, ses: Any) -> None:
    own = {"ReplacementTemplate": {"ReplacementTemplateData": '{"name": "Ann"}'}}
    entries = [
        {"Destination": TO, "ReplacementEmailContent": own},
        {"Destination": {"ToAddresses": ["bob@example.com"]}},
        {"Destination": {"ToAddresses": ["bob@"]}},
    ]
    default = {"Template": {"TemplateContent": PARTS, "TemplateData": '{"name": "you"}'}}
    answer = ses.send_bulk_email(
        FromEmailAddress="shop@example.com", DefaultContent=default, BulkEmailEntries=entries
    )  # fmt: skip
    statuses = [result["Status"] for result in answer["BulkEmailEntryResults"]]
    assert statuses == ["SUCCESS", "SUCCESS", "INVALID_PARAMETER"]
    assert [mail.subject for mail in sent(segue)] == ["Hi Ann", "Hi you"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"FromEmailAddress": "eve@example.com"}, "MessageRejected"),
        ({"ConfigurationSetName": "nowhere"}, "NotFoundException"),
        ({"Content": {"Template": {"TemplateName": "nowhere"}}}, "NotFoundException"),
        ({"Content": {"Template": {"TemplateContent": PARTS, "TemplateData": "["}}}, "BadRequestException"),
        ({"Content": {"Template": {"TemplateContent": {"Subject": "{{"}}}}, "BadRequestException"),
        ({"Content": {"Template": {}}}, "BadRequestException"),
        ({"Content": {}}, "BadRequestException"),
        ({"Content": {"Simple": SIMPLE, "Raw": {"Data": b"x"}}}, "BadRequestException"),
        ({"Destination": {}}, "BadRequestException"),
        ({"Destination": {"ToAddresses": ["nobody"]}}, "BadRequestException"),
        ({"ListManagementOptions": {"ContactListName": "nowhere"}}, "NotFoundException"),
    ],
)
def test_what_cannot_be_sent_is_refused(segue: Segue, ses: Any, params: dict[str, Any], expected: str) -> None:
    with pytest.raises(ClientError) as error:
        send(ses, **{"content": {"Simple": SIMPLE}, **params})
    assert code(error) == expected
    assert sent(segue) == []


def test_identities_are_those_of_the_older_api(segue: Segue, ses: Any) -> None:
    made = ses.create_email_identity(EmailIdentity="Example.ORG", Tags=[{"Key": "a", "Value": "b"}])
    assert (made["IdentityType"], made["VerifiedForSendingStatus"]) == ("DOMAIN", True)
    assert len(made["DkimAttributes"]["Tokens"]) == 3
    with pytest.raises(ClientError) as error:
        ses.create_email_identity(EmailIdentity="example.org")
    assert code(error) == "AlreadyExistsException"
    ses.put_email_identity_mail_from_attributes(EmailIdentity="example.org", MailFromDomain="bounce.example.org")
    found = ses.get_email_identity(EmailIdentity="example.org")
    assert found["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    assert "example.org" in segue.client("ses").list_identities()["Identities"]
    assert "example.org" in [each["IdentityName"] for each in ses.list_email_identities()["EmailIdentities"]]
    ses.delete_email_identity(EmailIdentity="example.org")
    with pytest.raises(ClientError) as error:
        ses.get_email_identity(EmailIdentity="example.org")
    assert code(error) == "NotFoundException"


def test_suppressed_addresses_get_nothing(segue: Segue, ses: Any) -> None:
    ses.put_suppressed_destination(EmailAddress="Ann@example.com", Reason="BOUNCE")
    assert ses.get_suppressed_destination(EmailAddress="ann@example.com")["SuppressedDestination"]["Reason"] == "BOUNCE"
    send(ses, {"Simple": SIMPLE})
    assert sent(segue)[0].stays == ("ann@example.com",)
    (listed,) = ses.list_suppressed_destinations(Reasons=["BOUNCE"])["SuppressedDestinationSummaries"]
    assert listed["EmailAddress"] == "Ann@example.com"
    ses.put_account_suppression_attributes(SuppressedReasons=[])
    send(ses, {"Simple": SIMPLE})
    assert sent(segue)[1].stays == ()
    ses.put_account_suppression_attributes(SuppressedReasons=["BOUNCE", "COMPLAINT"])
    ses.delete_suppressed_destination(EmailAddress="ann@example.com")
    with pytest.raises(ClientError) as error:
        ses.delete_suppressed_destination(EmailAddress="ann@example.com")
    assert code(error) == "NotFoundException"


def test_who_has_unsubscribed_is_not_written_to(segue: Segue, ses: Any) -> None:
    topic = {"TopicName": "news", "DisplayName": "News", "DefaultSubscriptionStatus": "OPT_IN"}
    ses.create_contact_list(ContactListName="friends", Topics=[topic])
    options = {"ContactListName": "friends", "TopicName": "news"}
    send(ses, {"Simple": SIMPLE}, ListManagementOptions=options)
    out = [{"TopicName": "news", "SubscriptionStatus": "OPT_OUT"}]
    ses.update_contact(ContactListName="friends", EmailAddress="ann@example.com", TopicPreferences=out)
    with pytest.raises(ClientError) as error:
        send(ses, {"Simple": SIMPLE}, ListManagementOptions=options)
    assert code(error) == "MessageRejected"
    wanted = {"FilteredStatus": "OPT_OUT", "TopicFilter": {"TopicName": "news"}}
    assert len(ses.list_contacts(ContactListName="friends", Filter=wanted)["Contacts"]) == 1
    ses.delete_contact_list(ContactListName="friends")


def test_the_account_and_its_sets(ses: Any) -> None:
    account = ses.get_account()
    assert (account["ProductionAccessEnabled"], account["SendingEnabled"]) == (True, True)
    ses.create_configuration_set(ConfigurationSetName="main", SendingOptions={"SendingEnabled": False})
    with pytest.raises(ClientError) as error:
        send(ses, {"Simple": SIMPLE}, ConfigurationSetName="main")
    assert code(error) == "SendingPausedException"
    ses.put_configuration_set_sending_options(ConfigurationSetName="main", SendingEnabled=True)
    assert send(ses, {"Simple": SIMPLE}, ConfigurationSetName="main")
    bus = {"EventBusArn": "arn:aws:events:us-east-1:000000000000:event-bus/default"}
    destination = {"Enabled": True, "MatchingEventTypes": ["SEND"], "EventBridgeDestination": bus}
    given = {"ConfigurationSetName": "main", "EventDestinationName": "bus", "EventDestination": destination}
    ses.create_configuration_set_event_destination(**given)
    (found,) = ses.get_configuration_set_event_destinations(ConfigurationSetName="main")["EventDestinations"]
    assert found == {"Name": "bus", **destination}
    assert ses.list_configuration_sets()["ConfigurationSets"] == ["main"]
    ses.delete_configuration_set(ConfigurationSetName="main")

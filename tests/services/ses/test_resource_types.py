"""Identities, configuration sets, event destinations, templates and contact lists as resources of stacks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.resources import Resources


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue)


def test_a_domain_is_made_changed_and_removed(segue: Segue, resources: Resources) -> None:
    ses = segue.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName="first")
    made = resources.create(
        "AWS::SES::EmailIdentity",
        "Domain",
        EmailIdentity="shop.example",
        ConfigurationSetAttributes={"ConfigurationSetName": "first"},
        MailFromAttributes={"MailFromDomain": "bounce.shop.example", "BehaviorOnMxFailure": "REJECT_MESSAGE"},
    )
    found = ses.get_email_identity(EmailIdentity="shop.example")
    token = found["DkimAttributes"]["Tokens"][0]
    assert made.physical_id == "shop.example"
    assert made.attributes["DkimDNSTokenName1"] == f"{token}._domainkey.shop.example"
    assert made.attributes["DkimDNSTokenValue1"] == f"{token}.dkim.amazonses.com"
    assert found["ConfigurationSetName"] == "first"
    assert found["MailFromAttributes"]["BehaviorOnMxFailure"] == "REJECT_MESSAGE"
    resources.update("Domain", EmailIdentity="shop.example", FeedbackAttributes={"EmailForwardingEnabled": False})
    found = ses.get_email_identity(EmailIdentity="shop.example")
    assert "ConfigurationSetName" not in found
    assert "MailFromAttributes" not in found
    assert found["FeedbackForwardingStatus"] is False
    resources.delete("Domain")
    resources.delete("Domain")
    assert ses.list_email_identities()["EmailIdentities"] == []


def test_a_configuration_set_and_its_destination(segue: Segue, resources: Resources) -> None:
    ses, topic = segue.client("sesv2"), segue.client("sns").create_topic(Name="t")["TopicArn"]
    made = resources.create("AWS::SES::ConfigurationSet", "Set", SendingOptions={"SendingEnabled": False})
    assert made.physical_id.startswith("app-Set-")
    name = {"ConfigurationSetName": made.physical_id}
    resources.update("Set")
    assert ses.get_configuration_set(**name)["SendingOptions"] == {"SendingEnabled": True}
    kinds = ["bounce", "RENDERING_FAILURE"]
    event = {"Enabled": True, "MatchingEventTypes": kinds, "SnsDestination": {"TopicARN": topic}}
    there = resources.create("AWS::SES::ConfigurationSetEventDestination", "To", **name, EventDestination=event)
    assert there.physical_id.startswith(f"{made.physical_id}|app-To-")
    (found,) = ses.get_configuration_set_event_destinations(**name)["EventDestinations"]
    assert found["MatchingEventTypes"] == ["BOUNCE", "RENDERING_FAILURE"]
    assert found["SnsDestination"] == {"TopicArn": topic}
    resources.update("To", **name, EventDestination={**event, "MatchingEventTypes": ["send"]})
    (found,) = ses.get_configuration_set_event_destinations(**name)["EventDestinations"]
    assert found["MatchingEventTypes"] == ["SEND"]
    with pytest.raises(AwsError, match="whisper is no type of event"):
        resources.update("To", **name, EventDestination={**event, "MatchingEventTypes": ["whisper"]})
    resources.delete("To")
    resources.delete("Set")
    resources.delete("To")


def test_templates_and_contact_lists(segue: Segue, resources: Resources) -> None:
    ses = segue.client("sesv2")
    resources.create("AWS::SES::Template", "Mail", Template={"TemplateName": "hi", "SubjectPart": "Hi {{name}}"})
    resources.update("Mail", Template={"TemplateName": "hi", "SubjectPart": "Hello {{name}}", "TextPart": "…"})
    content = ses.get_email_template(TemplateName="hi")["TemplateContent"]
    assert content == {"Subject": "Hello {{name}}", "Text": "…"}
    topic = {"TopicName": "news", "DisplayName": "News", "DefaultSubscriptionStatus": "OPT_IN"}
    made = resources.create("AWS::SES::ContactList", "List", Topics=[topic])
    assert ses.get_contact_list(ContactListName=made.physical_id)["Topics"] == [topic]
    for name in ("Mail", "List"):
        resources.delete(name)
    assert ses.list_email_templates()["TemplatesMetadata"] == []


def test_a_workflow_sends_mail(segue: Segue) -> None:
    states = segue.client("stepfunctions")
    segue.client("ses").verify_email_identity(EmailAddress="shop@example.com")
    to = {"ToAddresses": ["ann@example.com"]}
    old = {"Subject": {"Data": "Old"}, "Body": {"Text": {"Data.$": "$.text"}}}
    new = {"Simple": {"Subject": {"Data": "New"}, "Body": {"Html": {"Data.$": "$.text"}}}}
    definition = {
        "StartAt": "Old",
        "States": {
            "Old": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:ses:sendEmail",
                "Parameters": {"Source": "shop@example.com", "Destination": to, "Message": old},
                "ResultPath": "$.old",
                "Next": "New",
            },
            "New": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sesv2:sendEmail",
                "Parameters": {"FromEmailAddress": "shop@example.com", "Destination": to, "Content": new},
                "Next": "Stranger",
            },
            "Stranger": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sesv2:sendEmail",
                "Parameters": {"FromEmailAddress": "eve@example.com", "Destination": to, "Content": {"Simple": {
                    "Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}}},
                "Catch": [{"ErrorEquals": ["SesV2.MessageRejectedException"], "Next": "Refused"}],
                "End": True,
            },
            "Refused": {"Type": "Pass", "Result": "refused", "End": True},
        },
    }  # fmt: skip
    role = "arn:aws:iam::000000000000:role/r"
    arn = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input='{"text": "Hi"}')["executionArn"]
    segue.settle()
    ended = states.describe_execution(executionArn=execution)
    assert (ended["status"], ended.get("output")) == ("SUCCEEDED", '"refused"'), ended
    assert [(mail.subject, mail.text, mail.html) for mail in segue.outbox()] == [("Old", "Hi", ""), ("New", "", "Hi")]

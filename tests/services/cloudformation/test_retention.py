"""How long what is deleted can be looked at; who is told of what happens."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.cloudformation.test_stacks import Deployer


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


def _grow_older(segue: Segue, days: int) -> None:
    """Without three months of hours."""
    sql = "UPDATE cloudformation_stacks SET deleted_at = deleted_at - ?"
    segue.transact(lambda tx: tx.run(sql, days * 86_400_000))
    segue.advance(hours=2)


def test_deleted_stacks_are_forgotten_after_ninety_days(segue: Segue) -> None:
    client = segue.client("cloudformation")
    template = json.dumps({"Resources": {"A": {"Type": "AWS::SQS::Queue"}}})
    made = client.create_change_set(StackName="gone", ChangeSetName="c", TemplateBody=template, ChangeSetType="CREATE")
    client.execute_change_set(ChangeSetName=made["Id"])
    segue.settle()
    client.delete_stack(StackName="gone")
    segue.settle()
    _grow_older(segue, days=89)
    assert client.describe_stack_events(StackName=made["StackId"])["StackEvents"]
    _grow_older(segue, days=2)
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_stacks(StackName=made["StackId"])
    for table in ("events", "resources", "templates", "change_sets"):
        assert segue.transact(lambda tx, table=table: tx.all(f"SELECT 1 FROM cloudformation_{table}")) == []


def test_events_go_to_topics_and_the_default_bus(segue: Segue) -> None:
    sqs, sns, events = segue.client("sqs"), segue.client("sns"), segue.client("events")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:told"
    topic = sns.create_topic(Name="told")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    pattern = {"source": ["aws.cloudformation"], "detail-type": ["CloudFormation Stack Status Change"]}
    events.put_rule(Name="told", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="told", Targets=[{"Id": "q", "Arn": arn}])
    Deployer(segue, "telling").create({"A": {"Type": "AWS::SQS::Queue"}}, NotificationARNs=[topic])
    bodies = []
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in found]
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    texts = [body for body in bodies if body.startswith("StackId=")]
    assert sum("ResourceStatus='CREATE_COMPLETE'\n" in text for text in texts) == 2
    statuses = [json.loads(body)["detail"]["status-details"]["status"] for body in bodies if body not in texts]
    assert sorted(statuses) == ["CREATE_COMPLETE", "CREATE_IN_PROGRESS"]

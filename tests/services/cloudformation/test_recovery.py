"""Failures that are left as they are, rolled back later, gone on with, or cancelled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue
from tests.services.cloudformation.test_stacks import Deployer

BAD = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 9999}, "DependsOn": "A"}


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        yield server


def _queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _delay(deployer: Deployer, name: str) -> str:
    url = deployer.physical_ids()[name]
    sqs = deployer.segue.client("sqs")
    found: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"]
    return found


def test_updates_that_failed_and_were_left_go_back_to_the_last_good_state(segue: Segue) -> None:
    deployer = Deployer(segue, "left")
    deployer.create({"A": _queue(QueueName="left-1", DelaySeconds=1), "B": _queue(DelaySeconds=1)})
    before = deployer.physical_ids()
    first = {"A": _queue(QueueName="left-2"), "B": _queue(DelaySeconds=2), "Bad": {**BAD, "DependsOn": ["A", "B"]}}
    assert deployer.update(first, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    assert _delay(deployer, "B") == "2"
    second = {"A": _queue(QueueName="left-3"), "B": _queue(DelaySeconds=3), "Bad": {**BAD, "DependsOn": ["A", "B"]}}
    assert deployer.update(second, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    deployer.client.rollback_stack(StackName="left")
    assert deployer.settled()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert deployer.physical_ids() == before
    assert _delay(deployer, "B") == "1"
    urls = segue.client("sqs").list_queues(QueueNamePrefix="left")["QueueUrls"]
    assert sorted(url.rpartition("/")[2] for url in urls) == ["left-1", before["B"].rpartition("/")[2]]


def test_a_failed_creation_that_was_left_is_mended_or_rolled_back(segue: Segue) -> None:
    deployer = Deployer(segue, "mended")
    assert deployer.create({"A": _queue(), "Bad": BAD}, DisableRollback=True)["StackStatus"] == "CREATE_FAILED"
    kept = deployer.physical_ids()["A"]
    assert deployer.update({"A": _queue(), "Bad": _queue(DelaySeconds=5)})["StackStatus"] == "UPDATE_COMPLETE"
    assert deployer.physical_ids()["A"] == kept
    other = Deployer(segue, "undone")
    other.create({"A": _queue(), "Bad": BAD}, DisableRollback=True)
    other.client.rollback_stack(StackName="undone")
    assert other.settled()["StackStatus"] == "ROLLBACK_COMPLETE"


def test_an_update_is_cancelled(segue: Segue) -> None:
    deployer = Deployer(segue, "cancelled")
    deployer.create({"A": _queue(DelaySeconds=1)})
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    wait = {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": 600}}
    waiting = {"A": _queue(DelaySeconds=2), "Handle": handle, "Wait": {**wait, "DependsOn": "A"}}
    assert deployer.update(waiting)["StackStatus"] == "UPDATE_IN_PROGRESS"
    with pytest.raises(ClientError, match="is in UPDATE_IN_PROGRESS state and can not be updated"):
        deployer.update({"A": _queue(DelaySeconds=3)})
    deployer.client.cancel_update_stack(StackName="cancelled")
    assert deployer.settled()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert ("CREATE_FAILED", "Resource creation cancelled") in deployer.events("Wait")
    assert deployer.physical_ids().keys() == {"A"}
    assert _delay(deployer, "A") == "1"


def test_a_rollback_that_fails_is_continued(segue: Segue) -> None:
    deployer = Deployer(segue, "stuck")
    deployer.create({"A": _queue(DelaySeconds=1), "B": _queue(DelaySeconds=1)})
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    wait = {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": 600}}
    changed = {"A": _queue(DelaySeconds=2), "B": _queue(DelaySeconds=2), "Handle": handle, "Wait": wait}
    deployer.update(changed)
    segue.client("sqs").delete_queue(QueueUrl=deployer.physical_ids()["A"])
    deployer.client.cancel_update_stack(StackName="stuck")
    assert deployer.settled()["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(ClientError, match="is in UPDATE_ROLLBACK_FAILED state and can not be updated"):
        deployer.update(changed)
    deployer.client.continue_update_rollback(StackName="stuck")
    assert deployer.settled()["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    deployer.client.continue_update_rollback(StackName="stuck", ResourcesToSkip=["A"])
    assert deployer.settled()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert _delay(deployer, "B") == "1"


def test_a_deletion_that_fails_is_tried_again_without_what_holds_it(segue: Segue) -> None:
    deployer = Deployer(segue, "held")
    deployer.create({"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "held-bucket"}}, "A": _queue()})
    segue.client("s3").put_object(Bucket="held-bucket", Key="k", Body=b"")
    client = deployer.client
    client.update_termination_protection(StackName="held", EnableTerminationProtection=True)
    with pytest.raises(ClientError, match=r"Stack \[held\] cannot be deleted while TerminationProtection is enabled"):
        client.delete_stack(StackName="held")
    client.update_termination_protection(StackName="held", EnableTerminationProtection=False)
    client.delete_stack(StackName="held")
    stack = deployer.settled()
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    client.delete_stack(StackName="held", RetainResources=["Bucket"])
    segue.settle()
    assert client.describe_stacks(StackName=stack["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert segue.client("s3").head_bucket(Bucket="held-bucket")


def test_a_creation_has_its_time(segue: Segue) -> None:
    deployer = Deployer(segue, "slow")
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    wait = {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": 6000}}
    assert deployer.create({"Handle": handle, "Wait": wait}, TimeoutInMinutes=5)["StackStatus"] == "CREATE_IN_PROGRESS"
    segue.advance(minutes=5)
    assert deployer.settled()["StackStatus"] == "ROLLBACK_COMPLETE"


def test_events_of_an_operation(segue: Segue) -> None:
    deployer = Deployer(segue, "told")
    deployer.create({"A": _queue()})
    template = json.dumps({"Resources": {"A": _queue(), "Bad": BAD}})
    made = deployer.client.update_stack(StackName="told", TemplateBody=template)
    segue.settle()
    found = deployer.client.describe_events(OperationId=made["OperationId"])["OperationEvents"]
    assert {event["OperationType"] for event in found} == {"UPDATE_STACK"}
    failed = deployer.client.describe_events(StackName="told", Filters={"FailedEvents": True})["OperationEvents"]
    assert [event["LogicalResourceId"] for event in failed] == ["Bad"]


def test_a_replacement_needs_another_name(segue: Segue) -> None:
    deployer = Deployer(segue, "named")

    def table(key: str) -> dict[str, Any]:
        attributes = [{"AttributeName": key, "AttributeType": "S"}]
        keys = [{"AttributeName": key, "KeyType": "HASH"}]
        properties = {"TableName": "fixed", "BillingMode": "PAY_PER_REQUEST", "KeySchema": keys}
        return {"Type": "AWS::DynamoDB::Table", "Properties": {**properties, "AttributeDefinitions": attributes}}

    deployer.create({"T": table("a")})
    assert deployer.update({"T": table("b")})["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [reason for status, reason in deployer.events("T") if status == "UPDATE_FAILED"]
    assert reasons == [
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename fixed and update "
        "the stack again."
    ]
    keys = segue.client("dynamodb").describe_table(TableName="fixed")["Table"]["KeySchema"]
    assert keys[0]["AttributeName"] == "a"

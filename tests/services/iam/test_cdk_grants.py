"""What AWS's CDK grants by its grant methods, where policies are enforced: enough for what it is meant for, no more.

The statements are those that aws-cdk-lib 2 writes into templates for ``grantReadWrite``, ``grantSendMessages`` and so
on.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

ACCOUNT = "000000000000"
REGION = "us-east-1"
OWN = f"{REGION}:{ACCOUNT}"
DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "AWS.SimpleQueueService.AccessDenied",
)
Clients = Callable[[str], Any]


class Account:
    """An account with one of everything, and roles with what they are granted."""

    def __init__(self, segue: Segue) -> None:
        self.segue = segue
        self.root: Clients = segue.client
        self.names = iter(range(1_000))
        self._fill()

    def _fill(self) -> None:
        s3, dynamodb = self.root("s3"), self.root("dynamodb")
        for name in ("own", "other"):
            s3.create_bucket(Bucket=f"{name}-bucket")
            s3.put_object(Bucket=f"{name}-bucket", Key="a/b", Body=b"x")
            self.root("sqs").create_queue(QueueName=name)
            self.root("sns").create_topic(Name=name)
            self.root("events").create_event_bus(Name=name)
            self.root("secretsmanager").create_secret(Name=name, SecretString="x")
            self.root("ssm").put_parameter(Name=f"/app/{name}", Value="x", Type="String")
            key = [{"AttributeName": "id", "KeyType": "HASH"}]
            types = [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "kind", "AttributeType": "S"}]
            index = {"IndexName": "by-kind", "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}]}
            dynamodb.create_table(
                TableName=name,
                KeySchema=key,
                AttributeDefinitions=types,
                BillingMode="PAY_PER_REQUEST",
                GlobalSecondaryIndexes=[{**index, "Projection": {"ProjectionType": "ALL"}}],
            )
        role = self.role("worker", [])
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("a.py", "def b(event, context): return 1")
        for name in ("own", "other"):
            self.root("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)
            self.root("lambda").create_function(
                FunctionName=name, Runtime="python3.11", Handler="a.b", Role=role, Code={"ZipFile": code.getvalue()}
            )

    def role(self, name: str, statements: list[dict[str, Any]]) -> str:
        principals = {"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trust = {"Statement": [{"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}]}
        iam = self.root("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="DefaultPolicy", PolicyDocument=document)
        return arn

    def granted(self, actions: list[str], resources: list[str], **more: Any) -> Clients:
        """Clients of a new role that has this statement."""
        statement = {"Effect": "Allow", "Action": actions, "Resource": resources, **more}
        arn = self.role(f"granted-{next(self.names)}", [statement])
        found = self.root("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        keys = {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }
        return lambda service: self.segue.client(service, **keys)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Segue(iam="enforce") as segue:
        yield Account(segue)


def denied(call: Callable[..., Any], **params: Any) -> bool:
    """Whether a call is denied; any other failure is one of the test."""
    try:
        call(**params)
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED:
            return True
        raise
    return False


def test_bucket_grant_read_write(account: Account) -> None:
    actions = ["s3:GetObject*", "s3:GetBucket*", "s3:List*", "s3:DeleteObject*", "s3:PutObject", "s3:Abort*"]
    actions += ["s3:PutObjectLegalHold", "s3:PutObjectRetention", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"]
    s3 = account.granted(actions, ["arn:aws:s3:::own-bucket", "arn:aws:s3:::own-bucket/*"])("s3")
    own, other = {"Bucket": "own-bucket"}, {"Bucket": "other-bucket"}
    s3.put_object(**own, Key="k", Body=b"x")
    s3.get_object(**own, Key="k")
    s3.head_object(**own, Key="k")
    s3.copy_object(**own, Key="copy", CopySource={**own, "Key": "k"})
    s3.put_object_tagging(**own, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.list_objects_v2(**own)
    s3.head_bucket(**own)
    upload = s3.create_multipart_upload(**own, Key="m")["UploadId"]
    s3.upload_part(**own, Key="m", UploadId=upload, PartNumber=1, Body=b"x")
    s3.list_parts(**own, Key="m", UploadId=upload)
    s3.abort_multipart_upload(**own, Key="m", UploadId=upload)
    assert s3.delete_objects(**own, Delete={"Objects": [{"Key": "k"}, {"Key": "copy"}]}).get("Errors", []) == []
    assert denied(s3.get_object, **other, Key="a/b")
    assert denied(s3.put_object, **other, Key="k", Body=b"x")
    assert denied(s3.list_objects_v2, **other)
    assert denied(s3.copy_object, **own, Key="stolen", CopySource={**other, "Key": "a/b"})
    assert denied(s3.delete_bucket, **own)
    assert denied(s3.put_bucket_policy, **own, Policy="{}")
    assert s3.delete_objects(**other, Delete={"Objects": [{"Key": "a/b"}]})["Errors"][0]["Code"] == "AccessDenied"


def test_bucket_grant_put_by_prefix(account: Account) -> None:
    s3 = account.granted(["s3:PutObject", "s3:Abort*"], ["arn:aws:s3:::own-bucket/in/*"])("s3")
    s3.put_object(Bucket="own-bucket", Key="in/a b:é", Body=b"x")
    assert denied(s3.put_object, Bucket="own-bucket", Key="out/a", Body=b"x")
    assert denied(s3.get_object, Bucket="own-bucket", Key="in/a b:é")


def test_table_grants(account: Account) -> None:
    read = ["BatchGetItem", "GetRecords", "GetShardIterator", "Query", "GetItem", "Scan", "ConditionCheckItem"]
    write = ["BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem", "DescribeTable"]
    arn = f"arn:aws:dynamodb:{OWN}:table/own"
    table = account.granted([f"dynamodb:{name}" for name in (*read, *write)], [arn, f"{arn}/index/*"])("dynamodb")
    item = {"id": {"S": "1"}, "kind": {"S": "x"}}
    table.put_item(TableName="own", Item=item)
    table.get_item(TableName="own", Key={"id": {"S": "1"}})
    values = {":x": {"S": "x"}}
    query = {"KeyConditionExpression": "#by = :x", "ExpressionAttributeNames": {"#by": "kind"}}
    table.query(TableName="own", IndexName="by-kind", **query, ExpressionAttributeValues=values)
    table.transact_write_items(TransactItems=[{"Put": {"TableName": "own", "Item": item}}])
    table.batch_write_item(RequestItems={"own": [{"PutRequest": {"Item": item}}]})
    assert denied(table.put_item, TableName="other", Item=item)
    assert denied(table.transact_write_items, TransactItems=[{"Put": {"TableName": "other", "Item": item}}])
    assert denied(table.delete_table, TableName="own")
    reader = account.granted([f"dynamodb:{name}" for name in (*read, "DescribeTable")], [arn])("dynamodb")
    reader.scan(TableName="own")
    assert denied(reader.put_item, TableName="own", Item=item)
    assert denied(reader.scan, TableName="own", IndexName="by-kind")


def test_queue_topic_and_bus_grants(account: Account) -> None:
    url = f"{account.segue.endpoint_url}/{ACCOUNT}/"
    send = account.granted(["sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"], [f"arn:aws:sqs:{OWN}:own"])
    sqs = send("sqs")
    sqs.send_message_batch(QueueUrl=f"{url}own", Entries=[{"Id": "a", "MessageBody": "x"}])
    assert sqs.get_queue_url(QueueName="own")["QueueUrl"] == f"{url}own"
    assert denied(sqs.send_message, QueueUrl=f"{url}other", MessageBody="x")
    assert denied(sqs.receive_message, QueueUrl=f"{url}own")
    sns = account.granted(["sns:Publish"], [f"arn:aws:sns:{OWN}:own"])("sns")
    sns.publish(TopicArn=f"arn:aws:sns:{OWN}:own", Message="x")
    assert denied(sns.publish, TopicArn=f"arn:aws:sns:{OWN}:other", Message="x")
    events = account.granted(["events:PutEvents"], [f"arn:aws:events:{OWN}:event-bus/own"])("events")
    entry = {"Source": "a", "DetailType": "b", "Detail": "{}"}
    assert events.put_events(Entries=[{**entry, "EventBusName": "own"}])["FailedEntryCount"] == 0
    assert denied(events.put_events, Entries=[entry])


def test_state_machine_grants(account: Account) -> None:
    machine, execution = f"arn:aws:states:{OWN}:stateMachine:own", f"arn:aws:states:{OWN}:execution:own"
    start = account.granted(["states:StartExecution"], [machine])("stepfunctions")
    started = start.start_execution(stateMachineArn=machine)["executionArn"]
    assert denied(start.start_execution, stateMachineArn=machine.replace(":own", ":other"))
    assert denied(start.describe_execution, executionArn=started)
    read = account.granted(["states:DescribeExecution", "states:GetExecutionHistory"], [f"{execution}:*"])
    assert read("stepfunctions").describe_execution(executionArn=started)["status"] == "SUCCEEDED"


def test_grant_task_response(account: Account) -> None:
    url = f"{account.segue.endpoint_url}/{ACCOUNT}/other"
    wait = {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": wait}
    role = account.role("waiter", [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}])
    made = account.root("stepfunctions").create_state_machine(
        name="waits", definition=json.dumps({"StartAt": "A", "States": {"A": {**task, "End": True}}}), roleArn=role
    )
    machine = made["stateMachineArn"]
    account.root("stepfunctions").start_execution(stateMachineArn=machine)
    account.segue.settle()
    token = account.root("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"]
    actions = ["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"]
    wrong = account.granted(actions, [f"arn:aws:states:{OWN}:stateMachine:own"])("stepfunctions")
    assert denied(wrong.send_task_success, taskToken=token, output="{}")
    account.granted(actions, [machine])("stepfunctions").send_task_success(taskToken=token, output="{}")


def test_function_secret_and_parameter_grants(account: Account) -> None:
    arn = f"arn:aws:lambda:{OWN}:function:own"
    invoke = account.granted(["lambda:InvokeFunction"], [arn, f"{arn}:*"])("lambda")
    assert invoke.invoke(FunctionName="own")["Payload"].read() == b"1"
    assert invoke.invoke(FunctionName="own", Qualifier="$LATEST")["Payload"].read() == b"1"
    assert denied(invoke.invoke, FunctionName="other")
    assert denied(invoke.get_function, FunctionName="own")
    by_name = f"arn:aws:secretsmanager:{OWN}:secret:own-??????"
    secrets = account.granted(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], [by_name])
    assert secrets("secretsmanager").get_secret_value(SecretId="own")["SecretString"] == "x"
    assert denied(secrets("secretsmanager").get_secret_value, SecretId="other")
    read = ["ssm:DescribeParameters", "ssm:GetParameters", "ssm:GetParameter", "ssm:GetParameterHistory"]
    ssm = account.granted(read, [f"arn:aws:ssm:{OWN}:parameter/app/own"])("ssm")
    assert ssm.get_parameter(Name="/app/own")["Parameter"]["Value"] == "x"
    assert [each["Value"] for each in ssm.get_parameters(Names=["/app/own"])["Parameters"]] == ["x"]
    assert denied(ssm.get_parameter, Name="/app/other")
    assert denied(ssm.get_parameters, Names=["/app/own", "/app/other"])


def test_key_grants(account: Account) -> None:
    key = account.root("kms").create_key()["KeyMetadata"]["Arn"]
    kms = account.granted(["kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"], [key])("kms")
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    assert kms.generate_data_key(KeyId=key, KeySpec="AES_256")["CiphertextBlob"]
    via = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
    only_by_s3 = account.granted(["kms:Decrypt"], [key], Condition=via)("kms")
    assert denied(only_by_s3.decrypt, CiphertextBlob=sealed)

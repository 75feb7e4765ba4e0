"""Nothing grows for ever: the page names a bound for every table, and after a year of load all are as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from segue.api import Api
from segue.config import Kept, Settings
from segue.server import migrations, services
from segue.store import Transaction
from segue.store.portable.schema import tables
from segue.store.postgres.nodes import ENGINE, MIGRATIONS
from segue.testing import Segue

PAGE = Path(__file__).parent.parent / "docs/explanation/retention.md"
DAY_MS = 86_400_000
ROLE = "arn:aws:iam::000000000000:role/r"
TRUST = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}'
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}


def test_the_page_names_every_table_and_no_other() -> None:
    ours = migrations(Api(services(), Settings()))
    names = {table.name for table in tables(ours)}
    names |= {found for script in MIGRATIONS for found in re.findall(r"CREATE TABLE (\w+)", script)}
    assert ENGINE not in ours
    named = re.findall(r"`([a-z0-9]+(?:_[a-z_]+)?)`", PAGE.read_text().partition("## Every table")[2])
    assert sorted(named) == sorted(names)


class Application:
    """A little of everything that leaves rows behind when it is over."""

    def __init__(self, segue: Segue) -> None:
        self.clock = segue.clock
        self.make: Callable[[str], Any] = segue.client
        self.sqs, self.sns, self.events, self.dynamodb = map(segue.client, ("sqs", "sns", "events", "dynamodb"))
        self.states, self.s3, self.logs, self.scheduler = map(
            segue.client, ("stepfunctions", "s3", "logs", "scheduler")
        )
        self.ses, self.sts, self.cloudformation = map(segue.client, ("ses", "sts", "cloudformation"))
        self.metrics = segue.client("cloudwatch")

    def deploy(self) -> None:
        arn = "arn:aws:sqs:us-east-1:000000000000:{}".format
        self.idle = self.sqs.create_queue(QueueName="idle")["QueueUrl"]
        self.fifo = self.sqs.create_queue(QueueName="f.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        self.topic = self.sns.create_topic(Name="t")["TopicArn"]
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn("idle"))
        bus = "arn:aws:events:us-east-1:000000000000:event-bus/default"
        self.events.create_archive(ArchiveName="a", EventSourceArn=bus, RetentionDays=30)
        self.events.put_rule(Name="r", EventPattern='{"source": ["s"]}')
        self.events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn("idle")}])
        self.dynamodb.create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        self.dynamodb.update_time_to_live(
            TableName="items", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
        )
        self.s3.create_bucket(Bucket="objects")
        rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}}
        self.s3.put_bucket_lifecycle_configuration(Bucket="objects", LifecycleConfiguration={"Rules": [rule]})
        self.logs.create_log_group(logGroupName="g")
        self.make("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
        self.ses.verify_email_identity(EmailAddress="a@example.com")
        for kind in ("STANDARD", "EXPRESS"):
            machine = {"name": kind, "type": kind, "roleArn": ROLE, "definition": json.dumps(PASS)}
            self.states.create_state_machine(**machine)
        children = {**PASS, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
        each = {"Type": "Map", "ItemProcessor": children, "Next": "Ask"}
        ask = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": self.idle, "MessageBody.$": "$$.Task.Token"},
            "TimeoutSeconds": 60,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}],
            "Next": "End",
        }
        long = {"StartAt": "Each", "States": {"Each": each, "Ask": ask, "End": {"Type": "Succeed"}}}
        self.states.create_state_machine(name="long", roleArn=ROLE, definition=json.dumps(long))

    def month(self, number: int) -> None:
        """What happens in a month."""
        name = f"month-{number}"
        self.sqs.send_message(QueueUrl=self.idle, MessageBody=name)
        self.sqs.send_message(QueueUrl=self.fifo, MessageBody=name, MessageGroupId="g", MessageDeduplicationId=name)
        self.sqs.receive_message(QueueUrl=self.fifo, ReceiveRequestAttemptId=name)
        self.sns.publish(TopicArn=self.topic, Message=name)
        self.events.put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}"}])
        now_ms = self.clock.now_ms()
        until = {"N": str(now_ms // 1_000 + 3 * 86_400)}
        put = {"Put": {"TableName": "items", "Item": {"id": {"S": name}, "until": until}}}
        self.dynamodb.transact_write_items(TransactItems=[put], ClientRequestToken=name)
        self.s3.put_object(Bucket="objects", Key=name, Body=b"." * 20_000)
        self.logs.create_log_stream(logGroupName="g", logStreamName=name)
        event = {"timestamp": now_ms, "message": name}
        self.logs.put_log_events(logGroupName="g", logStreamName=name, logEvents=[event])
        self.sts.assume_role(RoleArn=ROLE, RoleSessionName=name)
        mail = {"Subject": {"Data": name}, "Body": {"Text": {"Data": name}}}
        self.ses.send_email(Source="a@example.com", Destination={"ToAddresses": ["b@example.com"]}, Message=mail)
        self.metrics.put_metric_data(Namespace="n", MetricData=[{"MetricName": name, "Value": 1}])
        target = {"Arn": "arn:aws:sqs:us-east-1:000000000000:idle", "RoleArn": ROLE, "Input": name}
        self.scheduler.create_schedule(
            Name=name,
            ClientToken=name,
            ScheduleExpression="at(2100-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )
        self.scheduler.delete_schedule(Name=name)
        for machine, given in (("STANDARD", {}), ("EXPRESS", {}), ("long", [1, 2, 3])):
            arn = f"arn:aws:states:us-east-1:000000000000:stateMachine:{machine}"
            self.states.start_execution(stateMachineArn=arn, name=name, input=json.dumps(given))
        template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
        self.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))


def test_after_a_year_of_load_every_table_is_as_long_as_a_month_before() -> None:
    with Segue(kept=Kept(logs_ms=30 * DAY_MS)) as segue:
        application = Application(segue)
        application.deploy()
        sizes: list[dict[str, int]] = []
        for number in range(12):
            application.month(number)
            segue.advance(minutes=2)
            application.cloudformation.delete_stack(StackName=f"month-{number}")
            segue.settle()
            segue.clock.advance(31 * DAY_MS)  # at once, as if the server had slept
            segue._loop.call_soon_threadsafe(segue._timers.ring)
            segue.settle()
            segue.advance(hours=2)
            sizes.append(segue.transact(rows))
        grown = {name: [size[name] for size in sizes] for name in sizes[-1] if sizes[-1][name] > sizes[-2][name]}
        assert grown == {}
        assert not segue.server.api.blobs.old(older_than_seconds=-1)[3:]


def rows(tx: Transaction) -> dict[str, int]:
    """How many rows each table has; metrics, which come by a clock that is not the test's, have a test of their own."""
    found = {}
    for table in tables(migrations(Api(services(), Settings()))):
        if table.name.startswith("cloudwatch"):
            continue
        row = tx.one(f"SELECT COUNT(*) FROM {table.name}")
        found[table.name] = int(row[0]) if row else 0
    return found

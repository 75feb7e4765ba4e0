"""Alarms on the given clock: evaluated, acted upon, told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

TOPIC = "arn:aws:sns:us-east-1:000000000000:alerts"


def listen(segue: Segue) -> str:
    """A queue that gets what the topic is sent; its URL."""
    sqs, sns = segue.client("sqs"), segue.client("sns")
    url: str = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    sns.create_topic(Name="alerts")
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return url


def told(segue: Segue, url: str) -> list[tuple[str, str]]:
    """What came: names of alarms and their new states."""
    sqs, found = segue.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            body = json.loads(message["Body"])
            found.append((body["AlarmName"], body["NewStateValue"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def alarm(segue: Segue, name: str = "a", **more: Any) -> None:
    given = {
        "Namespace": "App",
        "MetricName": "errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": [TOPIC],
        "OKActions": [TOPIC],
        **more,
    }
    segue.client("cloudwatch").put_metric_alarm(
        AlarmName=name, **{member: value for member, value in given.items() if value is not None}
    )


def state(segue: Segue, name: str = "a") -> str:
    answer = segue.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return str((answer["MetricAlarms"] + answer["CompositeAlarms"])[0]["StateValue"])


def put(segue: Segue, value: float) -> None:
    segue.client("cloudwatch").put_metric_data(Namespace="App", MetricData=[{"MetricName": "errors", "Value": value}])


def test_the_depth_of_a_dead_letter_queue(segue: Segue) -> None:
    """The commonest alarm of all."""
    url, sqs = listen(segue), segue.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    alarm(
        segue,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "dead"}],
        Statistic="Maximum",
        TreatMissingData="notBreaching",
    )
    segue.advance(minutes=3)
    assert state(segue) == "OK"
    sqs.send_message(QueueUrl=dead, MessageBody="poison")
    segue.advance(minutes=1)
    assert state(segue) == "ALARM"
    sqs.purge_queue(QueueUrl=dead)
    segue.advance(minutes=1)
    assert state(segue) == "OK"
    assert told(segue, url) == [("a", "OK"), ("a", "ALARM"), ("a", "OK")]


def test_two_of_three_and_what_is_missing(segue: Segue) -> None:
    alarm(segue, EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")
    seen = []
    for value in (0, 5, 0, 5, None, None, None, None, None):
        if value is not None:
            put(segue, value)
        segue.advance(minutes=1)
        seen.append(state(segue))
    assert seen == ["OK", "OK", "OK", "ALARM", "ALARM", "ALARM", "OK", "OK", "OK"]


def test_words_and_history_and_events(segue: Segue) -> None:
    events, sqs = segue.client("events"), segue.client("sqs")
    url = sqs.create_queue(QueueName="bus")["QueueUrl"]
    events.put_rule(Name="r", EventPattern='{"source": ["aws.cloudwatch"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:000000000000:bus"}])
    alarm(segue, AlarmActions=None, OKActions=None, AlarmDescription="words")
    put(segue, 3)
    segue.advance(minutes=1)
    client = segue.client("cloudwatch")
    found = client.describe_alarms()["MetricAlarms"][0]
    assert found["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoints [3.0 (14/11/23 22:13:00)] was greater than or equal to the "
        "threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    event = json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [found["AlarmArn"]]
    assert event["detail"]["state"]["value"] == "ALARM"
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert event["detail"]["configuration"]["metrics"][0]["metricStat"]["stat"] == "Sum"
    items = client.describe_alarm_history(AlarmName="a")["AlarmHistoryItems"]
    assert [item["HistoryItemType"] for item in items] == ["StateUpdate", "ConfigurationUpdate"]
    page = client.describe_alarm_history(AlarmName="a", MaxRecords=1)
    rest = client.describe_alarm_history(AlarmName="a", MaxRecords=1, NextToken=page["NextToken"])
    assert page["AlarmHistoryItems"] + rest["AlarmHistoryItems"] == items


def test_composite_alarms_follow(segue: Segue) -> None:
    url, client = listen(segue), segue.client("cloudwatch")
    for name in ("a", "b"):
        alarm(segue, name, AlarmActions=None, OKActions=None, MetricName=name)
    client.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("a") AND ALARM(b)', AlarmActions=[TOPIC])
    client.put_composite_alarm(AlarmName="above", AlarmRule="ALARM(both) OR FALSE", AlarmActions=[TOPIC])
    client.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="try")
    segue.settle()
    assert (state(segue, "both"), state(segue, "above")) == ("OK", "OK")
    client.set_alarm_state(AlarmName="b", StateValue="ALARM", StateReason="try")
    segue.settle()
    assert (state(segue, "both"), state(segue, "above")) == ("ALARM", "ALARM")
    assert sorted(told(segue, url)) == [("above", "ALARM"), ("both", "ALARM")]
    with pytest.raises(ClientError, match="used by the composite alarms both"):
        client.delete_alarms(AlarmNames=["a"])
    client.delete_alarms(AlarmNames=["above", "both", "a", "b"])


def test_a_function_as_action_and_one_that_is_none(segue: Segue) -> None:
    client = segue.client("cloudwatch")
    group = "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:1:autoScalingGroupName/x:policyName/y"
    alarm(segue, AlarmActions=[group, "arn:aws:lambda:us-east-1:000000000000:function:none"], OKActions=None)
    client.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="try")
    items = client.describe_alarm_history(AlarmName="a", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [item["HistorySummary"].partition(" action")[0] for item in items][-1] == "Failed to execute"


def test_metric_math_decides(segue: Segue) -> None:
    client = segue.client("cloudwatch")
    metric = {"Namespace": "App", "MetricName": "errors"}
    alarm(
        segue,
        Namespace=None,
        MetricName=None,
        Statistic=None,
        Period=None,
        AlarmActions=None,
        OKActions=None,
        Metrics=[
            {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "rate", "Expression": "m / 10"},
        ],
    )
    put(segue, 9)
    segue.advance(minutes=1)
    assert state(segue) == "OK"
    put(segue, 10)
    segue.advance(minutes=1)
    assert state(segue) == "ALARM"
    assert client.describe_alarms()["MetricAlarms"][0]["Metrics"][1]["Expression"] == "m / 10"


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("Exactly one of Statistic", {"ExtendedStatistic": "p99"}),
    ("ExtendedStatistic is not supported", {"Statistic": None, "ExtendedStatistic": "p101"}),
    ("less than or equal to EvaluationPeriods", {"DatapointsToAlarm": 2}),
    ("across more than a day", {"EvaluationPeriods": 1441}),
    ("Period must be", {"Period": 61}),
    ("Invalid arn syntax", {"AlarmActions": ["nonsense"]}),
    ("TreatMissingData", {"TreatMissingData": "perhaps"}),
    (
        "does not implement",
        {"ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold", "ThresholdMetricId": "a"},
    ),
]


@pytest.mark.parametrize(("words", "more"), REFUSED)
def test_what_makes_no_sense_is_refused(segue: Segue, words: str, more: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=words):
        alarm(segue, **more)
    assert segue.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_a_stack_with_alarms_and_metric_filters(segue: Segue) -> None:
    template = {
        "Resources": {
            "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "app"}},
            "Errors": {
                "Type": "AWS::Logs::MetricFilter",
                "Properties": {
                    "LogGroupName": {"Ref": "Log"},
                    "FilterPattern": '{ $.level = "error" }',
                    "MetricTransformations": [
                        {
                            "MetricNamespace": "App",
                            "MetricName": "errors",
                            "MetricValue": "$.count",
                            "DefaultValue": "0",
                        }
                    ],
                },
            },
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Namespace": "App",
                    "MetricName": "errors",
                    "Statistic": "Sum",
                    "Period": "60",
                    "EvaluationPeriods": 1,
                    "Threshold": "2",
                    "ComparisonOperator": "GreaterThanThreshold",
                    "Tags": [{"Key": "team", "Value": "x"}],
                },
            },
            "Any": {
                "Type": "AWS::CloudWatch::CompositeAlarm",
                "Properties": {"AlarmName": "any", "AlarmRule": {"Fn::Sub": 'ALARM("${Alarm}")'}},
            },
            "Board": {
                "Type": "AWS::CloudWatch::Dashboard",
                "Properties": {"DashboardName": "board", "DashboardBody": '{"widgets": []}'},
            },
        },
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}}},
    }
    stacks, logs, client = segue.client("cloudformation"), segue.client("logs"), segue.client("cloudwatch")
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(template))
    segue.settle()
    found = stacks.describe_stacks(StackName="s")["Stacks"][0]
    assert found["StackStatus"] == "CREATE_COMPLETE"
    arn = found["Outputs"][0]["OutputValue"]
    name = arn.rpartition(":")[2]
    assert {"Key": "team", "Value": "x"} in client.list_tags_for_resource(ResourceARN=arn)["Tags"]
    logs.create_log_stream(logGroupName="app", logStreamName="s")
    now = segue.clock.now_ms()
    lines = ['{"level": "error", "count": 3}', '{"level": "info", "count": 9}', "words"]
    events = [{"timestamp": now, "message": line} for line in lines]
    logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=events)
    segue.advance(minutes=1)
    assert (state(segue, name), state(segue, "any")) == ("ALARM", "ALARM")
    stacks.delete_stack(StackName="s")
    segue.settle()
    assert client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])["MetricAlarms"] == []
    assert client.list_dashboards()["DashboardEntries"] == []

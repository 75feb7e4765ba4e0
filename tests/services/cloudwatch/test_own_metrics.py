"""What Segue's services tell CloudWatch of themselves."""

from __future__ import annotations

import json
from pathlib import Path

from segue.testing import Segue

ROLE = "arn:aws:iam::000000000000:role/any"


def totals(segue: Segue, namespace: str, statistic: str = "Sum") -> dict[str, float]:
    """A statistic of everything there is in a namespace: by name and dimensions."""
    client = segue.client("cloudwatch")
    now = segue.clock.now_ms() / 1000
    found = {}
    for metric in client.list_metrics(Namespace=namespace)["Metrics"]:
        told = client.get_metric_statistics(
            **metric, StartTime=now - 3600, EndTime=now + 60, Period=7200, Statistics=[statistic]
        )["Datapoints"]
        values = "/".join(one["Value"] for one in metric["Dimensions"])
        if told:
            found[f"{metric['MetricName']} {values}".strip()] = told[0][statistic]
    return found


def test_queues(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": f"{n}", "MessageBody": "x"} for n in range(3)])
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=taken[0]["ReceiptHandle"])
    segue.advance(seconds=10)
    found = totals(segue, "AWS/SQS")
    assert found["NumberOfMessagesSent q"] == 3
    assert found["NumberOfMessagesReceived q"] == 2
    assert found["NumberOfMessagesDeleted q"] == 1
    assert found["ApproximateNumberOfMessagesVisible q"] == 1
    assert found["ApproximateNumberOfMessagesNotVisible q"] == 1
    assert found["ApproximateAgeOfOldestMessage q"] == 10


def test_what_is_undone_does_not_count(segue: Segue) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    segue.client("sns").create_topic(Name="t")
    segue.client("sns").subscribe(
        TopicArn="arn:aws:sns:us-east-1:000000000000:t",
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:000000000000:q.gone",
    )
    segue.client("sns").publish(TopicArn="arn:aws:sns:us-east-1:000000000000:t", Message="m")
    assert "NumberOfMessagesSent q" not in totals(segue, "AWS/SQS")
    found = totals(segue, "AWS/SNS")
    assert found["NumberOfMessagesPublished t"] == 1
    assert found["NumberOfNotificationsFailed t"] == 1
    assert url


def test_executions_and_rules(segue: Segue) -> None:
    states, events = segue.client("stepfunctions"), segue.client("events")
    definition = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 5, "Next": "B"}, "B": {"Type": "Fail"}}}
    machine = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    events.put_rule(Name="r", EventPattern='{"source": ["s"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": machine, "RoleArn": ROLE}])
    events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}])
    segue.advance(seconds=6)
    found = totals(segue, "AWS/States")
    assert found[f"ExecutionsStarted {machine}"] == 1
    assert found[f"ExecutionsFailed {machine}"] == 1
    assert found[f"ExecutionTime {machine}"] == 5_000
    found = totals(segue, "AWS/Events")
    assert found["TriggeredRules r"] == found["Invocations r"] == 1
    assert "FailedInvocations r" not in found


def test_counts_survive_a_restart(tmp_path: Path) -> None:
    with Segue(tmp_path) as segue:
        url = segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        segue.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    with Segue(tmp_path) as segue:
        segue.client("sqs").send_message(
            QueueUrl=url.replace(url[: url.rindex("/0")], segue.endpoint_url), MessageBody="x"
        )
        assert totals(segue, "AWS/SQS")["NumberOfMessagesSent q"] == 2


def test_functions_and_apis(segue: Segue) -> None:
    """A function behind an HTTP API: one call that works, one that does not, one without a route."""
    import io
    import urllib.error
    import urllib.request
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", "def handler(event, context):\n    return 1 / int(event['rawPath'][1:])\n")
    functions, apis = segue.client("lambda"), segue.client("apigatewayv2")
    arn = functions.create_function(
        FunctionName="f", Runtime="python3.12", Role=ROLE, Handler="f.handler", Code={"ZipFile": packed.getvalue()}
    )["FunctionArn"]
    functions.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    api = apis.create_api(Name="a", ProtocolType="HTTP", Target=arn, RouteKey="GET /{number}")
    statuses = []
    for path in ("1", "0", "no/route"):
        try:
            with urllib.request.urlopen(f"{segue.endpoint_url}/_aws/execute-api/{api['ApiId']}/{path}") as got:
                statuses.append(got.status)
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
    assert statuses == [200, 500, 404]
    found = totals(segue, "AWS/Lambda")
    assert found["Invocations f"] == found["Invocations"] == 2
    assert (found["Errors f"], found["Throttles f"]) == (1, 0)
    assert found["Duration f"] > 0
    found = totals(segue, "AWS/ApiGateway")
    assert (found[f"Count {api['ApiId']}"], found[f"4xx {api['ApiId']}"], found[f"5xx {api['ApiId']}"]) == (3, 1, 1)

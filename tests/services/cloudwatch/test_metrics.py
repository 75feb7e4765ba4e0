"""Measurements put by programs: refused, kept, told, in each protocol."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.services.cloudwatch.records import forget
from segue.testing import Segue
from segue.wire.cbor import dump_cbor, load_cbor
from segue.wire.json_values import Seconds

pytestmark = pytest.mark.both_stores


def statistics(segue: Segue, name: str, *wanted: str, dimensions: Any = (), **more: Any) -> list[dict[str, Any]]:
    now = segue.clock.now_ms() / 1000
    simple = [one for one in wanted if one[0].isupper()]
    extended = [one for one in wanted if not one[0].isupper()]
    given = {"Statistics": simple} if simple else {"ExtendedStatistics": extended}
    times = {"StartTime": now - 3600, "EndTime": now + 60, "Period": 7200}
    client = segue.client("cloudwatch")
    answer = client.get_metric_statistics(
        Namespace="App", MetricName=name, Dimensions=list(dimensions), **times, **given, **more
    )
    return list(answer["Datapoints"])


def test_values_counts_and_sets(segue: Segue) -> None:
    client = segue.client("cloudwatch")
    client.put_metric_data(
        Namespace="App",
        MetricData=[
            {"MetricName": "m", "Values": [1.0, 5.0], "Counts": [3.0, 1.0], "Unit": "Seconds"},
            {"MetricName": "m", "Value": 9.0, "Unit": "Seconds"},
            {
                "MetricName": "set",
                "StatisticValues": {"SampleCount": 4, "Sum": 20, "Minimum": 1, "Maximum": 9},
            },
        ],
    )
    (found,) = statistics(segue, "m", "Sum", "SampleCount", "Average", "Minimum", "Maximum")
    assert [found[name] for name in ("Sum", "SampleCount", "Minimum", "Maximum", "Unit")] == [17, 5, 1, 9, "Seconds"]
    (found,) = statistics(segue, "m", "p50", "p80")
    assert found["ExtendedStatistics"] == {"p50": 1.0, "p80": 5.0}
    assert statistics(segue, "set", "Average")[0]["Average"] == 5
    assert statistics(segue, "m", "Sum", Unit="Bytes") == []


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("mutually exclusive", {"Value": 1.0, "Values": [1.0]}),
    ("At least one of the parameters", {}),
    ("same size", {"Values": [1.0, 2.0], "Counts": [1.0]}),
    ("two weeks in the past", {"Value": 1.0, "Timestamp": 1_600_000_000}),
    ("different names", {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]}),
    ("StorageResolution", {"Value": 1.0, "StorageResolution": 7}),
    ("out of the range", {"Value": 1e300}),
]


@pytest.mark.parametrize(("words", "datum"), REFUSED)
def test_what_is_no_measurement_is_refused_whole(segue: Segue, words: str, datum: dict[str, Any]) -> None:
    good = {"MetricName": "m", "Value": 1.0}
    with pytest.raises(ClientError, match=words):
        segue.client("cloudwatch").put_metric_data(Namespace="App", MetricData=[good, {"MetricName": "m", **datum}])
    assert statistics(segue, "m", "Sum") == []


def test_namespaces_of_aws_are_its_own(segue: Segue) -> None:
    with pytest.raises(ClientError, match="AWS/"):
        segue.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[{"MetricName": "m", "Value": 1.0}])


def test_the_embedded_metric_format(segue: Segue) -> None:
    logs, now = segue.client("logs"), segue.clock.now_ms()
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    directive = {
        "Namespace": "App",
        "Dimensions": [["Page"], []],
        "Metrics": [{"Name": "took", "Unit": "Milliseconds"}],
    }
    line = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]}, "Page": "home", "took": [3, 5]}
    odd = ['{"_aws": 1}', '{"_aws": {"CloudWatchMetrics": [{"Namespace": 1, "Metrics": {}}]}}', '"_aws" {']
    events = [{"timestamp": now, "message": message} for message in (json.dumps(line), *odd)]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    page = [{"Name": "Page", "Value": "home"}]
    assert statistics(segue, "took", "Sum", dimensions=page)[0]["Sum"] == 8
    assert statistics(segue, "took", "Maximum")[0]["Maximum"] == 5


def test_in_cbor(segue: Segue) -> None:
    """As newer SDKs speak it."""

    def ask(operation: str, members: dict[str, Any]) -> tuple[int, Any, str]:
        headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
        url = f"{segue.endpoint_url}/service/GraniteServiceVersion20100801/operation/{operation}"
        request = urllib.request.Request(url, dump_cbor(members), headers, method="POST")
        try:
            with urllib.request.urlopen(request) as got:
                body = got.read()
                return got.status, load_cbor(body) if body else None, got.headers["smithy-protocol"]
        except urllib.error.HTTPError as error:
            return error.code, load_cbor(error.read()), error.headers["smithy-protocol"]

    now = segue.clock.now_ms()
    datum = {"MetricName": "m", "Value": 2, "Timestamp": Seconds(now)}
    assert ask("PutMetricData", {"Namespace": "App", "MetricData": [datum]})[0] == 200
    times = {"StartTime": Seconds(now - 60_000), "EndTime": Seconds(now + 60_000)}
    asked = {"Namespace": "App", "MetricName": "m", "Period": 60, "Statistics": ["Sum"], **times}
    status, answer, protocol = ask("GetMetricStatistics", asked)
    assert (status, protocol) == (200, "rpc-v2-cbor")
    assert answer["Datapoints"][0]["Sum"] == 2.0
    assert isinstance(answer["Datapoints"][0]["Timestamp"], Seconds)
    status, answer, protocol = ask("SetAlarmState", {"AlarmName": "none", "StateValue": "OK", "StateReason": "x"})
    assert (status, protocol) == (404, "rpc-v2-cbor")
    assert answer["__type"].endswith("ResourceNotFound")


def test_what_is_too_much_is_refused(segue: Segue) -> None:
    client, now = segue.client("cloudwatch"), segue.clock.now_ms() / 1000
    with pytest.raises(ClientError, match="exceeds the limit of 1,440"):
        client.get_metric_statistics(
            Namespace="A", MetricName="m", StartTime=now - 864_000, EndTime=now, Period=60, Statistics=["Sum"]
        )
    queries = [{"Id": "e", "Expression": "TIME_SERIES(1)" + "+1" * 900, "Period": 60}]
    with pytest.raises(ClientError, match="too much work"):
        client.get_metric_data(StartTime=now - 864_000, EndTime=now, MetricDataQueries=queries)


def test_pages_of_data(segue: Segue) -> None:
    client, now = segue.client("cloudwatch"), segue.clock.now_ms() / 1000
    queries = [{"Id": "e", "Expression": "TIME_SERIES(1)", "Period": 60}, {"Id": "f", "Expression": "e * 2"}]
    asked: dict[str, Any] = {"StartTime": now - 300, "EndTime": now, "MetricDataQueries": queries}
    whole = client.get_metric_data(**asked)["MetricDataResults"]
    parts: dict[str, list[float]] = {"e": [], "f": []}
    token: dict[str, str] = {}
    while True:
        answer = client.get_metric_data(**asked, **token, MaxDatapoints=4)
        for result in answer["MetricDataResults"]:
            parts[result["Id"]] += result["Values"]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert parts == {result["Id"]: result["Values"] for result in whole}


def test_old_points_are_merged(segue: Segue) -> None:
    client = segue.client("cloudwatch")
    for value in (1.0, 3.0):
        client.put_metric_data(Namespace="App", MetricData=[{"MetricName": "m", "Value": value}])
        segue.advance(minutes=1)
    begin = segue.clock.now_ms() / 1000 - 600
    segue.clock.advance(16 * 86_400_000)
    segue.transact(lambda tx: forget(tx, 100))
    told = client.get_metric_statistics(
        Namespace="App",
        MetricName="m",
        StartTime=begin,
        EndTime=begin + 1200,
        Period=3600,
        Statistics=["Sum", "Maximum"],
    )["Datapoints"]
    assert [(one["Sum"], one["Maximum"]) for one in told] == [(4.0, 3.0)]
    rows = segue.transact(lambda tx: tx.all("SELECT resolution FROM cloudwatch_points"))
    assert {row[0] for row in rows} == {300_000}

"""Functions, and what hangs on them, as templates name them."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from typing import Any

import pytest

from segue.errors import AwsError
from segue.testing import Segue
from tests.services.lambda_.house import ROLE, package
from tests.services.resources import Resources

ECHO = "def handler(event, context):\n    return event\n"
INLINE = {"Runtime": "python3.11", "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": ECHO}}
ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


@pytest.fixture
def resources(segue: Segue) -> Resources:
    return Resources(segue)


@pytest.fixture
def lambda_(segue: Segue) -> Any:
    return segue.client("lambda")


def code_of(lambda_: Any, name: str) -> dict[str, str]:
    with urllib.request.urlopen(lambda_.get_function(FunctionName=name)["Code"]["Location"]) as response:
        archive = zipfile.ZipFile(io.BytesIO(response.read()))
    return {entry: archive.read(entry).decode() for entry in archive.namelist()}


def test_an_inline_function_with_a_made_name(resources: Resources, lambda_: Any) -> None:
    made = resources.create("AWS::Lambda::Function", "Echo", **INLINE, Environment={"Variables": {"DEBUG": True}})
    assert made.physical_id == "app-Echo-ABCDEFGHIJKL"
    assert made.attributes["Arn"].endswith(":function:app-Echo-ABCDEFGHIJKL")
    found = lambda_.get_function(FunctionName=made.physical_id)
    assert found["Configuration"]["Environment"]["Variables"] == {"DEBUG": "true"}
    assert found["Tags"] == {"aws:cloudformation:stack-name": "app"}
    assert code_of(lambda_, made.physical_id)["index.py"] == ECHO
    answer = lambda_.invoke(FunctionName=made.physical_id, Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"a": 1}


def test_inline_code_for_node_brings_the_response_module(resources: Resources, lambda_: Any) -> None:
    code = {"ZipFile": "exports.handler = async () => typeof require('cfn-response').send"}
    resources.create("AWS::Lambda::Function", "F", **{**INLINE, "Runtime": "nodejs20.x", "Code": code})
    answer = lambda_.invoke(FunctionName="app-F-ABCDEFGHIJKL")
    assert json.loads(answer["Payload"].read()) == "function"


def test_code_from_a_bucket(resources: Resources, segue: Segue, lambda_: Any) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="one.zip", Body=package({"a.py": "x = 1"}))
    s3.put_object(Bucket="code", Key="two.zip", Body=package({"a.py": "x = 2"}))
    given = {**INLINE, "FunctionName": "f", "Code": {"S3Bucket": "code", "S3Key": "one.zip"}}
    resources.create("AWS::Lambda::Function", "F", **given)
    resources.update("F", **{**given, "Code": {"S3Bucket": "code", "S3Key": "two.zip"}})
    assert code_of(lambda_, "f") == {"a.py": "x = 2"}
    with pytest.raises(AwsError, match="NoSuchKey"):
        resources.update("F", **{**given, "Code": {"S3Bucket": "code", "S3Key": "three.zip"}})


def test_what_a_template_no_longer_names_is_as_it_was(resources: Resources, lambda_: Any) -> None:
    given = {**INLINE, "FunctionName": "f"}
    resources.create(
        "AWS::Lambda::Function",
        "F",
        **given,
        Timeout=30,
        MemorySize=512,
        Environment={"Variables": {"AB": "c"}},
        ReservedConcurrentExecutions=5,
        TracingConfig={"Mode": "Active"},
        EphemeralStorage={"Size": 1024},
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "elsewhere"},
        Tags=[{"Key": "a", "Value": "b"}],
        VpcConfig={"SubnetIds": ["subnet-1", "made-up"], "SecurityGroupIds": ["sg-1"]},
        SnapStart={"ApplyOn": "PublishedVersions"},
    )
    assert [note.split(" has")[0] for note in resources.notes] == ["SnapStart", "VpcConfig"]
    found = lambda_.get_function(FunctionName="f")
    assert found["Configuration"]["Timeout"] == 30
    assert found["Configuration"]["LoggingConfig"]["LogGroup"] == "elsewhere"
    assert found["Configuration"]["VpcConfig"]["SubnetIds"] == ["subnet-1"]
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    resources.update("F", **given, Description="changed")
    found = lambda_.get_function(FunctionName="f")
    configuration = found["Configuration"]
    assert (configuration["Timeout"], configuration["MemorySize"], configuration["Description"]) == (3, 128, "changed")
    assert "Environment" not in configuration
    assert configuration["TracingConfig"]["Mode"] == "PassThrough"
    assert configuration["EphemeralStorage"]["Size"] == 512
    assert configuration["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}
    assert configuration["VpcConfig"]["SubnetIds"] == []
    assert configuration["SnapStart"]["ApplyOn"] == "None"
    assert "Concurrency" not in found
    assert found["Tags"] == {"aws:cloudformation:stack-name": "app"}
    resources.delete("F")
    assert lambda_.list_functions()["Functions"] == []
    resources.delete("F")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Code": {"ImageUri": "x"}, "PackageType": "Image"}, "container images"),
        ({"Runtime": "java21"}, "only be used with Node.js and Python"),
        ({"Runtime": "python2"}, "enum value set"),
        ({"Unknown": 1}, "unsupported property"),
    ],
)
def test_what_cannot_be(resources: Resources, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words):
        resources.create("AWS::Lambda::Function", "F", **{**INLINE, **changed})


def test_versions_and_aliases(resources: Resources, lambda_: Any) -> None:
    given = {**INLINE, "FunctionName": "f"}
    resources.create("AWS::Lambda::Function", "F", **given)
    first = resources.create("AWS::Lambda::Version", "One", FunctionName="f", Description="d")
    assert (first.physical_id, first.attributes["Version"]) == (f"{ARN}:1", "1")
    with pytest.raises(AwsError, match=r"exists \( 1 \)"):
        resources.create("AWS::Lambda::Version", "Again", FunctionName="f")
    alias = {"FunctionName": "f", "Name": "live"}
    made = resources.create("AWS::Lambda::Alias", "Live", **alias, FunctionVersion="1")
    assert made.physical_id == f"{ARN}:live"
    resources.update("F", **given, MemorySize=256)
    resources.create("AWS::Lambda::Version", "Two", FunctionName=ARN)
    routing = {"AdditionalVersionWeights": [{"FunctionVersion": "1", "FunctionWeight": 0.5}]}
    resources.update(
        "Live",
        **alias,
        FunctionVersion="2",
        RoutingConfig=routing,
        ProvisionedConcurrencyConfig={"ProvisionedConcurrentExecutions": 2},
    )
    assert "ProvisionedConcurrencyConfig has no effect" in resources.notes[0]
    found = lambda_.get_alias(FunctionName="f", Name="live")
    assert (found["FunctionVersion"], found["RoutingConfig"]["AdditionalVersionWeights"]) == ("2", {"1": 0.5})
    provisioned = lambda_.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert provisioned["Status"] == "READY"
    resources.update("Live", **alias, FunctionVersion="2")
    assert "RoutingConfig" not in lambda_.get_alias(FunctionName="f", Name="live")
    assert lambda_.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"] == []
    resources.delete("One")
    resources.delete("Live")
    assert [each["Version"] for each in lambda_.list_versions_by_function(FunctionName="f")["Versions"]] == [
        "$LATEST",
        "2",
    ]


def test_permissions_of_functions_and_aliases(resources: Resources, lambda_: Any) -> None:
    resources.create("AWS::Lambda::Function", "F", **INLINE, FunctionName="f")
    given = {
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": "arn:aws:events:us-east-1:000000000000:rule/x",
    }
    made = resources.create("AWS::Lambda::Permission", "May", FunctionName=ARN, **given)
    statement = json.loads(lambda_.get_policy(FunctionName="f")["Policy"])["Statement"][0]
    assert statement["Sid"] == made.physical_id == "app-May-ABCDEFGHIJKL"
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/x"}}
    resources.create("AWS::Lambda::Version", "One", FunctionName="f")
    resources.create("AWS::Lambda::Alias", "Live", FunctionName="f", Name="live", FunctionVersion="1")
    resources.create("AWS::Lambda::Permission", "OfAlias", FunctionName=f"{ARN}:live", **given)
    assert lambda_.get_policy(FunctionName="f", Qualifier="live")
    resources.delete("OfAlias")
    resources.delete("May")
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.get_policy(FunctionName="f")
    resources.delete("May")


def test_sources_of_services_that_are_not_here_have_no_effect_and_a_note(resources: Resources, lambda_: Any) -> None:
    resources.create("AWS::Lambda::Function", "F", **INLINE, FunctionName="f")
    stream = {"FunctionName": ARN, "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}
    made = resources.create("AWS::Lambda::EventSourceMapping", "Map", **stream, StartingPosition="LATEST")
    assert resources.notes == [f"AWS::Lambda::EventSourceMapping of {stream['EventSourceArn']} has no effect here"]
    assert made.attributes["Id"] == made.physical_id
    resources.update("Map", **stream, StartingPosition="LATEST", BatchSize=5)
    resources.delete("Map")
    assert lambda_.list_event_source_mappings()["EventSourceMappings"] == []


def test_event_sources_and_invoke_configs(resources: Resources, segue: Segue, lambda_: Any) -> None:
    queue = segue.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    del queue
    resources.create("AWS::Lambda::Function", "F", **INLINE, FunctionName="f")
    source = {"FunctionName": ARN, "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:q"}
    made = resources.create(
        "AWS::Lambda::EventSourceMapping",
        "Map",
        **source,
        BatchSize=5,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        FilterCriteria={"Filters": [{"Pattern": '{"body": {"kind": ["order"]}}'}]},
        ProvisionedPollerConfig={"MinimumPollers": 2, "MaximumPollers": 4},
        KmsKeyArn="arn:aws:kms:us-east-1:000000000000:key/k",
        MetricsConfig={"Metrics": ["EventCount"]},
        LoggingConfig={"SystemLogLevel": "INFO"},
        Tags=[{"Key": "team", "Value": "a"}],
    )
    found = lambda_.get_event_source_mapping(UUID=made.physical_id)
    assert found["ProvisionedPollerConfig"] == {"MinimumPollers": 2, "MaximumPollers": 4}
    assert (found["KMSKeyArn"][-5:], found["LoggingConfig"]) == ("key/k", {"SystemLogLevel": "INFO"})
    assert made.attributes["EventSourceMappingArn"].endswith(f":event-source-mapping:{made.physical_id}")
    more = {"ScalingConfig": {"MaximumConcurrency": 3}, "Tags": [{"Key": "team", "Value": "b"}]}
    resources.update("Map", **source, **more)
    tags = lambda_.list_tags(Resource=made.attributes["EventSourceMappingArn"])["Tags"]
    assert tags["team"] == "b"
    resources.update("Map", **source, Enabled=False)
    found = lambda_.get_event_source_mapping(UUID=made.physical_id)
    assert not {"FilterCriteria", "ScalingConfig", "ProvisionedPollerConfig", "KMSKeyArn"} & found.keys()
    assert (found["BatchSize"], found["State"], found["FunctionResponseTypes"]) == (10, "Disabled", [])
    resources.delete("Map")
    resources.delete("Map")
    config = {"FunctionName": "f", "Qualifier": "$LATEST"}
    resources.create("AWS::Lambda::EventInvokeConfig", "Config", **config, MaximumRetryAttempts=1)
    resources.update("Config", **config, MaximumEventAgeInSeconds=60)
    found = lambda_.get_function_event_invoke_config(FunctionName="f")
    assert (found.get("MaximumRetryAttempts"), found["MaximumEventAgeInSeconds"]) == (None, 60)
    resources.delete("Config")
    assert lambda_.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"] == []


def test_layers(resources: Resources, segue: Segue, lambda_: Any) -> None:
    s3 = segue.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="layer.zip", Body=package({"python/shared.py": "ANSWER = 42"}))
    content = {"S3Bucket": "code", "S3Key": "layer.zip"}
    layer = resources.create("AWS::Lambda::LayerVersion", "Layer", Content=content, CompatibleRuntimes=["python3.11"])
    assert layer.physical_id.endswith(":layer:app-Layer-ABCDEFGHIJKL:1")
    code = {"ZipFile": "import shared\ndef handler(event, context):\n    return shared.ANSWER\n"}
    resources.create(
        "AWS::Lambda::Function", "F", **{**INLINE, "Code": code}, FunctionName="f", Layers=[layer.physical_id]
    )
    assert json.loads(lambda_.invoke(FunctionName="f")["Payload"].read()) == 42
    resources.delete("Layer")
    assert lambda_.list_layers()["Layers"] == []

"""Functions, versions, aliases, permissions and the rest of what is configured."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from segue.errors import AwsError
from tests.services.lambda_.house import ROLE, House, house, package

__all__ = ["house"]

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def error(house: House, operation: str, **params: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        house.perform(f"lambda:{operation}", **params)
    return caught.value.code, caught.value.message


def test_created_function_is_pending_then_active_with_awss_defaults(house: House) -> None:
    created = house.create_function("f")
    assert (created["State"], created["StateReasonCode"]) == ("Pending", "Creating")
    found = house.perform("lambda:GetFunction", FunctionName="f")["Configuration"]
    code = package()
    expected = {
        "FunctionName": "f",
        "FunctionArn": ARN,
        "Role": ROLE,
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Timeout": 3,
        "MemorySize": 128,
        "CodeSize": len(code),
        "CodeSha256": base64.b64encode(hashlib.sha256(code).digest()).decode(),
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
        "LastModified": "2023-11-14T22:13:20.000+0000",
    }
    assert {key: found[key] for key in expected} == expected
    assert "Environment" not in found
    assert "StateReason" not in found


@pytest.mark.parametrize(
    "named",
    ["f", "function:f", "000000000000:function:f", ARN, f"{ARN}:$LATEST", "f:$LATEST"],
)
def test_every_form_of_name_finds_it(house: House, named: str) -> None:
    house.create_function("f")
    found = house.perform("lambda:GetFunctionConfiguration", FunctionName=named)
    assert found["FunctionArn"] == (f"{ARN}:$LATEST" if named.endswith("$LATEST") else ARN)


def test_create_delete_create_again(house: House) -> None:
    house.create_function("f")
    assert error(house, "CreateFunction", FunctionName="f", Role=ROLE, Code={"ZipFile": package()}) == (
        "ResourceConflictException",
        "Function already exist: f",
    )
    house.perform("lambda:DeleteFunction", FunctionName="f")
    missing = ("ResourceNotFoundException", f"Function not found: {ARN}")
    assert error(house, "DeleteFunction", FunctionName="f") == missing
    assert error(house, "GetFunction", FunctionName="f") == missing
    assert error(house, "Invoke", FunctionName="f") == (missing[0], f"{missing[1]}:$LATEST")
    house.create_function("f")


def test_a_refused_creation_leaves_nothing_behind(house: House) -> None:
    with pytest.raises(AwsError):
        house.create_function("f", Code={"ZipFile": b"no zip"})
    assert house.rows("SELECT COUNT(*) FROM lambda_functions") == [(0,)]
    assert house.rows("SELECT COUNT(*) FROM lambda_versions") == [(0,)]


def hostile(name: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, "x")
    return target.getvalue()


def bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big", b"\0" * 3_000_000)
    return target.getvalue()


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip uploaded file."),
        ({"Code": {"ZipFile": b""}}, "InvalidParameterValueException", "Uploaded file must be a non-empty zip"),
        ({"Code": {}}, "InvalidParameterValueException", "Please provide a source for function code."),
        ({"Code": {"ZipFile": hostile("../x")}}, "InvalidParameterValueException", "leads out of the archive"),
        ({"Code": {"ZipFile": hostile("/etc/x")}}, "InvalidParameterValueException", "leads out of the archive"),
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"MemorySize": 20_000}, "ValidationException", "less than or equal to 10240"),
        (
            {"Environment": {"Variables": {"AB": "x" * 5_000}}},
            "InvalidParameterValueException",
            "exceeded the 4KB limit",
        ),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "AWS_REGION"),
        ({"PackageType": "Image"}, "NotImplemented", "PackageType Image"),
        (
            {"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:no:1"]},
            "InvalidParameterValueException",
            "not exist",
        ),
        (
            {"DeadLetterConfig": {"TargetArn": "arn:aws:s3:::b"}},
            "InvalidParameterValueException",
            "SQS queue or an SNS",
        ),
    ],
)
def test_what_is_refused(house: House, change: dict[str, Any], code: str, text: str) -> None:
    with pytest.raises(AwsError) as caught:
        house.create_function("f", **change)
    assert (caught.value.code, text in caught.value.message) == (code, True), caught.value


def test_a_bomb_is_refused_by_what_its_directory_promises() -> None:
    from segue.store import archive

    with pytest.raises(AwsError, match="Unzipped size must be smaller than 1000000 bytes"):
        archive.check(io.BytesIO(bomb()), 1_000_000)


def test_retired_runtimes_are_accepted(house: House) -> None:
    for runtime in ("nodejs12.x", "python3.8"):
        name = runtime.replace(".", "_")
        assert house.create_function(name, Runtime=runtime)["Runtime"] == runtime


def test_updates_change_the_revision_and_answer_in_progress(house: House) -> None:
    first = house.create_function("f", Environment={"Variables": {"AB": "1"}})["RevisionId"]
    changed = house.perform("lambda:UpdateFunctionConfiguration", FunctionName="f", Timeout=9, RevisionId=first)
    assert (changed["Timeout"], changed["LastUpdateStatus"]) == (9, "InProgress")
    assert changed["Environment"] == {"Variables": {"AB": "1"}}
    code, message = error(house, "UpdateFunctionConfiguration", FunctionName="f", Timeout=8, RevisionId=first)
    assert code == "PreconditionFailedException"
    assert "GetFunction/GetAlias" in message
    other = package({"a.py": "other"})
    dry = house.perform("lambda:UpdateFunctionCode", FunctionName="f", ZipFile=other, DryRun=True)
    assert dry["RevisionId"] == changed["RevisionId"]
    new = house.perform("lambda:UpdateFunctionCode", FunctionName="f", ZipFile=other)
    assert new["CodeSha256"] != dry["CodeSha256"]
    found = house.perform("lambda:GetFunctionConfiguration", FunctionName="f")
    assert (found["RevisionId"], found["LastUpdateStatus"]) == (new["RevisionId"], "Successful")
    emptied = house.perform("lambda:UpdateFunctionConfiguration", FunctionName="f", Environment={"Variables": {}})
    assert "Environment" not in emptied


def test_versions_freeze_and_are_not_made_twice(house: House) -> None:
    house.create_function("f", Timeout=5)
    one = house.perform("lambda:PublishVersion", FunctionName="f", Description="first")
    assert (one["Version"], one["FunctionArn"], one["Description"]) == ("1", f"{ARN}:1", "first")
    assert house.perform("lambda:PublishVersion", FunctionName="f")["Version"] == "1"
    house.perform("lambda:UpdateFunctionConfiguration", FunctionName="f", Timeout=6)
    assert house.perform("lambda:PublishVersion", FunctionName="f")["Version"] == "2"
    assert house.perform("lambda:GetFunctionConfiguration", FunctionName="f", Qualifier="1")["Timeout"] == 5
    versions = house.perform("lambda:ListVersionsByFunction", FunctionName="f")["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]
    house.perform("lambda:DeleteFunction", FunctionName="f", Qualifier="2")
    house.perform("lambda:UpdateFunctionConfiguration", FunctionName="f", Timeout=7)
    assert house.perform("lambda:PublishVersion", FunctionName="f")["Version"] == "3"


def test_lists_go_on_where_they_stopped(house: House) -> None:
    for name in ("c", "a", "b"):
        house.create_function(name, Publish=True)
    names: list[str] = []
    marker: dict[str, Any] = {}
    while True:
        page = house.perform("lambda:ListFunctions", MaxItems=2, **marker)
        names += [function["FunctionName"] for function in page["Functions"]]
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert names == ["a", "b", "c"]
    arns: list[str] = []
    marker = {}
    while True:
        page = house.perform("lambda:ListFunctions", MaxItems=1, FunctionVersion="ALL", **marker)
        arns += [function["FunctionArn"].split(":", 6)[6] for function in page["Functions"]]
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert arns == ["a:$LATEST", "a:1", "b:$LATEST", "b:1", "c:$LATEST", "c:1"]


def test_aliases_point_and_are_weighted(house: House) -> None:
    house.create_function("f", Publish=True)
    house.perform("lambda:UpdateFunctionConfiguration", FunctionName="f", Timeout=6)
    house.perform("lambda:PublishVersion", FunctionName="f")
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    alias = house.perform(
        "lambda:CreateAlias", FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=weights
    )
    assert alias["AliasArn"] == f"{ARN}:live"
    assert alias["RoutingConfig"] == weights
    executed = {house.perform("lambda:Invoke", FunctionName="f:live")["ExecutedVersion"] for _ in range(40)}
    assert executed == {"1", "2"}
    assert error(house, "CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")[1] == (
        f"Alias already exists: {ARN}:live"
    )
    updated = house.perform("lambda:UpdateAlias", FunctionName="f", Name="live", RoutingConfig={})
    assert "RoutingConfig" not in updated
    assert error(house, "DeleteFunction", FunctionName="f", Qualifier="1")[0] == "ResourceConflictException"
    house.perform("lambda:DeleteAlias", FunctionName="f", Name="live")
    assert error(house, "GetAlias", FunctionName="f", Name="live")[1] == f"Cannot find alias arn: {ARN}:live"


def test_permissions_are_awss_statements(house: House) -> None:
    house.create_function("f")
    params = {
        "FunctionName": "f",
        "StatementId": "sns",
        "Action": "lambda:InvokeFunction",
        "Principal": "sns.amazonaws.com",
        "SourceArn": "arn:aws:sns:us-east-1:000000000000:t",
    }
    statement = {
        "Sid": "sns",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:sns:us-east-1:000000000000:t"}},
    }
    added = house.perform("lambda:AddPermission", **params)["Statement"]
    assert list(json.loads(added).items()) == list(statement.items())
    assert error(house, "AddPermission", **params) == (
        "ResourceConflictException",
        "The statement id (sns) provided already exists. Please provide a new statement id, or remove the existing "
        "statement.",
    )
    policy = house.perform("lambda:GetPolicy", FunctionName="f")["Policy"]
    assert json.loads(policy) == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}
    house.perform("lambda:RemovePermission", FunctionName="f", StatementId="sns")
    assert error(house, "GetPolicy", FunctionName="f") == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )


def test_reserved_concurrency(house: House) -> None:
    house.create_function("f")
    house.perform("lambda:PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    assert house.perform("lambda:GetFunctionConcurrency", FunctionName="f") == {"ReservedConcurrentExecutions": 0}
    with pytest.raises(AwsError) as caught:
        house.perform("lambda:Invoke", FunctionName="f")
    assert (caught.value.code, caught.value.status) == ("TooManyRequestsException", 429)
    assert caught.value.members["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    code, _ = error(house, "PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=901)
    assert code == "InvalidParameterValueException"
    house.perform("lambda:PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=900)
    limits = house.perform("lambda:GetAccountSettings")["AccountLimit"]
    assert limits["UnreservedConcurrentExecutions"] == 100
    house.perform("lambda:DeleteFunctionConcurrency", FunctionName="f")
    assert house.perform("lambda:Invoke", FunctionName="f")["StatusCode"] == 200


def test_tags(house: House) -> None:
    house.create_function("f", Tags={"a": "1"})
    house.perform("lambda:TagResource", Resource=ARN, Tags={"b": "2"})
    house.perform("lambda:UntagResource", Resource=ARN, TagKeys=["a"])
    assert house.perform("lambda:ListTags", Resource=ARN) == {"Tags": {"b": "2"}}
    assert house.perform("lambda:GetFunction", FunctionName="f")["Tags"] == {"b": "2"}
    assert error(house, "ListTags", Resource=f"{ARN}x")[0] == "ResourceNotFoundException"


def test_layers(house: House) -> None:
    content = package({"python/lib.py": "x = 1"})
    first = house.perform("lambda:PublishLayerVersion", LayerName="l", Content={"ZipFile": content})
    assert first["Version"] == 1
    second = house.perform("lambda:PublishLayerVersion", LayerName="l", Content={"ZipFile": content})
    listed = house.perform("lambda:ListLayerVersions", LayerName="l")["LayerVersions"]
    assert [layer["Version"] for layer in listed] == [2, 1]
    house.create_function("f", Layers=[second["LayerVersionArn"]])
    house.perform("lambda:DeleteLayerVersion", LayerName="l", VersionNumber=2)
    house.perform("lambda:Invoke", FunctionName="f")
    layer = house.invocations[-1].target.layers[0]
    assert layer.path.read_bytes() == content
    latest = house.perform("lambda:ListLayers")["Layers"][0]["LatestMatchingVersion"]
    assert latest["Version"] == 1


def test_event_invoke_configs(house: House) -> None:
    house.create_function("f")
    config = {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}}
    assert error(house, "GetFunctionEventInvokeConfig", FunctionName="f")[1] == (
        f"The function {ARN}:$LATEST doesn't have an EventInvokeConfig"
    )
    put = house.perform("lambda:PutFunctionEventInvokeConfig", FunctionName="f", **config)
    assert put["FunctionArn"] == f"{ARN}:$LATEST"
    assert put["DestinationConfig"] == {**config["DestinationConfig"], "OnFailure": {}}
    updated = house.perform("lambda:UpdateFunctionEventInvokeConfig", FunctionName="f", MaximumRetryAttempts=1)
    assert (updated["MaximumRetryAttempts"], updated["DestinationConfig"]) == (1, put["DestinationConfig"])
    listed = house.perform("lambda:ListFunctionEventInvokeConfigs", FunctionName="f")
    assert listed["FunctionEventInvokeConfigs"] == [updated]
    house.perform("lambda:DeleteFunctionEventInvokeConfig", FunctionName="f")
    assert house.perform("lambda:ListFunctionEventInvokeConfigs", FunctionName="f") == {
        "FunctionEventInvokeConfigs": []
    }

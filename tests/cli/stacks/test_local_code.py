"""Where templates name local things, and what they say afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segue.cli.stacks.connection import CommandFailed
from segue.cli.stacks.local_code import local_parts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").touch()
    (tmp_path / "file.yaml").touch()
    return tmp_path


def one(type_name: str, **properties: Any) -> dict[str, Any]:
    return {"Resources": {"It": {"Type": type_name, "Properties": properties}}}


ZIPPED = {"S3Bucket": "b", "S3Key": "k"}
OBJECT = {"Bucket": "b", "Key": "k"}
URL = "https://s3.eu-west-1.amazonaws.com/b/k"


@pytest.mark.parametrize(
    ("type_name", "member", "value", "packaged"),
    [
        ("AWS::Serverless::Function", "CodeUri", "src/", "s3://b/k"),
        ("AWS::Serverless::Function", "CodeUri", "./src", "s3://b/k"),
        ("AWS::Serverless::LayerVersion", "ContentUri", "src", "s3://b/k"),
        ("AWS::Serverless::StateMachine", "DefinitionUri", "file.yaml", "s3://b/k"),
        ("AWS::Serverless::Api", "DefinitionUri", "file.yaml", "s3://b/k"),
        ("AWS::Lambda::Function", "Code", "src", ZIPPED),
        ("AWS::Lambda::LayerVersion", "Content", "src", ZIPPED),
        ("AWS::StepFunctions::StateMachine", "DefinitionS3Location", "file.yaml", OBJECT),
        ("AWS::CloudFormation::Stack", "TemplateURL", "file.yaml", URL),
        ("AWS::Serverless::Application", "Location", "file.yaml", URL),
    ],
)
def test_what_is_local_becomes_an_object(folder: Path, type_name: str, member: str, value: str, packaged: Any) -> None:
    template = one(type_name, **{member: value})
    (part,) = local_parts(template, folder)
    assert part.path == folder / value
    part.replace("b", "k", "eu-west-1")
    assert template["Resources"]["It"]["Properties"] == {member: packaged}


@pytest.mark.parametrize(
    "template",
    [
        one("AWS::Serverless::Function", CodeUri="s3://bucket/key"),
        one("AWS::Serverless::Function", CodeUri={"Bucket": "b", "Key": "k"}),
        one("AWS::Serverless::Function", CodeUri={"Fn::Sub": "s3://${B}/k"}),
        one("AWS::Serverless::Function", InlineCode="def handler(): ..."),
        one("AWS::Serverless::Function", ImageUri="repository/image"),
        one("AWS::Serverless::Function", PackageType="Image"),
        one("AWS::Lambda::Function", Code={"ZipFile": "exports = 1"}),
        one("AWS::Serverless::Application", Location={"ApplicationId": "arn:x", "SemanticVersion": "1.0.0"}),
        one("AWS::CloudFormation::Stack", TemplateURL="https://s3.amazonaws.com/b/k"),
        one("AWS::Serverless::StateMachine", Definition={"StartAt": "A"}),
        one("AWS::SQS::Queue", CodeUri="src"),
        {"Resources": {"It": {"Type": "AWS::Glue::Job", "Properties": {"Command": {"ScriptLocation": {"Ref": "X"}}}}}},
        {"Resources": {"It": {"Type": 3}, "That": None}},
        {"Resources": []},
        {},
    ],
)
def test_what_is_not_local_is_left_alone(folder: Path, template: dict[str, Any]) -> None:
    assert local_parts(template, folder) == []


def test_a_function_has_its_code_from_globals_or_beside_the_template(folder: Path) -> None:
    template = {
        "Globals": {"Function": {"CodeUri": "src", "Runtime": "python3.12"}},
        "Resources": {
            "A": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "app.a"}},
            "B": {"Type": "AWS::Serverless::Function", "Properties": {"InlineCode": "x"}},
        },
    }
    assert [(part.logical_id, part.path) for part in local_parts(template, folder)] == [("A", folder / "src")]
    beside = one("AWS::Serverless::Function", Handler="app.a")
    assert [part.path for part in local_parts(beside, folder)] == [folder]


def test_included_texts_and_loops_are_found(folder: Path) -> None:
    include = {"Name": "AWS::Include", "Parameters": {"Location": "file.yaml"}}
    template: dict[str, Any] = {
        "Transform": ["AWS::Serverless-2016-10-31", {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}],
        "Resources": {
            "Fn::ForEach::Functions": [
                "Name",
                ["A", "B"],
                {"F${Name}": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "src"}}},
            ],
            "Api": {"Type": "AWS::Serverless::Api", "Properties": {"DefinitionBody": {"Fn::Transform": include}}},
        },
    }
    parts = local_parts(template, folder)
    assert [(part.logical_id, part.kind) for part in parts] == [("Transform", "file"), ("F${Name}", "zip")]
    parts[0].replace("b", "k", "us-east-1")
    assert include["Parameters"] == {"Location": "s3://b/k"}


def test_what_is_named_but_not_there_is_said_with_its_place(folder: Path) -> None:
    with pytest.raises(CommandFailed, match=r"It: CodeUri names sorce/, but there is no .*sorce"):
        local_parts(one("AWS::Serverless::Function", CodeUri="sorce/"), folder)

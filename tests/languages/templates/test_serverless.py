"""Serverless templates, all the way to properties that the published schemas accept."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from segue.languages.templates import (
    Facts,
    Instance,
    TemplateError,
    compile_template,
    expand_language_extensions,
    given_parameters,
    instantiate,
    parameter_values,
    read_parameters,
    read_template,
    transforms_of,
)
from segue.languages.templates.schemas import schema_of
from segue.languages.templates.serverless import expand_serverless, serve

TEMPLATES = sorted((Path(__file__).parent / "serverless").glob("*.yaml"))
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::NotificationARNs": [],
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackId": "arn:stack",
    "AWS::StackName": "shop",
    "AWS::URLSuffix": "amazonaws.com",
}


def deployed(path: Path, **given: str) -> Instance:
    document = read_template(path.read_text())
    parameters = read_parameters(document.get("Parameters", {}))
    values = parameter_values(parameters, given_parameters(parameters, given))
    for transform in transforms_of(document):
        if transform.name == "AWS::LanguageExtensions":
            document = expand_language_extensions(document, {**PSEUDO, **values})
        else:
            document = expand_serverless(document, values, "eu-west-1")
    return instantiate(compile_template(document), values, PSEUDO)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_realistic_templates(path: Path) -> None:
    """Every resource that SAM makes is of a known type, with properties of its schema."""
    instance = deployed(path)
    facts = Facts(unknown="{{unknown}}")
    for name, resource in instance.resources.items():
        schema = schema_of(resource.type)
        assert schema is not None, resource.type
        _, problems = schema.coerce(instance.properties(name, facts))
        assert [str(problem) for problem in problems] == [], name
    assert all(output.value for output in instance.outputs(facts))
    assert not {resource.type for resource in instance.resources.values() if "Serverless" in resource.type}


def test_what_an_application_comes_to() -> None:
    instance = deployed(TEMPLATES[0])
    kinds = Counter(resource.type for resource in instance.resources.values())
    assert kinds["AWS::Lambda::Function"] == 3
    assert kinds["AWS::Lambda::EventSourceMapping"] == 4
    assert kinds["AWS::Events::Rule"] == 5
    assert kinds["AWS::Scheduler::Schedule"] == 1
    assert kinds["AWS::Lambda::Url"] == kinds["AWS::Lambda::Alias"] == kinds["AWS::Lambda::Version"] == 1
    check = instance.properties("CheckFunction", Facts(unknown="?"))
    assert check["Environment"]["Variables"] == {"LOG_LEVEL": "INFO", "STAGE": "dev"}
    assert check["Code"] == {"S3Bucket": "bucket", "S3Key": "check.zip"}
    assert "ReservedConcurrentExecutions" not in check
    role = instance.properties("CheckFunctionRole", Facts(unknown="?"))
    assert "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" in role["ManagedPolicyArns"]


def test_the_same_template_gives_the_same_resources() -> None:
    """Names with digests in them (versions, deployments) are the same on every machine and in every process."""
    first, second = (deployed(TEMPLATES[0]).resources for _ in range(2))
    assert list(first) == list(second)
    (version,) = (name for name, resource in first.items() if resource.type == "AWS::Lambda::Version")
    assert version == "PayFunctionVersion95077c4c4b"


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (
            {"F": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./here"}}},
            "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. "
            "Number of errors found: 1. Resource with id [F] is invalid. ",
        ),
        (
            {"A": {"Type": "AWS::Serverless::Application", "Properties": {"Location": {"ApplicationId": "x"}}}},
            "Transform AWS::Serverless-2016-10-31 failed with: Resource with id [A] is invalid. Segue has no ",
        ),
        (
            [],
            "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. "
            "Number of errors found: 1. Structure of the SAM template is invalid. 'Resources' section is required",
        ),
    ],
)
def test_templates_that_are_wrong(resources: Any, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        expand_serverless({"Resources": resources}, {}, "eu-west-1")
    assert caught.value.message.startswith(message)


def test_the_document_stays_as_it_is() -> None:
    document = {"Resources": {"T": {"Type": "AWS::Serverless::SimpleTable"}}, "Globals": {"Function": {"Timeout": 3}}}
    before = json.dumps(document)
    expand_serverless(document, {}, "eu-west-1")
    assert json.dumps(document) == before


def test_the_process_answers_one_after_the_other() -> None:
    asked = json.dumps(
        {"document": {"Resources": {"T": {"Type": "AWS::Serverless::SimpleTable"}}}, "values": {}, "region": "r"}
    ).encode()
    wrong = json.dumps({"document": {"Resources": {}}, "values": {}, "region": "r"}).encode()
    answers = io.BytesIO()
    serve(io.BytesIO(b"".join(len(each).to_bytes(4, "big") + each for each in (asked, wrong))), answers)
    answers.seek(0)
    found = []
    while length := answers.read(4):
        found.append(json.loads(answers.read(int.from_bytes(length, "big"))))
    assert found[0]["document"]["Resources"]["T"]["Type"] == "AWS::DynamoDB::Table"
    assert found[1]["error"].startswith("Transform AWS::Serverless-2016-10-31 failed with: ")

"""Function URLs: their configuration, and requests to them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from segue.testing import Segue
from tests.services.lambda_.house import ROLE, package
from tests.services.resources import Resources

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
CODE = """
import base64
def b(event, context):
    kind = event["rawPath"].strip("/")
    if kind == "event":
        return event
    if kind == "answer":
        return {"statusCode": 201, "headers": {"X-Own": 1}, "cookies": ["a=b", "c=d"], "body": event.get("body")}
    if kind == "binary":
        return {"statusCode": 200, "body": base64.b64encode(b"\\x00\\xff").decode(), "isBase64Encoded": True}
    if kind == "odd":
        return {"statusCode": "many"}
    raise ValueError("no")
"""


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        lambda_ = server.client("lambda")
        code = {"ZipFile": package({"a.py": CODE})}
        lambda_.create_function(FunctionName="f", Runtime="python3.11", Handler="a.b", Role=ROLE, Code=code)
        yield server


@pytest.fixture
def lambda_(segue: Segue) -> Any:
    return segue.client("lambda")


@pytest.fixture
def url(lambda_: Any) -> Iterator[str]:
    cors = {"AllowOrigins": ["https://app.example"], "AllowMethods": ["GET"], "MaxAge": 60}
    yield lambda_.create_function_url_config(FunctionName="f", AuthType="NONE", Cors=cors)["FunctionUrl"]
    lambda_.delete_function_url_config(FunctionName="f")


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    method = named.pop("method", None)
    request = urllib.request.Request(url, body, named, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_the_configuration(lambda_: Any) -> None:
    made = lambda_.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert (made["FunctionArn"], made["InvokeMode"]) == (ARN, "BUFFERED")
    assert "LastModifiedTime" not in made
    with pytest.raises(lambda_.exceptions.ResourceConflictException):
        lambda_.create_function_url_config(FunctionName="f", AuthType="NONE")
    changed = lambda_.update_function_url_config(FunctionName="f", AuthType="AWS_IAM", Cors={"AllowOrigins": ["*"]})
    assert changed["AuthType"] == "AWS_IAM"
    found = lambda_.get_function_url_config(FunctionName="f")
    assert (found["FunctionUrl"], found["Cors"]) == (made["FunctionUrl"], {"AllowOrigins": ["*"]})
    listed = lambda_.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]
    assert [each["FunctionUrl"] for each in listed] == [made["FunctionUrl"]]
    lambda_.delete_function_url_config(FunctionName="f")
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.get_function_url_config(FunctionName="f")


def test_the_event(url: str) -> None:
    status, headers, body = ask(f"{url}event?a=1&a=2&b=", b"text", content_type="text/plain", cookie="x=y; z=w")
    event = json.loads(body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/event")
    assert (event["rawQueryString"], event["queryStringParameters"]) == ("a=1&a=2&b=", {"a": "1,2", "b": ""})
    assert (event["body"], event["isBase64Encoded"], event["cookies"]) == ("text", False, ["x=y", "z=w"])
    context = event["requestContext"]
    assert context["domainName"] == f"{url.rstrip('/').rpartition('/')[2]}.lambda-url.us-east-1.on.aws"
    assert (context["accountId"], context["http"]["method"]) == ("anonymous", "POST")


def test_answers(url: str) -> None:
    status, headers, body = ask(f"{url}answer", "é".encode(), content_type="text/plain")
    assert (status, headers["x-own"], body.decode()) == (201, "1", "é")
    assert headers.get_all("set-cookie") == ["a=b", "c=d"]
    assert ask(f"{url}binary")[2] == b"\x00\xff"
    assert ask(f"{url}odd")[0] == 502
    status, _, body = ask(f"{url}fails")
    assert (status, json.loads(body)) == (502, {"Message": "Internal Server Error"})


def test_by_host_name(url: str, segue: Segue) -> None:
    url_id = url.rstrip("/").rpartition("/")[2]
    status, _, body = ask(f"{segue.endpoint_url}/answer", b"x", Host=f"{url_id}.lambda-url.us-east-1.on.aws")
    assert (status, body != b"") == (201, True)
    assert ask(f"{segue.endpoint_url}/_aws/lambda-url/nobody/")[0] == 403


def test_pages_of_other_origins(url: str) -> None:
    asks = {"method": "OPTIONS", "origin": "https://app.example", "access_control_request_method": "GET"}
    status, headers, _ = ask(url, **asks)
    assert (status, headers["access-control-allow-origin"], headers["access-control-max-age"]) == (
        204,
        "https://app.example",
        "60",
    )
    _, headers, _ = ask(f"{url}event", origin="https://app.example")
    assert headers["access-control-allow-origin"] == "https://app.example"
    _, headers, _ = ask(f"{url}event", origin="https://other.example")
    assert "access-control-allow-origin" not in headers


def test_only_who_signs(lambda_: Any) -> None:
    url = lambda_.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
    try:
        status, _, body = ask(f"{url}event")
        assert (status, json.loads(body)) == (403, {"message": "Forbidden"})
        request = AWSRequest("GET", f"{url}event")
        SigV4Auth(Credentials("000000000000", "test"), "lambda", "us-east-1").add_auth(request)
        status, _, body = ask(f"{url}event", **dict(request.headers.items()))
        assert json.loads(body)["requestContext"]["authorizer"]["iam"]["accountId"] == "000000000000"
    finally:
        lambda_.delete_function_url_config(FunctionName="f")


def test_where_policies_are_enforced() -> None:
    with Segue(iam="enforce") as segue:
        resources, lambda_ = Resources(segue), segue.client("lambda")
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "*"}]}
        role = resources.create("AWS::IAM::Role", "Role", AssumeRolePolicyDocument=trust).attributes["Arn"]
        code = {"ZipFile": "def handler(event, context):\n    return 'yes'\n"}
        function = {"Runtime": "python3.11", "Handler": "index.handler", "Role": role, "Code": code}
        resources.create("AWS::Lambda::Function", "F", **function, FunctionName="f")
        made = resources.create("AWS::Lambda::Url", "Url", TargetFunctionArn=ARN, AuthType="NONE")
        assert made.physical_id == ARN
        assert ask(made.attributes["FunctionUrl"])[0] == 403
        grant = {"FunctionName": ARN, "Principal": "*", "Action": "lambda:InvokeFunctionUrl"}
        resources.create("AWS::Lambda::Permission", "Wrong", **grant, FunctionUrlAuthType="AWS_IAM")
        assert ask(made.attributes["FunctionUrl"])[0] == 403
        resources.create("AWS::Lambda::Permission", "Right", **grant, FunctionUrlAuthType="NONE")
        assert ask(made.attributes["FunctionUrl"])[2] == b"yes"
        resources.update("Url", TargetFunctionArn=ARN, AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM")
        assert lambda_.get_function_url_config(FunctionName="f")["InvokeMode"] == "RESPONSE_STREAM"
        resources.delete("Url")
        assert lambda_.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"] == []

from __future__ import annotations

import pytest

from segue.errors import AwsError
from segue.wire.model import Protocol, load_service
from segue.wire.request import Request
from segue.wire.route import guess_protocol, route

SERVICES = ["sqs", "sns", "lambda", "stepfunctions", "dynamodb", "events", "logs", "iam", "sts", "scheduler", "pipes"]
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def signed(service: str) -> dict[str, str]:
    scope = f"Credential=AKID/20261121/us-east-1/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=aa"}


def target(name: str, **headers: str) -> Request:
    headers = {"x-amz-target": name, "content-type": "application/x-amz-json-1.0", **headers}
    return Request("POST", "/", "", headers, b"{}")


def form(body: str, **headers: str) -> Request:
    return Request("POST", "/", "", {**FORM, **headers}, body.encode())


@pytest.mark.parametrize(
    ("request_", "expected", "protocol"),
    [
        (target("AWSStepFunctions.StartExecution"), "stepfunctions:StartExecution", Protocol.JSON),
        (target("DynamoDB_20120810.GetItem"), "dynamodb:GetItem", Protocol.JSON),
        (target("AmazonSQS.SendMessage"), "sqs:SendMessage", Protocol.JSON),
        (form("Action=Publish&Version=2010-03-31"), "sns:Publish", Protocol.QUERY),
        (form("Action=SendMessage&Version=2012-11-05"), "sqs:SendMessage", Protocol.QUERY),
        # AddPermission belongs to both: the version, or the signature's scope, says whose it is
        (form("Action=AddPermission&Version=2012-11-05"), "sqs:AddPermission", Protocol.QUERY),
        (form("Action=AddPermission&Version=2010-03-31"), "sns:AddPermission", Protocol.QUERY),
        (form("Action=AddPermission", **signed("sns")), "sns:AddPermission", Protocol.QUERY),
        (form("Action=TagResource", host="sns.us-east-1.localhost:4566"), "sns:TagResource", Protocol.QUERY),
        (Request("GET", "/", "Action=GetCallerIdentity&Version=2011-06-15"), "sts:GetCallerIdentity", Protocol.QUERY),
        (Request("GET", "/2015-03-31/functions"), "lambda:ListFunctions", Protocol.REST_JSON),
        (Request("GET", "/2015-03-31/functions/"), "lambda:ListFunctions", Protocol.REST_JSON),
        (Request("GET", "/2015-03-31/functions/f"), "lambda:GetFunction", Protocol.REST_JSON),
        (Request("POST", "/2015-03-31/functions/f/invocations"), "lambda:Invoke", Protocol.REST_JSON),
        (
            Request("GET", "/tags/arn%3Aaws%3Apipes", "", signed("pipes")),
            "pipes:ListTagsForResource",
            Protocol.REST_JSON,
        ),
        (Request("GET", "/tags/x", "", signed("scheduler")), "scheduler:ListTagsForResource", Protocol.REST_JSON),
    ],
)
def test_finds_the_operation(request_: Request, expected: str, protocol: Protocol) -> None:
    found = route(request_, SERVICES)
    assert (repr(found.operation), found.protocol) == (expected, protocol)


def test_path_labels_are_decoded_after_splitting() -> None:
    arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aa%2Fb"
    found = route(Request("GET", f"/2015-03-31/functions/{arn}/aliases/live"), SERVICES)
    assert found.operation.name == "GetAlias"
    assert found.labels == {
        "FunctionName": "arn:aws:lambda:us-east-1:000000000000:function:a/b",
        "Name": "live",
    }


@pytest.mark.parametrize(
    ("request_", "code", "status"),
    [
        (target("AWSStepFunctions.Nope"), "UnknownOperationException", 400),
        (target("Nope.StartExecution"), "UnknownOperationException", 400),
        (target(""), "UnknownOperationException", 400),
        (form("Action=Nope&Version=2010-03-31"), "InvalidAction", 400),
        (form("Action=Nope", **signed("sqs")), "InvalidAction", 400),
        (form("Version=2010-03-31"), "MissingAction", 400),
        (Request("GET", "/nowhere"), "UnknownOperationException", 404),
        (Request("GET", "/", "", signed("s3")), "NotImplemented", 501),
        (Request("GET", "/2015-03-31/functions", "", signed("eks")), "NotImplemented", 501),
        (form("Action=SendEmail", **signed("rds")), "NotImplemented", 501),
        (target("AWSCognitoIdentityProviderService.ListUserPools", **signed("cognito-idp")), "NotImplemented", 501),
        (Request("PATCH", "/2015-03-31/functions"), "UnknownOperationException", 404),
        (Request("GET", "/" + "a/" * 5000), "UnknownOperationException", 404),
        (
            Request("POST", "/service/X/operation/Y", "", {"smithy-protocol": "rpc-v2-cbor"}),
            "UnknownOperationException",
            400,
        ),
    ],
)
def test_refuses_what_it_does_not_know(request_: Request, code: str, status: int) -> None:
    with pytest.raises(AwsError) as caught:
        route(request_, SERVICES)
    assert (caught.value.code, caught.value.status) == (code, status)


def test_a_service_that_is_missing_is_told_by_the_name_that_people_know() -> None:
    with pytest.raises(AwsError, match="Segue does not implement the service 'location' yet"):
        route(Request("POST", "/places/v0/indexes/x/search/text", "", signed("geo")), SERVICES)


def test_services_that_are_not_offered_are_not_found() -> None:
    with pytest.raises(AwsError):
        route(target("DynamoDB_20120810.GetItem"), ["sqs"])


@pytest.mark.parametrize(
    ("request_", "protocol"),
    [
        (target("x"), Protocol.JSON),
        (form("a=b"), Protocol.QUERY),
        (Request("GET", "/", "Action=x"), Protocol.QUERY),
        (Request("GET", "/2015-03-31/functions"), Protocol.REST_JSON),
    ],
)
def test_guesses_how_to_answer_the_unroutable(request_: Request, protocol: Protocol) -> None:
    assert guess_protocol(request_) == protocol


def test_every_rest_template_leads_back_to_its_operation() -> None:
    for name in ("lambda", "scheduler", "pipes", "apigateway"):
        for operation in load_service(name).operations.values():
            path, _, query = operation.uri.partition("?")
            path = "/".join("x" if part.startswith("{") else part for part in path.split("/"))
            found = route(Request(operation.method, path, query, signed(load_service(name).signing_name)), [name])
            assert found.operation is operation


def test_unknown_service_models_are_key_errors() -> None:
    for name in ("nope", "", "../sqs", "sqs/2012-11-05"):
        with pytest.raises(KeyError):
            load_service(name)

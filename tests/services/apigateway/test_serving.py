"""REST APIs as their clients see them: a real server, real functions."""

from __future__ import annotations

import json

from tests.services.apigateway.house import Rest
from tests.services.lambda_.house import ROLE


def test_a_function_gets_the_request_and_gives_the_answer(rest: Rest) -> None:
    api = rest.api()
    pet = api.resource("{id}", api.resource("pets"))
    api.method(pet, "ANY", {"type": "AWS_PROXY", "uri": api.function("proxy")})
    api.deploy(variables={"v": "1"})
    status, event, headers = api.ask("/dev/pets/a%20b?x=1&x=2", "PUT", {"n": 1})
    assert (status, headers["x-a"]) == (201, "b")
    assert headers["x-amzn-requestid"]
    assert (event["resource"], event["path"], event["pathParameters"]) == ("/pets/{id}", "/pets/a b", {"id": "a b"})
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert (event["body"], event["isBase64Encoded"], event["stageVariables"]) == ('{"n": 1}', False, {"v": "1"})
    assert event["requestContext"]["path"] == "/dev/pets/a b"
    assert "version" not in event


def test_what_is_not_there(rest: Rest) -> None:
    api = rest.api()
    api.method(api.resource("here"), "GET")
    api.deploy()
    assert api.ask("/dev/nowhere", "GET")[:2] == (403, {"message": "Missing Authentication Token"})
    assert api.ask("/dev/here", "POST")[:2] == (403, {"message": "Missing Authentication Token"})
    assert api.ask("/other/here", "GET")[:2] == (403, {"message": "Forbidden"})
    assert api.ask("/dev/here", "GET")[:2] == (500, {"message": "Internal server error"})  # no template, no status


def test_a_function_that_answers_wrong_or_may_not_be_invoked(rest: Rest) -> None:
    api = rest.api()
    for name in ("wrong", "fails"):
        api.method(api.resource(name), "GET", {"type": "AWS_PROXY", "uri": api.function(name)})
    closed = api.function("closed", permitted=False)
    api.method(api.resource("closed"), "GET", {"type": "AWS_PROXY", "uri": closed})
    api.deploy()
    for name, status in (("wrong", 502), ("fails", 502), ("closed", 500)):
        assert api.ask(f"/dev/{name}", "GET")[:2] == (status, {"message": "Internal server error"})


def test_a_deployment_never_changes(rest: Rest) -> None:
    api = rest.api()
    here = api.resource("here")
    api.method(here, "GET", {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}})
    api.answer(here, "GET", responseTemplates={"application/json": '{"old": true}'})
    first = api.deploy()
    api.answer(here, "GET", responseTemplates={"application/json": '{"new": "$stageVariables.v"}'})
    assert api.ask("/dev/here", "GET")[:2] == (200, {"old": True})
    second = api.deploy("next", variables={"v": "x"})
    assert api.ask("/next/here", "GET")[:2] == (200, {"new": "x"})
    patch = [{"op": "replace", "path": "/deploymentId", "value": second}]
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch)
    assert api.ask("/dev/here", "GET")[:2] == (200, {"new": ""})
    api.client.delete_deployment(restApiId=api.id, deploymentId=first)
    assert [one["id"] for one in api.client.get_deployments(restApiId=api.id)["items"]] == [second]


def test_cors_by_a_mock(rest: Rest) -> None:
    api = rest.api()
    here = api.resource("here")
    api.method(here, "OPTIONS", {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 204}'}})
    origin = {"method.response.header.Access-Control-Allow-Origin": "'*'"}
    api.answer(here, "OPTIONS", "204", responseParameters=origin)
    api.deploy()
    status, body, headers = api.ask("/dev/here", "OPTIONS")
    assert (status, body, headers["access-control-allow-origin"]) == (204, "", "*")


def test_a_function_behind_templates(rest: Rest) -> None:
    api = rest.api()
    template = """#set($in = $input.path('$'))
{"who": "$util.escapeJavaScript($in.name)", "all": $input.json('$'), "q": "$input.params('q')",
 "params": "$input.params().querystring", "stage": "$context.stage", "items": [#foreach($i in $in.items)$i
#if($foreach.hasNext),#end#end]}"""
    shaped = api.resource("shaped")
    uri = api.function("echo")
    api.method(shaped, "POST", {"type": "AWS", "uri": uri, "requestTemplates": {"application/json": template}})
    answer = '{"got": $input.json("$.who")}#set($context.responseOverride.status = 202)'
    api.answer(shaped, responseTemplates={"application/json": answer})
    plain = api.resource("plain")
    api.method(plain, "POST", {"type": "AWS", "uri": uri})
    api.answer(plain)
    strict = api.resource("strict")
    api.method(strict, "POST", {"type": "AWS", "uri": uri, "passthroughBehavior": "NEVER"})
    failing = api.resource("failing")
    api.method(failing, "POST", {"type": "AWS", "uri": api.function("fails")})
    api.answer(failing, responseTemplates={"application/json": "{}"})
    found = {"application/json": '{"m": "$input.path(\'$.errorMessage\')"}'}
    api.answer(failing, status="404", selectionPattern="Not here.*", responseTemplates=found)
    api.deploy()
    assert api.ask("/dev/shaped?q=7", body={"name": 'a"b', "items": [1, 2]})[:2] == (202, {"got": 'a"b'})
    assert api.ask("/dev/plain", body={"a": 1.0})[:2] == (200, {"a": 1.0})
    assert api.ask("/dev/plain", body=b"")[:2] == (200, {})
    assert api.ask("/dev/strict", body={})[:2] == (415, {"message": "Unsupported Media Type"})
    assert api.ask("/dev/failing", body={})[:2] == (404, {"m": "Not here: 42"})


def test_services_behind_methods(rest: Rest) -> None:
    api = rest.api()
    queues = rest.segue.client("sqs")
    url = queues.create_queue(QueueName="behind")["QueueUrl"]
    queue = api.resource("queue")
    form = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}
    by_path = {
        "type": "AWS",
        "uri": "arn:aws:apigateway:us-east-1:sqs:path/000000000000/behind",
        "credentials": ROLE,
        "requestParameters": form,
        "requestTemplates": {"application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
    }
    api.method(queue, "POST", by_path)
    api.answer(queue, responseTemplates={"application/json": "$input.json('$.SendMessageResponse.SendMessageResult')"})
    query = {
        f"integration.request.querystring.{name}": f"'{value}'"
        for name, value in {"QueueUrl": url, "MessageBody": "hi"}.items()
    }
    by_action = {"type": "AWS", "uri": "arn:aws:apigateway:us-east-1:sqs:action/SendMessage", "credentials": ROLE}
    api.method(queue, "GET", {**by_action, "requestParameters": query})
    api.answer(queue, "GET")
    table = api.resource("table")
    put = {"type": "AWS", "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem", "credentials": ROLE}
    item = '{"TableName": "nobody", "Key": {"k": {"S": "$input.params(\'k\')"}}}'
    api.method(table, "GET", {**put, "requestTemplates": {"application/json": item}})
    api.answer(table, "GET")
    api.answer(table, "GET", "404", selectionPattern="400", responseTemplates={"application/json": '{"gone": true}'})
    api.deploy()
    sent = api.ask("/dev/queue", body={"n": 1})
    assert (sent[0], "MessageId" in sent[1]) == (200, True)
    assert api.ask("/dev/queue", "GET")[1]["SendMessageResponse"]["ResponseMetadata"]["RequestId"]
    got = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in got) == ["hi", '{"n": 1}']
    assert api.ask("/dev/table?k=1", "GET")[:2] == (404, {"gone": True})


def test_a_server_elsewhere(rest: Rest) -> None:
    api, behind = rest.api(), rest.api()
    api.method(api.root, "GET", {"type": "AWS_PROXY", "uri": api.function("proxy")})
    api.deploy()
    where = f"{rest.segue.endpoint_url}/_aws/execute-api/{api.id}/dev"
    part = behind.resource("{rest+}")
    params = {"integration.request.header.X-From": "context.stage", "integration.request.querystring.n": "'1'"}
    proxied = {"type": "HTTP_PROXY", "uri": where, "integrationHttpMethod": "ANY", "requestParameters": params}
    behind.method(part, "GET", proxied)
    behind.method(part, "POST", {"type": "HTTP", "uri": where, "integrationHttpMethod": "GET"})
    behind.answer(part, "POST", responseParameters={"method.response.header.X-B": "integration.response.header.x-a"})
    behind.deploy("front")
    status, event, headers = behind.ask("/front/x?m=2", "GET")
    assert (status, headers["x-a"]) == (201, "b")
    assert (event["queryStringParameters"], event["headers"]["X-From"]) == ({"m": "2", "n": "1"}, "front")
    status, event, headers = behind.ask("/front/x", body={})
    assert (status, headers["x-b"], event["httpMethod"]) == (200, "b", "GET")


def test_authorizers(rest: Rest) -> None:
    api = rest.api()
    uri = api.function("gate")
    make = api.client.create_authorizer
    token = make(restApiId=api.id, name="t", type="TOKEN", authorizerUri=uri)["id"]
    asking = make(
        restApiId=api.id, name="r", type="REQUEST", authorizerUri=uri, identitySource="method.request.querystring.token"
    )["id"]
    proxy = {"type": "AWS_PROXY", "uri": api.function("proxy")}
    api.method(api.resource("token"), "GET", proxy, authorizationType="CUSTOM", authorizerId=token)
    api.method(api.resource("asking"), "GET", proxy, authorizationType="CUSTOM", authorizerId=asking)
    api.method(api.resource("signed"), "GET", proxy, authorizationType="AWS_IAM")
    api.deploy()
    status, event, _ = api.ask("/dev/token", "GET", Authorization="open")
    assert status == 201
    known = event["requestContext"]["authorizer"]
    assert (known["principalId"], known["level"], known["kind"]) == ("ann", "3", "TOKEN")
    assert api.ask("/dev/token", "GET")[:2] == (401, {"message": "Unauthorized"})
    assert api.ask("/dev/token", "GET", Authorization="who")[:2] == (401, {"message": "Unauthorized"})
    denied = {"message": "User is not authorized to access this resource with an explicit deny"}
    assert api.ask("/dev/token", "GET", Authorization="no")[:2] == (403, denied)
    assert api.ask("/dev/asking?token=open", "GET")[0] == 201
    assert api.ask("/dev/asking", "GET")[0] == 401
    assert api.ask("/dev/signed", "GET")[:2] == (403, {"message": "Missing Authentication Token"})


def test_keys(rest: Rest) -> None:
    api = rest.api()
    here = api.resource("here")
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    api.method(here, "GET", mock, apiKeyRequired=True)
    api.answer(here, "GET", responseTemplates={"application/json": '{"key": "$context.identity.apiKeyId"}'})
    api.deploy()
    client = api.client
    key = client.create_api_key(name="k", enabled=True)
    plan = client.create_usage_plan(name="p", apiStages=[{"apiId": api.id, "stage": "dev"}])
    assert api.ask("/dev/here", "GET", x_api_key=key["value"])[:2] == (403, {"message": "Forbidden"})
    client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert api.ask("/dev/here", "GET", x_api_key=key["value"])[:2] == (200, {"key": key["id"]})
    assert api.ask("/dev/here", "GET")[:2] == (403, {"message": "Forbidden"})
    off = [{"op": "replace", "path": "/enabled", "value": "false"}]
    client.update_api_key(apiKey=key["id"], patchOperations=off)
    assert api.ask("/dev/here", "GET", x_api_key=key["value"])[0] == 403


def test_requests_are_validated(rest: Rest) -> None:
    api = rest.api()
    client, named = api.client, {"restApiId": api.id}
    pet = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "pattern": "^[a-z]+$"}}}
    client.create_model(**named, name="Pet", contentType="application/json", schema=json.dumps(pet))
    ref = {"type": "array", "items": {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Pet"}}
    client.create_model(**named, name="Pets", contentType="application/json", schema=json.dumps(ref))
    both = client.create_request_validator(**named, name="v", validateRequestBody=True, validateRequestParameters=True)[
        "id"
    ]
    here = api.resource("here")
    api.method(
        here,
        "POST",
        {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
        requestValidatorId=both,
        requestModels={"application/json": "Pets"},
        requestParameters={"method.request.querystring.q": True, "method.request.header.X-H": False},
    )
    api.answer(here)
    text = '{"problem": $context.error.messageString, "id": "$context.requestId", "why": "%s"}'
    said = {"application/json": text % "$context.error.validationErrorString"}
    client.put_gateway_response(**named, responseType="BAD_REQUEST_BODY", statusCode="422", responseTemplates=said)
    api.deploy()
    assert api.ask("/dev/here?q=1", body=[{"name": "rex"}])[0] == 200
    missing = {"message": "Missing required request parameters: [q]"}
    assert api.ask("/dev/here", body=[{"name": "rex"}])[:2] == (400, missing)
    for wrong in ([{"name": "REX"}], [{}], {}, b"{"):
        status, body, _ = api.ask("/dev/here?q=1", body=wrong)
        assert (status, body["problem"], bool(body["id"])) == (422, "Invalid request body", True)
        if wrong == [{}]:
            assert body["why"] == '[object has missing required properties (["name"])]'

"""REST APIs in templates, plain and serverless."""

from __future__ import annotations

import json
from typing import Any

from tests.services.apigateway.house import CODE, Rest

SERVERLESS = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Pets:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.proxy
      InlineCode: |
CODE
      Events:
        Get: {Type: Api, Properties: {Path: '/pets/{id}', Method: get, RestApiId: !Ref Api}}
        Any: {Type: Api, Properties: {Path: /any, Method: any}}
  Api:
    Type: AWS::Serverless::Api
    Properties: {StageName: live, Cors: "'*'", Variables: {v: '1'}}
Outputs:
  Own: {Value: !Ref Api}
  Implicit: {Value: !Ref ServerlessRestApi}
""".replace("CODE", "\n".join(f"        {line}" for line in CODE.splitlines()))


def deploy(rest: Rest, name: str, template: str | dict[str, Any], update: bool = False) -> dict[str, str]:
    client = rest.segue.client("cloudformation")
    text = template if isinstance(template, str) else json.dumps(template)
    act = client.update_stack if update else client.create_stack
    capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    act(StackName=name, TemplateBody=text, Capabilities=capabilities)
    rest.segue.settle()
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    why = [event.get("ResourceStatusReason") for event in events if "FAILED" in event["ResourceStatus"]]
    assert stack["StackStatus"] == ("UPDATE_COMPLETE" if update else "CREATE_COMPLETE"), why
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def at(rest: Rest, api_id: str) -> Rest:
    api = Rest(rest.segue)
    api.id = api_id
    return api


def test_serverless(rest: Rest) -> None:
    outputs = deploy(rest, "pets", SERVERLESS)
    own, implicit = at(rest, outputs["Own"]), at(rest, outputs["Implicit"])
    status, event, _ = own.ask("/live/pets/7", "GET")
    assert (status, event["pathParameters"], event["stageVariables"]) == (201, {"id": "7"}, {"v": "1"})
    status, _, headers = own.ask("/live/pets/7", "OPTIONS")
    assert (status, headers["access-control-allow-origin"]) == (200, "*")
    assert implicit.ask("/Prod/any", "PUT")[0] == 201
    assert implicit.ask("/Prod/pets/7", "GET")[0] == 403
    client = rest.segue.client("cloudformation")
    deploy(rest, "pets", SERVERLESS.replace("/pets/{id}", "/cats/{id}"), update=True)
    assert own.ask("/live/cats/7", "GET")[0] == 201
    assert own.ask("/live/pets/7", "GET")[0] == 403
    client.delete_stack(StackName="pets")
    rest.segue.settle()
    assert own.ask("/live/cats/7", "GET")[0] == 404


def test_binary_types_with_their_slash_escaped(rest: Rest) -> None:
    kinds = {"BinaryMediaTypes": ["image~1png", "*~1*"]}
    body = {"openapi": "3.0.1", "info": {"title": "b", "version": "1"}, "paths": {}}
    resources = {
        "Plain": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "b", **kinds}},
        "Imported": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body, **kinds}},
    }
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    for api_id in deploy(rest, "binary", json.dumps({"Resources": resources, "Outputs": outputs})).values():
        assert rest.client.get_rest_api(restApiId=api_id)["binaryMediaTypes"] == ["image/png", "*/*"]


def plain() -> dict[str, Any]:
    api = {"RestApiId": {"Ref": "Api"}}
    mock = {
        "Type": "MOCK",
        "RequestTemplates": {"application/json": '{"statusCode": 200}'},
        "IntegrationResponses": [{"StatusCode": 200, "ResponseTemplates": {"application/json": '{"v": 1}'}}],
    }
    types: dict[str, tuple[str, dict[str, Any]]] = {
        "Api": ("RestApi", {"Name": "plain", "EndpointConfiguration": {"Types": ["REGIONAL"]}}),
        "Part": ("Resource", {**api, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "part"}),
        "Schema": ("Model", {**api, "ContentType": "application/json", "Schema": {"type": "object"}}),
        "Validator": ("RequestValidator", {**api, "Name": "v", "ValidateRequestBody": True}),
        "Method": (
            "Method",
            {
                **api,
                "ResourceId": {"Ref": "Part"},
                "HttpMethod": "POST",
                "AuthorizationType": "NONE",
                "ApiKeyRequired": True,
                "RequestModels": {"application/json": {"Ref": "Schema"}},
                "RequestValidatorId": {"Ref": "Validator"},
                "Integration": mock,
                "MethodResponses": [{"StatusCode": "200"}],
            },
        ),
        "Refusal": (
            "GatewayResponse",
            {
                **api,
                "ResponseType": "INVALID_API_KEY",
                "StatusCode": "401",
                "ResponseTemplates": {"application/json": "{}"},
            },
        ),
        "Deployment": ("Deployment", api),
        "Stage": ("Stage", {**api, "StageName": "live", "DeploymentId": {"Ref": "Deployment"}}),
        "Key": ("ApiKey", {"Enabled": True, "Value": "a-key-of-twenty-letters"}),
        "Plan": ("UsagePlan", {"ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}]}),
        "PlanKey": ("UsagePlanKey", {"KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}}),
        "Account": ("Account", {"CloudWatchRoleArn": "arn:aws:iam::000000000000:role/logs"}),
        "Domain": ("DomainName", {"DomainName": "pets.example"}),
    }
    resources: dict[str, Any] = {
        name: {"Type": f"AWS::ApiGateway::{kind}", "Properties": properties}
        for name, (kind, properties) in types.items()
    }
    resources["Deployment"]["DependsOn"] = ["Method", "Refusal"]
    return {"Resources": resources, "Outputs": {"Id": {"Value": {"Ref": "Api"}}}}


def test_every_type(rest: Rest) -> None:
    template = plain()
    api = at(rest, deploy(rest, "plain", template)["Id"])
    key = {"x_api_key": "a-key-of-twenty-letters"}
    assert api.ask("/live/part", body={}, **key)[:2] == (200, {"v": 1})
    assert api.ask("/live/part", body=[], **key)[:2] == (400, {"message": "Invalid request body"})
    assert api.ask("/live/part", body={})[:2] == (401, {})
    resources = template["Resources"]
    resources["Schema"]["Properties"]["Schema"] = {"type": "array"}
    resources["Second"] = {**resources.pop("Deployment")}
    resources["Second"]["DependsOn"] = ["Schema", "Method"]
    resources["Stage"]["Properties"]["DeploymentId"] = {"Ref": "Second"}
    resources["Plan"]["Properties"]["Quota"] = {"Limit": 5, "Period": "DAY"}
    resources["Key"]["Properties"]["Description"] = "mine"
    deploy(rest, "plain", template, update=True)
    assert api.ask("/live/part", body=[], **key)[:2] == (200, {"v": 1})
    client = rest.segue.client("cloudformation")
    stack = client.describe_stacks(StackName="plain")["Stacks"][0]["StackId"]
    client.delete_stack(StackName="plain")
    rest.segue.settle()
    events = client.describe_stack_events(StackName=stack)["StackEvents"]
    why = [event.get("ResourceStatusReason") for event in events if "FAILED" in event["ResourceStatus"]]
    assert client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE", why
    assert api.ask("/live/part", body=[])[0] == 404

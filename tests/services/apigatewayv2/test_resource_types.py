"""WebSocket APIs in templates, with all their parts, and as serverless templates have them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.sync.client import connect

from segue.testing import Segue

API = {"ApiId": {"Ref": "Api"}}
TARGET = {"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]}
RESOURCES: dict[str, Any] = {
    "Api": {
        "Type": "AWS::ApiGatewayV2::Api",
        "Properties": {
            "Name": "a",
            "ProtocolType": "WEBSOCKET",
            "RouteSelectionExpression": "$request.body.action",
        },
    },
    "Route": {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {
            **API,
            "RouteKey": "$default",
            "RouteResponseSelectionExpression": "$default",
            "Target": TARGET,
        },
    },
    "RouteResponse": {
        "Type": "AWS::ApiGatewayV2::RouteResponse",
        "Properties": {**API, "RouteId": {"Ref": "Route"}, "RouteResponseKey": "$default"},
    },
    "Integration": {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            **API,
            "IntegrationType": "MOCK",
            "RequestTemplates": {"$default": '{"statusCode": 200}'},
        },
    },
    "IntegrationResponse": {
        "Type": "AWS::ApiGatewayV2::IntegrationResponse",
        "Properties": {
            **API,
            "IntegrationId": {"Ref": "Integration"},
            "IntegrationResponseKey": "$default",
            "ResponseTemplates": {"$default": "you are $context.routeKey"},
        },
    },
    "Deployment": {"Type": "AWS::ApiGatewayV2::Deployment", "DependsOn": "Route", "Properties": API},
    "Stage": {
        "Type": "AWS::ApiGatewayV2::Stage",
        "Properties": {**API, "StageName": "prod", "DeploymentId": {"Ref": "Deployment"}},
    },
}
SERVERLESS = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Talk:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            return {"statusCode": 200}
  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes:
        $connect: {FunctionArn: !GetAtt Talk.Arn}
        $default: {FunctionArn: !GetAtt Talk.Arn}
"""


@pytest.fixture
def client(segue: Segue) -> Any:
    return segue.client("cloudformation")


def test_a_websocket_api_of_a_template(segue: Segue, client: Any) -> None:
    outputs = {"Url": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}, "Stage": {"Value": {"Ref": "Stage"}}}
    template = {"Resources": RESOURCES, "Outputs": outputs}
    client.create_stack(StackName="app", TemplateBody=json.dumps(template))
    segue.settle()
    stack = client.describe_stacks(StackName="app")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    values = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    with connect(f"{values['Url']}/{values['Stage']}", proxy=None) as talking:
        talking.send("who am I?")
        assert talking.recv(timeout=20) == "you are $default"
    changed = json.loads(json.dumps(template))
    changed["Resources"]["Api"]["Properties"]["Name"] = "b"
    changed["Resources"]["IntegrationResponse"]["Properties"]["ResponseTemplates"] = {"$default": "changed"}
    client.update_stack(StackName="app", TemplateBody=json.dumps(changed))
    segue.settle()
    assert client.describe_stacks(StackName="app")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"
    with connect(f"{values['Url']}/{values['Stage']}", proxy=None) as talking:
        talking.send("who am I?")
        assert talking.recv(timeout=20) == "changed"
    client.delete_stack(StackName="app")
    segue.settle()
    assert client.describe_stacks(StackName=stack["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert segue.client("apigatewayv2").get_apis()["Items"] == []


def test_a_serverless_websocket_api(segue: Segue, client: Any) -> None:
    client.create_stack(
        StackName="chat",
        TemplateBody=SERVERLESS,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    segue.settle()
    events = client.describe_stack_events(StackName="chat")["StackEvents"]
    reasons = [event.get("ResourceStatusReason") for event in events if "FAILED" in event["ResourceStatus"]]
    assert client.describe_stacks(StackName="chat")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", reasons
    [api] = segue.client("apigatewayv2").get_apis()["Items"]
    [stage] = segue.client("apigatewayv2").get_stages(ApiId=api["ApiId"])["Items"]
    with connect(f"{api['ApiEndpoint']}/{stage['StageName']}", proxy=None) as talking:
        talking.send("anything")

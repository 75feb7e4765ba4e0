"""WebSocket APIs in templates: accepted with a note, and with all their parts."""

from __future__ import annotations

import json

from segue.testing import Segue


def test_a_web_socket_api_has_no_effect(segue: Segue) -> None:
    client = segue.client("cloudformation")
    api = {"ApiId": {"Ref": "Api"}}
    resources = {
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
                **api,
                "RouteKey": "$connect",
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "Integration"}]]},
            },
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {**api, "IntegrationType": "AWS_PROXY", "IntegrationUri": "arn:aws:x"},
        },
        "Deployment": {"Type": "AWS::ApiGatewayV2::Deployment", "DependsOn": "Route", "Properties": api},
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {**api, "StageName": "prod", "DeploymentId": {"Ref": "Deployment"}},
        },
    }
    outputs = {"Url": {"Value": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}, "Stage": {"Value": {"Ref": "Stage"}}}
    template = {"Resources": resources, "Outputs": outputs}
    client.create_stack(StackName="app", TemplateBody=json.dumps(template))
    segue.settle()
    stack = client.describe_stacks(StackName="app")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    values = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert values["Url"].startswith("wss://")
    assert values["Stage"] == "prod"
    reasons = [
        event.get("ResourceStatusReason", "") for event in client.describe_stack_events(StackName="app")["StackEvents"]
    ]
    assert any("WebSocket APIs have no effect" in reason for reason in reasons)
    template["Resources"]["Api"]["Properties"]["Name"] = "b"
    client.update_stack(StackName="app", TemplateBody=json.dumps(template))
    segue.settle()
    assert client.describe_stacks(StackName="app")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"
    client.delete_stack(StackName="app")
    segue.settle()
    assert client.describe_stacks(StackName=stack["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert segue.client("apigatewayv2").get_apis()["Items"] == []

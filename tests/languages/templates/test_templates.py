"""A template from its text to the properties of its resources."""

from __future__ import annotations

from segue.languages.templates import (
    Facts,
    compile_template,
    given_parameters,
    instantiate,
    parameter_values,
    read_template,
)

TEXT = """
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Subs: {Type: CommaDelimitedList, Default: "a, b"}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${AWS::StackName}-q-${Stage}"
      DelaySeconds: !If [IsProd, 1, !Ref AWS::NoValue]
      RedrivePolicy: !GetAtt Topic.TopicArn
      Tags: [{Key: Subs, Value: !Join ["-", !Ref Subs]}]
  Topic: {Type: AWS::SNS::Topic}
  Alarm: {Type: AWS::CloudWatch::Alarm, Condition: IsProd}
Outputs:
  Url: {Value: !Ref Queue, Export: {Name: !Sub "${AWS::StackName}-url"}}
  Alarm: {Value: !Ref Alarm, Condition: IsProd}
"""
FACTS = Facts({"Queue": "url", "Topic": "topic-arn"}, {"Topic": {"TopicArn": "topic-arn"}})


def test_from_text_to_properties() -> None:
    template = compile_template(read_template(TEXT))
    values = parameter_values(template.parameters, given_parameters(template.parameters, {}))
    instance = instantiate(template, values, {"AWS::StackName": "s", "AWS::Region": "eu-west-1"})
    assert list(instance.resources) == ["Queue", "Topic"]
    assert instance.resources["Queue"].dependencies == {"Topic"}
    assert instance.properties("Queue", FACTS) == {
        "QueueName": "s-q-dev",
        "RedrivePolicy": "topic-arn",
        "Tags": [{"Key": "Subs", "Value": "a-b"}],
    }
    assert [(output.name, output.value, output.export) for output in instance.outputs(FACTS)] == [
        ("Url", "url", "s-url")
    ]

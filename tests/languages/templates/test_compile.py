"""Templates that are wrong, and what AWS says of them."""

from __future__ import annotations

from typing import Any

import pytest

from segue.languages.templates import TemplateError, compile_template, read_template

HEAD = "Resources: {Q: {Type: AWS::SQS::Queue}}\n"
CONDITIONS = "Conditions can only be boolean operations on parameters and other conditions"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Colour: red\n" + HEAD, "Invalid template property or properties [Colour]"),
        ("Description: 5\n" + HEAD, "Template format error: Template Description must be a string."),
        (
            "AWSTemplateFormatVersion: 2011-01-01\n" + HEAD,
            "Template format error: The value '2011-01-01' is not a valid value for AWSTemplateFormatVersion.",
        ),
        ("Description: nothing", "Template format error: At least one Resources member must be defined."),
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        ("Resources: [a]", "Template format error: Resources must be an object."),
        ("Resources: {a-b: {Type: A::B::C}}", "Template format error: Resource name a-b is non alphanumeric."),
        (
            "Resources: {Q: {Properties: {}}}",
            "Template format error: [/Resources/Q] Every Resources object must contain a Type member.",
        ),
        ("Resources: {Q: {Type: [a]}}", "Template format error: [/Resources/Q] Every Type member must be a string."),
        ("Resources: {Q: text}", "Template format error: [/Resources/Q] resource definition is malformed"),
        ("Resources: {Q: {Type: A::B::C, Colour: 1}}", "Invalid template resource property 'Colour'"),
        (
            "Resources: {Q: {Type: A::B::C, Properties: [a]}}",
            "Template format error: Any Properties member must be a JSON object.",
        ),
        (
            "Resources: {Q: {Type: A::B::C, Properties: {A: [{B: null}]}}}",
            "Template format error: [/Resources/Q/Properties/A/0/B] 'null' values are not allowed in templates",
        ),
        (
            "Resources: {Q: {Type: A::B::C, DependsOn: {a: b}}}",
            "Template format error: DependsOn must be a string or list of strings.",
        ),
        (
            "Resources: {Q: {Type: A::B::C, DependsOn: [R]}}",
            "Template format error: Unresolved resource dependencies [R] in the Resources block of the template",
        ),
        (
            "Resources: {Q: {Type: A::B::C, DeletionPolicy: Burn}}",
            "Template format error: Unrecognized DeletionPolicy Burn for resource Q",
        ),
        (
            "Resources: {Q: {Type: A::B::C, UpdateReplacePolicy: RetainExceptOnCreate}}",
            "Template format error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource Q",
        ),
        (
            "Resources: {Q: {Type: A::B::C, Condition: Nope}}",
            "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
        ),
        (
            "Resources: {Q: {Type: A::B::C, Condition: [a]}}",
            "Template format error: Every Condition member must be a string.",
        ),
        (HEAD + "Outputs: {a-b: {Value: x}}", "Template format error: Output name a-b is non alphanumeric."),
        (HEAD + "Outputs: {O: {}}", "Template format error: Every Outputs member must contain a Value object"),
        (
            HEAD + "Outputs: {O: {Value: [a]}}",
            "Template format error: The Value field of every Outputs member must evaluate to a String.",
        ),
        (HEAD + "Outputs: {O: {Value: x, Colour: 1}}", "Invalid template output property 'Colour'"),
        (HEAD + "Outputs: {O: {Value: x, Export: y}}", None),
        (
            HEAD + "Outputs: {O: {Value: !Ref R}}",
            "Template format error: Unresolved resource dependencies [R] in the Outputs block of the template",
        ),
        (
            HEAD + "Outputs: {O: {Value: x, Condition: Nope}}",
            "Template format error: Unresolved condition dependency Nope in the Outputs block of the template",
        ),
        (
            HEAD + "Outputs: {O: {Value: !GetAtt R.Arn}}",
            "Template error: instance of Fn::GetAtt references undefined resource R",
        ),
        (
            HEAD + "Outputs: {O: {Value: !GetAtt Q.Colour}}",
            "Template error: resource Q does not support attribute type Colour in Fn::GetAtt",
        ),
        (
            HEAD + "Outputs: {O: {Value: !Sub '${Q.Colour.Red}'}}",
            "Template error: resource Q does not support attribute type Colour.Red in Fn::GetAtt",
        ),
        (
            HEAD + "Mappings: {M: text}",
            "Template format error: Every Mappings object member must contain a String key and an object value.",
        ),
        (
            HEAD + "Mappings: {M: {a: {'b c': d}}}",
            "Template format error: Mappings attribute name 'b c' must contain only alphanumeric characters.",
        ),
        (
            HEAD + "Mappings: {M: {a: {b: {c: d}}}}",
            "Template format error: Every Mappings attribute must be a String or a List.",
        ),
        (HEAD + "Conditions: {C: true}", f"Template format error: {CONDITIONS}"),
        (
            HEAD + "Conditions: {C: !Equals [!Ref Q, a]}",
            "Template format error: Unresolved dependencies [Q]. Cannot reference resources in the Conditions block of "
            "the template",
        ),
        (
            HEAD + "Conditions: {C: !Not [!Condition D]}",
            "Template format error: Unresolved condition dependency D in the Conditions block of the template",
        ),
        (
            HEAD + "Conditions: {C: !Equals [a]}",
            "Template error: Fn::Equals requires a list argument with two elements",
        ),
        (
            HEAD + "Conditions: {C: !And [!Equals [a, a]]}",
            "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
        ),
        (
            HEAD + "Conditions: {C: !Not [!Equals [a, a], !Equals [a, a]]}",
            "Template error: Fn::Not requires a list argument with one element",
        ),
        (HEAD + "Parameters: {a-b: {Type: String}}", "Template format error: Parameter name a-b is non alphanumeric."),
    ],
)
def test_what_aws_says(text: str, message: str | None) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(read_template(text))
    assert message is None or caught.value.message == message


@pytest.mark.parametrize(
    ("section", "of", "words"),
    [
        ("Resources", {"Type": "A::B::C"}, "Number of resources, 501, is greater than maximum allowed, 500"),
        ("Outputs", {"Value": "x"}, "Number of outputs, 501, is greater than maximum allowed, 200"),
        ("Mappings", {"a": {"b": "c"}}, "Number of mappings, 501, is greater than maximum allowed, 200"),
        ("Parameters", {"Type": "String"}, "Number of parameters: 501 is greater than maximum allowed 200"),
    ],
)
def test_quotas(section: str, of: dict[str, Any], words: str) -> None:
    document = {"Resources": {"Q": {"Type": "A::B::C"}}, section: {f"N{number}": of for number in range(501)}}
    with pytest.raises(TemplateError) as caught:
        compile_template(document)
    assert caught.value.message == f"Template format error: {words}"


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("AWS::SQS::Queue", "Arn"),
        ("AWS::SQS::Queue", "QueueName"),
        ("AWS::EC2::VPC", "CidrBlock"),
        ("AWS::Elasticsearch::Domain", "DomainEndpoint"),
        ("AWS::RDS::DBInstance", "Endpoint.Address"),
        ("AWS::CloudFormation::Stack", "Outputs.Anything"),
        ("AWS::CloudFormation::CustomResource", "Anything"),
        ("AWS::CloudFormation::WaitCondition", "Data"),
        ("Custom::Thing", "Anything.At.All"),
        ("AWS::QuickSight::Dashboard", "Anything"),
    ],
)
def test_attributes(kind: str, attribute: str) -> None:
    document = {"Resources": {"R": {"Type": kind}}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["R", attribute]}}}}
    assert compile_template(document).resources["R"].type == kind


def test_everything_that_a_template_may_have() -> None:
    template = compile_template(
        read_template(
            """
            AWSTemplateFormatVersion: 2010-09-09
            Description: all of it
            Metadata: {AWS::CloudFormation::Interface: {ParameterGroups: []}}
            Parameters: {P: {Type: String, Default: x, Description: d}}
            Mappings: {M: {a: {b: c, d: [e], f: 1}}}
            Conditions: {C: !Equals [!Ref P, x]}
            Rules: {R: {Assertions: [{Assert: !Equals [a, a]}]}}
            Transform: AWS::LanguageExtensions
            Hooks: {H: {Type: x}}
            Resources:
              Q:
                Type: AWS::SQS::Queue
                Condition: C
                DependsOn: R
                DeletionPolicy: Retain
                UpdateReplacePolicy: !If [C, Retain, Delete]
                CreationPolicy: {ResourceSignal: {Count: 1}}
                UpdatePolicy: {}
                Metadata: {a: null}
              R: {Type: Custom::Thing, Version: 1.0, Description: r, Properties: null}
            Outputs:
              O: {Value: !Ref R, Description: o, Export: {Name: !Sub "${P}-o"}, Condition: C}
            """
        )
    )
    queue = template.resources["Q"]
    assert (queue.condition, queue.depends_on, queue.deletion_policy) == ("C", ("R",), "Retain")
    assert template.resources["R"].properties == {}
    assert template.outputs["O"].export == {"Fn::Sub": "${P}-o"}
    assert template.parameters["P"].description == "d"

"""What each function gives, and what it says when it is used wrongly."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from segue.languages.templates import Facts, TemplateError, compile_template, instantiate, read_template

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::NotificationARNs": ["arn:one"],
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackId": "arn:stack",
    "AWS::StackName": "shop",
    "AWS::URLSuffix": "amazonaws.com",
}
VALUES = {"Stage": "dev", "Names": ["a", "b"], "Count": "3"}
FACTS = Facts(
    {"Queue": "https://queue", "Topic": "arn:topic"},
    {"Queue": {"Arn": "arn:queue"}, "Nested": {"Outputs.Url": "u"}, "Deep": {"Endpoint": {"Port": 1}}},
    {"shared-name": "exported"},
    {"eu-west-1": ["eu-west-1a", "eu-west-1b"]},
)
FRAME: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String"},
        "Names": {"Type": "CommaDelimitedList"},
        "Count": {"Type": "Number"},
    },
    "Mappings": {"Sizes": {"dev": {"Size": "small", "Zones": ["x", "y"], "Number": 7}}, "Other": {"a": {"b": "c"}}},
    "Conditions": {"IsDev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]}, "IsProd": {"Fn::Not": [{"Condition": "IsDev"}]}},
    "Resources": {name: {"Type": "AWS::X::Y"} for name in ("Queue", "Topic", "Nested", "Deep")},
}


def evaluated(value: Any, facts: Facts = FACTS) -> Any:
    document = {**FRAME, "Resources": {**FRAME["Resources"], "It": {"Type": "AWS::X::Y", "Properties": {"P": value}}}}
    return instantiate(compile_template(document), VALUES, PSEUDO).properties("It", facts).get("P", "(none)")


def yaml(text: str) -> Any:
    return read_template(f"P: {text}")["P"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref Names", ["a", "b"]),
        ("!Ref Queue", "https://queue"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref AWS::NotificationARNs", ["arn:one"]),
        ("!Ref AWS::NoValue", "(none)"),
        ("[1, !Ref AWS::NoValue, 2]", [1, 2]),
        ("{a: !Ref AWS::NoValue, b: 1}", {"b": 1}),
        ("!GetAtt Queue.Arn", "arn:queue"),
        ("{'Fn::GetAtt': [Queue, Arn]}", "arn:queue"),
        ("{'Fn::GetAtt': Queue.Arn}", "arn:queue"),
        ("!GetAtt [Queue, Arn]", "arn:queue"),
        ("!GetAtt Nested.Outputs.Url", "u"),
        ("{'Fn::GetAtt': [Nested, Outputs.Url]}", "u"),
        ("!GetAtt Deep.Endpoint.Port", 1),
        ("{'Fn::GetAtt': [Queue, !Join ['', [A, rn]]]}", "arn:queue"),
        ('!Sub "${Stage}-${AWS::StackName}"', "dev-shop"),
        ('!Sub "${Queue} ${Queue.Arn} ${Nested.Outputs.Url}"', "https://queue arn:queue u"),
        ('!Sub "${!Literal} $${Stage} ${Stage"', "${Literal} $dev ${Stage"),
        ('!Sub ["${Own}-${Stage}-${Count}", {Own: !Ref Queue}]', "https://queue-dev-3"),
        ('!Sub ["${A}${B}", {A: 1, B: true}]', "1true"),
        ('!Sub ["${A}", {A: "${Stage}"}]', "${Stage}"),
        ("!Sub plain", "plain"),
        ("!Join [-, [a, 1, !Ref Stage, true]]", "a-1-dev-true"),
        ("!Join ['', []]", ""),
        ("!Join [',', !Ref Names]", "a,b"),
        ("!Join [',', !GetAZs '']", "eu-west-1a,eu-west-1b"),
        ("!Split [',', 'a,,b']", ["a", "", "b"]),
        ("!Split ['::', !Sub 'x::${Stage}']", ["x", "dev"]),
        ("!Select [1, [a, b]]", "b"),
        ("!Select ['0', !Split ['/', 'x/y']]", "x"),
        ("!Select [!FindInMap [Sizes, dev, Number], [0,1,2,3,4,5,6,7]]", 7),
        ("!FindInMap [Sizes, dev, Size]", "small"),
        ("!FindInMap [Sizes, !Ref Stage, Zones]", ["x", "y"]),
        ("!FindInMap [Other, a, !FindInMap [Other, a, b], {DefaultValue: none}]", "none"),
        ("!FindInMap [Nowhere, a, b, {DefaultValue: !Ref Stage}]", "dev"),
        ("!Base64 {Ref: Stage}", base64.b64encode(b"dev").decode()),
        ("!Cidr [10.0.0.0/16, 3]", ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]),
        ("!Cidr [10.0.0.0/16, '2', '4']", ["10.0.0.0/28", "10.0.0.16/28"]),
        ("!Cidr ['2001:db8::/56', 2, 64]", ["2001:db8::/64", "2001:db8:0:1::/64"]),
        ("!Select [0, !Cidr [10.0.0.0/16, 1]]", "10.0.0.0/24"),
        ("!GetAZs ''", ["eu-west-1a", "eu-west-1b"]),
        ("!GetAZs {Ref: AWS::Region}", ["eu-west-1a", "eu-west-1b"]),
        ("!GetAZs us-east-1", []),
        ("!If [IsDev, yes-it-is, no-it-is-not]", "yes-it-is"),
        ("!If [IsProd, 1, !Ref AWS::NoValue]", "(none)"),
        ("!If [IsProd, 1, {a: !If [IsDev, 2, 3]}]", {"a": 2}),
        ("!ImportValue shared-name", "exported"),
        ("!ImportValue {'Fn::Sub': 'shared-${Name}'}", None),
        ("{'Fn::Length': [1, 2, 3]}", 3),
        ("{'Fn::Length': {Ref: Names}}", 2),
        ("{'Fn::ToJsonString': {a: {Ref: Stage}, b: [1, true, null], c: {Ref: 'AWS::NoValue'}}}", None),
        ("{Ref: a, other: b}", {"Ref": "a", "other": "b"}),
        ("{Condition: {StringEquals: {a: b}}}", {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_functions(text: str, wanted: Any) -> None:
    if "shared-${Name}" in text:
        text, wanted = text.replace("'shared-${Name}'", "['shared-${Name}', {Name: name}]"), "exported"
    if "ToJsonString" in text:
        text, wanted = text.replace("null", "2"), '{"a":"dev","b":[1,true,2]}'
    assert evaluated(yaml(text)) == wanted


JOIN = (
    "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings "
    "to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
)
SPLIT = (
    "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be "
    "split or a function that returns a string to be split."
)
FIND = (
    "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for "
    "return value"
)
GET_ATT = (
    "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource "
    "attribute"
)
SUB = (
    "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as "
    "first argument, and an optional second argument to specify a mapping of values to replace in the string"
)
UNRESOLVED = "Template format error: Unresolved resource dependencies [{}] in the Resources block of the template"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!Ref Nobody", UNRESOLVED.format("Nobody")),
        ("[!Ref A, !Ref B, !Ref A]", UNRESOLVED.format("B, A") + "|" + UNRESOLVED.format("A, B")),
        ("!Ref [a]", "Template error: every Ref object must have a single String value."),
        ("!Sub '${Nobody}'", UNRESOLVED.format("Nobody")),
        ("!Sub '${AWS::Planet}'", UNRESOLVED.format("AWS::Planet")),
        ("!Sub '${No.Body}'", "Template error: instance of Fn::Sub references invalid resource attribute No.Body"),
        ("!Sub '${Names}'", "Template error: variable Names in Fn::Sub expression does not resolve to a string"),
        (
            "!Sub '${a-b}'",
            "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, "
            "periods, and colons",
        ),
        ("!Sub [a]", SUB),
        ("!Sub [a, b]", SUB),
        ("!Sub {a: b}", SUB),
        (
            "!Sub ['${A}', {A: [b]}]",
            "Template error: every value of the context object of every Fn::Sub object must be a string or a function "
            "that returns a string",
        ),
        ("!GetAtt Nobody.Arn", "Template error: instance of Fn::GetAtt references undefined resource Nobody"),
        ("!GetAtt Queue.Size", "Template error: resource Queue does not support attribute type Size in Fn::GetAtt"),
        ("{'Fn::GetAtt': [Queue]}", GET_ATT),
        ("{'Fn::GetAtt': [Queue, '']}", GET_ATT),
        (
            "{'Fn::GetAtt': Queue}",
            "Template error: if specifying one argument to Fn::GetAtt, that argument must be a non-empty string in "
            "format <LogicalId>.<Attribute>",
        ),
        ("!Join [a]", JOIN),
        ("!Join [-, a]", JOIN),
        ("!Join [-, [[a]]]", JOIN),
        ("!Join [-, !Ref Stage]", JOIN),
        ("!Split [',']", SPLIT),
        ("!Split ['', a]", SPLIT),
        ("!Split [',', [a]]", SPLIT),
        ("!Select [5, [a]]", "Template error: Fn::Select cannot select nonexistent value at index 5"),
        (
            "!Select [x, [a]]",
            "Template error: Fn::Select requires a list argument with a valid index value as its first element",
        ),
        (
            "!Select [0, a]",
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
        ),
        ("!FindInMap [Sizes, dev]", FIND),
        ("!FindInMap [Sizes, [dev], Size]", FIND),
        ("!FindInMap [Sizes, dev, Size, none]", FIND),
        ("!FindInMap [Sizes, prod, Size]", "Template error: Unable to get mapping for Sizes::prod::Size"),
        (
            "!FindInMap [Nowhere, a, b]",
            "Template error: Mapping named 'Nowhere' is not present in the 'Mappings' section of template.",
        ),
        ("!Base64 [a]", "Template error: every Fn::Base64 object must have a String-typed value."),
        ("!If [IsDev, 1]", "Template error: Fn::If requires a list argument with three elements"),
        (
            "!If [[IsDev], 1, 2]",
            "Template error: Fn::If requires a list argument with the first element being a condition",
        ),
        (
            "!If [Unheard, 1, 2]",
            "Template format error: Unresolved condition dependency Unheard in the Resources block of the template",
        ),
        ("!ImportValue nothing", "No export named nothing found."),
        (
            "!ImportValue {'Fn::GetAtt': [Queue, Arn]}",
            "Template error: Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs",
        ),
        ("{'Fn::ImportValue': {Ref: Queue}}", None),
        ("!Cidr [10.0.0.0/30, 200, 8]", None),
        ("!Cidr [nonsense, 1, 8]", None),
        ("!Cidr [10.0.0.0/8, 100000, 1]", None),
        ("{'Fn::Length': a}", None),
        ("{'Fn::Nonsense': a}", None),
    ],
)
def test_mistakes(text: str, message: str | None) -> None:
    with pytest.raises(TemplateError) as caught:
        evaluated(yaml(text))
    assert message is None or caught.value.message in message.split("|")


def test_what_a_template_says_to_a_function_that_there_is_not() -> None:
    with pytest.raises(TemplateError) as caught:
        evaluated({"Fn::Nonsense": 1})
    assert caught.value.message.startswith(
        "Template validation error: Encountered unsupported function: Fn::Nonsense Supported functions are: [Fn::And"
    )


def test_what_is_not_known_yet() -> None:
    unknown = Facts(unknown="{{later}}")
    assert evaluated({"a": {"Ref": "Queue"}, "b": {"Fn::GetAtt": ["Queue", "Arn"]}}, unknown) == {
        "a": "{{later}}",
        "b": "{{later}}",
    }
    assert evaluated({"Fn::Sub": "x-${Queue}-${Queue.Arn}"}, unknown) == "x-{{later}}-{{later}}"
    assert evaluated({"Fn::Select": [3, {"Fn::Split": ["/", {"Ref": "Queue"}]}]}, unknown) == "{{later}}"


def test_texts_do_not_grow_without_end() -> None:
    """A text that doubles at each of many levels ends at a bound, not in all of the memory."""
    value: Any = "x" * 1000
    for _ in range(40):
        value = {"Fn::Sub": ["${a}${a}", {"a": value}]}
    with pytest.raises(TemplateError):
        evaluated(value)

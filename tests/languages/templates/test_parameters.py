"""Parameters: declared, given, valued."""

from __future__ import annotations

from typing import Any

import pytest

from segue.languages.templates import (
    TemplateError,
    given_parameters,
    parameter_values,
    read_parameters,
    stored_names,
)


def values(declared: dict[str, Any], **given: str) -> dict[str, Any]:
    parameters = read_parameters({"P": declared})
    return parameter_values(parameters, given_parameters(parameters, given))


@pytest.mark.parametrize(
    ("declared", "given", "value"),
    [
        ({"Type": "String"}, "x", "x"),
        ({"Type": "String", "Default": 5}, None, "5"),
        ({"Type": "String", "Default": True}, None, "true"),
        ({"Type": "String", "Default": ""}, None, ""),
        ({"Type": "Number"}, "5.50", "5.50"),
        ({"Type": "Number", "Default": 3}, None, "3"),
        ({"Type": "CommaDelimitedList"}, "a, b ,c", ["a", "b", "c"]),
        ({"Type": "CommaDelimitedList", "Default": ""}, None, [""]),
        ({"Type": "List<Number>"}, "1,2", ["1", "2"]),
        ({"Type": "List<String>"}, "a,b", ["a", "b"]),
        ({"Type": "AWS::EC2::VPC::Id"}, "vpc-1", "vpc-1"),
        ({"Type": "List<AWS::EC2::Subnet::Id>"}, "subnet-1,subnet-2", ["subnet-1", "subnet-2"]),
        ({"Type": "AWS::SSM::Parameter::Name"}, "/a/b", "/a/b"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "b", "b"),
        ({"Type": "String", "AllowedValues": [True, 1]}, "true", "true"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "a,b", ["a", "b"]),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "abc", "abc"),
        ({"Type": "String", "AllowedPattern": "^(?!-)[a-z-]+$"}, "a-b", "a-b"),
        ({"Type": "String", "AllowedPattern": "(unclosed"}, "anything", "anything"),
        ({"Type": "String", "MinLength": "2", "MaxLength": 3}, "abc", "abc"),
        ({"Type": "Number", "MinValue": 1, "MaxValue": "10"}, "10", "10"),
    ],
)
def test_values(declared: dict[str, Any], given: str | None, value: Any) -> None:
    found = values(declared) if given is None else values(declared, P=given)
    assert found == {"P": value}


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A", "Parameter 'P' must match pattern [a-z]+"),
        (
            {"Type": "String", "AllowedPattern": "^(?!-)[a-z-]+$"},
            "-a",
            "Parameter 'P' must match pattern ^(?!-)[a-z-]+$",
        ),
        ({"Type": "String", "MinLength": 3}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"Type": "String", "MaxLength": 3}, "abcd", "Parameter 'P' must contain at most 3 characters"),
        ({"Type": "Number"}, "abc", "Parameter 'P' must be a number"),
        ({"Type": "Number"}, "nan", "Parameter 'P' must be a number"),
        ({"Type": "List<Number>"}, "1,x", "Parameter 'P' must be a number"),
        ({"Type": "Number", "MinValue": 1}, "0", "Parameter 'P' must be a number not less than 1"),
        ({"Type": "Number", "MaxValue": 1.5}, "2", "Parameter 'P' must be a number not greater than 1.5"),
        (
            {"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "be an a"},
            "b",
            "Parameter P failed to satisfy constraint: be an a",
        ),
        ({"Type": "String"}, None, "Parameters: [P] must have values"),
        ({"Type": "Strong"}, "x", "Template format error: Unrecognized parameter type: Strong"),
        ({"Type": "AWS::SSM::Parameter::Value<Strong>"}, "x", None),
        ({}, "x", "Template format error: Every Parameters object must contain a Type member."),
        ({"Type": "String", "Colour": 1}, "x", "Invalid template parameter property 'Colour'"),
        ({"Type": "String", "Default": {}}, "x", "Template format error: Every Default member must be a string."),
        ({"Type": "String", "Default": "c", "AllowedValues": ["a"]}, "a", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "MinLength": "many"}, "x", None),
        ({"Type": "String", "AllowedValues": "a"}, "a", None),
    ],
)
def test_mistakes(declared: dict[str, Any], given: str | None, message: str | None) -> None:
    with pytest.raises(TemplateError) as caught:
        values(declared) if given is None else values(declared, P=given)
    assert message is None or caught.value.message == message


def test_what_a_pattern_may_cost_is_bounded() -> None:
    """A pattern that would be tried for years gives up."""
    pattern = "(?=a)(a|aa|a?)+$"
    with pytest.raises(TemplateError, match="must match pattern"):
        values({"Type": "String", "AllowedPattern": pattern}, P="a" * 60 + "!")


def test_names_that_the_template_does_not_have() -> None:
    with pytest.raises(TemplateError, match=r"Parameters: \[X, Y\] do not exist in the template"):
        given_parameters(read_parameters({}), {"X": "1", "Y": "2"})


def test_previous_values() -> None:
    parameters = read_parameters({"A": {"Type": "String"}, "B": {"Type": "String", "Default": "b"}})
    assert given_parameters(parameters, {}, {"A": "1", "B": "2"}, ["A"]) == {"A": "1", "B": "b"}
    with pytest.raises(TemplateError, match="Cannot specify usePreviousValue as true for a parameter key not in the"):
        given_parameters(parameters, {}, {"B": "2"}, ["A"])
    with pytest.raises(TemplateError, match=r"Parameters: \[C\] do not exist"):
        given_parameters(parameters, {"A": "1"}, {"C": "2"}, ["C"])


def test_values_from_the_parameter_store() -> None:
    parameters = read_parameters(
        {
            "One": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/one"},
            "Many": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "AllowedPattern": "/.*"},
            "Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/image:3"},
            "Plain": {"Type": "String", "Default": "x"},
        }
    )
    texts = given_parameters(parameters, {"Many": "/many"})
    assert stored_names(parameters, texts) == {"One": "/one", "Many": "/many", "Image": "/image:3"}
    with pytest.raises(TemplateError, match=r"Unable to fetch parameters \[/one\] from parameter store"):
        parameter_values(parameters, texts, {"Many": "a,b", "Image": "ami-1"})
    assert parameter_values(parameters, texts, {"One": "1", "Many": "a,b", "Image": "ami-1"}) == {
        "One": "1",
        "Many": ["a", "b"],
        "Image": "ami-1",
        "Plain": "x",
    }


def test_what_is_not_shown() -> None:
    parameters = read_parameters({"A": {"Type": "String", "NoEcho": True}, "B": {"Type": "String", "NoEcho": "false"}})
    assert [parameters[name].no_echo for name in "AB"] == [True, False]

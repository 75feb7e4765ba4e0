"""Loops, fragments, dynamic references."""

from __future__ import annotations

from typing import Any

import pytest

from segue.languages.templates import (
    DynamicReference,
    TemplateError,
    Transform,
    dynamic_references,
    expand_fragments,
    expand_language_extensions,
    read_template,
    substitute,
    transforms_of,
)


def unrolled(text: str, **values: Any) -> dict[str, Any]:
    return expand_language_extensions(read_template(text), values)


def test_names_are_made_by_functions() -> None:
    found = unrolled(
        """
        Conditions:
          Fn::ForEach::C: [X, [A, B], {"Is${X}": !Equals [{Ref: !Sub "Param${X}"}, "true"]}]
        """
    )
    assert found["Conditions"]["IsB"] == {"Fn::Equals": [{"Ref": "ParamB"}, "true"]}


def test_a_name_that_functions_make_nothing_of_stays_as_it_is() -> None:
    made = unrolled('{"Resources": {"A": {"Fn::GetAtt": ["B", {"Ref": "AWS::NoValue"}]}}}')
    assert made["Resources"]["A"] == {"Fn::GetAtt": ["B", {"Ref": "AWS::NoValue"}]}


def test_a_loop_over_resources() -> None:
    found = unrolled(
        """
        Resources:
          Fn::ForEach::Topics:
            - Name
            - !Ref Names
            - Topic${Name}:
                Type: AWS::SNS::Topic
                Properties:
                  TopicName: !Ref Name
                  DisplayName: !Sub "${Name} of ${AWS::Region}"
                  Same: !Join ["-", [!Ref Name, "${Name}"]]
          Other: {Type: AWS::SQS::Queue}
        """,
        Names=["One", "Two"],
    )
    assert list(found["Resources"]) == ["TopicOne", "TopicTwo", "Other"]
    assert found["Resources"]["TopicTwo"]["Properties"] == {
        "TopicName": "Two",
        "DisplayName": {"Fn::Sub": "Two of ${AWS::Region}"},
        "Same": {"Fn::Join": ["-", ["Two", "Two"]]},
    }


def test_loops_within_loops_and_other_places() -> None:
    found = unrolled(
        """
        Conditions:
          Fn::ForEach::C: [X, [a, b], {"Is${X}": !Equals [!Ref X, a]}]
        Resources:
          Fn::ForEach::Outer:
            - A
            - [x, y]
            - Fn::ForEach::Inner:
                - B
                - ["1", "2"]
                - R${A}${B}: {Type: T, Properties: {P: !Sub "${A}${B}", Fn::ForEach::P: [C, [k], {"K${C}": !Ref B}]}}
        Outputs:
          Fn::ForEach::O: [A, [x, y], {"O${A}": {Value: !GetAtt [!Sub "R${A}1", Arn]}}]
        """
    )
    assert list(found["Conditions"]) == ["Isa", "Isb"]
    assert list(found["Resources"]) == ["Rx1", "Rx2", "Ry1", "Ry2"]
    assert found["Resources"]["Ry2"]["Properties"] == {"P": {"Fn::Sub": "y2"}, "Kk": "2"}
    assert found["Outputs"]["Ox"]["Value"] == {"Fn::GetAtt": ["Rx1", "Arn"]}


def test_names_of_items_that_are_no_letters() -> None:
    found = unrolled(
        "Resources: {Fn::ForEach::R: [Ip, ['10.0.0.1', a-b], {'R&{Ip}': {Type: T, Properties: {P: '${Ip}'}}}]}"
    )
    assert found == {
        "Resources": {
            "R10001": {"Type": "T", "Properties": {"P": "10.0.0.1"}},
            "Rab": {"Type": "T", "Properties": {"P": "a-b"}},
        }
    }


def test_a_collection_of_a_mapping() -> None:
    text = "Mappings: {M: {a: {Names: [x, y]}}}\n"
    text += "Resources: {Fn::ForEach::R: [N, !FindInMap [M, !Ref P, Names], {'R${N}': {Type: T}}]}"
    assert list(unrolled(text, P="a")["Resources"]) == ["Rx", "Ry"]


@pytest.mark.parametrize(
    "loop",
    [
        "[A, [x]]",
        "[A, x, {'R${A}': 1}]",
        "[[A], [x], {'R${A}': 1}]",
        "[A, [x], text]",
        "[A, [x, y], {R: 1}]",
        "[A, [[{a: b}]], {'R${A}': 1}]",
        "[A, !Ref Nobody, {'R${A}': 1}]",
        "[A, [x], {'Fn::ForEach::I': [A, [y], {'R${A}': 1}]}]",
    ],
)
def test_loops_that_are_wrong(loop: str) -> None:
    with pytest.raises(TemplateError):
        unrolled(f"Resources: {{Fn::ForEach::L: {loop}}}")


def test_loops_that_would_never_end_do() -> None:
    items = "[" + ", ".join(f"x{number}" for number in range(100)) + "]"
    text = "{'R${A}${B}${C}${D}': {Type: T}}"
    for name in "DCBA":
        text = f"{{'Fn::ForEach::{name}': [{name}, {items}, {text}]}}"
    with pytest.raises(TemplateError, match="too large"):
        unrolled(f"Resources: {text}")


def test_the_transforms_of_a_template() -> None:
    assert transforms_of({}) == []
    assert [each.name for each in transforms_of({"Transform": "A"})] == ["A"]
    document = {"Transform": ["A", {"Name": "B", "Parameters": {"P": 1}}]}
    assert [(each.name, each.parameters) for each in transforms_of(document)] == [("A", {}), ("B", {"P": 1})]
    for wrong in (5, [5], {"Nome": "A"}, {"Name": "A", "Parameters": 5}):
        with pytest.raises(TemplateError):
            transforms_of({"Transform": wrong})


def test_fragments_are_expanded_from_within() -> None:
    seen: list[tuple[str, Any, Any]] = []

    def expand(call: Transform) -> Any:
        seen.append((call.name, call.parameters, call.fragment))
        match call.name:
            case "AWS::Include":
                return {"Included": 1, "A": "of the text"}
            case "Text":
                return "a text"
            case _:
                return {**call.fragment, "Added": call.parameters}

    document = {
        "A": {"A": "stays", "Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}},
        "B": {"X": {"Fn::Transform": {"Name": "Text"}}, "Fn::Transform": {"Name": "M", "Parameters": {"P": 1}}},
        "C": [{"Fn::Transform": [{"Name": "M"}, {"Name": "N"}]}],
    }
    assert expand_fragments(document, expand) == {
        "A": {"Included": 1, "A": "stays"},
        "B": {"X": "a text", "Added": {"P": 1}},
        "C": [{"Added": {}}],
    }
    assert [name for name, _, _ in seen] == ["AWS::Include", "Text", "M", "M", "N"]
    assert seen[2] == ("M", {"P": 1}, {"X": "a text"})


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("{{resolve:ssm:/a/b}}", ("ssm", "/a/b", "", "", "")),
        ("{{resolve:ssm:name:3}}", ("ssm", "name", "3", "", "")),
        ("{{resolve:ssm-secure:name:1}}", ("ssm-secure", "name", "1", "", "")),
        (
            "{{resolve:ssm:arn:aws:ssm:eu-west-1:123456789012:parameter/a:2}}",
            ("ssm", "arn:aws:ssm:eu-west-1:123456789012:parameter/a", "2", "", ""),
        ),
        ("{{resolve:secretsmanager:db}}", ("secretsmanager", "db", "", "", "")),
        ("{{resolve:secretsmanager:db:SecretString:user}}", ("secretsmanager", "db", "", "user", "")),
        ("{{resolve:secretsmanager:db:SecretString:user::}}", ("secretsmanager", "db", "", "user", "")),
        (
            "{{resolve:secretsmanager:db:SecretString:user:AWSPREVIOUS}}",
            ("secretsmanager", "db", "", "user", "AWSPREVIOUS"),
        ),
        ("{{resolve:secretsmanager:db:SecretString:user::v1}}", ("secretsmanager", "db", "v1", "user", "")),
        ("{{resolve:secretsmanager:db:SecretString:::}}", ("secretsmanager", "db", "", "", "")),
        (
            "{{resolve:secretsmanager:arn:aws:secretsmanager:r:1:secret:db-abc:SecretString:user}}",
            ("secretsmanager", "arn:aws:secretsmanager:r:1:secret:db-abc", "", "user", ""),
        ),
    ],
)
def test_dynamic_references(text: str, reference: tuple[str, ...]) -> None:
    (found,) = dynamic_references({"a": [f"before {text} after"]})
    assert found == DynamicReference(text, *reference)


@pytest.mark.parametrize(
    "text",
    [
        "{{resolve:ssm:}}",
        "{{resolve:ssm:name:latest}}",
        "{{resolve:ssm:a:1:2}}",
        "{{resolve:vault:a}}",
        "{{resolve:secretsmanager:a:SecretBinary:b}}",
        "{{resolve:secretsmanager:a:SecretString:b:c:d:e}}",
        "{{resolve:secretsmanager:a:SecretString:b:AWSCURRENT:v1}}",
    ],
)
def test_dynamic_references_that_are_wrong(text: str) -> None:
    with pytest.raises(TemplateError):
        dynamic_references(text)


def test_substitution() -> None:
    value = {"a": ["x{{resolve:ssm:a}}y{{resolve:ssm:b}}", 5], "b": "{{resolve:ssm:c}}"}
    assert substitute(value, {"{{resolve:ssm:a}}": "1", "{{resolve:ssm:b}}": "{{resolve:ssm:a}}"}) == {
        "a": ["x1y{{resolve:ssm:a}}", 5],
        "b": "{{resolve:ssm:c}}",
    }
    assert [each.name for each in dynamic_references(value)] == ["a", "b", "c"]

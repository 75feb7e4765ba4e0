from __future__ import annotations

from typing import Any

import pytest

from segue.errors import AwsError
from segue.services.sqs.message_attributes import check_attributes, check_identifier, check_text, digest, wanted

STRING = {"DataType": "String", "StringValue": "x"}


def test_the_digest_is_that_of_the_sdks() -> None:
    # Conformance cases receive_message_message_attribute_names_filters and publish_sqs_from_sns.
    attributes = {
        "Help.Me": {"DataType": "String", "StringValue": "Me"},
        "Hello": {"DataType": "String", "StringValue": "There"},
        "General": {"DataType": "String", "StringValue": "Kenobi"},
    }
    assert digest(attributes) == "4c360f3fdafd970e05fae2f149d997f5"
    assert digest({"attr1": {"DataType": "Number", "StringValue": "99.12"}}) == "d302007e9aa062660afc85fd0a482472"
    assert digest({"b": {"DataType": "Binary", "BinaryValue": b"x"}}) != digest({"b": STRING})


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], set()),
        (["All"], {"Foo", "Foo.Bar", "Fool"}),
        ([".*"], {"Foo", "Foo.Bar", "Fool"}),
        (["Foo"], {"Foo"}),
        (["Foo.*"], {"Foo", "Foo.Bar", "Fool"}),
        (["Foo.B.*", "None"], {"Foo.Bar"}),
        (["Fo"], set()),
    ],
)
def test_names_choose_attributes(names: list[str], found: set[str]) -> None:
    assert set(wanted({"Foo": STRING, "Foo.Bar": STRING, "Fool": STRING}, names)) == found


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"a": {"DataType": ""}}, "non-empty message attribute type"),
        ({"a": {"DataType": "Stringent", "StringValue": "x"}}, "invalid message attribute type"),
        ({"a": {"DataType": "String"}}, "must contain a non-empty value of type 'String'"),
        ({"a": {"DataType": "Binary", "StringValue": "x"}}, "must use field 'Binary'"),
        ({"a": {"DataType": "Number", "StringValue": "12a"}}, "Can't cast the value"),
        ({"a b": STRING}, "is invalid"),
        ({".a": STRING}, "period"),
        ({"aws.x": STRING}, "reserved"),
        ({f"a{n}": STRING for n in range(11)}, "exceeds the allowed maximum"),
    ],
)
def test_what_is_no_attribute_is_refused(attributes: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words):
        check_attributes(attributes)


def test_what_is_one_is_not() -> None:
    check_attributes({"a.b-c_1": STRING, "n": {"DataType": "Number.int", "StringValue": "-1.5e3"}})
    check_text("tab\tline\n\r ä \U0001f600")
    check_identifier("MessageGroupId", "a-1!~")


@pytest.mark.parametrize("text", ["\x00", "a\x0b", "\ufffe", "\x1f"])
def test_text_that_xml_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(AwsError) as refused:
        check_text(text)
    assert refused.value.code == "InvalidMessageContents"

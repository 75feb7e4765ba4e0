"""What targets are given: whatever an event holds, a JSON template stays JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.services.events.event import make_event
from segue.services.events.inputs import Occasion, compile_input

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def occasion(detail: dict[str, Any]) -> Occasion:
    event = make_event(
        event_id="i",
        detail_type="Order",
        source="shop",
        account="000000000000",
        region="us-east-1",
        time_ms=0,
        resources=[],
        detail=detail,
        now_ms=1_000,
        trace="",
    )
    return Occasion(event.body, event.text, "arn:rule", "rule", "1970-01-01T00:00:01Z")


def transformed(template: str, detail: dict[str, Any], **paths: str) -> str:
    transformer = {"InputTemplate": template, "InputPathsMap": paths}
    return compile_input({"InputTransformer": transformer})(occasion(detail))


@given(VALUES)
def test_a_json_template_makes_json_of_any_event(value: Any) -> None:
    made = json.loads(transformed('{"open": <x>, "within": "<<x>>", "list": [<x>, 1]}', {"x": value}, x="$.detail.x"))
    assert made["open"] == value
    assert made["list"] == [value, 1]
    if isinstance(value, str):
        assert made["within"] == f"<{value}>"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('"a <o> b"', '"a {k:v,n:[1,w]} b"'),
        ("<o>", '{"k":"v","n":[1,"w"]}'),
        ('{"s": "<o>"}', '{"s": "{k:v,n:[1,w]}"}'),
        ('{"n": "<none>", "m": <none>}', '{"n": "", "m": ""}'),
        ('"one <t>"\n"two"', '"one 1970-01-01T00:00:00Z"\n"two"'),
        ('"<aws.events.rule-arn> <aws.events.event.ingestion-time>"', '"arn:rule 1970-01-01T00:00:01Z"'),
        (
            "<aws.events.event>",
            '{"version":"0","id":"i","detailType":"Order","source":"shop","account":"000000000000",'
            '"time":"1970-01-01T00:00:01Z","region":"us-east-1","resources":[]}',
        ),
    ],
)
def test_templates(template: str, expected: str) -> None:
    detail = {"o": {"k": "v", "n": [1, "w"]}}
    assert transformed(template, detail, o="$.detail.o", none="$.detail.none", t="$.time") == expected

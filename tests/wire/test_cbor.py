"""CBOR: what is written is read again; what is none is refused; a service's protocol as botocore's client speaks it."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import AwsError
from segue.wire.cbor import dump_cbor, load_cbor
from segue.wire.json_values import Seconds

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)
# RFC 8949, appendix A
EXAMPLES: list[tuple[str, Any]] = [
    ("00", 0),
    ("1818", 24),
    ("1bffffffffffffffff", 2**64 - 1),
    ("3bffffffffffffffff", -(2**64)),
    ("f93c00", 1.0),
    ("fa47c35000", 100000.0),
    ("fb3ff199999999999a", 1.1),
    ("f97c00", math.inf),
    ("f7", None),
    ("62c3bc", "ü"),
    ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
    ("7f657374726561646d696e67ff", "streaming"),
    ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
    ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
]
NONE = (
    "",
    "18",
    "1c",
    "61",
    "62c3",
    "ff",
    "9f",
    "9fff00",
    "a1",
    "a10101",
    "bf01ff",
    "81ff",
    "5f6161ff",
    "61ff",
    "c16161",
)


@given(VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    assert load_cbor(dump_cbor(value)) == value


@pytest.mark.parametrize(("text", "value"), EXAMPLES)
def test_examples(text: str, value: Any) -> None:
    assert load_cbor(bytes.fromhex(text)) == value


@pytest.mark.parametrize("text", [*NONE, "9b7fffffffffffffff", "81" * 2_000 + "00", "d8" * 2_000, "c1f97e00"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(AwsError, match="SerializationException"):
        load_cbor(bytes.fromhex(text))


@given(st.binary(max_size=200))
def test_nothing_hangs_or_crashes(body: bytes) -> None:
    with suppress(AwsError):
        load_cbor(body)


def test_times() -> None:
    read = load_cbor(dump_cbor(Seconds(1_700_000_000_123)))
    assert isinstance(read, Seconds)
    assert read.timestamp_ms == 1_700_000_000_123

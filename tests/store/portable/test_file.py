"""A file is read as it was written, or not at all."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.store.portable.file import FileRefused, PartsWriter, read_parts

VALUES = st.one_of(st.none(), st.text(), st.binary(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))


def written(rows: list[list[Any]]) -> bytes:
    file = io.BytesIO()
    writer = PartsWriter(file)
    writer.part("rows", rows)
    writer.end()
    assert writer.written == len(file.getvalue())
    return file.getvalue()


@given(st.lists(st.lists(VALUES)))
def test_values_come_back_as_they_were(rows: list[list[Any]]) -> None:
    assert list(read_parts(io.BytesIO(written(rows)))) == [("rows", [rows])]


@given(st.data())
def test_a_file_that_is_cut_off_is_refused(data: st.DataObject) -> None:
    whole = written([[1, "text"]])
    with pytest.raises(FileRefused, match=r"cut off|no export"):
        list(read_parts(io.BytesIO(whole[: data.draw(st.integers(0, len(whole) - 1))])))


@given(st.data())
def test_a_file_that_is_changed_is_refused(data: st.DataObject) -> None:
    changed = bytearray(written([[1, "text"], [2**40, b"bytes"]]))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(FileRefused):
        list(read_parts(io.BytesIO(changed)))

"""Lines from bytes: however they are cut, nothing is lost and frames stay whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from segue.runtimes.log_lines import MAXIMUM_LINE_BYTES, LineReader


def frame(message: str, timestamp_us: int = 5_000_000) -> bytes:
    content = message.encode()
    return b"\xa5\x5a\x00\x03" + len(content).to_bytes(4, "big") + timestamp_us.to_bytes(8, "big") + content


def read(chunks: list[bytes]) -> list[tuple[int, str]]:
    reader = LineReader()
    lines = [line for chunk in chunks for line in reader.feed(chunk, 1)]
    return [(line.timestamp_ms, line.message) for line in lines + reader.finish(1)]


def test_text_and_frames() -> None:
    content = b"one\ntwo" + frame("three\nlines\n") + b"\nfour"
    assert read([content]) == [(1, "one\n"), (1, "two"), (1, "three\nlines\n"), (1, "\n"), (1, "four")]


def test_long_lines_are_split() -> None:
    lines = read([b"x" * (MAXIMUM_LINE_BYTES * 2 + 1) + b"\n"])
    assert [len(text) for _, text in lines] == [MAXIMUM_LINE_BYTES, MAXIMUM_LINE_BYTES, 2]


def test_bytes_that_are_no_text() -> None:
    assert read([b"\xff\xfe\n"]) == [(1, "\ufffd\ufffd\n")]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))), st.data())
def test_cuts_do_not_matter(texts: list[str], data: st.DataObject) -> None:
    content = b""
    expected = []
    for text in texts:
        framed = data.draw(st.booleans())
        content += frame(text) if framed else text.encode() + b"\n"
        expected.append((1, text) if framed else (1, text + "\n"))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)))))
    chunks = [content[start:end] for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    assert read(chunks) == expected


def test_a_frame_that_promises_too_much_costs_no_more_than_it_brings() -> None:
    reader = LineReader()
    lines = reader.feed(b"\xa5\x5a\x00\x03" + b"\xff" * 4 + bytes(8), 1)
    for _ in range(40):
        lines += reader.feed(b"x" * 65_536, 1)
        assert len(reader._rest) < MAXIMUM_LINE_BYTES
    lines += reader.finish(1)
    assert max(len(line.message) for line in lines) == MAXIMUM_LINE_BYTES
    assert sum(len(line.message) for line in lines) == 40 * 65_536
    assert [line.message for line in reader.feed(b"text\n", 1)] == ["text\n"]

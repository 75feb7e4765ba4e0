"""Bodies in chunks: however they are cut on their way, the same content comes out, or an error."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import AwsError
from segue.wire.aws_chunked import ChunkedDecoder, is_chunked, unframe
from segue.wire.checksums import ALGORITHMS, announced, combined, composite, digests_of, is_crc
from segue.wire.request import Request


def framed(pieces: list[bytes], trailers: dict[str, str], signed: bool = False) -> bytes:
    extension = b";chunk-signature=" + b"0" * 64 if signed else b""
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces if piece)
    return body + b"0" + extension + b"\r\n" + "".join(f"{k}:{v}\r\n" for k, v in trailers.items()).encode() + b"\r\n"


@given(st.lists(st.binary(max_size=40), max_size=5), st.lists(st.integers(1, 50), max_size=12), st.booleans())
def test_however_it_is_cut(pieces: list[bytes], cuts: list[int], signed: bool) -> None:
    if signed:
        pieces = [b"".join(pieces)]  # small chunks may only be the last
    body, decoder, got = framed(pieces, {"x-amz-checksum-crc32": "AAAA"}, signed), ChunkedDecoder(), b""
    for size in [*cuts, len(body)]:
        got += b"".join(decoder.feed(body[:size]))
        body = body[size:]
    decoder.finish(str(len(got)))
    assert got == b"".join(pieces)
    assert decoder.trailers == {"x-amz-checksum-crc32": "AAAA"}
    assert len(decoder.signatures) == (signed and 1 + any(pieces))


@given(st.binary(max_size=200))
def test_anything_is_content_or_an_error(body: bytes) -> None:
    code = ""
    try:
        unframe(Request("PUT", "/", body=body))
    except AwsError as error:
        code = error.code
    assert code in ("", "IncompleteBody", "InvalidChunkSizeError")


@pytest.mark.parametrize(
    ("body", "length", "code"),
    [
        (b"5\r\nab", "", "IncompleteBody"),
        (b"3\r\nabc\r\n", "", "IncompleteBody"),
        (b"-1\r\n", "", "IncompleteBody"),
        (b"zz\r\n", "", "IncompleteBody"),
        (b"3\r\nabcd\r\n0\r\n\r\n", "", "IncompleteBody"),
        (b"3\r\nabc\r\n0\r\n\r\n", "4", "IncompleteBody"),
        (b"1" * 5_000, "", "IncompleteBody"),
        (b"1;chunk-signature=a\r\nx\r\n1;chunk-signature=a\r\nx\r\n", "", "InvalidChunkSizeError"),
        (b"0\r\n" + b"a:b\r\n" * 40, "", None),
        (b"0\r\n" + b"".join(b"a%d:b\r\n" % n for n in range(40)), "", "IncompleteBody"),
    ],
)
def test_broken_frames(body: bytes, length: str, code: str | None) -> None:
    request = Request("PUT", "/", headers={"x-amz-decoded-content-length": length}, body=body)
    if code is None:
        unframe(request)
        return
    with pytest.raises(AwsError) as caught:
        unframe(request)
    assert caught.value.code == code


def test_when_a_body_is_framed() -> None:
    assert is_chunked({"content-encoding": "aws-chunked"})
    assert is_chunked({"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
    assert not is_chunked({"content-encoding": "gzip", "x-amz-content-sha256": "UNSIGNED-PAYLOAD"})


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [  # of "123456789": the check values of the catalogue of CRCs, and of FIPS 180
        ("crc32", "cbf43926"),
        ("crc32c", "e3069283"),
        ("crc64nvme", "ae8b14860a799888"),
        ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ],
)
def test_checksums(algorithm: str, value: str) -> None:
    assert digests_of(b"123456789", (algorithm,))[algorithm].hex() == value


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=5), st.sampled_from(ALGORITHMS))
def test_checksums_of_parts_make_that_of_the_whole(parts: list[bytes], algorithm: str) -> None:
    digests = [digests_of(part, (algorithm,))[algorithm] for part in parts]
    assert composite(algorithm, digests) == digests_of(b"".join(digests), (algorithm,))[algorithm]
    if is_crc(algorithm):
        whole = combined(algorithm, zip(digests, map(len, parts), strict=True))
        assert whole == digests_of(b"".join(parts), (algorithm,))[algorithm]


def test_which_checksums_a_request_speaks_of() -> None:
    assert announced({"x-amz-trailer": "x-amz-checksum-crc32c"}) == {"crc32c"}
    assert announced({"x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-sha256": b64encode(b"x").decode()}) == {
        "sha1",
        "sha256",
    }
    assert announced({"x-amz-trailer": "x-amz-checksum-md4", "x-amz-checksum-type": "FULL_OBJECT"}) == set()

"""What the option ``--forward`` says."""

from __future__ import annotations

import pytest

from segue.api.forward import Forward, Forwards, parse_forward

GOOD = {
    "kms=http://localhost:8080": Forward("kms", "http://localhost:8080", "keep"),
    "kms=http://localhost:8080/": Forward("kms", "http://localhost:8080", "keep"),
    "kms=http://[::1]:80/a/b": Forward("kms", "http://[::1]:80/a/b", "keep"),
    "*=https://emulator": Forward("*", "https://emulator", "keep"),
    "states=http://x": Forward("stepfunctions", "http://x", "keep"),
    "s3=http://minio:pa%40ss@store:9000": Forward("s3", "http://store:9000", "keys", "minio", "pa@ss"),
    "s3=https://s3.eu-west-1.amazonaws.com": Forward("s3", "https://s3.eu-west-1.amazonaws.com", "chain"),
    "kinesis=aws": Forward("kinesis", "", "chain"),
}
BAD = (
    "",
    "kms",
    "kms=",
    "=http://x",
    "kmz=http://x",
    "kms=ftp://x",
    "kms=http://",
    "kms=localhost:80",
    "kms=http://x?a",
)


@pytest.mark.parametrize(("text", "forward"), GOOD.items())
def test_forwards(text: str, forward: Forward) -> None:
    assert parse_forward(text) == forward


@pytest.mark.parametrize("text", [*BAD, "kms=http://x:99999", "kms=http://[x"])
def test_what_is_no_forward_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"forward"):
        parse_forward(text)


def test_secrets_are_not_told() -> None:
    with pytest.raises(ValueError) as refused:
        parse_forward("s3=ftp://key:secret@host")
    assert "secret" not in str(refused.value)
    forwards = Forwards(["s3=http://key:secret@host"], ["s3"])
    assert "secret" not in f"{forwards.shown()} {forwards.of('s3')!r}"


def test_who_is_here_wins_unless_named() -> None:
    forwards = Forwards(["*=http://others", "s3=http://store"], ["s3", "sqs"])
    assert forwards.of("sqs") is None
    assert [forwards.of(name).url for name in ("s3", "kinesis")] == ["http://store", "http://others"]  # type: ignore[union-attr]

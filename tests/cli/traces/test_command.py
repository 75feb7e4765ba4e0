"""``segue trace`` against a server on a manual clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from segue.cli.main import main
from segue.testing import Segue
from tests.test_server import create_function

FAILS = "def handler(event, context):\n    raise ValueError('no paper')\n"
CALLS = (
    "import boto3\n"
    "def handler(event, context):\n"
    "    boto3.client('lambda').invoke(FunctionName='fails', InvocationType='Event', Payload=b'{}')\n"
)


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        functions = server.client("lambda")
        create_function(functions, "calls", CALLS)
        create_function(functions, "fails", FAILS)
        yield server


def told(segue: Segue, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["trace", *arguments, "--endpoint-url", segue.endpoint_url])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_conversation_that_goes_on_and_then_has_failed(segue: Segue, capsys: pytest.CaptureFixture[str]) -> None:
    segue.client("lambda").invoke(FunctionName="calls", InvocationType="Event", Payload=b"{}")
    segue.settle()
    status, out, _ = told(segue, capsys, "last")
    trace, first, second, denied, more = out.splitlines()
    assert status == 1
    assert first.endswith("→ function calls")
    assert "└─ function fails  ✗ retrying: ValueError: no paper" in second
    assert "⚠: User: " in denied  # what AWS would deny
    assert more == "goes on: function fails: again in 1 m 0 s"
    listed = told(segue, capsys)[1]
    assert trace in listed
    assert "1 failed" in listed
    assert told(segue, capsys, trace[:-2])[1] == out
    segue.advance(minutes=3)
    status, out, _ = told(segue, capsys, trace, "--wait")
    assert status == 1
    assert "✗ failed (attempt 3): ValueError: no paper (The event is lost" in out
    assert out.endswith("nothing goes on; 1 failed\n")


def test_what_is_not_there(segue: Segue, capsys: pytest.CaptureFixture[str]) -> None:
    for trace in ("1-nowhere", "%", "&trace=", "a b\n"):
        status, out, said = told(segue, capsys, trace)
        assert (status, out) == (2, "")
        assert "there is no conversation" in said
    assert main(["trace", "--endpoint-url", "http://127.0.0.1:9"]) == 1
    assert "no server answers" in capsys.readouterr().err

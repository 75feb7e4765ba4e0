"""Answers that are sent while the function makes them."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from segue.runtimes.launch import find_node
from segue.testing import Segue
from tests.services.lambda_.house import ROLE, package

NODE = """
import net from 'node:net';
// goes on when the test has answered: so the test knows that it got the beginning before there was an end
const wait = (port) => new Promise((go) => {
  const s = net.connect(port, '127.0.0.1');
  s.on('data', () => { s.end(); go(); });
});
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const asked = event.rawQueryString ? Object.fromEntries(new URLSearchParams(event.rawQueryString)) : event;
  if (asked.refuse) throw new Error('before');
  if (asked.head) stream = awslambda.HttpResponseStream.from(stream, JSON.parse(asked.head));
  else stream.setContentType('text/plain');
  stream.write('one,');
  if (asked.port) await wait(Number(asked.port));
  if (asked.tear) throw new RangeError('torn');
  stream.write('two');
  stream.end();
});
"""
PYTHON = "def handler(event, context):\n    if event.get('fail'): raise KeyError('x')\n    return {'statusCode': 201}\n"

pytestmark = pytest.mark.skipif(find_node() is None, reason="no Node.js on this machine")


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        lambda_ = server.client("lambda")
        for name, runtime, files in (
            ("f", "nodejs20.x", {"index.mjs": NODE}),
            ("p", "python3.11", {"index.py": PYTHON}),
        ):
            lambda_.create_function(
                FunctionName=name, Runtime=runtime, Handler="index.handler", Role=ROLE, Timeout=20,
                Code={"ZipFile": package(files)},
            )  # fmt: skip
            lambda_.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
        yield server


@pytest.fixture
def gate() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield server


def _open(gate: socket.socket) -> None:
    connection, _ = gate.accept()
    with connection:
        connection.sendall(b"go")


def _events(segue: Segue, name: str = "f", **event: Any) -> Iterator[dict[str, Any]]:
    invoked = segue.client("lambda").invoke_with_response_stream(
        FunctionName=name, Payload=json.dumps(event), LogType="Tail"
    )
    assert (invoked["StatusCode"], invoked["ExecutedVersion"]) == (200, "$LATEST")
    yield from invoked["EventStream"]


def test_events_come_while_it_runs(segue: Segue, gate: socket.socket) -> None:
    events = _events(segue, port=gate.getsockname()[1])
    assert next(events) == {"PayloadChunk": {"Payload": b"one,"}}
    _open(gate)
    chunk, complete = events
    assert chunk == {"PayloadChunk": {"Payload": b"two"}}
    assert "ErrorCode" not in complete["InvokeComplete"]
    assert complete["InvokeComplete"]["LogResult"]


def test_a_stream_that_fails_says_so_at_its_end(segue: Segue) -> None:
    chunk, complete = _events(segue, tear=True)
    assert chunk == {"PayloadChunk": {"Payload": b"one,"}}
    assert complete["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(complete["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "torn"
    (complete,) = _events(segue, refuse=True)
    assert json.loads(complete["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "before"


def test_the_prelude_is_part_of_the_events(segue: Segue) -> None:
    first, *_ = _events(segue, head='{"statusCode": 202}')
    assert first == {"PayloadChunk": {"Payload": b'{"statusCode":202}' + bytes(8)}}


def test_functions_that_do_not_stream(segue: Segue) -> None:
    chunk, complete = _events(segue, "p")
    assert json.loads(chunk["PayloadChunk"]["Payload"]) == {"statusCode": 201}
    assert "ErrorCode" not in complete["InvokeComplete"]
    (complete,) = _events(segue, "p", fail=True)
    assert "KeyError" in complete["InvokeComplete"]["ErrorDetails"]


def test_what_is_refused(segue: Segue) -> None:
    lambda_ = segue.client("lambda")
    with pytest.raises(ClientError) as refused:
        lambda_.invoke_with_response_stream(FunctionName="nobody")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert lambda_.invoke_with_response_stream(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204


def _get(segue: Segue, name: str, query: str = "") -> http.client.HTTPResponse:
    url = urlsplit(segue.client("lambda").get_function_url_config(FunctionName=name)["FunctionUrl"])
    connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=20)
    connection.request("GET", f"{url.path}?{query}")
    return connection.getresponse()


def test_urls_send_at_once(segue: Segue, gate: socket.socket) -> None:
    head = "%7B%22statusCode%22:202,%22headers%22:%7B%22X-Own%22:%22y%22%7D,%22cookies%22:[%22a=b%22]%7D"
    answer = _get(segue, "f", f"port={gate.getsockname()[1]}&head={head}")
    assert (answer.status, answer.headers["x-own"], answer.headers["set-cookie"]) == (202, "y", "a=b")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.read(4) == b"one,"
    _open(gate)
    assert answer.read() == b"two"


def test_urls_without_a_head(segue: Segue) -> None:
    answer = _get(segue, "f", "x=y")
    assert (answer.status, answer.headers["content-type"], answer.read()) == (200, "text/plain", b"one,two")
    answer = _get(segue, "p")
    assert (answer.status, json.loads(answer.read())) == (200, {"statusCode": 201})


@pytest.mark.parametrize("head", ["7", "%22x%22", '{"statusCode":"many"}', '{"headers":[1]}', '{"headers":{"a":[]}}'])
def test_heads_that_are_none(segue: Segue, head: str) -> None:
    assert _get(segue, "f", f"head={head}").status == 502


def test_urls_of_what_fails(segue: Segue) -> None:
    answer = _get(segue, "f", "tear=1")
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    assert _get(segue, "f", "refuse=1").status == 502


def test_clients_that_hang_up_leave_the_function_running(segue: Segue, gate: socket.socket) -> None:
    answer = _get(segue, "f", f"port={gate.getsockname()[1]}")
    assert answer.read(4) == b"one,"
    answer.close()
    _open(gate)
    assert _get(segue, "f", "x=y").read() == b"one,two"

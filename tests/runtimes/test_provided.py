# ruff: noqa: E501 - rows of tables
"""Functions that bring their own runtime: an executable that speaks the Runtime API, here a shell or Python script."""

from __future__ import annotations

import json
import sys

import pytest

from segue.runtimes import RuntimeUnsupported

from .harness import Place, text

CLIENT = f"""#!{sys.executable}
import http.client, os, sys
host = os.environ["AWS_LAMBDA_RUNTIME_API"]
connection = http.client.HTTPConnection(host)
BASE = "/2018-06-01/runtime/"

def call(method, path, body=None, headers={{}}, **more):
    connection.request(method, BASE + path, body, headers, **more)
    answer = connection.getresponse()
    return answer, answer.read()

"""

ECHO = (
    CLIENT
    + """
print("hello from", sys.argv[1], flush=True)
while True:
    answer, body = call("GET", "invocation/next")
    call("POST", "invocation/" + answer.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", body)
"""
)


@pytest.mark.parametrize("runtime", ["provided", "provided.al2", "provided.al2023"])
def test_bootstrap_is_run(place: Place, runtime: str) -> None:
    spec = place.function({"bootstrap": ECHO}, runtime=runtime, handler="anything")
    outcome = place.invoke(spec, {"a": 1})
    assert outcome.payload == b'{"a": 1}'
    assert "hello from anything\n" in text(outcome)
    assert place.invoke(spec, 2).payload == b"2"


def test_protocol_refusals(place: Place) -> None:
    body = (
        CLIENT
        + """
import json
seen = []
answer, _ = call("GET", "invocation/next")
request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
for method, path in [("GET", "invocation/next"), ("POST", "invocation/other/response"), ("POST", "invocation/other/error"),
                     ("POST", "init/error"), ("GET", "nothing"), ("PUT", "invocation/next")]:
    refused, text = call(method, path)
    seen.append([refused.status, json.loads(text)["errorType"]])
call("POST", f"invocation/{request_id}/response", json.dumps(seen))
call("GET", "invocation/next")
"""
    )
    outcome = place.invoke(place.function({"bootstrap": body}, runtime="provided"))
    assert json.loads(outcome.payload) == [
        [403, "InvalidStateTransition"],
        [400, "InvalidRequestID"],
        [400, "InvalidRequestID"],
        [403, "InvalidStateTransition"],
        [404, "NotFound"],
        [404, "NotFound"],
    ]


@pytest.mark.parametrize(
    ("send", "expected"),
    [
        (
            "call('POST', path, iter([b'[1', b',2]']), encode_chunked=True, headers={'Transfer-Encoding': 'chunked'})",
            [1, 2],
        ),
        ("call('POST', path, b'3', {'Expect': '100-continue'})", 3),
        (
            "connection.send(f'POST {BASE}{path} HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n"
            "Lambda-Runtime-Function-Response-Mode: streaming\\r\\n\\r\\n2\\r\\n[1\\r\\n0\\r\\n"
            "Lambda-Runtime-Function-Error-Type: Torn\\r\\nLambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\\r\\n\\r\\n'.encode())",
            {"a": 1},
        ),
    ],
)
def test_forms_of_a_response(place: Place, send: str, expected: object) -> None:
    body = CLIENT + (
        "answer, _ = call('GET', 'invocation/next')\n"
        "path = 'invocation/' + answer.headers['Lambda-Runtime-Aws-Request-Id'] + '/response'\n"
        f"{send}\nimport time; time.sleep(5)\n"
    )
    outcome = place.invoke(place.function({"bootstrap": body}, runtime="provided"))
    assert json.loads(outcome.payload) == expected


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"other": ""}, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ({"bootstrap": "no program"}, "fork/exec /var/task/bootstrap: exec format error"),
        ({"bootstrap": "#!/does/not/exist\n"}, "fork/exec /var/task/bootstrap: no such file or directory"),
    ],
)
def test_programs_that_cannot_start(place: Place, files: dict[str, str], message: str) -> None:
    outcome = place.invoke(place.function(files, runtime="provided.al2023"))
    error = json.loads(outcome.payload)
    assert error["errorType"] == "Runtime.InvalidEntrypoint"
    assert error["errorMessage"].endswith(f"Error: {message}")
    assert "Runtime.InvalidEntrypoint" in text(outcome)


@pytest.mark.parametrize("runtime", ["java21", "dotnet8", "ruby3.3", "go1.x", "cobol", "dotnetcore3.1"])
def test_unsupported_runtimes_are_named(place: Place, runtime: str) -> None:
    with pytest.raises(RuntimeUnsupported, match=runtime):
        place.invoke(place.function({"x": ""}, runtime=runtime))

"""Python functions, as AWS runs and fails them."""

from __future__ import annotations

import json
import os
import re

import pytest

from .harness import Place, text

FAILURES = [
    pytest.param(
        {"app.py": "def handler(event, context):\n    raise ValueError('no luck')\n"},
        "app.handler",
        {"errorMessage": "no luck", "errorType": "ValueError"},
        "[ERROR] ValueError: no luck\nTraceback (most recent call last):\n",
        id="exception",
    ),
    pytest.param(
        {"app.py": "class Custom(Exception):\n    pass\ndef handler(event, context):\n    raise Custom()\n"},
        "app.handler",
        {"errorMessage": "", "errorType": "Custom"},
        "[ERROR] Custom\nTraceback",
        id="exception without message",
    ),
    pytest.param(
        {"app.py": "def handler(event, context):\n    return object()\n"},
        "app.handler",
        {
            "errorMessage": "Unable to marshal response: Object of type object is not JSON serializable",
            "errorType": "Runtime.MarshalError",
            "stackTrace": [],
        },
        "[ERROR] Runtime.MarshalError: Unable to marshal response",
        id="result that is not JSON",
    ),
    pytest.param(
        {"other.py": ""},
        "app.handler",
        {
            "errorMessage": "Unable to import module 'app': No module named 'app'",
            "errorType": "Runtime.ImportModuleError",
            "requestId": "",
            "stackTrace": [],
        },
        "Phase: init\tStatus: error\tError Type: Runtime.ImportModuleError",
        id="no such module",
    ),
    pytest.param(
        {"app.py": "import apsw\n"},
        "app.handler",
        {
            "errorMessage": "Unable to import module 'app': No module named 'apsw'",
            "errorType": "Runtime.ImportModuleError",
        },
        "[ERROR] Runtime.ImportModuleError",
        id="a library of the server's is not the function's",
    ),
    pytest.param(
        {"app.py": "def other(event, context):\n    pass\n"},
        "app.handler",
        {"errorMessage": "Handler 'handler' missing on module 'app'", "errorType": "Runtime.HandlerNotFound"},
        "[ERROR] Runtime.HandlerNotFound",
        id="no such handler",
    ),
    pytest.param(
        {"app.py": ""},
        "app",
        {
            "errorMessage": "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
            "errorType": "Runtime.MalformedHandlerName",
        },
        "Runtime.MalformedHandlerName",
        id="malformed handler",
    ),
    pytest.param(
        {"app.py": "def handler(:\n"},
        "app.handler",
        {"errorType": "Runtime.UserCodeSyntaxError"},
        "Runtime.UserCodeSyntaxError",
        id="syntax error",
    ),
    pytest.param(
        {"app.py": "raise RuntimeError('at import')\n"},
        "app.handler",
        {"errorMessage": "at import", "errorType": "RuntimeError"},
        "[ERROR] RuntimeError: at import",
        id="exception at import",
    ),
]


@pytest.mark.parametrize(("files", "handler", "expected", "logged"), FAILURES)
def test_failures(place: Place, files: dict[str, str], handler: str, expected: dict[str, object], logged: str) -> None:
    outcome = place.invoke(place.function(files, handler=handler))
    error = json.loads(outcome.payload)
    assert {name: error[name] for name in expected} == expected
    assert (outcome.status, outcome.function_error) == ("error", "Unhandled")
    assert logged in text(outcome)
    assert "END RequestId" in text(outcome)


def test_stack_trace_and_request_id(place: Place) -> None:
    outcome = place.invoke(place.python("def handler(event, context):\n    raise ValueError(context.aws_request_id)\n"))
    error = json.loads(outcome.payload)
    assert list(error) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert error["requestId"] == error["errorMessage"]
    assert len(error["stackTrace"]) == 1
    assert error["stackTrace"][0].endswith("line 2, in handler\n    raise ValueError(context.aws_request_id)\n")


EXITS = [
    ("import sys\ndef handler(e, c):\n    sys.exit(1)\n", "Runtime exited with error: exit status 1"),
    ("import os\ndef handler(e, c):\n    os._exit(3)\n", "Runtime exited with error: exit status 3"),
    ("import os\ndef handler(e, c):\n    os._exit(0)\n", "Runtime exited without providing a reason"),
    ("import os\ndef handler(e, c):\n    os.kill(os.getpid(), 9)\n", "Runtime exited with error: signal: killed"),
    ("import os\ndef handler(e, c):\n    os.abort()\n", "Runtime exited with error: signal: aborted"),
    ("import sys\nsys.exit(2)\n", "Runtime exited with error: exit status 2"),
]


@pytest.mark.parametrize(("body", "reason"), EXITS)
def test_exits(place: Place, body: str, reason: str) -> None:
    outcome = place.invoke(place.python(body))
    error = json.loads(outcome.payload)
    assert list(error) == ["errorType", "errorMessage"]
    assert error["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: " + re.escape(reason), error["errorMessage"])
    assert f"Error: {reason}\nRuntime.ExitError\n" in text(outcome)


def test_timeout(place: Place) -> None:
    spec = place.python("import time\ndef handler(e, c):\n    print('in')\n    time.sleep(e)\n", timeout_seconds=0.2)
    outcome = place.invoke(spec, 30)
    request_id = json.loads(outcome.payload)["errorMessage"][11:47]
    message = f"RequestId: {request_id} Error: Task timed out after 0.20 seconds"
    assert json.loads(outcome.payload) == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    log = text(outcome)
    assert re.search(rf"\d{{4}}-\d\d-\d\dT\S+Z {request_id} Task timed out after 0.20 seconds\n\nEND", log)
    assert "in\n" in log
    assert "Duration: 200.00 ms\t" in log
    assert "\tStatus: timeout" in log
    assert place.invoke(spec, 0).status == "ok"


def test_memory(place: Place) -> None:
    spec = place.python("def handler(e, c):\n    x = []\n    while True: x.append(bytearray(1 << 20))\n", memory_mb=128)
    outcome = place.invoke(spec)
    assert json.loads(outcome.payload)["errorType"] == "Runtime.OutOfMemory"
    assert json.loads(outcome.payload)["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert "Max Memory Used: 128 MB" in text(outcome)


@pytest.mark.parametrize(("size", "fits"), [(6_291_554, True), (6_291_555, False), (20_000_000, False)])
def test_response_size(place: Place, size: int, fits: bool) -> None:
    outcome = place.invoke(place.python("def handler(e, c):\n    return 'x' * e\n"), size)
    if fits:
        assert len(outcome.payload) == size + 2
    else:
        assert json.loads(outcome.payload) == {
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        }


@pytest.mark.parametrize(
    ("expression", "payload"),
    [
        ("None", b"null"),
        ("b'\"raw\"'", b'"raw"'),
        ("{'a': 1.0}", b'{"a": 1.0}'),
        ("e", b"123456789012345678901234567890"),
    ],
)
def test_results_pass_unchanged(place: Place, expression: str, payload: bytes) -> None:
    outcome = place.invoke(
        place.python(f"def handler(e, c):\n    return {expression}\n"), 123456789012345678901234567890
    )
    assert (outcome.payload, outcome.function_error, outcome.status) == (payload, None, "ok")


def test_log_of_a_cold_and_a_warm_invocation(place: Place) -> None:
    body = """
import logging, sys
print("at import")
def handler(e, c):
    print("one", end="")
    logging.warning("two\\nlines")
    print("three", file=sys.stderr)
"""
    spec = place.python(body)
    cold, warm = place.invoke(spec), place.invoke(spec)
    messages = [line.message for line in cold.logs]
    assert messages[0].startswith("INIT_START Runtime Version: python:3.")
    assert messages[1] == "at import\n"
    assert re.fullmatch(r"START RequestId: \S{36} Version: \$LATEST\n", messages[2])
    assert messages[3] == "one"
    assert re.fullmatch(r"\[WARNING\]\t\S+Z\t\S{36}\ttwo\nlines\n", messages[4])
    assert messages[5] == "three\n"
    assert messages[6].startswith("END RequestId: ")
    report = r"REPORT RequestId: \S{36}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t"
    report += r"Max Memory Used: \d+ MB\t"
    assert re.fullmatch(report + r"Init Duration: [\d.]+ ms\t\n", messages[7])
    assert re.fullmatch(report + r"\n", warm.logs[-1].message)
    assert warm.logs[0].message.startswith("START ")
    assert (cold.init_ms is None, warm.init_ms is None) == (False, True)
    assert cold.log_stream == warm.log_stream
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", cold.log_stream)
    assert cold.tail.startswith(b"at import\nSTART")
    assert all(
        before.timestamp_ms <= after.timestamp_ms for before, after in zip(cold.logs, cold.logs[1:], strict=False)
    )


def test_environment_variables(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "1")
    spec = place.python(
        "import os\ndef handler(e, c):\n    here = {'cwd': os.getcwd(), 'tmp': os.listdir(os.environ['TMPDIR'])}\n"
        "    return os.environ | here\n",
        environment={"MINE": "ä", "AWS_REGION": "not-mine-to-say"},
        region="eu-west-1",
        endpoint_url="http://127.0.0.1:4566",
        runtime="python3.8",
    )
    outcome = place.invoke(spec, trace_header="Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    seen = json.loads(outcome.payload)
    expected = {
        "MINE": "ä",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.8",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": outcome.log_stream,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "_HANDLER": "app.handler",
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(spec.code.directory),
        "cwd": str(spec.code.directory),
        "tmp": [],
        "PATH": os.environ["PATH"],
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert "SECRET_OF_THE_SERVER" not in seen
    assert not any(name.startswith(("VIRTUAL_ENV", "PYTEST")) for name in seen)
    assert any("python3.8 is not installed here" in line.message for line in outcome.logs)


def test_context(place: Place) -> None:
    body = """
def handler(e, c):
    return [c.function_name, c.function_version, c.invoked_function_arn, c.memory_limit_in_mb, c.client_context.custom,
            c.identity.cognito_identity_id, 0 < c.get_remaining_time_in_millis() <= 5000]
"""
    spec = place.python(body)
    outcome = place.invoke(
        spec,
        client_context='{"custom": {"k": "v"}}',
        cognito_identity='{"cognitoIdentityId": "id", "cognitoIdentityPoolId": "pool"}',
        invoked_arn=spec.function_arn + ":live",
    )
    assert json.loads(outcome.payload) == [
        spec.name, "$LATEST", spec.function_arn + ":live", "256", {"k": "v"}, "id", True,
    ]  # fmt: skip


def test_json_log_format(place: Place) -> None:
    body = "import logging\nlogging.getLogger().setLevel('INFO')\ndef handler(e, c):\n    logging.info('said')\n"
    outcome = place.invoke(place.python(body, log_format="JSON"))
    line = next(json.loads(line.message) for line in outcome.logs if "said" in line.message)
    assert (line["message"], line["level"]) == ("said", "INFO")


def test_own_sdk_wins_over_the_preloaded(place: Place) -> None:
    files = {
        "app.py": "import boto3\ndef handler(e, c):\n    return boto3.mine\n",
        "boto3/__init__.py": "mine = True\n",
    }
    assert place.invoke(place.function(files)).payload == b"true"


def test_boto3_is_there(place: Place) -> None:
    body = "import boto3\nclient = boto3.client('sqs')\ndef handler(e, c):\n    return client.meta.endpoint_url\n"
    outcome = place.invoke(place.python(body, endpoint_url="http://127.0.0.1:4566", timeout_seconds=20))
    assert outcome.payload == b'"http://127.0.0.1:4566"'


def test_descriptor_limit_is_aws_s(place: Place) -> None:
    body = "import resource\ndef handler(e, c):\n    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]\n"
    assert place.invoke(place.python(body)).payload == b"1024"


def test_a_broken_connection_is_an_exception_and_programs_begin_as_usual(place: Place) -> None:
    body = """
import signal, socket, subprocess
def handler(e, c):
    ours, theirs = socket.socketpair()
    theirs.close()
    try:
        ours.sendall(b"x")
    except BrokenPipeError as error:
        found = type(error).__name__
    ignored = subprocess.run(["/bin/sh", "-c", "grep SigIgn /proc/self/status"], capture_output=True, text=True).stdout
    return found, bool(int(ignored.split()[1], 16) >> (signal.SIGPIPE - 1) & 1)
"""
    assert place.invoke(place.python(body)).payload == b'["BrokenPipeError", false]'

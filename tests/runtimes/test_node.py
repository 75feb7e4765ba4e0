# ruff: noqa: E501 - rows of tables
"""Node.js functions: handler styles, module kinds, errors and console lines."""

from __future__ import annotations

import json
import re

import pytest

from segue.runtimes.launch import find_node

from .harness import Place, text

pytestmark = pytest.mark.skipif(find_node() is None, reason="no Node.js on this machine")

RESULTS = [
    ("export const handler = async (e) => e.n + 1;", b"2"),
    ("export const handler = async () => undefined;", b"null"),
    ("export const handler = async () => (() => 1);", b"null"),
    ("export const handler = () => {};", b"null"),
    ("export const handler = async () => new Promise(() => {});", b"null"),
    ("export const handler = (e, c, callback) => callback(null, 'called');", b'"called"'),
    ("export const handler = (e, c, cb) => { cb(null, 'first'); cb(null, 'second'); };", b'"first"'),
    ("export const handler = (e, c) => c.succeed('ok');", b'"ok"'),
    ("export const handler = (e, c) => c.done(null, 'done');", b'"done"'),
    ("let n = 0; export const handler = (e, c, cb) => { setTimeout(() => { n = 5; }, 1000); cb(null, { get n() { return n; } }); };", b'{"n":5}'),
    (
        "let n = 0; export const handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false;"
        " setTimeout(() => { n = 5; }, 1000); cb(null, { get n() { return n; } }); };",
        b'{"n":0}',
    ),
    ("export const handler = async (e, c) => c.getRemainingTimeInMillis() > 1000;", b"true"),
    ("export const handler = async () => 'é😀';", '"é😀"'.encode()),
    (
        "export const handler = awslambda.streamifyResponse(async (e, stream) => { stream.write('{'); stream.write('}'); stream.end(); });",
        b"{}",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "payload"), RESULTS)
def test_results(place: Place, body: str, payload: bytes) -> None:
    spec = place.node(body)
    for _ in range(2):
        outcome = place.invoke(spec, {"n": 1})
        assert (outcome.payload, outcome.status) == (payload, "ok"), text(outcome)


@pytest.mark.parametrize(
    ("name", "body", "extra"),
    [
        ("index.js", "exports.handler = async () => 'yes';", {}),
        ("index.cjs", "module.exports.handler = async () => 'yes';", {}),
        ("index.mjs", "export const handler = async () => 'yes';", {}),
        ("index.js", "export const handler = async () => 'yes';", {"package.json": '{"type": "module"}'}),
        (
            "index.js",
            "const { yes } = require('./other'); exports.handler = async () => yes;",
            {"other.js": "exports.yes = 'yes'"},
        ),
    ],
)
def test_module_kinds(place: Place, name: str, body: str, extra: dict[str, str]) -> None:
    spec = place.function({name: body, **extra}, runtime="nodejs12.x", handler="index.handler")
    assert place.invoke(spec).payload == b'"yes"'


def test_nested_handlers_and_folders(place: Place) -> None:
    files = {"src/api/index.js": "exports.v1 = { get: async () => 'deep' };"}
    assert (
        place.invoke(place.function(files, runtime="nodejs20.x", handler="src/api/index.v1.get")).payload == b'"deep"'
    )


FAILURES = [
    ("export const handler = async () => { throw new TypeError('bad'); };", "index.handler", "TypeError", "bad", "ERROR\tInvoke Error \t{"),
    ("export const handler = (e, c, cb) => cb(new Error('told'));", "index.handler", "Error", "told", "Invoke Error"),
    ("export const handler = (e, c, cb) => cb('text');", "index.handler", "string", "text", "Invoke Error"),
    ("export const handler = () => { throw new Error('sync'); };", "index.handler", "Error", "sync", "Invoke Error"),
    ("export const handler = (e, c) => c.fail(new Error('failed'));", "index.handler", "Error", "failed", "Invoke Error"),
    (
        "export const handler = async () => { const a = {}; a.a = a; return a; };",
        "index.handler", "Error", "Unable to stringify response body", "Invoke Error",
    ),
    (
        "export const handler = () => new Promise(() => { setTimeout(() => { throw new Error('late'); }, 5); });",
        "index.handler", "Error", "late", "ERROR\tUncaught Exception \t{",
    ),
    (
        "export const handler = () => new Promise(() => { Promise.reject(new Error('lost')); setTimeout(() => {}, 2000); });",
        "index.handler", "Runtime.UnhandledPromiseRejection", "Error: lost", "ERROR\tUnhandled Promise Rejection \t{",
    ),
    ("export const other = 1;", "index.handler", "Runtime.HandlerNotFound", "index.handler is undefined or not exported", "undefined\tERROR"),
    ("export const handler = 1;", "index.handler", "Runtime.HandlerNotFound", "index.handler is not a function", ""),
    ("", "missing.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'missing'", "Runtime.ImportModuleError"),
    ("import 'nowhere'; ", "index.handler", "Runtime.ImportModuleError", "Error: Cannot find package 'nowhere'", ""),
    ("import x from '@aws-sdk/client-sqs';", "index.handler", "Runtime.ImportModuleError", "Error: Cannot find package '@aws-sdk/client-sqs'",
     "@aws-sdk/client-sqs is part of AWS's Node.js runtimes"),
    ("export const handler = ;", "index.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected token ';'", ""),
    ("throw new RangeError('at import');", "index.handler", "RangeError", "at import", "Uncaught Exception"),
    ("", "index", "Runtime.MalformedHandlerName", "Bad handler", ""),
    ("export const handler = async () => process.exit(3);", "index.handler", "Runtime.ExitError", "RequestId: ", "Runtime.ExitError"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "handler", "error_type", "message", "logged"), FAILURES)
def test_failures(place: Place, body: str, handler: str, error_type: str, message: str, logged: str) -> None:
    outcome = place.invoke(place.node(body, handler=handler))
    error = json.loads(outcome.payload)
    assert error["errorType"] == error_type
    assert error["errorMessage"].startswith(message)
    assert outcome.function_error == "Unhandled"
    assert logged in text(outcome)
    if error_type not in ("string", "Runtime.ExitError"):
        assert error["trace"][0].startswith(error_type)


def test_stream_that_fails_midway(place: Place) -> None:
    body = "export const handler = awslambda.streamifyResponse(async (e, s) => { s.write('half'); throw new Error('torn'); });"
    spec = place.node(body)
    for _ in range(2):
        outcome = place.invoke(spec)
        assert json.loads(outcome.payload)["errorMessage"] == "torn"


def test_console_lines(place: Place) -> None:
    spec = place.node(
        "export const handler = async () => { console.log('a %s', 1, { b: 2 }); console.warn('two\\nlines'); };"
    )
    lines = [line.message for line in place.invoke(spec).logs]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+Z\t\S{36}\tINFO\ta 1 \{ b: 2 \}\n", lines[-4])
    assert re.fullmatch(r"\S+Z\t\S{36}\tWARN\ttwo\nlines\n", lines[-3])


def test_context(place: Place) -> None:
    spec = place.node("export const handler = async (e, c) => c;", memory_mb=512)
    context = json.loads(place.invoke(spec, client_context='{"custom": 1}').payload)
    assert context.pop("logStreamName")
    assert context.pop("awsRequestId")
    assert context == {
        "callbackWaitsForEmptyEventLoop": True,
        "functionVersion": "$LATEST",
        "functionName": spec.name,
        "memoryLimitInMB": "512",
        "logGroupName": f"/aws/lambda/{spec.name}",
        "clientContext": {"custom": 1},
        "invokedFunctionArn": spec.arn,
    }


def test_options_of_node_itself(place: Place) -> None:
    """As bundles for which NodejsFunction makes source maps ask for."""
    spec = place.node(
        "export const handler = async () => process.sourceMapsEnabled ?? 'unknown';",
        environment={"NODE_OPTIONS": "--enable-source-maps"},
    )
    assert place.invoke(spec).payload in (b"true", b'"unknown"')

"""``segue run``: a program's environment, and Node.js programs whose SDK knows no ``AWS_ENDPOINT_URL``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segue.cli import run
from segue.runtimes.launch import find_node
from segue.testing import Segue

ASK = """
const https = require('node:https');
const asked = { hostname: 'bucket.s3.amazonaws.com', path: '/a%20b', method: 'GET' };
https.request(asked, (answer) => answer.on('data', (data) => console.log('request', String(data)))).end();
https.get('https://s3.eu-west-1.amazonaws.com/bucket/a%20b', (answer) => {
  answer.on('data', (data) => console.log('get', answer.statusCode, String(data)));
});
const url = 'https://bucket.s3.us-east-1.amazonaws.com';
fetch(`${url}/new`, { method: 'PUT', body: 'two' }).then(async (put) => {
  const got = await fetch(new URL(`${url}/new`));
  console.log('fetch', put.status, got.headers.get('content-length'), await got.text());
});
fetch(process.env.AWS_ENDPOINT_URL + '/bucket/a%20b').then(async (got) => console.log('direct', await got.text()));
"""


@pytest.fixture
def node() -> Path:
    found = find_node()
    assert found is not None, "no Node.js here: make setup installs one where there is none"
    return found


@pytest.mark.parametrize("kind", ["commonjs", "module"])
def test_what_is_for_awss_hosts_goes_to_the_server(tmp_path: Path, node: Path, kind: str) -> None:
    text = (
        ASK
        if kind == "commonjs"
        else ASK.replace("const https = require('node:https')", "import * as https from 'node:https'")
    )
    program = tmp_path / ("ask.cjs" if kind == "commonjs" else "ask.mjs")
    program.write_text(text)
    with Segue() as segue:
        s3 = segue.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="a b", Body=b"one")
        command = [sys.executable, "-m", "segue.cli.main", "run", str(node), str(program)]
        given = {**os.environ, "AWS_ENDPOINT_URL": segue.endpoint_url}
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert sorted(done.stdout.splitlines()) == ["direct one", "fetch 200 3 two", "get 200 one", "request one"]


def test_what_is_set_stays() -> None:
    made = run.environment({"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://other", "NODE_OPTIONS": "--inspect"})
    assert (made["AWS_REGION"], made["AWS_DEFAULT_REGION"], made["AWS_ENDPOINT_URL"]) == (
        "eu-west-1",
        "eu-west-1",
        "http://other",
    )
    assert made["NODE_OPTIONS"].startswith("--inspect --require ")
    assert made["AWS_ACCESS_KEY_ID"] == "test"


def test_what_is_empty_is_not_set() -> None:
    assert run.environment({"AWS_ENDPOINT_URL": "", "AWS_REGION": ""}) == run.environment({})


def test_a_profile_brings_its_own_credentials_and_region() -> None:
    made = run.environment({"AWS_PROFILE": "mine"})
    assert set(made) == {"AWS_PROFILE", "AWS_ENDPOINT_URL", "NODE_OPTIONS"}


def test_a_program_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    from segue.cli.main import main

    assert main(["run", "no-such-program"]) == 127
    assert "no-such-program" in capsys.readouterr().err

"""Packages that AWS's Node.js runtimes bring along: which code needs them, how they come, what if they cannot."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from segue.runtimes import CodeRef, FunctionSpec, Outcome, Pool
from segue.runtimes.installer import Installer, NotInstalled
from segue.runtimes.launch import find_node
from segue.runtimes.node_modules import packages_named
from segue.runtimes.node_sdk import NodeSdk, locked_packages, version_for

from .harness import invocation, text

needs_node = pytest.mark.skipif(find_node() is None, reason="no Node.js on this machine")

# Stands in for npm: notes that it was called, and "installs" what its lock or its last argument names.
NPM = """
import json, pathlib, sys
here = pathlib.Path.cwd()
with open(here.parent / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:2] + sys.argv[-1:]) + "\\n")
wanted = json.loads((here / "package.json").read_text()).get("dependencies", {})
names = list(wanted) if sys.argv[1] == "ci" else [sys.argv[-1].rpartition("@")[0]]
for name in names:
    folder = here / "node_modules" / name
    folder.mkdir(parents=True)
    (folder / "index.js").write_text(f"exports.name = '{name}';")
"""


@pytest.fixture
def sdk(tmp_path: Path) -> NodeSdk:
    import sys

    (tmp_path / "npm.py").write_text(NPM)
    return NodeSdk(Installer(tmp_path / "cache"), (sys.executable, str(tmp_path / "npm.py")))


@pytest.mark.parametrize(
    ("runtime", "version"),
    [("nodejs12.x", "v2"), ("nodejs16.x", "v2"), ("nodejs18.x", "v3"), ("nodejs24.x", "v3"), ("nodejs", "v3")],
)
def test_versions(runtime: str, version: str) -> None:
    assert version_for(runtime) == version


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("const AWS = require('aws-sdk');", {"aws-sdk"}),
        ('var S3 = require( "aws-sdk/clients/s3" )', {"aws-sdk"}),
        ("import { S3 } from '@aws-sdk/client-s3';", {"@aws-sdk/client-s3"}),
        ('import{S3 as e}from"@aws-sdk/client-s3";', {"@aws-sdk/client-s3"}),
        ("import '@aws-sdk/client-s3';", {"@aws-sdk/client-s3"}),
        ("await import('@aws-sdk/client-s3')", {"@aws-sdk/client-s3"}),
        ('__toESM(__require("@smithy/node-http-handler/dist-cjs/x"))', {"@smithy/node-http-handler"}),
        ("this.name = `@aws-sdk/client-${this.service}`;", {"@aws-sdk/*"}),
        ('require("@aws-sdk/client-" + service)', {"@aws-sdk/*"}),
        ("'use @aws-sdk/client-s3'; // from aws-sdk", set()),
        ("require('aws-sdk-mock'); require('./aws-sdk')", set()),
    ],
)
def test_names_in_code(tmp_path: Path, code: str, names: set[str]) -> None:
    (tmp_path / "index.mjs").write_text(code)
    assert packages_named(tmp_path) == names


def test_what_a_package_brings_is_not_missing(tmp_path: Path) -> None:
    for name in ("node_modules/aws-sdk", "node_modules/@aws-sdk/client-s3"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "node_modules/aws-sdk/x.js").write_text("require('@aws-sdk/client-sqs')")
    (tmp_path / "a.js").write_text("require('aws-sdk'); require('@aws-sdk/client-s3'); require('@aws-sdk/client-sns')")
    assert packages_named(tmp_path) == {"@aws-sdk/client-sns"}


def test_the_locks_name_what_applications_use() -> None:
    assert "aws-sdk" in locked_packages("v2")
    assert {"@aws-sdk/client-s3", "@aws-sdk/lib-dynamodb", "@smithy/node-http-handler"} <= locked_packages("v3")


def test_a_set_is_installed_once(sdk: NodeSdk, tmp_path: Path) -> None:
    told: list[str] = []

    async def twice() -> list[Path]:
        both = await asyncio.gather(sdk.ready("v2", told.append), sdk.ready("v2", told.append))
        return [*both, await sdk.ready("v2", told.append)]

    assert len(set(asyncio.run(twice()))) == 1
    assert (tmp_path / "cache/calls").read_text().splitlines() == ["ci --fetch-retries=1"]
    assert told == ["installing the AWS SDK for JavaScript v2 from the npm registry, once for this machine"]
    assert list((tmp_path / "cache").glob(".unfinished-*")) == []


def test_without_a_registry(tmp_path: Path) -> None:
    broken = NodeSdk(
        Installer(tmp_path), ("/bin/sh", "-c", "echo called >> ../calls; echo npm error ENOTFOUND >&2; exit 1")
    )

    async def twice() -> None:
        for _ in range(2):
            with pytest.raises(NotInstalled, match=r"the AWS SDK for JavaScript v3 could not be installed: ENOTFOUND"):
                await broken.ready("v3")

    asyncio.run(twice())
    assert (tmp_path / "calls").read_text() == "called\n", "it is not tried again at once"
    assert broken.found("v3") is None


def run(tmp_path: Path, sdk: NodeSdk, files: dict[str, str], runtime: str, **more: Any) -> tuple[Outcome, list[str]]:
    """One invocation of an uploaded function in a pool of its own."""
    late: list[str] = []

    async def once() -> Outcome:
        pool = Pool(
            tmp_path / "pool", sdk=sdk, on_late_lines=lambda _, __, lines: late.extend(x.message for x in lines)
        )
        await pool.start()
        try:
            arn = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"
            code = zipped(tmp_path / "code.zip", files)
            return await pool.invoke(FunctionSpec(arn, "f", runtime, "index.handler", code, **more), invocation())
        finally:
            await pool.close()

    return asyncio.run(once()), late


def zipped(path: Path, files: dict[str, str]) -> CodeRef:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return CodeRef(path.stem, path)


V2 = "const AWS = require('aws-sdk'); exports.handler = async () => AWS.name;"
V3 = """
import c from '@aws-sdk/client-sqs';
import o from '@aws-sdk/client-other';
export const handler = async () => [c.name, o.name];
"""


@needs_node
def test_functions_find_the_sdk_of_their_runtime(tmp_path: Path, sdk: NodeSdk) -> None:
    outcome, late = run(tmp_path, sdk, {"index.js": V2}, "nodejs16.x", timeout_seconds=10)
    assert outcome.payload == b'"aws-sdk"', text(outcome)
    assert late == [
        "[INFO] Segue: installing the AWS SDK for JavaScript v2 from the npm registry, once for this machine\n"
    ]
    outcome, _ = run(tmp_path, sdk, {"index.mjs": V3}, "nodejs20.x", timeout_seconds=10)
    assert json.loads(outcome.payload) == ["@aws-sdk/client-sqs", "@aws-sdk/client-other"], text(outcome)
    assert (tmp_path / "cache/calls").read_text().splitlines()[1:] == [
        "ci --fetch-retries=1",
        "install @aws-sdk/client-other@<=3.922.0",
    ]


@needs_node
def test_what_aws_does_not_bring_is_not_brought(tmp_path: Path, sdk: NodeSdk) -> None:
    outcome, _ = run(tmp_path, sdk, {"index.js": V2}, "nodejs20.x")
    assert "aws-sdk is not part of AWS's runtime nodejs20.x" in text(outcome)
    assert not (tmp_path / "cache").exists()


@needs_node
def test_what_could_not_be_installed_is_said(tmp_path: Path) -> None:
    sdk = NodeSdk(Installer(tmp_path / "cache"), ("/bin/sh", "-c", "echo npm error ENOTFOUND >&2; exit 1"))
    outcome, _ = run(tmp_path, sdk, {"index.js": "const AWS = require('aws-sdk');"}, "nodejs16.x")
    assert json.loads(outcome.payload)["errorType"] == "Runtime.ImportModuleError"
    assert "could not be installed: ENOTFOUND. Run 'segue runtimes install', or put it into the package" in text(
        outcome
    )


@needs_node
def test_modules_find_packages_of_layers(tmp_path: Path, sdk: NodeSdk) -> None:
    """ES modules too, as on AWS since nodejs18.x."""
    layer = zipped(tmp_path / "layer.zip", {"nodejs/node_modules/@our/own/index.js": "exports.answer = 42;"})
    code = "import own from '@our/own'; export const handler = async () => own.answer;"
    outcome, _ = run(tmp_path, sdk, {"index.mjs": code}, "nodejs20.x", layers=(layer,))
    assert outcome.payload == b"42", text(outcome)

"""Layers of other accounts: what stands for them, and what is said where nothing does."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from segue.runtimes import FunctionSpec, Pool
from segue.runtimes.installer import Installer
from segue.runtimes.node_sdk import NodeSdk
from segue.runtimes.public_layers import PublicLayers, packages_of

from .harness import invocation, text
from .test_node_sdk import zipped

# Stands in for pip: "installs" its last argument's package, and what layers leave out.
PIP = """
import pathlib, re, sys
for name in (re.match(r"[A-Za-z-]+", sys.argv[-1])[0].replace("-", "_"), "botocore"):
    folder = pathlib.Path("python", name)
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(f"name = {name!r}")
"""
POWERTOOLS = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:7"
UNKNOWN = "arn:aws:lambda:eu-west-1:111122223333:layer:own:1"


@pytest.mark.parametrize(
    ("layer", "packages"),
    [
        ("017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-arm64:7", ("aws-lambda-powertools[all]>=3,<4",)),
        ("017000801446:layer:AWSLambdaPowertoolsPythonV2:51", ("aws-lambda-powertools[all]>=2,<3",)),
        ("017000801446:layer:AWSLambdaPowertoolsPython:3", ("aws-lambda-powertools[all]<2",)),
        ("336392948345:layer:AWSSDKPandas-Python39:6", ("awswrangler",)),
        ("770693421928:layer:Klayers-p39-requests:12", ("requests",)),
        ("770693421928:layer:Klayers-python38-beautifulsoup4:12", ("beautifulsoup4",)),
    ],
)
def test_layers_of_python(layer: str, packages: tuple[str, ...]) -> None:
    assert packages_of(f"arn:aws:lambda:us-east-1:{layer}") == ("pip", packages)


def test_layers_of_node() -> None:
    found = packages_of("arn:aws:lambda:us-east-1:094274105915:layer:AWSLambdaPowertoolsTypeScriptV2:20")
    assert found is not None
    assert found[0] == "npm"
    assert "@aws-lambda-powertools/logger@2" in found[1]


@pytest.mark.parametrize(
    "layer",
    ["111122223333:layer:AWSLambdaPowertoolsPythonV3:1", "017000801446:layer:Other:1", "770693421928:layer:x:1"],
)
def test_unknown_layers(layer: str) -> None:
    assert packages_of(f"arn:aws:lambda:us-east-1:{layer}") is None


def test_what_stands_for_a_layer_is_installed_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.py").write_text(PIP)
    sdk = NodeSdk(Installer(tmp_path / "cache"))
    code = """
import aws_lambda_powertools
def handler(event, context):
    return aws_lambda_powertools.name
"""

    async def once() -> tuple[bytes, str]:
        pool = Pool(tmp_path / "pool", sdk=sdk)
        pool._code._public = PublicLayers(sdk.installer, (sys.executable, str(tmp_path / "pip.py")))
        await pool.start()
        try:
            arn = "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"
            spec = FunctionSpec(
                arn,
                "f",
                "python3.11",
                "index.handler",
                zipped(tmp_path / "code.zip", {"index.py": code}),
                missing_layers=(POWERTOOLS, UNKNOWN),
            )
            outcome = await pool.invoke(spec, invocation())
            return outcome.payload, text(outcome)
        finally:
            await pool.close()

    payload, logged = asyncio.run(once())
    assert json.loads(payload) == "aws_lambda_powertools", logged
    assert "V3-python312-x86_64:7 of another account is not here; in its place: aws-lambda-powertools[all]>=3" in logged
    assert f"the layer {UNKNOWN} of another account is not here; publish one of that name there" in logged
    assert not list((tmp_path / "cache").glob("*/python/botocore")), "functions have one already"

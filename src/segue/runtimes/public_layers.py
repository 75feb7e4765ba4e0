"""Layers that AWS and others publish in accounts of theirs, and that applications name by ARN.

Their content cannot be fetched from here. Where it is known to be packages of PyPI or npm, these are installed in its
place, of the same major version; the function's log says so.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from segue.runtimes.installer import Installer, NotInstalled, Order, Tell
from segue.runtimes.node_sdk import NPM_FLAGS, find_npm

_PIP_FLAGS = ("--quiet", "--disable-pip-version-check", "--no-input", "--only-binary=:all:", "--target", "python")
# What AWS's Python runtimes have themselves, and the layers therefore leave out.
_OF_RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil")
_POWERTOOLS_NODE = ("commons", "logger", "metrics", "tracer", "parameters", "idempotency", "batch")
_POWERTOOLS_PYTHON = {"": "<2", "V2": ">=2,<3", "V3": ">=3,<4"}


def packages_of(arn: str) -> tuple[str, tuple[str, ...]] | None:
    """Which packages a layer holds: ``pip`` or ``npm``, and what these are to install. ``None``: nobody knows."""
    account, _, name = ":".join(arn.split(":")[4:7]).partition(":layer:")
    for known, pattern, packages in _KNOWN:
        found = re.fullmatch(pattern, name) if account == known else None
        if found is not None:
            return packages(found)
    return None


def _powertools_python(found: re.Match[str]) -> tuple[str, tuple[str, ...]]:
    return "pip", (f"aws-lambda-powertools[all]{_POWERTOOLS_PYTHON.get(found[1] or '', '')}",)


def _powertools_node(found: re.Match[str]) -> tuple[str, tuple[str, ...]]:
    version = "2" if found[1] else "1"
    return "npm", tuple(f"@aws-lambda-powertools/{name}@{version}" for name in _POWERTOOLS_NODE)


_KNOWN: tuple[tuple[str, str, Callable[[re.Match[str]], tuple[str, tuple[str, ...]]]], ...] = (
    # https://docs.powertools.aws.dev/lambda/python/latest/ and …/typescript/latest/, "Lambda Layer"
    ("017000801446", r"AWSLambdaPowertoolsPython(V\d)?(?:-.*)?", _powertools_python),
    ("094274105915", r"AWSLambdaPowertoolsTypeScript(V2)?", _powertools_node),
    # https://aws-sdk-pandas.readthedocs.io/en/stable/layers.html
    ("336392948345", r"AWS(?:SDKPandas|DataWrangler)-Python\d+(?:-.*)?", lambda _: ("pip", ("awswrangler",))),
    # https://github.com/keithrozario/Klayers: one package a layer
    ("770693421928", r"Klayers-p(?:ython)?\d+(?:-arm64)?-([A-Za-z0-9_-]+)", lambda found: ("pip", (found[1],))),
)


class PublicLayers:
    """Installs what stands for them."""

    def __init__(self, installer: Installer, pip: Sequence[str] | None = None) -> None:
        self._installer = installer
        self._pip = pip or (sys.executable, "-m", "pip")

    async def ready(self, arns: Sequence[str], tell: Tell) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """Folders laid out as layers are, and what people should know of layers that are not here."""
        folders, notes = [], []
        for arn in arns:
            known = packages_of(arn)
            if known is None:
                notes.append(f"{_missing(arn)}; publish one of that name there, or put what it holds into the package")
                continue
            try:
                folders.append(await self._installer.ready(self._order(*known), tell))
                notes.append(f"{_missing(arn)}; in its place: {', '.join(known[1])}")
            except NotInstalled as error:
                notes.append(f"{_missing(arn)}; {error}")
        return tuple(folders), tuple(notes)

    def _order(self, kind: str, packages: tuple[str, ...]) -> Order:
        name = re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(packages)).strip("-")
        title = ", ".join(packages)
        if kind == "pip":
            here = f"py{sys.version_info.major}.{sys.version_info.minor}"
            command = [*self._pip, "install", *_PIP_FLAGS, *packages]
            return Order(f"layer-{name}-{here}", title, "PyPI", lambda _: command, _without_sdk)

        def prepare(folder: Path) -> list[str]:
            (folder / "nodejs").mkdir()
            (folder / "nodejs" / "package.json").write_text('{"private": true}')
            return [*find_npm(), "install", *NPM_FLAGS, "--omit=peer", "--prefix", "nodejs", *packages]

        return Order(f"layer-{name}", title, "the npm registry", prepare)


def _missing(arn: str) -> str:
    return f"the layer {arn} of another account is not here"


def _without_sdk(folder: Path) -> None:
    for name in _OF_RUNTIME:
        shutil.rmtree(folder / "python" / name, ignore_errors=True)

"""The documents tell what is true: generated pages are fresh, links lead somewhere, commands work as they are typed."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from segue.cli.main import main
from segue.config import Limits, Settings
from tests.served import Served

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench/README.md"])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HERE = "http://127.0.0.1:4566"


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


def blocks(document: str, language: str) -> list[str]:
    """The code blocks of a document in one language."""
    found = [text for kind, text in FENCE.findall((ROOT / document).read_text()) if kind == language]
    assert found, f"{document} has no block of {language}"
    return found


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without_models(page: str) -> str:
    """A page without what another botocore knows more or less of."""
    page = re.sub(r"(?m)^\*\*Missing.*$\n", "", page)
    return re.sub(r" of \d+ \|", " |", re.sub(r"botocore [0-9.]+", "botocore", page))


def test_generated_pages_are_fresh() -> None:
    module = generator()
    same_models = f"botocore {version('botocore')})" in (ROOT / module.COVERAGE).read_text()
    for path, page in module.pages().items():
        kept = (ROOT / path).read_text()
        if not same_models:
            kept, page = without_models(kept), without_models(page)
        assert kept.splitlines() == page.splitlines(), f"{path} is stale: run make docs"


@pytest.mark.parametrize("command", ["serve", "deliveries"])
def test_every_option_is_documented(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    page = (ROOT / "docs/reference/settings.md").read_text()
    assert f"## `segue {command}`" in page
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out.partition("options:")[2].partition("\n\n")[0]))
    assert options - {"--help"} <= set(re.findall(r"--[a-z-]+", page))


def test_every_command_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"(?m)^ {4}(\w+)", capsys.readouterr().out.partition("COMMAND\n")[2])
    assert commands
    for command in commands:
        assert f"segue {command}" in (ROOT / "README.md").read_text(), f"README does not mention segue {command}"


@pytest.mark.parametrize("table", [Settings, Limits])
def test_every_setting_is_documented(table: Any) -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    assert [field.name for field in dataclasses.fields(table) if f"`{field.name}`" not in page] == []


def test_every_environment_variable_is_documented() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    sources = "".join(path.read_text() for path in (ROOT / "src/segue").rglob("*.py"))
    assert [name for name in sorted(set(re.findall(r"SEGUE_[A-Z_]+", sources))) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(FENCE.sub("", document.read_text())):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{name_of(document)} links to {link}, which is not there"
        if anchor:
            assert anchor in set(anchors(target)), f"{name_of(document)} links to {link}: no such heading"


def anchors(document: Path) -> Iterator[str]:
    """What can be linked to in a document, as its readers' tools make it of headings."""
    text = document.read_text()
    yield from re.findall(r'<a id="([^"]+)">', text)
    for heading in re.findall(r"(?m)^#+ (.+)$", FENCE.sub("", text)):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_modules_that_are_named_exist(document: Path) -> None:
    named = re.findall(r"`(?:src/segue/)?([\w/]+\.(?:py|mjs))`", document.read_text())
    files = [
        f"/{path.relative_to(ROOT)}" for top in ("src", "tests", "docs", "bench") for path in (ROOT / top).rglob("*")
    ]
    assert [name for name in named if not any(file.endswith(f"/{name}") for file in files)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_no_document_knows_a_machine(document: Path) -> None:
    found = re.findall(r"/(?:root|work|home|Users|opt)/\S*", document.read_text())
    assert found == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", document.read_text(), re.MULTILINE))
    assert named <= targets


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("docs") / "data") as server:
        yield server


def shell(script: str, served: Served, directory: Path) -> str:
    """What a script prints, run by bash with the AWS CLI of our own set-up (or the machine's) at hand."""
    beside = Path(sys.executable).parent
    path = f"{beside}{os.pathsep}{os.environ['PATH']}"
    assert shutil.which("aws", path=path), "the AWS CLI is not there: make setup installs it"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(HERE, served.endpoint_url)],
        cwd=directory,
        env={**clean, "PATH": path, "AWS_CONFIG_FILE": os.devnull, "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_first_workflow_of_the_readme_works_as_typed(served: Served, tmp_path: Path) -> None:
    printed = shell("\n".join(blocks("README.md", "sh")), served, tmp_path)
    promised = re.search(r"The last line prints `(.+)`", (ROOT / "README.md").read_text())
    assert promised is not None
    assert printed.splitlines()[-1] == promised[1]


def test_the_commands_for_the_aws_cli_work_as_typed(served: Served, tmp_path: Path) -> None:
    printed = shell("\n".join(blocks("docs/how-to/aws-cli.md", "sh")), served, tmp_path)
    assert '{"hello": "you"}' in printed
    assert "END RequestId" in printed


def test_the_commands_that_watch_executions_work_as_typed(served: Served, tmp_path: Path) -> None:
    endpoint = f"export AWS_ENDPOINT_URL={HERE}"
    printed = shell("\n".join([endpoint, *blocks("docs/how-to/watch-executions.md", "sh")]), served, tmp_path)
    assert "stateMachine:order:PROD" in printed
    assert '"status": "SUCCEEDED"' in printed


def test_the_python_examples_work_as_typed(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    client, in_a_test = blocks("docs/how-to/python.md", "python")
    exec(compile(client.replace(HERE, served.endpoint_url), "python.md", "exec"), {})
    assert capsys.readouterr().out == "42\n"
    names: dict[str, Any] = {}
    exec(compile(in_a_test, "python.md", "exec"), names)
    names["test_a_week_goes_by"]()

"""Which template, which stack, and what samconfig.toml says."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.cli.stacks.connection import CommandFailed
from segue.cli.stacks.project import SamConfig, find_template, pairs, sam_config, stack_name_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("order-api/template.yaml", "order-api"),
        ("order_api.v2/template.yml", "order-api-v2"),
        ("2024/template.json", "app-2024"),
        ("app/.aws-sam/build/template.yaml", "app"),
        ("app/queue.yaml", "queue"),
        ("app/9.yaml", "app-9"),
    ],
)
def test_a_stack_is_called_as_its_folder_or_its_file(tmp_path: Path, path: str, name: str) -> None:
    assert stack_name_of(tmp_path / path) == name


def test_the_template_of_a_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "template.yml").touch()
    (tmp_path / "queue.json").touch()
    assert find_template(tmp_path) == tmp_path / "template.yml"
    assert find_template(tmp_path / "queue.json") == tmp_path / "queue.json"
    monkeypatch.chdir(tmp_path)
    assert find_template(None) == Path("template.yml")


@pytest.mark.parametrize("missing", ["empty", "nowhere.yaml"])
def test_where_there_is_no_template_it_is_said(tmp_path: Path, missing: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandFailed, match="there is no") as failed:
        find_template(tmp_path / missing)
    assert failed.value.status == 2


def test_pairs() -> None:
    assert pairs(["a=b=c", "d="], "parameter") == {"a": "b=c", "d": ""}
    with pytest.raises(CommandFailed, match="--parameter Name=value"):
        pairs(["a"], "parameter")


@pytest.mark.parametrize(
    ("overrides", "parameters"),
    [
        ('"Stage=\\"prod\\" Size=3"', {"Stage": "prod", "Size": "3"}),
        ("""'Note="two words" Empty='""", {"Note": "two words", "Empty": ""}),
        ('["A=1", "B=x=y"]', {"A": "1", "B": "x=y"}),
        ('"ParameterKey=A,ParameterValue=1 B=2"', {"A": "1", "B": "2"}),
        ("{A = 1}", {"A": "1"}),
        ("7", {}),
    ],
)
def test_samconfig(tmp_path: Path, overrides: str, parameters: dict[str, str]) -> None:
    (tmp_path / "samconfig.toml").write_text(
        "version = 0.1\n[default.global.parameters]\nstack_name = 'all'\nregion = 'eu-west-1'\n"
        f"[default.deploy.parameters]\nstack_name = 'mine'\ntags = 'a=b'\nparameter_overrides = {overrides}\n"
    )
    assert sam_config(tmp_path) == SamConfig("mine", "eu-west-1", parameters, {"a": "b"})


def test_samconfig_of_other_kinds(tmp_path: Path) -> None:
    assert sam_config(tmp_path) == SamConfig()
    (tmp_path / "samconfig.toml").write_text("default = 3\n[prod.deploy.parameters]\nstack_name = 'x'\n")
    assert sam_config(tmp_path) == SamConfig()
    (tmp_path / "samconfig.toml").write_text("= 3")
    with pytest.raises(CommandFailed, match="cannot read"):
        sam_config(tmp_path)

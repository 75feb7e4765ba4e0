"""``segue runtimes install``."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.cli.main import main

NPM = "#!/bin/sh\nmkdir node_modules\n"


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that finds everything."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(NPM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return program


def test_both_versions_are_installed(npm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runtimes", "install"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [name for name, _ in lines] == ["v2", "v3"]
    assert all(Path(place, "node_modules").is_dir() and place.startswith(str(tmp_path)) for _, place in lines)


def test_what_cannot_be_installed(npm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    npm.write_text("#!/bin/sh\necho npm error 404 Not Found >&2\nexit 1\n")
    assert main(["runtimes", "install", "@aws-sdk/client-none", "v2"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "segue runtimes: @aws-sdk/client-none could not be installed: 404 Not Found"
    assert len(said) == 2


def test_other_packages_are_refused(npm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runtimes", "install", "left-pad", "--", "-g"]) == 2
    assert "left-pad, -g" in capsys.readouterr().err

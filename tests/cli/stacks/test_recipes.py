"""Building code: what is run, what is kept, and what is said when it fails. No network is used."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from segue.cli.stacks.connection import CommandFailed
from segue.cli.stacks.recipes import Built, Code, build, node

SAID: list[str] = []


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    SAID.clear()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "code").mkdir()
    return tmp_path / "code"


def built(code: Path, **about: Any) -> Built:
    return build(Code("Fn", code, template_folder=code.parent, **about), code.parent / "cache", SAID.append)


def names(code: Path, **about: Any) -> list[str]:
    return [file.name for file in built(code, **about).files]


def program(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of this name, before all others."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_code_without_dependencies_is_taken_as_it_is(code: Path) -> None:
    (code / "app.py").touch()
    (code / "requirements.txt").write_text("# nothing\nboto3\n")
    assert names(code, runtime="python3.12") == ["app.py", "requirements.txt"]
    assert names(code, runtime="provided.al2023") == ["app.py", "requirements.txt"]
    assert SAID == []


def wheel(folder: Path, version: str) -> str:
    """A package of one module, as pip installs it."""
    name = f"library-{version}-py3-none-any.whl"
    about = f"library-{version}.dist-info"
    files = {
        "library.py": f"VERSION = {version!r}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: library\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(file, text)
    return name


def test_requirements_are_installed_beside_the_code_once(code: Path) -> None:
    (code / "app.py").touch()
    (code / "requirements.txt").write_text(f"./{wheel(code, '1.0')}\nboto3\n")
    assert {"app.py", "library.py"} <= set(names(code, runtime="python3.12"))
    assert "python/library.py" in names(code, layer=True, metadata={"BuildMethod": "python3.12"})
    assert len(SAID) == 1
    (code / "requirements.txt").write_text(f"./{wheel(code, '2.0')}\n")
    library = next(file for file in built(code, runtime="python3.12").files if file.name == "library.py")
    assert "2.0" in library.path.read_text()


def test_a_requirement_that_cannot_be_had_is_told_and_leaves_nothing(code: Path) -> None:
    (code / "requirements.txt").write_text("nonsense-that-is-nowhere==9.9\n")
    with pytest.raises(CommandFailed, match="nonsense-that-is-nowhere"):
        built(code, runtime="python3.12")
    assert not list((code.parent / "cache/builds").iterdir())


def test_a_layer_is_laid_out_for_its_language(code: Path) -> None:
    (code / "shared.py").touch()
    assert names(code, layer=True, metadata={"BuildMethod": "python3.12"}) == ["python/shared.py"]
    assert names(code, layer=True) == ["shared.py"]
    assert names(code, layer=True, metadata={"BuildMethod": "nodejs20.x"}) == ["nodejs/shared.py"]


def test_packages_of_npm_are_installed_once_without_the_scripts_of_the_folder(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(
        tmp_path / "bin", "npm", 'mkdir -p node_modules/dep; cp package.json node_modules/dep/; echo "$@"', monkeypatch
    )
    (code / "package.json").write_text('{"dependencies": {"dep": "1"}, "scripts": {"prepare": "husky"}}')
    (code / "app.js").touch()
    (code / "node_modules/dev").mkdir(parents=True)
    (code / "node_modules/dev/index.js").touch()
    assert names(code, runtime="nodejs20.x") == ["app.js", "node_modules/dep/package.json", "package.json"]
    installed = next(file for file in built(code, runtime="nodejs20.x").files if "dep" in file.name)
    assert "husky" not in installed.path.read_text()
    assert len(SAID) == 1
    (code / "app.js").write_text("changed")
    names(code, runtime="nodejs20.x")
    assert len(SAID) == 1


def test_without_npm_the_packages_that_are_there_are_taken(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code / "package.json").write_text('{"dependencies": {"dep": "1"}}')
    (code / "node_modules").mkdir()
    (code / "node_modules/dep.js").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    made = built(code, runtime="nodejs20.x")
    assert [file.name for file in made.files] == ["node_modules/dep.js", "package.json"]
    assert "no npm" in made.note


def test_esbuild_bundles_what_the_metadata_say(code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'for a in "$@"; do case $a in --outdir=*) echo "$@" > "${a#--outdir=}/app.js";; esac; done'
    program(tmp_path / "bin", "esbuild", script, monkeypatch)
    (code / "app.ts").touch()
    metadata = {"BuildMethod": "esbuild", "BuildProperties": {"EntryPoints": ["app.ts"], "External": ["aws-sdk"]}}
    (bundle,) = built(code, runtime="nodejs20.x", metadata=metadata).files
    assert bundle.name == "app.js"
    options = bundle.path.read_text().split()
    assert options[:2] == ["app.ts", "--bundle"]
    assert {"--platform=node", "--format=cjs", "--target=es2020", "--minify", "--external:aws-sdk"} <= set(options)
    built(code, runtime="nodejs20.x", metadata=metadata)
    assert len(SAID) == 1


def test_esbuild_needs_entry_points(code: Path) -> None:
    with pytest.raises(CommandFailed, match="EntryPoints"):
        built(code, runtime="nodejs20.x", metadata={"BuildMethod": "esbuild"})


@pytest.mark.parametrize(
    ("properties", "option"),
    [
        ({"Minify": False, "Sourcemap": True}, "--sourcemap"),
        ({"Format": "esm"}, "--format=esm"),
        ({"OutExtension": [".js=.mjs"]}, "--out-extension:.js=.mjs"),
        ({"Loader": {".png": "file"}}, "--loader:.png=file"),
        ({"MainFields": ["module", "main"]}, "--main-fields=module,main"),
        ({"MainFields": "module,main"}, "--main-fields=module,main"),
        ({"Banner": ["js=//"]}, "--banner:js=//"),
    ],
)
def test_options_of_esbuild(properties: dict[str, Any], option: str) -> None:
    options = node._esbuild_options(properties)
    assert option in options
    assert ("--minify" in options) == properties.get("Minify", True)


def test_a_makefile_makes_what_its_target_says(code: Path) -> None:
    (code / "Makefile").write_text(
        "build-Fn:\n\tcp app.sh $(ARTIFACTS_DIR)/bootstrap\n\tchmod +x $(ARTIFACTS_DIR)/bootstrap\n"
    )
    (code / "app.sh").write_text("#!/bin/sh\n")
    made = built(code, runtime="provided.al2023", metadata={"BuildMethod": "makefile"})
    assert [(file.name, file.path.stat().st_mode & 0o100) for file in made.files] == [("bootstrap", 0o100)]
    (code / "Makefile").write_text("build-Fn:\n\t@echo out of paper; exit 3\n")
    with pytest.raises(CommandFailed, match="out of paper"):
        built(code, runtime="provided.al2023", metadata={"BuildMethod": "makefile"})


def test_what_is_not_built_here_is_said(code: Path) -> None:
    (code / "pom.xml").touch()
    assert "java21 is not built here" in built(code, runtime="java21").note
    go = built(code, runtime="provided.al2023", metadata={"BuildMethod": "go1.x"})
    assert "go1.x is not built here" in go.note

"""Node.js: what ``package.json`` asks for is installed beside the code, or esbuild bundles both."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segue.cli.stacks.archive import File, content_hash, files_of
from segue.cli.stacks.connection import CommandFailed
from segue.cli.stacks.recipes.shared import Built, Code, Say, copy, kept, over, program, run


def install_packages(code: Code, cache: Path, say: Say) -> Built:
    """The folder with the packages that it depends on."""
    prefix = "nodejs/" if code.layer else ""
    root = code.folder
    if code.layer and not (root / "package.json").is_file() and (root / "nodejs" / "package.json").is_file():
        return Built(files_of(root))  # is laid out as a layer already
    if not _package(root).get("dependencies"):
        return Built(files_of(root, prefix=prefix))
    if shutil.which("npm") is None and (root / "node_modules").is_dir():
        return Built(files_of(root, prefix=prefix), "no npm here: node_modules is taken as it stands")
    modules = files_of(_modules(code, cache, say, development=False), prefix=prefix)
    return Built(over(modules, files_of(root, prefix=prefix, without=frozenset(["node_modules"]))))


def _package(folder: Path) -> dict[str, Any]:
    try:
        package = json.loads((folder / "package.json").read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandFailed(f"cannot read {folder / 'package.json'}: {error}") from None
    return package if isinstance(package, dict) else {}


def _modules(code: Code, cache: Path, say: Say, *, development: bool) -> Path:
    """A folder with the ``node_modules`` of a package.json, which does not run the scripts of the package itself."""
    names = ("package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc")
    manifests = [File(name, code.folder / name) for name in names if (code.folder / name).is_file()]
    package = _package(code.folder)
    local = [
        value
        for group in ("dependencies", "devDependencies")
        for value in (package.get(group) or {}).values()
        if str(value).startswith(("file:", "link:", "."))
    ]

    def install(target: Path) -> None:
        say(f"{code.logical_id}: npm install ({len(package.get('dependencies') or {})} dependencies)")
        if local:
            shutil.copytree(code.folder, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
        for file in manifests:
            shutil.copyfile(file.path, target / file.name)
        (target / "package.json").write_text(json.dumps({k: v for k, v in package.items() if k != "scripts"}))
        omit = [] if development else ["--omit=dev"]
        command = [program("npm"), "install", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error", *omit]
        run([*command, *(["--install-links"] if local else [])], target, code.logical_id)
        for entry in list(target.iterdir()):  # what was only there to install with
            if entry.name != "node_modules":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    of = files_of(code.folder, without=frozenset(["node_modules"])) if local else manifests
    return kept(cache, content_hash(of, "npm", str(development)), install)


def bundle_sources(code: Code, cache: Path, say: Say) -> list[File]:
    """What esbuild makes of the entry points that the metadata name."""
    properties = code.metadata.get("BuildProperties") or {}
    entries = [str(entry) for entry in properties.get("EntryPoints") or []]
    if not entries:
        raise CommandFailed(f"{code.logical_id}: esbuild needs Metadata: BuildProperties: EntryPoints")
    sources = files_of(code.folder, without=frozenset(["node_modules"]))
    own = code.folder / "node_modules"
    package = _package(code.folder)
    modules: Path | None = own if own.is_dir() else None
    if modules is None and (package.get("dependencies") or package.get("devDependencies")):
        modules = _modules(code, cache, say, development=True) / "node_modules"

    def bundle(target: Path) -> None:
        say(f"{code.logical_id}: esbuild {' '.join(entries)}")
        with tempfile.TemporaryDirectory(prefix="segue-build-") as temporary:
            place = Path(temporary)
            copy(sources, place)
            if modules is not None:
                (place / "node_modules").symlink_to(modules.resolve(), target_is_directory=True)
            arguments = [
                *entries,
                "--bundle",
                "--log-level=warning",
                f"--outdir={target}",
                *_esbuild_options(properties),
            ]
            run([*_esbuild(modules), *arguments], place, code.logical_id)

    return files_of(kept(cache, content_hash(sources, "esbuild", json.dumps(properties, sort_keys=True)), bundle))


def _esbuild(modules: Path | None) -> list[str]:
    if modules is not None and (modules / ".bin" / "esbuild").exists():
        return [str(modules / ".bin" / "esbuild")]
    if found := shutil.which("esbuild"):
        return [found]
    return [program("npx"), "--yes", "esbuild"]


def _esbuild_options(properties: Mapping[str, Any]) -> list[str]:
    """esbuild's arguments for what a template says; the defaults are those of ``sam build``."""
    given = {"Platform": "node", "Format": "cjs", "Target": "es2020", "Minify": True, **properties}
    flags = ("Minify", "Sourcemap", "KeepNames")
    options = [f"--{_dashed(name)}" for name in flags if str(given.get(name, False)).lower() == "true"]
    words = ("Platform", "Format", "Target", "SourcesContent", "TreeShaking")
    options += [f"--{_dashed(name)}={str(given[name]).lower()}" for name in words if name in given]
    for name in ("MainFields", "ResolveExtensions"):
        if name in given:
            value = given[name]
            options.append(f"--{_dashed(name)}={','.join(value) if isinstance(value, list) else value}")
    options += [f"--external:{one}" for one in given.get("External") or []]
    for name in ("Loader", "OutExtension", "Define", "Banner", "Alias"):
        values = given.get(name) or {}
        texts = [f"{key}={value}" for key, value in values.items()] if isinstance(values, dict) else values
        options += [f"--{_dashed(name)}:{text}" for text in texts]
    return options


def _dashed(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()

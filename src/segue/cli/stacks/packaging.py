"""A template with local folders as one that can be deployed: what is local is built, zipped and uploaded."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from segue.cli.stacks import recipes
from segue.cli.stacks.archive import File, content_hash, write_zip
from segue.cli.stacks.artifacts import Artifacts
from segue.cli.stacks.connection import CommandFailed
from segue.cli.stacks.local_code import TEMPLATE, ZIP, Local, defaults_of, local_parts
from segue.languages.templates import TemplateError, read_template

_MAX_NESTED = 8
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Asset:
    """Something local that was packaged.

    Attributes:
        logical_id, type_name: whose it is; in a nested stack, ``Nested/Function``.
        path: the file or folder that is to be watched.
        kind: as :class:`Local` has it.
        code: how it is built, if it is code.
        published: whether each change of it publishes a version, so that it takes a deployment.
    """

    logical_id: str
    type_name: str
    path: Path
    kind: str
    code: recipes.Code | None = None
    published: bool = False


@dataclass(slots=True)
class Packaged:
    """A template whose every part is in a bucket.

    Attributes:
        document: its plain values.
        text: what is to be deployed.
        assets: what was local.
        notes: what people should know.
    """

    document: dict[str, Any]
    text: str
    assets: list[Asset] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Packager:
    """Packages templates.

    Args:
        artifacts: where things are uploaded.
        cache: the folder where builds and packages are kept.
        say: is told what is done when it takes a while.
        builds: whether dependencies are installed and code is bundled; else folders are taken as they stand.
    """

    artifacts: Artifacts
    cache: Path
    say: recipes.Say
    builds: bool = True

    def package(self, template: Path) -> Packaged:
        """Package a template and the templates that it nests.

        Raises:
            CommandFailed: it cannot be read, names what is not there, or its code cannot be built.
        """
        return self._package(template, "", 0)

    def _package(self, template: Path, above: str, depth: int) -> Packaged:
        if depth > _MAX_NESTED:
            raise CommandFailed(f"{template}: stacks are nested more than {_MAX_NESTED} deep")
        document, text = read(template)
        parts = local_parts(document, template.parent)
        made = Packaged(document, text)
        functions = defaults_of(document, "Function")
        codes = {id(part): _code_of(part, functions, template.parent) for part in parts if part.kind == ZIP}
        keys = self._zip_all([code for code in codes.values() if code.folder.is_dir()], made.notes)
        for part in parts:
            code = codes.get(id(part))
            if part.kind == TEMPLATE:
                nested = self._package(part.path, f"{above}{part.logical_id}/", depth + 1)
                made.assets += nested.assets
                made.notes += nested.notes
                key = self._upload_bytes(nested.text.encode(), ".template")
            elif code is not None and code.folder.is_dir():
                key = keys[_same_package(code)]
            else:
                key = self._file(part, zipped=part.kind == ZIP)
            part.replace(self.artifacts.bucket, key, self.artifacts.connection.region)
            published = bool({**functions, **part.resource.get("Properties", {})}.get("AutoPublishAlias"))
            made.assets.append(Asset(above + part.logical_id, part.type_name, part.path, part.kind, code, published))
        if parts:
            made.text = json.dumps(document, ensure_ascii=False)
        return made

    def zip_code(self, code: recipes.Code) -> tuple[Path, str]:
        """Build and zip a folder of code: the archive, and what people should know."""
        built = recipes.build(code if self.builds else _as_it_stands(code), self.cache, self.say)
        target = self.cache / "packages" / f"{content_hash(built.files)}.zip"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_zip(built.files, target)
        return target, f"{code.logical_id}: {built.note}" if built.note else ""

    def _zip_all(self, codes: list[recipes.Code], notes: list[str]) -> dict[Any, str]:
        """Upload each package once; its key by :func:`_same_package`."""
        different = {_same_package(code): code for code in codes}
        if not different:
            return {}
        _ = self.artifacts.bucket  # made before threads ask for it
        with ThreadPoolExecutor(_THREADS) as pool:
            zipped = dict(zip(different, pool.map(self.zip_code, different.values()), strict=True))
            keys = dict(
                zip(
                    zipped,
                    pool.map(lambda one: self.artifacts.upload(one[0].name, one[0]), zipped.values()),
                    strict=True,
                )
            )
        notes += [note for _, note in zipped.values() if note]
        return keys

    def _file(self, part: Local, *, zipped: bool) -> str:
        if part.path.is_dir():
            raise CommandFailed(
                f"{part.logical_id}: {part.member} names the folder {part.path}, where a file is needed"
            )
        if not zipped or zipfile.is_zipfile(part.path):
            return self._upload_bytes(part.path.read_bytes(), part.path.suffix)
        target = self.cache / "packages" / f"{content_hash([File(part.path.name, part.path)])}.zip"
        target.parent.mkdir(parents=True, exist_ok=True)
        write_zip([File(part.path.name, part.path)], target)
        return self.artifacts.upload(target.name, target)

    def _upload_bytes(self, content: bytes, suffix: str) -> str:
        return self.artifacts.upload(f"{hashlib.sha256(content).hexdigest()[:32]}{suffix}", content)


def read(template: Path) -> tuple[dict[str, Any], str]:
    """A template's values and its text.

    Raises:
        CommandFailed: it cannot be read.
    """
    try:
        text = template.read_text()
        return read_template(text), text
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"cannot read {template}: {error}") from None
    except TemplateError as error:
        raise CommandFailed(f"{template}: {error.message}") from None


def _code_of(part: Local, defaults: Mapping[str, Any], folder: Path) -> recipes.Code:
    properties = part.resource["Properties"]
    serverless = part.type_name == "AWS::Serverless::Function"
    runtime = properties.get("Runtime") or (defaults.get("Runtime") if serverless else None)
    metadata = part.resource.get("Metadata")
    return recipes.Code(
        logical_id=part.logical_id,
        folder=part.path,
        runtime=runtime if isinstance(runtime, str) else "",
        layer="Layer" in part.type_name,
        metadata=metadata if isinstance(metadata, dict) else {},
        template_folder=folder,
    )


def _same_package(code: recipes.Code) -> Any:
    """Codes of which this is the same make the same package."""
    method = str(code.metadata.get("BuildMethod") or "")
    properties = json.dumps(code.metadata.get("BuildProperties"), sort_keys=True, default=str)
    own = code.logical_id if method == "makefile" else ""
    return code.folder.resolve(), code.runtime, code.layer, method, properties, own


def _as_it_stands(code: recipes.Code) -> recipes.Code:
    return replace(code, runtime="", layer=False, metadata={})

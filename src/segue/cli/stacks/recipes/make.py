"""Makefiles: the target ``build-<logical id>`` puts what it makes into ``ARTIFACTS_DIR``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from segue.cli.stacks.archive import File, content_hash, files_of
from segue.cli.stacks.connection import CommandFailed
from segue.cli.stacks.recipes.shared import Code, Say, copy, kept, program, run


def make_target(code: Code, cache: Path, say: Say) -> list[File]:
    """What the folder's Makefile makes of a copy of it."""
    sources = files_of(code.folder)
    makefile = code.folder / "Makefile"
    if not makefile.is_file():
        raise CommandFailed(f"{code.logical_id}: BuildMethod is makefile, but there is no {makefile}")

    def make(target: Path) -> None:
        say(f"{code.logical_id}: make build-{code.logical_id}")
        with tempfile.TemporaryDirectory(prefix="segue-build-") as temporary:
            place = Path(temporary) / code.folder.resolve().name
            place.mkdir()
            copy(sources, place)
            where = code.metadata.get("WorkingDirectory")
            working = (code.template_folder / str(where)).resolve() if where else place
            command = [program("make"), "--makefile", str(place / "Makefile"), f"build-{code.logical_id}"]
            run(command, working, code.logical_id, {"ARTIFACTS_DIR": str(target)})

    return files_of(kept(cache, content_hash(sources, "make", code.logical_id), make))

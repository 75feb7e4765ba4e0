"""How a folder becomes what a function or a layer needs, as ``sam build`` does it: with dependencies, bundled, or made.

What was built is kept in the user's cache by the content it was built of, so that nothing is built again needlessly.

Source: SAM developer guide, "Default build with AWS SAM", "Building Lambda layers", "Building Node.js Lambda functions
with esbuild", "Building custom runtimes" (of Makefiles).
"""

from __future__ import annotations

from pathlib import Path

from segue.cli.stacks.archive import files_of
from segue.cli.stacks.recipes import make, node, python
from segue.cli.stacks.recipes.shared import Built, Code, Say, cache_folder

__all__ = ["Built", "Code", "Say", "build", "cache_folder"]

_COMPILED = ("java", "dotnet", "go1", "ruby", "rust")


def build(code: Code, cache: Path, say: Say) -> Built:
    """Make what a folder's package is made of.

    Args:
        say: is told what is done when it takes a while.

    Raises:
        CommandFailed: a program that is needed fails or is not there; with what it said.
    """
    method = str(code.metadata.get("BuildMethod") or "")
    language = method if code.layer else code.runtime
    if method == "makefile":
        return Built(make.make_target(code, cache, say))
    if method == "esbuild":
        return Built(node.bundle_sources(code, cache, say))
    if language.startswith("python"):
        return python.install_requirements(code, cache, say)
    if language.startswith("nodejs"):
        return node.install_packages(code, cache, say)
    wants = next((each for each in (method, code.runtime) if each.startswith(_COMPILED)), "")
    note = f"{wants} is not built here: the folder is taken as it stands" if wants else ""
    return Built(files_of(code.folder), note)

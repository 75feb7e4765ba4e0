"""PostgreSQL for tests: a private cluster made of this machine's binaries, or the server that ``SEGUE_TEST_POSTGRES``
names. Without either, tests that need one are skipped with words.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

_WORDS = (
    "no PostgreSQL here: install its server (Debian: apt install postgresql), or name one in SEGUE_TEST_POSTGRES "
    "(postgresql://user@host/postgres; its user makes databases)"
)
_OPTIONS = {
    "listen_addresses": "''",
    "fsync": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "max_locks_per_transaction": "256",
    "autovacuum": "off",
}


_USER = "postgres"
_NOTHING = subprocess.DEVNULL


class NoPostgres(Exception):
    """There is no server, and none can be started."""


def binaries() -> Path:
    """Where ``initdb`` and ``postgres`` are; :class:`NoPostgres` where they are not."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    places = [path.parent for path in found]
    if (there := shutil.which("initdb")) is not None:
        places.append(Path(there).parent)
    if not places:
        raise NoPostgres(_WORDS)
    return places[-1]


@cache
def _template() -> Path:
    """An initialized directory, to be copied."""
    _sweep()
    directory = _directory()
    _run(directory, "initdb", "-D", "data", "-U", "segue", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    return directory


def _sweep() -> None:
    """End and remove what tests have left that were killed."""
    for directory in Path("/tmp").glob("segue-pg-*-*"):
        owner = directory.name.split("-")[2]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            stop = _command("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
            subprocess.run(stop, cwd=directory, stdout=_NOTHING, stderr=_NOTHING, check=False)
            shutil.rmtree(directory, ignore_errors=True)


def _directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix=f"segue-pg-{os.getpid()}-", dir="/tmp"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    if os.geteuid() == 0:
        os.chown(directory, pwd.getpwnam(_USER).pw_uid, -1)
    return directory


def _command(program: str, *arguments: str) -> list[str]:
    command = [str(binaries() / program), *arguments]
    # The server refuses to run as root: somebody else does it, who must be able to reach its files.
    return ["runuser", "-u", _USER, "--", *command] if os.geteuid() == 0 else command


def _run(directory: Path, program: str, *arguments: str) -> None:
    command = _command(program, *arguments)
    subprocess.run(command, cwd=directory, stdout=_NOTHING, stderr=_NOTHING, check=True, timeout=60)


class Cluster:
    """A server of the test's own, on a socket in a temporary directory.

    Args:
        options: further settings of the server.
    """

    def __init__(self, **options: str) -> None:
        self._options = {**_OPTIONS, **options}
        try:
            self.directory = _directory()
            subprocess.run(["cp", "-a", _template() / "data", self.directory], check=True)
        except (KeyError, OSError, subprocess.SubprocessError) as error:
            raise NoPostgres(f"{_WORDS} ({error})") from error

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
        command = _command("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        subprocess.run(command, cwd=self.directory, stdout=_NOTHING, stderr=_NOTHING, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """How to connect to a database of it."""
        return f"postgresql://segue@/{database}?host={self.directory}"


@cache
def server_url() -> str:
    """A server for the tests of this process; :class:`NoPostgres` where there is none."""
    if given := os.environ.get("SEGUE_TEST_POSTGRES"):
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


class StoreOfDirectory:
    """For running any test on PostgreSQL (``SEGUE_TEST_STORE=postgresql``): a database for each data directory."""

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

"""A PostgreSQL server of the bench's own, whose commits are durable (on a disk, ``fsync`` on), or one that is there.

``SEGUE_BENCH_POSTGRES`` may name a server whose user makes databases.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.postgres import Cluster, NoPostgres, execute, with_database

__all__ = ["Database", "NoPostgres", "Server"]

_SETTINGS = {"fsync": "on", "autovacuum": "on", "shared_buffers": "256MB", "max_wal_size": "4GB"}


class Server:
    """The server; :class:`NoPostgres` where there is none."""

    def __init__(self) -> None:
        self._cluster: Cluster | None = None
        self._url = os.environ.get("SEGUE_BENCH_POSTGRES", "")
        if not self._url:
            self._cluster = Cluster(tempfile.gettempdir(), **_SETTINGS).start()
            self._url = self._cluster.url()

    @property
    def pid(self) -> int:
        """Its first process; 0 where it is not ours."""
        if self._cluster is None:
            return 0
        return int((self._cluster.directory / "data" / "postmaster.pid").read_text().split("\n")[0])

    def database(self) -> Database:
        """A new database."""
        name = f"segue_bench_{uuid4().hex}"
        execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0", self._url)
        return Database(self, with_database(self._url, name))

    def drop(self, database: Database) -> None:
        """Remove it, whoever is connected."""
        name = database.url.rpartition("dbname=")[2].split(" ")[0] or database.url
        execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", self._url)

    def close(self) -> None:
        """End the server, if it is ours."""
        if self._cluster is not None:
            self._cluster.remove()


class Database:
    """One database, and the folder that its nodes share."""

    def __init__(self, server: Server, url: str) -> None:
        self.url = url
        self.blobs = Path(tempfile.mkdtemp(prefix="segue-bench-blobs-"))
        self._server = server

    @property
    def address(self) -> str:
        """The same as a URL."""
        from psycopg.conninfo import conninfo_to_dict

        parts = conninfo_to_dict(self.url)
        return f"postgresql:///{parts.pop('dbname')}?{urlencode(parts)}"

    @property
    def pid(self) -> int:
        """The server's first process; 0 where it is not ours."""
        return self._server.pid

    def close(self) -> None:
        """Remove it."""
        self._server.drop(self)
        shutil.rmtree(self.blobs, ignore_errors=True)

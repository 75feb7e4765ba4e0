"""Where the data of ``segue store`` is, and moving it from there into a file and back."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from segue.api import Api
from segue.api.housekeeping import blobs_named
from segue.cli.store_contents import StoredContents, stored_contents
from segue.clock import Clock, SystemClock
from segue.config import Settings
from segue.server import migrations, partition_keys, services, take_over
from segue.store import Transaction, contents, snapshot
from segue.store.blobs import Blobs
from segue.store.contents import BlobMissing, ContentUnavailable
from segue.store.migrations import StoreIsNewer
from segue.store.portable.ends import Made, NotEmpty, Opened, RowRefused
from segue.store.portable.file import FileRefused
from segue.store.portable.moving import Progress, read_import, write_export
from segue.store.portable.sqlite import sqlite_source, sqlite_target
from segue.store.snapshot import NoData
from segue.store.sqlite import DataDirectoryInUse
from segue.store.store import DatabaseUnusable
from segue.worker.s3_endpoint import SCHEME

DATA = Path(".segue")
REFUSALS = (
    BlobMissing,
    ContentUnavailable,
    DataDirectoryInUse,
    DatabaseUnusable,
    FileRefused,
    NoData,
    NotEmpty,
    OSError,
    RowRefused,
    StoreIsNewer,
)
"""What is told in words."""

_TELL_SECONDS = 1.0
_STANDARD = Path("-")


@dataclass(frozen=True, slots=True)
class Place:
    """A data directory, or a database, and where its content is kept: a folder or ``s3://BUCKET/PREFIX``, if told."""

    data: Path
    url: str
    blobs: str
    clock: Clock

    @staticmethod
    def of(arguments: argparse.Namespace) -> Place:
        """What the options say."""
        url = getattr(arguments, "store", "")
        if url is None:
            url = "" if arguments.data else os.environ.get("SEGUE_STORE", "")
        data = arguments.data or DATA
        return Place(data, url, arguments.blobs, SystemClock())

    def source(self) -> Opened:
        """To read what is there."""
        if not self.url:
            return sqlite_source(self.data, self.clock)
        from segue.store.postgres.opening import Database
        from segue.store.postgres.portable import postgres_source

        return postgres_source(Database(self.url), self.clock)

    def target(self) -> Made:
        """To put something there."""
        if not self.url:
            return sqlite_target(self.data, self.clock)
        from segue.store.postgres.opening import Database
        from segue.store.postgres.portable import postgres_target

        return postgres_target(Database(self.url), self.clock)

    @property
    def option(self) -> str:
        """How a server is told of it."""
        blobs = f" --blobs {self.blobs}" if self.blobs else ""
        return (f"--store {self}" if self.url else f"--data {self}") + blobs

    def contents(self) -> AbstractContextManager[StoredContents]:
        """The content that its rows name."""
        is_folder = bool(self.blobs) and not self.blobs.startswith(SCHEME)
        folder = Path(self.blobs) if is_folder else self.data / "blobs"
        return stored_contents(self.blobs, folder, in_rows=bool(self.url) and not self.blobs)

    def __str__(self) -> str:
        if not self.url:
            return str(self.data)
        from segue.store.postgres.opening import Database

        return Database(self.url).shown


def export(place: Place, file: Path) -> int:
    """Write a file; its size in bytes.

    Raises:
        FileExistsError: there is one of that name.
    """
    api = Api(services(), Settings())
    with _telling() as tell, _written(file) as to, place.contents() as stored, place.source() as source:
        stored.hold()
        return write_export(source, stored, partial(blobs_named, api), migrations(api), to, tell)


def back_up(place: Place, to: Path) -> int:
    """Copy a data directory, with what of its content is elsewhere; the copy's size in bytes."""
    size = snapshot.back_up(place.data, to)
    with place.contents() as stored, snapshot.changing(to) as tx:
        blobs = Blobs(to / "blobs")
        for sha256 in contents.names(tx):
            writer = blobs.writer()
            try:
                for piece in stored.read(tx, sha256)[1]:
                    size += len(piece)
                    writer.write(piece)
                writer.finish()
            finally:
                writer.discard()
        contents.clear(tx)
    return size


def missing(place: Place, tx: Transaction) -> Iterator[str]:
    """Which contents rows name and nobody has, in words."""
    with place.contents() as stored:
        yield from stored.missing(tx, blobs_named(Api(services(), Settings()), tx))


def bring(place: Place, file: Path) -> int:
    """Put what a file holds into a store that is made of it; how many rows."""
    schema = migrations(Api(services(), Settings()))
    try:
        with _telling() as tell, _read(file) as of, place.contents() as stored, place.target() as target:
            return read_import(of, target, stored, schema, take_over, tell)
    except FileRefused as error:
        raise FileRefused(f"{file} {error}") from error
    except RowRefused as error:
        raise RowRefused(f"{place} cannot keep what {file} holds: {error}") from error


def partition(url: str, parts: int, tell: Callable[[str], None]) -> list[str]:
    """Cut a database's tables that grow; which were cut.

    Raises:
        DatabaseUnusable: also where the URL is of no database.
    """
    if not url:
        raise DatabaseUnusable("Only tables of PostgreSQL are cut into parts: name a database by --store")
    from segue.store.postgres.opening import Database
    from segue.store.postgres.partitions import partition

    return partition(Database(url), SystemClock(), partition_keys(Api(services(), Settings())), parts, tell)


@contextmanager
def _written(file: Path) -> Iterator[IO[bytes]]:
    """A file that has its name when it is whole and on disk, and that nobody else may read: it holds secrets."""
    if file == _STANDARD:
        yield sys.stdout.buffer
        return
    if file.exists():
        raise FileExistsError(f"{file} is there already")
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to:
            yield to
            to.flush()
            os.fsync(to.fileno())
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _read(file: Path) -> Iterator[IO[bytes]]:
    if file == _STANDARD:
        yield sys.stdin.buffer
        return
    with file.open("rb") as of:
        yield of


@contextmanager
def _telling() -> Iterator[Progress]:
    """Tells how far it is, every second, on standard error: on one line where that is a terminal."""
    told_at = [time.monotonic()]
    same_line = sys.stderr.isatty()

    def tell(words: str) -> None:
        if time.monotonic() - told_at[0] > _TELL_SECONDS:
            told_at[0] = time.monotonic()
            print(
                f"\r\x1b[K{words}" if same_line else words, end="" if same_line else "\n", file=sys.stderr, flush=True
            )

    try:
        yield tell
    finally:
        if same_line:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

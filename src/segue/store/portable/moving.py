"""From a store into a file, and from a file into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import IO, Any, Final, Protocol

from segue import __version__
from segue.store import contents
from segue.store.migrations import Migrations, refuse_newer
from segue.store.portable import schema
from segue.store.portable.ends import Source, Target
from segue.store.portable.file import FORMAT, FileRefused, PartsWriter, read_parts
from segue.store.portable.schema import Table
from segue.store.transaction import Transaction, Unit


class Contents(Protocol):
    """Where the content is that rows name."""

    def read(self, tx: Transaction, sha256: str) -> tuple[int, Iterator[bytes]]:
        """Its size, and its bytes; nobody may remove it meanwhile."""
        ...

    def write(self, tx: Transaction, pieces: Iterable[bytes]) -> str:
        """Keep content; its SHA-256."""
        ...


Progress = Callable[[str], None]
"""Is told, now and then, how far it is."""

_BATCH_BYTES: Final = 1 << 20
_BATCH_ROWS: Final = 2_000


def write_export(
    source: Source,
    stored: Contents,
    named: Unit[list[str]],
    migrations: Migrations,
    file: IO[bytes],
    progress: Progress,
) -> int:
    """Write everything as it is at one moment; the number of bytes.

    Args:
        named: which contents rows name.

    Raises:
        StoreIsNewer: a newer program wrote it.
        BlobMissing: content that a row names is not there.
        ContentUnavailable: it cannot be reached.
    """
    versions = source.versions()
    refuse_newer(versions, migrations)
    writer = PartsWriter(file)
    header = {"format": FORMAT, "program": __version__, "schema": versions, "ids": source.ids_mark()}
    writer.part("header", {**header, "at": source.transaction.now_ms})
    _write_contents(source, stored, named(source.transaction), writer, progress)
    for table in _tables(schema.at(versions, migrations)):
        _write_table(source, table, writer, progress)
    writer.end()
    return writer.written


def _tables(migrations: Migrations) -> list[Table]:
    """All but those that say where content is kept, and keep it: it goes by itself."""
    return [table for table in schema.tables(migrations) if table.name not in contents.TABLES]


def _write_contents(
    source: Source, stored: Contents, names: list[str], writer: PartsWriter, progress: Progress
) -> None:
    for count, name in enumerate(names, 1):
        size, pieces = stored.read(source.transaction, name)
        writer.part("content", name, size)
        for piece in pieces:
            writer.part("piece", piece)
        progress(f"{count} files, {writer.written / 1e6:.0f} MB")


def _write_table(source: Source, table: Table, writer: PartsWriter, progress: Progress) -> None:
    writer.part("table", table.name, table.names)
    batch: list[Any] = []
    size = count = 0
    for row in source.rows(table):
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if size > _BATCH_BYTES or len(batch) == _BATCH_ROWS:
            writer.part("rows", batch)
            count += len(batch)
            batch, size = [], 0
            progress(f"{table.name}: {count} rows, {writer.written / 1e6:.0f} MB")
    if batch:
        writer.part("rows", batch)


def read_import(
    file: IO[bytes], target: Target, stored: Contents, migrations: Migrations, take_over: Unit[None], progress: Progress
) -> int:
    """Put everything of a file into a store that is being made, and bring it up to date; the number of rows.

    Args:
        take_over: lets go of what the processes of the earlier store held.

    Raises:
        FileRefused, StoreIsNewer: with words; nothing of the target is to be kept.
        RowRefused: see :class:`~segue.store.portable.ends.Target`.
    """
    parts = read_parts(file)
    header = _header(parts)
    versions = header["schema"]
    refuse_newer(versions, migrations)
    then = schema.at(versions, migrations)
    # content comes first, and is kept as this program does it
    target.migrate({**then, **{name: scripts for name, scripts in migrations.items() if name == contents.COMPONENT}})
    target.resume_ids(header["ids"])
    rows = _read(parts, target, stored, {table.name: table for table in _tables(then)}, progress)
    target.migrate(migrations)
    take_over(target.transaction)
    return rows


def _header(parts: Iterator[tuple[str, list[Any]]]) -> dict[str, Any]:
    try:
        kind, (header,) = next(parts)
        if kind == "header" and header["format"] > FORMAT:
            raise FileRefused(
                f"is of a newer Segue ({header['program']}): its format is {header['format']}, this program reads "
                f"{FORMAT}"
            )
        whole = {"schema": dict(header["schema"]), "ids": int(header["ids"])}
    except (ValueError, TypeError, KeyError, StopIteration) as error:
        raise FileRefused("is damaged: it does not begin with its header") from error
    return whole


def _read(
    parts: Iterator[tuple[str, list[Any]]],
    target: Target,
    stored: Contents,
    tables: dict[str, Table],
    progress: Progress,
) -> int:
    table: Table | None = None
    count = of_table = files = 0
    for kind, content in parts:
        if kind == "rows" and table is not None:
            target.insert(table, content[0])
            count += len(content[0])
            of_table += len(content[0])
            progress(f"{table.name}: {of_table} rows")
        elif kind == "table" and (known := tables.get(content[0])) is not None:
            table, of_table = _in_order(known, content[1]), 0
        elif kind == "content":
            _read_content(parts, target.transaction, stored, *content)
            files += 1
            progress(f"{files} files")
        else:
            raise FileRefused(f"is damaged: {kind} is not expected")
    return count


def _in_order(table: Table, names: list[str]) -> Table:
    """The table with its columns as a file has them."""
    types = dict(table.columns)
    if sorted(names) != sorted(types):
        raise FileRefused(f"is damaged: {table.name} has other columns")
    return replace(table, columns=tuple((name, types[name]) for name in names))


def _read_content(
    parts: Iterator[tuple[str, list[Any]]], tx: Transaction, stored: Contents, name: str, size: int
) -> None:
    if stored.write(tx, _pieces(parts, size)) != name:
        raise FileRefused(f"is damaged: the content {name} is another")


def _pieces(parts: Iterator[tuple[str, list[Any]]], size: int) -> Iterator[bytes]:
    while size:
        kind, content = next(parts, ("end", []))
        if kind != "piece" or not content[0] or len(content[0]) > size:
            raise FileRefused("is damaged: a content is cut off")
        yield content[0]
        size -= len(content[0])

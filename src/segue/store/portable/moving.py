"""From a store into a file, and from a file into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import IO, Any, Final

from segue import __version__
from segue.store.blobs import Blobs, BlobWriter
from segue.store.migrations import Migrations, refuse_newer
from segue.store.portable import schema
from segue.store.portable.ends import Source, Target
from segue.store.portable.file import FORMAT, FileRefused, PartsWriter, read_parts
from segue.store.portable.schema import Table
from segue.store.transaction import Transaction, Unit

InUse = Callable[[Transaction, Sequence[str]], set[str]]
"""Which of the named contents rows name."""

Progress = Callable[[str], None]
"""Is told, now and then, how far it is."""

_BATCH_BYTES: Final = 1 << 20
_BATCH_ROWS: Final = 2_000
_NAMES: Final = 500


def write_export(
    source: Source, blobs: Blobs, in_use: InUse, migrations: Migrations, file: IO[bytes], progress: Progress
) -> int:
    """Write everything as it is at one moment; the number of bytes.

    Args:
        blobs: nobody may remove of it what was there at that moment (see :meth:`~segue.store.blobs.Blobs.rejuvenate`).

    Raises:
        StoreIsNewer: a newer program wrote it.
        BlobMissing: content that a row names is not there.
    """
    versions = source.versions()
    refuse_newer(versions, migrations)
    writer = PartsWriter(file)
    header = {"format": FORMAT, "program": __version__, "schema": versions, "ids": source.ids_mark()}
    writer.part("header", {**header, "at": source.transaction.now_ms})
    _write_blobs(source, blobs, in_use, writer, progress)
    for table in schema.tables(schema.at(versions, migrations)):
        _write_table(source, table, writer, progress)
    writer.end()
    return writer.written


def _write_blobs(source: Source, blobs: Blobs, in_use: InUse, writer: PartsWriter, progress: Progress) -> None:
    after, count = "", 0
    while names := blobs.old(after, _NAMES, older_than_seconds=float("-inf")):
        after = names[-1]
        for name in sorted(in_use(source.transaction, names)):
            writer.part("content", name, blobs.path(name).stat().st_size)
            with blobs.path(name).open("rb") as content:
                while piece := content.read(_BATCH_BYTES):
                    writer.part("piece", piece)
            count += 1
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
    file: IO[bytes], target: Target, blobs: Blobs, migrations: Migrations, take_over: Unit[None], progress: Progress
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
    target.migrate(then)
    target.resume_ids(header["ids"])
    rows = _read(parts, target, blobs, {table.name: table for table in schema.tables(then)}, progress)
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
    parts: Iterator[tuple[str, list[Any]]], target: Target, blobs: Blobs, tables: dict[str, Table], progress: Progress
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
            _read_content(parts, blobs, *content)
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


def _read_content(parts: Iterator[tuple[str, list[Any]]], blobs: Blobs, name: str, size: int) -> None:
    writer = blobs.writer()
    try:
        _read_pieces(parts, writer, size)
        if writer.sha256 != name:
            raise FileRefused(f"is damaged: the content {name} is another")
        writer.finish()
    finally:
        writer.discard()


def _read_pieces(parts: Iterator[tuple[str, list[Any]]], writer: BlobWriter, size: int) -> None:
    while size:
        kind, content = next(parts, ("end", []))
        if kind != "piece" or not content[0] or len(content[0]) > size:
            raise FileRefused("is damaged: a content is cut off")
        writer.write(content[0])
        size -= len(content[0])

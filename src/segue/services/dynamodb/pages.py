"""Reading a page of rows: which range of keys, from where on, in which direction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from segue.languages.expressions import Item, KeyCondition, Value, after_prefix, encode_key, normalize
from segue.services.dynamodb.records import BUCKETS, Place, place, unpack
from segue.services.dynamodb.schema import Index, Table
from segue.services.dynamodb.service import invalid
from segue.store import Transaction

PAGE_BYTES = 1_048_576
_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Range:
    """A range of keys: of one partition (by sort key), or of buckets (a scan).

    Attributes:
        partition: the partition's place; ``None`` for a scan.
        bounds: comparisons of the sort key (``>=``, bytes).
        first_bucket, end_bucket: of a scan.
        start: the place after which to begin, and in an index the item's own place there.
    """

    partition: Place | None = None
    bounds: tuple[tuple[str, bytes], ...] = ()
    first_bucket: int = 0
    end_bucket: int = BUCKETS
    start: tuple[Place, Place] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What was looked at: the items, their bytes, and the last of them if the page ended before the range did."""

    items: list[Item]
    size: int
    last: Item | None


def partition_range(hash_value: Value, on_sort: KeyCondition | None) -> Range:
    """The range of one partition whose sort keys meet the condition."""
    partition = place(encode_key(hash_value))
    if on_sort is None:
        return Range(partition)
    keys = [encode_key(value) for value in on_sort.values]
    if on_sort.operator == "BETWEEN":
        return Range(partition, ((">=", keys[0]), ("<=", keys[1])))
    if on_sort.operator == "begins_with":
        end = after_prefix(keys[0])
        return Range(partition, ((">=", keys[0]), *((("<", end),) if end is not None else ())))
    return Range(partition, ((on_sort.operator, keys[0]),))


def segment_range(segment: int, total: int) -> Range:
    """The range of one of a parallel scan's segments."""
    return Range(first_bucket=-(-BUCKETS * segment // total), end_bucket=-(-BUCKETS * (segment + 1) // total))


def starting(table: Table, index: Index | None, where: Range, key: Item | None) -> Range:
    """The range from an ``ExclusiveStartKey`` on.

    Raises:
        AwsError: it is not a key of the table (and index), or outside of the range.
    """
    if key is None:
        return where
    attributes = {each.name: each for each in (*table.keys, *(index.keys if index else ()))}
    if key.keys() != attributes.keys() or any(each.type not in key[each.name] for each in attributes.values()):
        raise invalid("The provided starting key is invalid")
    values = {name: normalize(value)[0] for name, value in key.items()}
    item_at = place(*(encode_key(values[each.name]) for each in table.keys))
    at = place(*(encode_key(values[each.name]) for each in index.keys)) if index else item_at
    if where.partition is not None:
        if at.hash != where.partition.hash:
            raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    elif not where.first_bucket <= at.bucket < where.end_bucket:
        raise invalid("The provided starting key is invalid: The provided starting key is outside the segment")
    return replace(where, start=(at, item_at))


def read(tx: Transaction, table: Table, index: Index | None, where: Range, limit: int | None, forward: bool) -> Page:
    """One page of the range."""
    items: list[Item] = []
    size = 0
    last_start = where.start
    while True:
        wanted = _ROWS_AT_ONCE if limit is None else min(_ROWS_AT_ONCE, limit - len(items) + 1)
        rows = _rows(tx, table, index, replace(where, start=last_start), wanted, forward)
        for row in rows:
            full = limit is not None and len(items) >= limit
            if full or (items and size + row[1] > PAGE_BYTES):
                return Page(items, size, items[-1])
            items.append(unpack(row[0]))
            size += row[1]
        if len(rows) < wanted:
            return Page(items, size, None)
        at = Place(*rows[-1][2:5])
        last_start = (at, Place(*rows[-1][5:8]) if index else at)


def _rows(
    tx: Transaction, table: Table, index: Index | None, where: Range, wanted: int, forward: bool
) -> list[tuple[Any, ...]]:
    """Rows of (item, size, place, and in an index the item's place)."""
    alias = "e" if index else "i"
    texts = [f"{alias}.{'idx' if index else 'tbl'} = ?"]
    args: list[Any] = [index.id if index else table.id]
    order = [f"{alias}.sort"] if where.partition else [f"{alias}.bucket", f"{alias}.hash", f"{alias}.sort"]
    if where.partition is not None:
        texts += [f"{alias}.bucket = ?", f"{alias}.hash = ?"]
        args += where.partition[:2]
        for comparison, key in where.bounds:
            if where.start is None or not _passed(comparison, key, where.start[0].sort, forward):
                texts.append(f"{alias}.sort {comparison} ?")
                args.append(key)
    else:
        texts += [f"{alias}.bucket >= ?", f"{alias}.bucket < ?"]
        args += [where.start[0].bucket if where.start else where.first_bucket, where.end_bucket]
    if index:
        order += ["e.item_hash", "e.item_sort"]
    if where.start is not None:
        at, item_at = where.start
        after: list[Any] = [at.sort] if where.partition else list(at)
        after += item_at[1:] if index else []
        texts.append(f"({', '.join(order)}) {'>' if forward else '<'} ({', '.join('?' * len(order))})")
        args += after
    direction = "" if forward else " DESC"
    sorted_by = ", ".join(f"{column}{direction}" for column in order)
    return tx.all(
        f"SELECT i.item, i.size, {_FROM[bool(index)]} WHERE {' AND '.join(texts)} ORDER BY {sorted_by} LIMIT ?",
        *([table.id, *args] if index else args),
        wanted,
    )


def _passed(comparison: str, key: bytes, start: bytes, forward: bool) -> bool:
    """Whether a bound lies behind the start: left out then, so that the database begins its walk at the start."""
    if forward:
        return comparison[0] == ">" and start > key
    return comparison[0] == "<" and start < key


_FROM = {
    False: "i.bucket, i.hash, i.sort FROM dynamodb_items i",
    True: "e.bucket, e.hash, e.sort, e.item_bucket, e.item_hash, e.item_sort FROM dynamodb_index_entries e"
    " LEFT JOIN dynamodb_items i"  # every entry has its item; so they are read in the order of the index
    " ON i.tbl = ? AND i.bucket = e.item_bucket AND i.hash = e.item_hash AND i.sort = e.item_sort",
}

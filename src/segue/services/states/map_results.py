"""What becomes of a Map Run's results: the state's result, or files in a bucket (developer guide, "ResultWriter")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from segue.api import Call
from segue.errors import AwsError
from segue.languages.asl import json_text
from segue.languages.asl.context import iso_ms
from segue.languages.asl.map_plan import MapPlan, Writer
from segue.services.states import map_records
from segue.services.states.map_bucket import Bucket, ReadingFailed
from segue.services.states.map_items import Source
from segue.services.states.map_records import MapRun, child_place
from segue.services.states.records import Execution

_CHILDREN_AT_ONCE = 500
_FILE_BYTES = 8 << 20
_MAX_RESULT_BYTES = 262_144
_STAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("SUCCEEDED", ("SUCCEEDED",)),
    ("FAILED", ("FAILED", "TIMED_OUT", "ABORTED")),
    ("PENDING", ()),
)


class Results(NamedTuple):
    """The state's result, and how many children's and items' results were written elsewhere."""

    text: str
    written: int
    items_written: int


class WritingFailed(NamedTuple):
    """The results cannot be kept."""

    error: str
    cause: str


def write_some(call: Call, run: MapRun, source: Source) -> MapRun | Results | WritingFailed:
    """Write the next piece of the results: the run as far as it came, or the end."""
    writer = source.plan.writer
    if writer is None or not writer.resource:
        return _gathered(call, run, source.plan)
    try:
        return _Files(call, run, source, writer).go_on()
    except AwsError as error:
        return WritingFailed("States.ResultWriterFailed", error.message)
    except ReadingFailed as error:
        return WritingFailed("States.ResultWriterFailed", error.cause)


# The state's result


def _gathered(call: Call, run: MapRun, plan: MapPlan) -> Results | WritingFailed:
    """What the children that succeeded came to, in the order of their items."""
    transformation = plan.writer.transformation if plan.writer is not None else "COMPACT"
    parts: list[str] = []
    size = at = 0
    while found := map_records.children(call.tx, run.number, at, _CHILDREN_AT_ONCE, ("SUCCEEDED",)):
        for child in found:
            for part in transformed(child, transformation):
                size += len(part.encode("utf-8", "surrogatepass")) + 1
                parts.append(part)
            at = child_place(child.parent)[1] + 1
            if size > _MAX_RESULT_BYTES:
                return _too_large(plan)
    return Results(f"[{','.join(parts)}]", 0, 0)


def _too_large(plan: MapPlan) -> WritingFailed:
    what = "a result with a size exceeding the maximum number of bytes service limit"
    return WritingFailed("States.DataLimitExceeded", f"The state/task '{plan.state}' returned {what}.")


def transformed(child: Execution, transformation: str) -> list[str]:
    """What a child's result is written as: its output, the parts of its output, or all that is known of it."""
    if child.status != "SUCCEEDED" or transformation == "NONE" or child.output is None:
        return [json_text.dump(_entry(child))]
    if transformation == "FLATTEN" and child.output.startswith("["):
        return [json_text.dump(part) for part in json_text.parse(child.output)]
    return [child.output]


def _entry(child: Execution) -> dict[str, Any]:
    """As the developer guide shows an entry of a result file; payloads are texts."""
    shown = {
        "Cause": child.cause,
        "Error": child.error,
        "ExecutionArn": child.arn,
        "Input": child.input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "Output": child.output,
        "OutputDetails": {"Included": True} if child.output is not None else None,
        "RedriveCount": child.redrive_count,
        "RedriveStatus": "NOT_REDRIVABLE" if child.status == "SUCCEEDED" else "REDRIVABLE_BY_MAP_RUN",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven" if child.status == "SUCCEEDED" else None,
        "StartDate": iso_ms(child.start_at_ms),
        "StateMachineArn": child.machine_arn,
        "Status": child.status,
        "StopDate": iso_ms(child.stop_at_ms) if child.stop_at_ms is not None else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


# Files


@dataclass(slots=True)
class FileBuffer:
    """A result file that is being put together. In memory only: a lost one is made anew from where it began."""

    stage: int
    at: int
    parts: list[str] = field(default_factory=list)
    size: int = 0
    children: int = 0
    items: int = 0


class _Files:
    """The result files of one Map Run; where they have come to stands beside its plan."""

    def __init__(self, call: Call, run: MapRun, source: Source, writer: Writer) -> None:
        self._call = call
        self._run = run
        self._source = source
        self._writer = writer
        parameters = json_text.parse(writer.parameters_text)
        self._bucket_name: str = parameters.get("Bucket", "")
        prefix = parameters.get("Prefix", "").strip("/")
        self._prefix = f"{prefix}/{run.arn.rpartition(':')[2]}" if prefix else run.arn.rpartition(":")[2]
        self._place = map_records.place_of(call.tx, run.number)
        self._done: dict[str, Any] = self._place.get("results") or {"stage": 0, "first": 0, "files": {}}

    def go_on(self) -> MapRun | Results:
        stage: int = self._done["stage"]
        while stage < len(_STAGES) and not self._has(stage):
            stage += 1
        if stage == len(_STAGES):
            return self._manifest()
        buffer = self._source.buffer
        if buffer is None or (buffer.stage, buffer.at) != (stage, self._run.cursor):
            buffer = FileBuffer(stage, self._done["first"])
        buffer, has_more = self._filled(buffer)
        if has_more and buffer.size < _FILE_BYTES:
            self._source.buffer = buffer
            return self._run._replace(cursor=buffer.at)
        self._source.buffer = None
        if buffer.parts:
            self._put(buffer)
        self._done["first"] = buffer.at if has_more else 0
        self._done["stage"] = stage if has_more else stage + 1
        map_records.save_place(self._call.tx, self._run.number, {**self._place, "results": self._done})
        return self._run._replace(
            cursor=self._done["first"],
            written=self._run.written + buffer.children,
            items_written=self._run.items_written + buffer.items,
        )

    def _has(self, stage: int) -> bool:
        """Whether there is anything for the files of a stage."""
        run = self._run
        unsuccessful = run.failed + run.timed_out + run.aborted
        return bool((run.succeeded, unsuccessful, run.items_known - run.next_item)[stage])

    def _filled(self, buffer: FileBuffer) -> tuple[FileBuffer, bool]:
        """The buffer with the next entries, another object, as the unit may be run again; whether there are more."""
        found = self._pending(buffer.at) if buffer.stage == len(_STAGES) - 1 else self._children(buffer)
        parts = [part for texts, _, _ in found for part in texts]
        return FileBuffer(
            buffer.stage,
            found[-1][1] if found else buffer.at,
            buffer.parts + parts,
            buffer.size + sum(map(len, parts)),
            buffer.children + len(found),
            buffer.items + sum(items for _, _, items in found),
        ), len(found) == _CHILDREN_AT_ONCE

    def _children(self, buffer: FileBuffer) -> list[tuple[list[str], int, int]]:
        """Entries of the next children, the place after each, and how many items it has."""
        statuses = _STAGES[buffer.stage][1]
        found = map_records.children(self._call.tx, self._run.number, buffer.at, _CHILDREN_AT_ONCE, statuses)
        places = [child_place(child.parent) for child in found]
        transformation = self._writer.transformation
        return [
            (transformed(child, transformation), place + 1, items)
            for child, (_, place, items) in zip(found, places, strict=True)
        ]

    def _pending(self, at: int) -> list[tuple[list[str], int, int]]:
        """Entries of children that were never started, because the Map Run failed before."""
        at = max(at, self._run.next_item)
        inputs = self._source.peek_children(self._call.tx, self._run._replace(next_item=at), _CHILDREN_AT_ONCE)
        entries = []
        for child in inputs:
            at += child.items
            shown = {"Input": child.text, "InputDetails": {"Included": True}, "Status": "PENDING"}
            entries.append(([json_text.dump(shown)], at, 0))
        return entries

    def _put(self, buffer: FileBuffer) -> None:
        status = _STAGES[buffer.stage][0]
        files: list[dict[str, Any]] = self._done["files"].setdefault(status, [])
        is_lines = self._writer.output_type == "JSONL"
        text = "\n".join(buffer.parts) + "\n" if is_lines else f"[{','.join(buffer.parts)}]"
        content = text.encode("utf-8", "surrogatepass")
        key = f"{self._prefix}/{status}_{len(files)}.{'jsonl' if is_lines else 'json'}"
        self._write(key, content)
        files.append({"Key": key, "Size": len(content)})

    def _manifest(self) -> Results:
        files = {status: self._done["files"].get(status, []) for status in ("FAILED", "PENDING", "SUCCEEDED")}
        manifest = {"DestinationBucket": self._bucket_name, "MapRunArn": self._run.arn, "ResultFiles": files}
        key = f"{self._prefix}/manifest.json"
        self._write(key, json_text.dump(manifest).encode())
        details = {"Bucket": self._bucket_name, "Key": key}
        text = json_text.dump({"MapRunArn": self._run.arn, "ResultWriterDetails": details})
        return Results(text, self._run.written, self._run.items_written)

    def _write(self, key: str, content: bytes) -> None:
        bucket = Bucket(self._call, self._run)
        try:
            bucket.put(self._bucket_name, key, content)
        except AwsError as error:
            raise ReadingFailed(bucket.told(error)) from None

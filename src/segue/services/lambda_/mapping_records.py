"""The rows of event source mappings, and on whose authority their sources are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.api import Call, Caller
from segue.api.caller import role_caller
from segue.arn import make_arn
from segue.services.lambda_.names import FunctionName, qualifier_of, scope_of
from segue.services.lambda_.records import Function, FunctionVersion
from segue.services.lambda_.sessions import session_name
from segue.store import Row, Transaction

COLUMNS = "uuid, function_arn, qualified_arn, source_arn, state, modified_at, configuration"


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """One mapping. ``state`` is ``Enabled`` or ``Disabled``: what it is on the way to is there at the next look."""

    uuid: str
    function_arn: str
    qualified_arn: str
    source_arn: str
    state: str
    modified_at_ms: int
    configuration: Mapping[str, Any]

    @property
    def function(self) -> FunctionName:
        """The function that is fed."""
        return FunctionName(self.function_arn, self.function_arn.rpartition(":")[2], qualifier_of(self.qualified_arn))

    @property
    def batch_size(self) -> int:
        """How many messages or records an invocation gets at most."""
        return int(self.configuration["BatchSize"])

    @property
    def window_ms(self) -> int:
        """For how long messages or records are gathered."""
        return int(self.configuration["MaximumBatchingWindowInSeconds"]) * 1_000

    @property
    def filters(self) -> tuple[str, ...]:
        """Event patterns, of which one must match."""
        return tuple(each["Pattern"] for each in self.configuration.get("FilterCriteria", {}).get("Filters", ()))

    @property
    def maximum_concurrency(self) -> int | None:
        """How many batches of a queue may run at once, if told."""
        found: int | None = self.configuration.get("ScalingConfig", {}).get("MaximumConcurrency")
        return found

    @property
    def maximum_pollers(self) -> int | None:
        """How many pollers of a queue are provisioned at most, if any are."""
        provisioned = self.configuration.get("ProvisionedPollerConfig")
        return int(provisioned["MaximumPollers"]) if provisioned else None

    @property
    def reports_item_failures(self) -> bool:
        """Whether the function tells which of a batch failed."""
        return "ReportBatchItemFailures" in self.configuration["FunctionResponseTypes"]

    @property
    def lanes(self) -> int:
        """Of streams: how many batches of a shard may run at once."""
        return int(self.configuration.get("ParallelizationFactor", 1))

    @property
    def bisects(self) -> bool:
        """Of streams: whether a batch that failed is cut in two."""
        return bool(self.configuration.get("BisectBatchOnFunctionError"))

    @property
    def maximum_retries(self) -> int:
        """Of streams: how often a batch that failed is tried again; -1: as long as its records are kept."""
        return int(self.configuration.get("MaximumRetryAttempts", -1))

    @property
    def maximum_age_ms(self) -> int | None:
        """Of streams: how old records may become before they are given up."""
        seconds = int(self.configuration.get("MaximumRecordAgeInSeconds", -1))
        return None if seconds == -1 else seconds * 1_000

    @property
    def tumbling_window_ms(self) -> int:
        """Of streams: how long the windows are over which the function sums up; 0: it does not."""
        return int(self.configuration.get("TumblingWindowInSeconds", 0)) * 1_000

    @property
    def on_failure(self) -> str:
        """Of streams: where the record of what was given up goes; empty: nowhere."""
        destinations = self.configuration.get("DestinationConfig") or {}
        return str((destinations.get("OnFailure") or {}).get("Destination") or "")


def find_mapping(tx: Transaction, uuid: str) -> EventSourceMapping | None:
    """The mapping of that id."""
    row = tx.one(f"SELECT {COLUMNS} FROM lambda_event_source_mappings WHERE uuid = ?", uuid)
    return None if row is None else mapping_of(row)


def mapping_of(row: Row) -> EventSourceMapping:
    """A mapping from its :data:`COLUMNS`."""
    return EventSourceMapping(row[0], row[1], row[2], row[3], row[4], row[5], json.loads(row[6]))


def insert_mapping(tx: Transaction, mapping: EventSourceMapping) -> None:
    """A new mapping, or one that was deleted to be changed."""
    tx.run(
        f"INSERT INTO lambda_event_source_mappings ({COLUMNS}, scope) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        mapping.uuid,
        mapping.function_arn,
        mapping.qualified_arn,
        mapping.source_arn,
        mapping.state,
        mapping.modified_at_ms,
        json.dumps(dict(mapping.configuration)),
        scope_of(mapping.function_arn),
    )


def delete_mapping(tx: Transaction, uuid: str) -> None:
    """The mapping is gone, or about to be written anew."""
    tx.run("DELETE FROM lambda_event_source_mappings WHERE uuid = ?", uuid)


def mapping_arn(mapping: EventSourceMapping) -> str:
    """The mapping's own ARN."""
    _, _, _, region, account, _ = mapping.function_arn.split(":", 5)
    return make_arn("lambda", region, account, f"event-source-mapping:{mapping.uuid}")


def as_role(call: Call, function: Function, version: FunctionVersion) -> Call:
    """The same transaction on the authority of the function's role, with which its sources are read."""
    _, _, _, region, account, _ = function.arn.split(":", 5)
    if function.session.is_of_account:
        return call.as_caller(Caller(account, region))
    return call.as_caller(role_caller(version.configuration["Role"], session_name(function.arn), region))

"""Map Runs: describe, list, update."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError
from segue.languages.asl.distributed_map import MAX_CONCURRENCY
from segue.services.states import map_dispatch, map_records
from segue.services.states.executions import existing_execution
from segue.services.states.map_children import existing_map_run
from segue.services.states.map_records import MapRun
from segue.services.states.service import SERVICE


def _map_run(_: Call, params: dict[str, Any]) -> str:
    return str(params["mapRunArn"])


def _execution(_: Call, params: dict[str, Any]) -> str:
    return str(params["executionArn"])


@SERVICE.operation("DescribeMapRun", reads=True, resource=_map_run)
def describe_map_run(call: Call, params: dict[str, Any]) -> Result:
    run = existing_map_run(call, params["mapRunArn"])
    return {
        "mapRunArn": run.arn,
        "executionArn": run.execution_arn,
        "status": run.status,
        "startDate": run.started_at_ms,
        "stopDate": run.stopped_at_ms if run.is_over else None,
        "maxConcurrency": run.window if run.window < MAX_CONCURRENCY else 0,
        "toleratedFailurePercentage": run.tolerated_percentage or 0.0,
        "toleratedFailureCount": run.tolerated_count or 0,
        "itemCounts": _item_counts(run),
        "executionCounts": _execution_counts(run),
        "redriveCount": run.redrive_count,
        "redriveDate": run.redriven_at_ms,
    }


def _item_counts(run: MapRun) -> dict[str, int]:
    counts = {
        "pending": run.items_known - run.next_item,
        "running": run.items_running,
        "succeeded": run.items_succeeded,
        "failed": run.items_failed,
        "timedOut": run.items_timed_out,
        "aborted": run.items_aborted,
    }
    return {
        **counts,
        "total": run.items_known,
        "resultsWritten": run.items_written,
        "failuresNotRedrivable": run.items_not_redrivable,
        "pendingRedrive": run.items_to_redrive,
    }


def _execution_counts(run: MapRun) -> dict[str, int]:
    """The same for children. How many batches the items that wait will make is not known before they are made."""
    counts = {
        "pending": 0 if run.has_batches else run.items_known - run.next_item,
        "running": run.running,
        "succeeded": run.succeeded,
        "failed": run.failed,
        "timedOut": run.timed_out,
        "aborted": run.aborted,
    }
    return {
        **counts,
        "total": sum(counts.values()) + run.to_redrive,
        "resultsWritten": run.written,
        "failuresNotRedrivable": run.not_redrivable,
        "pendingRedrive": run.to_redrive,
    }


@SERVICE.operation("ListMapRuns", reads=True, resource=_execution)
def list_map_runs(call: Call, params: dict[str, Any]) -> Result:
    execution = existing_execution(call, params["executionArn"])
    limit = params.get("maxResults") or 100
    after = int(decode_token(params["nextToken"], kinds=(int,))[0]) if "nextToken" in params else 0
    found = map_records.list_of(call.tx, execution.arn, after, limit + 1)
    shown = [
        {
            "executionArn": run.execution_arn,
            "mapRunArn": run.arn,
            "stateMachineArn": execution.machine_arn,
            "startDate": run.started_at_ms,
            "stopDate": run.stopped_at_ms if run.is_over else None,
        }
        for run in found[:limit]
    ]
    return {"mapRuns": shown, "nextToken": encode_token(found[limit - 1].number) if len(found) > limit else None}


@SERVICE.operation("UpdateMapRun", resource=_map_run)
def update_map_run(call: Call, params: dict[str, Any]) -> Result:
    run = existing_map_run(call, params["mapRunArn"])
    given = {name: params[name] for name in _CHANGEABLE if params.get(name) is not None}
    if not given:
        raise AwsError("ValidationException", f"At least one of {', '.join(_CHANGEABLE)} must be given")
    if run.is_over:
        raise AwsError("ValidationException", f"Map Run '{run.arn}' is not running and cannot be updated")
    if "maxConcurrency" in given:
        run = run._replace(window=min(given["maxConcurrency"] or MAX_CONCURRENCY, MAX_CONCURRENCY))
    if "toleratedFailureCount" in given:
        run = run._replace(tolerated_count=given["toleratedFailureCount"])
    if "toleratedFailurePercentage" in given:
        run = run._replace(tolerated_percentage=given["toleratedFailurePercentage"])
    map_records.save(call.tx, map_dispatch.at_work(call, run))
    return {}


_CHANGEABLE = ("maxConcurrency", "toleratedFailurePercentage", "toleratedFailureCount")

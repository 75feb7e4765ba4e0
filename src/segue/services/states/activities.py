"""Activities: tasks that workers outside fetch and answer by their tokens."""

from __future__ import annotations

import json
from typing import Any

from segue.api import Call, Result
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags
from segue.errors import AwsError
from segue.jobs import Pending
from segue.languages.asl import TaskStarted
from segue.services.states import encryption, records
from segue.services.states.advance import advance
from segue.services.states.arns import checked_arn, checked_name
from segue.services.states.service import SERVICE
from segue.services.states.tags import check_number, tags_given
from segue.services.states.tokens_records import activity_key

_LONG_POLL_MS = 60_000
_NO_KEY = {"type": "AWS_OWNED_KEY"}


def _activity(_: Call, params: dict[str, Any]) -> str:
    return str(params["activityArn"])


@SERVICE.operation("CreateActivity")
def create_activity(call: Call, params: dict[str, Any]) -> Result:
    name = checked_name(params["name"])
    arn = call.arn("states", f"activity:{name}")
    tags = tags_given(params)
    check_number(arn, tags)
    encryption.check(params.get("encryptionConfiguration"))
    keys = json.dumps(params.get("encryptionConfiguration", _NO_KEY))
    if call.tx.one("SELECT 1 FROM states_activities WHERE arn = ?", arn) is None:
        if records.has_more(call.tx, "states_activities", call.arn("states", "activity:"), call.limits.activities):
            raise AwsError("ActivityLimitExceeded", f"There are {call.limits.activities} activities already.")
        number = call.tx.ids.ordered(call.now_ms)
        call.tx.run("INSERT INTO states_activities VALUES (?, ?, ?, ?, ?)", arn, name, call.now_ms, keys, number)
        add_tags(call.tx, arn, tags)
    row = _existing(call, arn)
    if row[3] != keys:
        raise AwsError("ActivityAlreadyExists", f"Activity Already Exists: '{arn}'")
    return _members(row)


@SERVICE.operation("DescribeActivity", reads=True, resource=_activity)
def describe_activity(call: Call, params: dict[str, Any]) -> Result:
    row = _existing(call, params["activityArn"])
    return {**_members(row), "name": row[1], "encryptionConfiguration": json.loads(row[3])}


@SERVICE.operation("ListActivities", reads=True)
def list_activities(call: Call, params: dict[str, Any]) -> Result:
    """In the order in which they were created (sfn-api/sfn_api_activities__list_activities)."""
    limit = params.get("maxResults") or 100
    prefix = call.arn("states", "activity:")
    after = decode_token(params["nextToken"], kinds=(int, str)) if "nextToken" in params else (-1, "")
    rows = call.tx.all(
        "SELECT arn, name, created_at, number FROM states_activities WHERE arn > ? AND arn < ?"
        " AND (number, arn) > (?, ?) ORDER BY number, arn LIMIT ?",
        prefix,
        prefix + "\U0010ffff",
        *after,
        limit + 1,
    )
    token = encode_token(rows[limit - 1][3], rows[limit - 1][0]) if len(rows) > limit else None
    return {"activities": [{**_members(row), "name": row[1]} for row in rows[:limit]], "nextToken": token}


@SERVICE.operation("DeleteActivity", resource=_activity)
def delete_activity(call: Call, params: dict[str, Any]) -> Result:
    arn = checked_arn(params["activityArn"], "activity")
    call.tx.run("DELETE FROM states_activities WHERE arn = ?", arn)
    drop_tags(call.tx, arn)
    return {}


@SERVICE.operation("GetActivityTask", resource=_activity)
def get_activity_task(call: Call, params: dict[str, Any]) -> Result:
    arn = _existing(call, params["activityArn"])[0]
    while True:
        row = call.tx.one(
            # A range, and both columns in the order: by the activity's own index, never through all activities' tasks.
            "DELETE FROM states_activity_tasks WHERE id = (SELECT id FROM states_activity_tasks"
            " WHERE activity_arn >= ? AND activity_arn <= ? ORDER BY activity_arn, id LIMIT 1)"
            " RETURNING token, execution_arn, frame, generation, input",
            arn,
            arn,
        )
        if row is None:
            break
        token, execution_arn, frame, generation, text = row
        if advance(call, execution_arn, TaskStarted((frame, generation), params.get("workerName"))):
            return {"taskToken": token, "input": text}
    until_ms = call.started_ms + _LONG_POLL_MS
    return {} if call.now_ms >= until_ms else Pending((activity_key(arn),), until_ms, until_ms)


def _existing(call: Call, arn: str) -> tuple[Any, ...]:
    checked_arn(arn, "activity")
    row = call.tx.one("SELECT arn, name, created_at, encryption FROM states_activities WHERE arn = ?", arn)
    if row is None:
        raise AwsError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    return row


def _members(row: tuple[Any, ...]) -> dict[str, Any]:
    return {"activityArn": row[0], "creationDate": row[2]}

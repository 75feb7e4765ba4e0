"""Secondary indexes of an existing table: added, filled from its items, described, dropped."""

from __future__ import annotations

import json
from typing import Any

from segue import jobs
from segue.api import Call
from segue.errors import AwsError
from segue.jobs import Again, Job
from segue.languages.expressions import Item
from segue.services.dynamodb import pages, records, table_requests
from segue.services.dynamodb.records import Place
from segue.services.dynamodb.schema import Index, Table, entry_place, find_table, item_place
from segue.services.dynamodb.service import SERVICE, invalid_values

BACKFILL_JOB = "dynamodb:backfill"
PURGE_JOB = "dynamodb:purge"
BACKFILL_ITEMS = 500


def change_indexes(call: Call, table: Table, document: dict[str, Any], params: dict[str, Any]) -> None:
    """Carry out ``GlobalSecondaryIndexUpdates`` on the table's document; new indexes are filled by a job."""
    updates = params.get("GlobalSecondaryIndexUpdates")
    if params.get("AttributeDefinitions"):
        given = {each["AttributeName"]: each for each in params["AttributeDefinitions"]}
        kept = {each["AttributeName"]: each for each in document["AttributeDefinitions"]}
        document["AttributeDefinitions"] = list((kept | given).values())
    for update in updates or ():
        if len(update) != 1:
            raise invalid_values("Each GlobalSecondaryIndexUpdate must hold exactly one of Create, Update and Delete")
        ((action, spec),) = update.items()
        _CHANGES[action](call, table, document, spec)
    if updates:
        _drop_unused_definitions(document)
        table_requests.check_indexes(document)
        table_requests.check_definitions(document)


def _create(call: Call, table: Table, document: dict[str, Any], spec: dict[str, Any]) -> None:
    name = spec["IndexName"]
    if name in document["IndexIds"]:
        raise invalid_values(f"Attempting to create an index which already exists: {name}")
    document.setdefault("GlobalSecondaryIndexes", []).append(spec)
    document["IndexIds"][name] = call.tx.ids.ordered(call.now_ms)
    document.setdefault("Backfilling", []).append(name)
    jobs.enqueue(call.tx, BACKFILL_JOB, f"{table.arn}/index/{name}", {"table": table.arn, "index": name, "after": None})


def _delete(call: Call, table: Table, document: dict[str, Any], spec: dict[str, Any]) -> None:
    name = spec["IndexName"]
    _global(table, name)
    document["GlobalSecondaryIndexes"] = [
        each for each in document["GlobalSecondaryIndexes"] if each["IndexName"] != name
    ]
    if not document["GlobalSecondaryIndexes"]:
        del document["GlobalSecondaryIndexes"]
    document["Backfilling"] = [each for each in document.get("Backfilling", ()) if each != name]
    row_id = document["IndexIds"].pop(name)
    jobs.cancel(call.tx, BACKFILL_JOB, f"{table.arn}/index/{name}")
    jobs.enqueue(call.tx, PURGE_JOB, f"{table.arn}#{row_id}", {"what": "index_entries", "id": row_id})


def _update(call: Call, table: Table, document: dict[str, Any], spec: dict[str, Any]) -> None:
    _global(table, spec["IndexName"])
    for index in document["GlobalSecondaryIndexes"]:
        if index["IndexName"] == spec["IndexName"]:
            index.update(spec)


_CHANGES = {"Create": _create, "Delete": _delete, "Update": _update}


def _global(table: Table, name: str) -> None:
    if name not in table.indexes or not table.indexes[name].is_global:
        raise AwsError("ResourceNotFoundException", "Requested resource not found")


def _drop_unused_definitions(document: dict[str, Any]) -> None:
    schemas = [document["KeySchema"]]
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        schemas += [index["KeySchema"] for index in document.get(kind, ())]
    used = {key["AttributeName"] for schema in schemas for key in schema}
    document["AttributeDefinitions"] = [
        each for each in document["AttributeDefinitions"] if each["AttributeName"] in used
    ]


@SERVICE.job("backfill")
def backfill(call: Call, job: Job) -> Again | None:
    """Enter a table's items into a new index, some at a time; writes meanwhile enter by themselves."""
    payload = job.payload
    try:
        table = find_table(call, payload["table"])
    except AwsError:
        return None
    index = table.indexes.get(payload["index"])
    if index is None:
        return None
    where = pages.segment_range(0, 1)
    if payload["after"] is not None:
        after = Place(*payload["after"])
        where = pages.Range(start=(after, after))
    page = pages.read(call.tx, table, None, where, BACKFILL_ITEMS, True)
    for item in page.items:
        _enter(call, table, index, item)
    if page.last is not None:
        return Again(call.now_ms, {**payload, "after": list(item_place(table, page.last))})
    document = json.loads(json.dumps(table.document))
    document["Backfilling"] = [name for name in document.get("Backfilling", ()) if name != index.name]
    records.update_table(call.tx, table.arn, json.dumps(document))
    return None


def _enter(call: Call, table: Table, index: Index, item: Item) -> None:
    """Enter one item; one whose values the index cannot take stays out, as on AWS."""
    if any(key.name in item and (key.type not in item[key.name] or not item[key.name][key.type]) for key in index.keys):
        return
    at = entry_place(index, item)
    if at is not None:
        records.put_entry(call.tx, index.id, at, item_place(table, item))


def index_descriptions(call: Call, table: Table, item_count: int) -> dict[str, Any]:
    """The indexes' part of a ``TableDescription``."""
    document = table.document
    found: dict[str, Any] = {}
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        descriptions = []
        for spec in document.get(kind, ()):
            name = spec["IndexName"]
            count = records.count_entries(call.tx, table.indexes[name].id) if item_count else 0
            description = {
                "IndexName": name,
                "KeySchema": spec["KeySchema"],
                "Projection": spec["Projection"],
                "IndexSizeBytes": 0,
                "ItemCount": count,
                "IndexArn": f"{table.arn}/index/{name}",
            }
            if kind == "GlobalSecondaryIndexes":
                filling = name in document.get("Backfilling", ())
                throughput = spec.get("ProvisionedThroughput") or {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
                description["IndexStatus"] = "CREATING" if filling else "ACTIVE"
                description["ProvisionedThroughput"] = {"NumberOfDecreasesToday": 0, **throughput}
                if "OnDemandThroughput" in spec:
                    description["OnDemandThroughput"] = spec["OnDemandThroughput"]
                if filling:
                    description["Backfilling"] = True
            descriptions.append(description)
        if descriptions:
            found[kind] = descriptions
    return found

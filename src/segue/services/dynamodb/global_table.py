"""A global table's properties as those of a table in one region.

Source: CloudFormation template reference, AWS::DynamoDB::GlobalTable. What its replicas say each for themselves (tags,
protection, recovery, read capacity) is taken from the replica of the region; the other regions have none.
"""

from __future__ import annotations

from typing import Any

from segue.errors import AwsError

_SHARED = (
    "AttributeDefinitions",
    "BillingMode",
    "KeySchema",
    "LocalSecondaryIndexes",
    "SSESpecification",
    "StreamSpecification",
    "TimeToLiveSpecification",
    "WarmThroughput",
)
_OF_REPLICA = (
    "ContributorInsightsSpecification",
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "ResourcePolicy",
    "TableClass",
    "Tags",
)
_LEAST_UNITS = 5


def as_table(region: str, given: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """The properties of the ``AWS::DynamoDB::Table`` that a global table is in this region.

    Args:
        notes: the other regions' replicas are noted here.

    Raises:
        AwsError: ``ValidationError`` where no replica is in the region.
    """
    replicas = {str(replica["Region"]): replica for replica in given.get("Replicas") or ()}
    here = replicas.pop(region, None)
    if here is None:
        raise AwsError("ValidationError", f"Replicas: one must be in {region}, the region of the stack")
    notes.extend(f"Replicas: there is no replica in {other} here" for other in replicas)
    table = {name: given[name] for name in _SHARED if name in given}
    table |= {name: here[name] for name in _OF_REPLICA if name in here}
    reads = {index["IndexName"]: index for index in here.get("GlobalSecondaryIndexes") or ()}
    provisioned = given.get("BillingMode", "PROVISIONED") == "PROVISIONED"
    if provisioned:
        table["ProvisionedThroughput"] = _throughput(here, given)
    indexes = []
    for index in given.get("GlobalSecondaryIndexes") or ():
        spec = {name: index[name] for name in ("IndexName", "KeySchema", "Projection") if name in index}
        if provisioned:
            spec["ProvisionedThroughput"] = _throughput(reads.get(index["IndexName"], {}), index)
        indexes.append(spec)
    if indexes:
        table["GlobalSecondaryIndexes"] = indexes
    return table


def _throughput(reading: dict[str, Any], writing: dict[str, Any]) -> dict[str, int]:
    return {
        "ReadCapacityUnits": _units(reading.get("ReadProvisionedThroughputSettings"), "Read"),
        "WriteCapacityUnits": _units(writing.get("WriteProvisionedThroughputSettings"), "Write"),
    }


def _units(settings: dict[str, Any] | None, what: str) -> int:
    """The units that are set, or with which scaling begins."""
    settings = settings or {}
    scaling = settings.get(f"{what}CapacityAutoScalingSettings") or {}
    fixed = settings.get(f"{what}CapacityUnits")
    return int(fixed or scaling.get("SeedCapacity") or scaling.get("MinCapacity") or _LEAST_UNITS)

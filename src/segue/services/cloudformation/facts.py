"""What a stack's templates are evaluated with: parameters, the rows of its resources, exports, secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgpack
import orjson

from segue.api import Call
from segue.arn import parse_arn, partition_of
from segue.errors import AwsError
from segue.languages.templates import (
    DynamicReference,
    Facts,
    Instance,
    Template,
    TemplateError,
    compile_template,
    dynamic_references,
    instantiate,
    substitute,
)
from segue.services.cloudformation import exports, records, resource_records
from segue.services.cloudformation.authority import on_behalf
from segue.services.cloudformation.records import Stack

ZONES = ("a", "b", "c")


@lru_cache(maxsize=16)
def compiled(processed: str) -> Template:
    """The template behind the JSON that transforms have left.

    Raises:
        TemplateError: it is none.
    """
    return compile_template(orjson.loads(processed))


@lru_cache(maxsize=16)
def _instance(processed: str, values: bytes, pseudo: bytes) -> Instance:
    return instantiate(compiled(processed), msgpack.unpackb(values), msgpack.unpackb(pseudo))


def instance(processed: str, values: Mapping[str, Any], pseudo: Mapping[str, Any]) -> Instance:
    """A template with the values of its parameters."""
    return _instance(processed, msgpack.packb(dict(values)), msgpack.packb(dict(pseudo)))


def instance_of(call: Call, stack: Stack) -> Instance:
    """What a stack's template and parameters come to."""
    return instance(
        records.processed_template(call.tx, stack.id), stack.settings.get("values", {}), pseudo_parameters(stack)
    )


def pseudo_parameters(stack: Stack) -> dict[str, Any]:
    """What ``AWS::Region`` and its like give in a stack."""
    place = parse_arn(stack.id)
    return {
        "AWS::AccountId": place.account,
        "AWS::NotificationARNs": list(stack.settings.get("notification_arns", ())),
        "AWS::Partition": partition_of(place.region),
        "AWS::Region": place.region,
        "AWS::StackId": stack.id,
        "AWS::StackName": stack.name,
        "AWS::URLSuffix": "amazonaws.com.cn" if place.region.startswith("cn-") else "amazonaws.com",
    }


class Exports(Mapping[str, str]):
    """The exports that a stack may import, looked up when they are needed; remembers which ones were."""

    def __init__(self, call: Call, scope: str) -> None:
        self._call = call
        self._scope = scope
        self.used: set[str] = set()

    def __getitem__(self, name: str) -> str:
        found = exports.value_of(self._call.tx, self._scope, name)
        if found is None:
            raise KeyError(name)
        self.used.add(name)
        return found

    def __iter__(self) -> Iterator[str]:
        raise TypeError("exports are looked up by name")

    def __len__(self) -> int:
        raise TypeError("exports are looked up by name")


def facts(call: Call, stack: Stack, logical_ids: Iterable[str] | None, *, unknown: str | None = None) -> Facts:
    """What is known of a stack's resources (of these only, if given)."""
    rows = resource_records.live_of(call.tx, stack.id, logical_ids)
    region = parse_arn(stack.id).region
    return Facts(
        physical_ids={name: row.physical_id for name, row in rows.items() if row.physical_id},
        attributes={name: row.data.get("attributes", {}) for name, row in rows.items() if row.physical_id},
        exports=Exports(call, stack.scope),
        zones={region: [region + zone for zone in ZONES]},
        unknown=unknown,
    )


def imported(call: Call, stack: Stack, known: Facts) -> None:
    """Remember which exports an evaluation has used: they stay while the stack is there."""
    if isinstance(known.exports, Exports):
        for name in known.exports.used:
            exports.keep_import(call.tx, stack.scope, name, stack.id)


def resolve(call: Call, stack: Stack, value: Any) -> Any:
    """A value with what its dynamic references stand for, on the stack's authority.

    Raises:
        TemplateError: a parameter or secret cannot be had.
    """
    found = dynamic_references(value)
    if not found:
        return value
    return substitute(value, {reference.text: _looked_up(on_behalf(call, stack), reference) for reference in found})


def _looked_up(call: Call, reference: DynamicReference) -> str:
    try:
        if reference.service == "secretsmanager":
            return _secret(call, reference)
        name = f"{reference.name}:{reference.version}" if reference.version else reference.name
        answer = call.perform_at_once(
            "ssm:GetParameter", {"Name": name, "WithDecryption": reference.service == "ssm-secure"}
        )
        return str(answer["Parameter"]["Value"])
    except AwsError as error:
        raise TemplateError(f"Could not resolve {reference.text}: {error.message or error.code}") from None


def _secret(call: Call, reference: DynamicReference) -> str:
    params = {"SecretId": reference.name}
    if reference.version:
        params["VersionId"] = reference.version
    if reference.version_stage:
        params["VersionStage"] = reference.version_stage
    answer = call.perform_at_once("secretsmanager:GetSecretValue", params)
    text = str(answer.get("SecretString", ""))
    if not reference.json_key:
        return text
    try:
        members = orjson.loads(text)
    except ValueError:
        members = None
    if not isinstance(members, dict) or reference.json_key not in members:
        raise TemplateError(f"Could not find a value associated with JSONKey in SecretString: {reference.text}")
    found = members[reference.json_key]
    return found if isinstance(found, str) else orjson.dumps(found).decode()

"""Whatever a template says, a resource type makes a resource or refuses with words: properties by chance, from schemas.

The engine would tell of anything else as a mistake of ours.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from segue.errors import AwsError
from segue.languages.templates.schemas import Schema, schema_of
from segue.testing import Segue
from tests.services.resources import Resources

ARN = "arn:aws:{}:us-east-1:000000000000:{}"
TEXTS = [
    *("", "x", "a/b", "a@b.c", "ENABLED", "Enabled", "Disabled", "us-east-1", "HASH", "S", "ALL", "2030-01-01", "$.a"),
    *("Allow", "sqs", "https", "email", "STANDARD", "PAY_PER_REQUEST", "String", "POST", "BASIC", "rate(5 minutes)"),
    *('{"a": 1}', "[]", "alias/x", "s3:ObjectCreated:*", "python3.12", "https://a.example/x", "bucket", "HTTP"),
    *(ARN.format("sqs", "q"), ARN.format("lambda", "function:f"), ARN.format("states", "stateMachine:m:1")),
]
STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
OTHERS: list[Any] = [{}, [], "x", "{}", {"a": ["b"]}, [{"a": 1}], {"Version": "2012-10-17", "Statement": [STATEMENT]}]
ROUNDS = 400
_DEEPEST = 7


def properties_of(schema: Schema, chance: random.Random) -> dict[str, Any]:
    """Properties by chance, which the schema would mostly take."""
    made = _value(schema, schema.node, 0, chance)
    given = {name: value for name, value in made.items() if name not in schema.read_only}
    return schema.coerce(given)[0]


def _value(schema: Schema, node: Any, depth: int, chance: random.Random) -> Any:
    if isinstance(node, list):
        return [_value(schema, node[0], depth + 1, chance) for _ in range(chance.choice((0, 1, 2)))]
    if isinstance(node, dict):
        needed = node.get("r", ())
        return {
            name: _value(schema, inner, depth + 1, chance)
            for name, inner in node["p"].items()
            if depth < _DEEPEST and (name in needed or chance.random() < 0.4)
        }
    if node.startswith("#"):
        return _value(schema, schema.definitions[node[1:]], depth, chance)
    match node:
        case "s":
            return chance.choice(TEXTS)
        case "i" | "n":
            return chance.choice((-1, 0, 1, 5, 300))
        case "b":
            return chance.random() < 0.5
        case _:
            return chance.choice(OTHERS)


@pytest.mark.parametrize("seed", [1, 2])
def test_types_take_anything(seed: int) -> None:
    made = 0
    with Segue() as segue:
        resources = Resources(segue)
        types = segue.server.api.resource_types
        for number in range(ROUNDS):
            chance = random.Random(seed * ROUNDS + number)
            name = chance.choice(sorted(types))
            schema = schema_of(name)
            if schema is None or name.startswith("AWS::CloudFormation::"):
                continue  # those of the engine itself are made by it alone
            given = properties_of(schema, chance)
            try:
                resources.create(name, f"L{number}", **given)
                made += 1
                resources.delete(f"L{number}")
            except AwsError:
                continue  # refused with words
            except Exception as error:
                pytest.fail(f"{name} fails with {error!r}: {given}")
    assert made > ROUNDS // 20  # it is not all refused

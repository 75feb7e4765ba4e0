"""Where a request's processor time goes, in one process and without HTTP.

    python bench/inside.py [NAME …] [--profile]

Steadier than rates on a busy machine: the least of several rounds, in µs of processor time a request.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from pathlib import Path
from typing import Any

import asl_engine
from client import Client
from executions import chain_definition
from segue.api import Api, Call, Caller
from segue.api.perform import perform
from segue.clock import SystemClock
from segue.config import Settings
from segue.ids import Ids
from segue.server import migrations, services
from segue.store import Transaction
from segue.store.blobs import Blobs
from segue.store.sqlite import SqliteStore
from segue.wire.parse import parse
from segue.wire.request import Request
from segue.wire.route import Route, route
from segue.wire.serialize import serialize

_BATCH = 16
_ROUNDS = 4
_REQUESTS = 1_600
_QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:"
_ROLE = "arn:aws:iam::000000000000:role/bench"


class Inside:
    """The API on a store in a directory, driven by hand."""

    def __init__(self, directory: Path) -> None:
        settings = Settings(data=directory)
        self._api = Api(services(), settings)
        self._api.blobs = Blobs(directory / "blobs")
        self._ids = Ids()
        self._store = SqliteStore(directory, migrations(self._api), SystemClock(), self._ids)
        self._services = tuple(self._api.services)

    def do(self, operation: str, **params: Any) -> Any:
        """Perform an operation in a commit of its own."""
        return self._store.transact(lambda tx: perform(self._call(tx), operation, params))[0]

    def measure(self, encoded: list[bytes], requests: int, profile: cProfile.Profile | None = None) -> dict[str, float]:
        """µs a request: route and parse, the unit, its share of a commit of 16, serialize."""
        cycle = [_request(one) for one in encoded]
        rounds = [self._round(cycle, requests, profile) for _ in range(_ROUNDS)]
        return {part: min(one[part] for one in rounds) / requests * 1e6 for part in rounds[0]}

    def close(self) -> None:
        self._store.close()

    def _round(self, cycle: list[Request], requests: int, profile: cProfile.Profile | None) -> dict[str, float]:
        spent = dict.fromkeys(("parse", "unit", "commit", "serialize"), 0.0)
        began = time.process_time()
        parsed = [self._parse(cycle[number % len(cycle)]) for number in range(requests)]
        spent["parse"] = time.process_time() - began
        answers = []
        if profile is not None:
            profile.enable()
        for start in range(0, requests, _BATCH):
            began = time.process_time()
            self._store.begin()
            for found, params in parsed[start : start + _BATCH]:
                answers.append((found, self._store.run(lambda tx, f=found, p=params: self._perform(tx, f, p))[0]))
            ran = time.process_time()
            self._store.commit()
            spent["unit"] += ran - began
            spent["commit"] += time.process_time() - ran
        if profile is not None:
            profile.disable()
        began = time.process_time()
        for found, result in answers:
            serialize(found, result, "request-id")
        spent["serialize"] = time.process_time() - began
        return spent

    def _parse(self, request: Request) -> tuple[Route, dict[str, Any]]:
        found = route(request, self._services)
        return found, parse(found, request)

    def _perform(self, tx: Transaction, found: Route, params: dict[str, Any]) -> Any:
        return perform(self._call(tx), f"{found.service.name}:{found.operation.name}", dict(params))

    def _call(self, tx: Transaction) -> Call:
        return Call(tx, Caller(), self._api, tx.now_ms, f"Root={self._ids.uuid_by_time(tx.now_ms)}", "request-id")


def _request(encoded: bytes) -> Request:
    head, _, body = encoded.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Request(method, path, query, headers, body)


def cases(inside: Inside, client: Client) -> dict[str, list[bytes]]:
    """Everything measured, set up: name → the encoded requests that take turns."""
    machine = {"definition": json.dumps(chain_definition()), "roleArn": _ROLE}
    chain = inside.do("stepfunctions:CreateStateMachine", name="chain", **machine)["stateMachineArn"]
    express = inside.do("stepfunctions:CreateStateMachine", name="express", type="EXPRESS", **machine)[
        "stateMachineArn"
    ]
    map_machine = {"definition": json.dumps(asl_engine.map_of_pass()), "roleArn": _ROLE}
    mapping = inside.do("stepfunctions:CreateStateMachine", name="map", **map_machine)["stateMachineArn"]
    urls = {
        name: inside.do("sqs:CreateQueue", QueueName=name)["QueueUrl"]
        for name in ("alone", "full", "a", "b", "c", "rule")
    }
    batch = [{"Id": str(number), "MessageBody": "x" * 200} for number in range(10)]
    for _ in range(_ROUNDS * _REQUESTS // 10):
        inside.do("sqs:SendMessageBatch", QueueUrl=urls["full"], Entries=batch)
    topic = inside.do("sns:CreateTopic", Name="topic")["TopicArn"]
    for name in ("a", "b", "c"):
        inside.do("sns:Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=_QUEUE_ARN + name)
    inside.do("events:PutRule", Name="rule", EventPattern='{"detail":{"amount":[{"numeric":[">",10]}]}}')
    inside.do("events:PutTargets", Rule="rule", Targets=[{"Id": "queue", "Arn": _QUEUE_ARN + "rule"}])
    schema = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}
    key_schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    inside.do("dynamodb:CreateTable", TableName="table", KeySchema=key_schema, **schema)
    entry = {"Source": "bench", "DetailType": "measured", "Detail": '{"amount":25}'}
    item = {"id": {"S": "key"}, "text": {"S": "x" * 100}}
    start = '{"n":1,"name":"Ada","list":[1,2,3]}'
    return {
        "chain": [client.json("states", "StartExecution", stateMachineArn=chain, input=start)],
        "sync_express": [client.json("states", "StartSyncExecution", stateMachineArn=express, input=start)],
        "map_100": [client.json("states", "StartExecution", stateMachineArn=mapping, input=str(list(range(100))))],
        "send": [client.json("sqs", "SendMessage", QueueUrl=urls["alone"], MessageBody="x" * 200)],
        "receive": [client.json("sqs", "ReceiveMessage", QueueUrl=urls["full"], MaxNumberOfMessages=1)],
        "publish": [client.query("sns", "Publish", "2010-03-31", TopicArn=topic, Message="x" * 200)],
        "put_ten_events": [client.json("events", "PutEvents", Entries=[entry] * 10)],
        "put_item": [
            client.json("dynamodb", "PutItem", TableName="table", Item={**item, "n": {"N": str(number)}})
            for number in range(2)  # SQLite sees an item that stays the same and writes nothing
        ],
        "get_item": [client.json("dynamodb", "GetItem", TableName="table", Key={"id": {"S": "key"}})],
    }


def main() -> None:
    """Print a line a case; with ``--profile`` the functions that cost most."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="some cases; all unless named")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segue-inside-") as directory:
        inside = Inside(Path(directory))
        for name, encoded in cases(inside, Client("http://127.0.0.1:4566")).items():
            if arguments.names and name not in arguments.names:
                continue
            profile = cProfile.Profile() if arguments.profile else None
            spent = inside.measure(
                encoded, _REQUESTS // 5 if name in ("map_100", "put_ten_events") else _REQUESTS, profile
            )
            parts = "  ".join(f"{part} {microseconds:6.1f}" for part, microseconds in spent.items())
            print(f"{name:16} {sum(spent.values()):7.1f} µs: {parts}")
            if profile is not None:
                pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        inside.close()


if __name__ == "__main__":
    main()

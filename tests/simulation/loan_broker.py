"""The loan broker in a simulated world: deployment, functions, requests, and what must be true at the end."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from segue.api import Caller
from segue.errors import AwsError
from segue.jobs import queue
from segue.services.states import chunks, records
from segue.store import Transaction
from segue.store.blobs import Blobs
from tests.simulation.world import PerformClient, World

_DEPLOY = Path(__file__).parents[2] / "examples" / "loan_broker" / "deploy.py"
_REQUESTS = {
    "three-banks": {"SSN": "123-45-6789", "Amount": 500_000, "Term": 30},
    "two-banks": {"SSN": "123-45-6789", "Amount": 600_000, "Term": 30},
    "one-bank": {"SSN": "123-45-6789", "Amount": 800_000, "Term": 30},
    "no-bank": {"SSN": "123-45-6789", "Amount": 5_000_000, "Term": 30},
    "low-score": {"SSN": "111-11-1111", "Amount": 300_000, "Term": 20},
    "malformed": {"SSN": "12-345-6789", "Amount": 300_000, "Term": 20},
}
_OFFERS = {"three-banks": 3, "two-banks": 2, "one-bank": 1, "no-bank": 0, "low-score": 0, "malformed": 0}
_BANKS = {"PawnShop": (500_000, 400), "Universal": (700_000, 500), "Premium": (900_000, 600)}


def _deployment() -> Any:
    spec = importlib.util.spec_from_file_location("loan_broker_deploy", _DEPLOY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


DEPLOYMENT = _deployment()


class LoanBrokerRun:
    """One seed: a world, a loan broker in it, requests, an end, and what is true then."""

    def __init__(self, seed: int, blobs: Blobs, crash_at: tuple[int, bool] | None = None) -> None:
        self.offered: set[tuple[str, str]] = set()
        self.world = World(seed, self._functions(), crashes=0.0, blobs=blobs)
        chance = self.world.random
        self.world.crashes = chance.choice((0.0, 0.01, 0.05, 0.15))
        self.world.crash_at = crash_at
        self.names = chance.sample(list(_REQUESTS), k=chance.randint(1, 4))
        self.machine = DEPLOYMENT.LoanBroker(lambda service: PerformClient(self.world, service)).deploy()
        self.executions: dict[str, str] = {}

    def run(self) -> None:
        """Start the requests, let the world run, check."""
        try:
            for name in self.names:
                self._start(name)
            self.world.run(self._ended)
            self.check()
        finally:
            self.world.close()

    def _start(self, name: str) -> None:
        params = {"stateMachineArn": self.machine, "name": name, "input": json.dumps(_REQUESTS[name])}
        started = self.world.perform("stepfunctions:StartExecution", params)
        self.executions[name] = started["executionArn"]

    def _ended(self) -> bool:
        found = self.world.store.transact(lambda tx: [records.find_execution(tx, a) for a in self.executions.values()])
        return all(execution is not None and execution.status != "RUNNING" for execution in found[0])

    def check(self) -> None:
        """What was acknowledged is there, every execution came to its right end, nothing is left over."""
        for name, arn in self.executions.items():
            self._check_end(name, arn)
        for execution, bank in self.offered:
            item = self.world.perform(
                "dynamodb:GetItem", {"TableName": "MortgageQuotes", "Key": {"Id": {"S": execution}}}
            )
            banks = [quote["M"]["bankId"]["S"] for quote in item["Item"]["Quotes"]["L"]]
            assert bank in banks, f"the quote of {bank} for {execution} was lost: {banks}"
        self.world.store.transact(self._check_rows)
        self.world.check()

    def _check_end(self, name: str, arn: str) -> None:
        ended = self.world.perform("stepfunctions:DescribeExecution", {"executionArn": arn})
        if name == "malformed":
            assert (ended["status"], ended["error"]) == ("FAILED", "InvalidSSN"), ended
        else:
            assert ended["status"] == "SUCCEEDED", ended
            output = json.loads(ended["output"])
            assert set(output) == {"SSN", "Amount", "Term", "Credit", "Quotes"}, output
            banks = {quote["bankId"] for quote in output["Quotes"]}
            assert len(banks) <= _OFFERS[name], (name, banks)
            took_ms = ended["stopDate"] - ended["startDate"]
            assert len(output["Quotes"]) >= 2 or took_ms >= 5_000, (name, output, took_ms)
        self.world.store.transact(lambda tx: _check_history(tx, arn, ended["status"]))

    def _check_rows(self, tx: Transaction) -> None:
        left = tx.all("SELECT kind, key, last_error FROM jobs WHERE wait_key IS NULL")
        assert not left, f"jobs are left over: {left}"
        assert queue.next_due_ms(tx) is not None, "the event source mapping polls no more"

    def _functions(self) -> dict[str, Any]:
        bank = {f"BankSns{name}": lambda *args, name=name: self._bank(name, *args) for name in ("Universal", "Premium")}
        return {
            "CreditBureau": self._credit_bureau,
            "BankSnsPawnshop": lambda *args: self._bank("PawnShop", *args),
            **bank,
            "QuoteAggregator": self._aggregate,
            "GetAggregate": self._get_aggregate,
        }

    def _credit_bureau(self, world: World, event: Any, _: Caller) -> Any:
        parts = event["SSN"].split("-")
        if [len(part) for part in parts] != [3, 2, 4]:
            raise ValueError("InvalidSSN")
        return {"Score": 300 + int("".join(parts)) % 601, "History": 7}

    def _bank(self, name: str, world: World, event: Any, _: Caller) -> Any:
        message = event["Records"][0]["Sns"]
        request = json.loads(message["Message"])
        largest, lowest_score = _BANKS[name]
        if request["Amount"] > largest or request["Credit"]["Score"] < lowest_score:
            return None
        if world.random.random() < 0.05:
            raise ValueError("BankIsClosed")
        return {"rate": 4.5, "bankId": name, "id": message["MessageAttributes"]["RequestId"]["Value"]}

    def _aggregate(self, world: World, event: Any, caller: Caller) -> Any:
        for record in event["Records"]:
            quote = json.loads(record["body"])
            execution, token = quote["id"].split("::")
            quotes = self._add(world, caller, execution, quote)
            self.offered.add((execution, quote["bankId"]))
            if len(quotes) < 2:
                continue
            plain = [{"bankId": one["M"]["bankId"]["S"], "rate": one["M"]["rate"]["S"]} for one in quotes]
            params = {"taskToken": token, "output": json.dumps(plain)}
            try:
                world.perform("stepfunctions:SendTaskSuccess", params, caller)
            except AwsError as error:
                if error.code != "TaskTimedOut":
                    raise AssertionError(f"a quote was refused: {error}") from error
                world.counts["late quotes"] += 1
        return 0

    @staticmethod
    def _add(world: World, caller: Caller, execution: str, quote: Any) -> Any:
        """One atomic update, so that a lost quote is the server's fault and not the function's."""
        one = {"M": {"bankId": {"S": quote["bankId"]}, "rate": {"S": f"{quote['rate']:.2f}"}}}
        params = {
            "TableName": "MortgageQuotes",
            "Key": {"Id": {"S": execution}},
            "UpdateExpression": "SET Quotes = list_append(if_not_exists(Quotes, :none), :one)",
            "ExpressionAttributeValues": {":none": {"L": []}, ":one": {"L": [one]}},
            "ReturnValues": "ALL_NEW",
        }
        return world.perform("dynamodb:UpdateItem", params, caller)["Attributes"]["Quotes"]["L"]

    def _get_aggregate(self, world: World, event: Any, caller: Caller) -> Any:
        params = {"TableName": "MortgageQuotes", "Key": {"Id": {"S": event["Id"]}}, "ConsistentRead": True}
        item = world.perform("dynamodb:GetItem", params, caller).get("Item")
        quotes = item["Quotes"]["L"] if item else []
        return {"Quotes": [{"bankId": one["M"]["bankId"]["S"], "rate": one["M"]["rate"]["S"]} for one in quotes]}


def _check_history(tx: Transaction, arn: str, status: str) -> None:
    execution = records.find_execution(tx, arn)
    assert execution is not None
    packed = records.event_chunks(tx, execution.number, 1, 25_000)
    events = [event for chunk in packed for event in chunks.unpack_events(chunk)]
    assert [event.id for event in events] == list(range(1, len(events) + 1)), "a gap in the history"
    assert all(event.previous_event_id < event.id for event in events)
    assert [event.timestamp_ms for event in events] == sorted(event.timestamp_ms for event in events)
    ends = [event.type for event in events if event.type.startswith("Execution")]
    last = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed"}[status]
    assert ends == ["ExecutionStarted", last], ends

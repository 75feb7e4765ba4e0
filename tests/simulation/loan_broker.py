"""The loan broker in a simulated world: deployment, functions, requests, and what must be true at the end."""

from __future__ import annotations

import importlib.util
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from segue.errors import AwsError
from segue.services.sns.signing import signing_key
from segue.services.states import records
from tests.simulation.deployment import Deployment, PerformClient
from tests.simulation.histories import check_history
from tests.simulation.outside import Client
from tests.simulation.world import World

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


def _deploy(deployment: Deployment) -> str:
    """The state machine's ARN."""
    made: str = _deployment().LoanBroker(lambda service: PerformClient(deployment, service)).deploy()
    deployment.look(signing_key)  # which takes long to make
    return made


class LoanBrokerRun:
    """One seed: a world, a loan broker in it, requests, an end, and what is true then."""

    def __init__(self, seed: int, nodes: int | None = None) -> None:
        self.offered: set[tuple[str, str]] = set()
        deployment = Deployment.of(_deploy)
        self.machine: str = deployment.made
        self.world = World(seed, deployment, self._functions(), nodes)
        chance = self.world.random
        self.names = chance.sample(list(_REQUESTS), k=chance.randint(1, 4))
        self.executions: dict[str, str] = {}

    def run(self) -> None:
        """Start the requests, let the world run, check."""
        for name in self.names:
            self.world.outside.begin(self._start(name))
        self.world.run(self._ended)
        self.check()

    async def _start(self, name: str) -> None:
        """The same name and input: asked again, it is the same execution, as long as that runs."""
        params = {"stateMachineArn": self.machine, "name": name, "input": json.dumps(_REQUESTS[name])}
        try:
            started = await self.world.client().ask("stepfunctions:StartExecution", **params)
            self.executions[name] = started["executionArn"]
        except AwsError as error:
            if error.code != "ExecutionAlreadyExists":
                raise
            self.executions[name] = f"{self.machine.replace(':stateMachine:', ':execution:')}:{name}"

    def _ended(self) -> bool:
        found = self.world.look(lambda tx: [records.find_execution(tx, arn) for arn in self.executions.values()])
        return all(execution is not None and execution.status != "RUNNING" for execution in found)

    def check(self) -> None:
        """What was acknowledged is there, every execution came to its right end, nothing is left over."""
        for name, arn in self.executions.items():
            self._check_end(name, arn)
        for execution, bank in self.offered:
            item = self.world.perform("dynamodb:GetItem", TableName="MortgageQuotes", Key={"Id": {"S": execution}})
            banks = [quote["M"]["bankId"]["S"] for quote in item["Item"]["Quotes"]["L"]]
            assert bank in banks, f"the quote of {bank} for {execution} was lost: {banks}"
        self.world.check()

    def _check_end(self, name: str, arn: str) -> None:
        ended = self.world.perform("stepfunctions:DescribeExecution", executionArn=arn)
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
        self.world.look(lambda tx: check_history(tx, arn))

    def _functions(self) -> dict[str, Any]:
        bank = {f"BankSns{name}": partial(self._bank, name) for name in ("Universal", "Premium")}
        return {
            "CreditBureau": self._credit_bureau,
            "BankSnsPawnshop": partial(self._bank, "PawnShop"),
            **bank,
            "QuoteAggregator": self._aggregate,
            "GetAggregate": self._get_aggregate,
        }

    async def _credit_bureau(self, _: Client, event: Any) -> Any:
        parts = event["SSN"].split("-")
        if [len(part) for part in parts] != [3, 2, 4]:
            raise ValueError("InvalidSSN")
        return {"Score": 300 + int("".join(parts)) % 601, "History": 7}

    async def _bank(self, name: str, _: Client, event: Any) -> Any:
        message = event["Records"][0]["Sns"]
        request = json.loads(message["Message"])
        largest, lowest_score = _BANKS[name]
        if request["Amount"] > largest or request["Credit"]["Score"] < lowest_score:
            return None
        if self.world.random.random() < 0.05:
            raise ValueError("BankIsClosed")
        return {"rate": 4.5, "bankId": name, "id": message["MessageAttributes"]["RequestId"]["Value"]}

    async def _aggregate(self, client: Client, event: Any) -> Any:
        for record in event["Records"]:
            quote = json.loads(record["body"])
            execution, token = quote["id"].split("::")
            quotes = await self._add(client, execution, quote)
            self.offered.add((execution, quote["bankId"]))
            if len(quotes) < 2:
                continue
            plain = [{"bankId": one["M"]["bankId"]["S"], "rate": one["M"]["rate"]["S"]} for one in quotes]
            params = {"taskToken": token, "output": json.dumps(plain)}
            try:
                await client.ask("stepfunctions:SendTaskSuccess", **params)
            except AwsError as error:
                if error.code != "TaskTimedOut":
                    raise AssertionError(f"a quote was refused: {error}") from error
                self.world.counts["late quotes"] += 1
        return 0

    @staticmethod
    async def _add(client: Client, execution: str, quote: Any) -> Any:
        """One atomic update, so that a lost quote is the server's fault and not the function's."""
        one = {"M": {"bankId": {"S": quote["bankId"]}, "rate": {"S": f"{quote['rate']:.2f}"}}}
        params = {
            "TableName": "MortgageQuotes",
            "Key": {"Id": {"S": execution}},
            "UpdateExpression": "SET Quotes = list_append(if_not_exists(Quotes, :none), :one)",
            "ExpressionAttributeValues": {":none": {"L": []}, ":one": {"L": [one]}},
            "ReturnValues": "ALL_NEW",
        }
        return (await client.ask("dynamodb:UpdateItem", **params))["Attributes"]["Quotes"]["L"]

    async def _get_aggregate(self, client: Client, event: Any) -> Any:
        params = {"TableName": "MortgageQuotes", "Key": {"Id": {"S": event["Id"]}}, "ConsistentRead": True}
        item = (await client.ask("dynamodb:GetItem", **params)).get("Item")
        quotes = item["Quotes"]["L"] if item else []
        return {"Quotes": [{"bankId": one["M"]["bankId"]["S"], "rate": one["M"]["rate"]["S"]} for one in quotes]}

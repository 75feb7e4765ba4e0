"""Sets up the loan broker with an AWS SDK: run it against a server with AWS_ENDPOINT_URL set.

    AWS_ENDPOINT_URL=http://127.0.0.1:4566 python examples/loan_broker/deploy.py

Every step is the one that the AWS CLI would make; running it again first removes what an earlier run made.
"""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

HERE = Path(__file__).parent
BANKS = {
    "BankSnsPawnshop": {
        "BANK_ID": "PawnShop",
        "BASE_RATE": "5",
        "MAX_LOAN_AMOUNT": "500000",
        "MIN_CREDIT_SCORE": "400",
    },
    "BankSnsUniversal": {
        "BANK_ID": "Universal",
        "BASE_RATE": "4",
        "MAX_LOAN_AMOUNT": "700000",
        "MIN_CREDIT_SCORE": "500",
    },
    "BankSnsPremium": {
        "BANK_ID": "Premium",
        "BASE_RATE": "3",
        "MAX_LOAN_AMOUNT": "900000",
        "MIN_CREDIT_SCORE": "600",
    },
}
ROLE = "LoanBrokerRole"
LOG_GROUP = "/aws/events/LoanBroker"
PERMISSIONS = {
    "AllowPutEvents": ["events:PutEvents"],
    "AllowSqs": ["sqs:*"],
    "AllowDynamo": ["dynamodb:GetItem", "dynamodb:UpdateItem"],
    "AllowSuccess": ["states:SendTaskSuccess"],
    "AllowBroker": ["lambda:InvokeFunction", "sns:Publish"],
}


class LoanBroker:
    """The loan broker's parts. ``client`` makes a client of a service, by its name."""

    def __init__(self, client: Callable[[str], Any] = boto3.client) -> None:
        names = ("sns", "sqs", "lambda", "events", "iam", "dynamodb", "stepfunctions", "sts", "logs")
        self.clients = {name: client(name) for name in names}
        self.region = self.clients["sns"].meta.region_name
        self.account = self.clients["sts"].get_caller_identity()["Account"]

    def deploy(self) -> str:
        """Make everything; the state machine's ARN."""
        self.remove()
        role = self._role()
        topic = self.clients["sns"].create_topic(Name="MortgageQuoteRequest")["TopicArn"]
        self._quotes_table()
        queue_arn = self._quotes_queue()
        bus_arn = self._bus(queue_arn)
        for name, environment in BANKS.items():
            self._bank(name, environment, role, topic, bus_arn)
        bureau = self._function("CreditBureau", "nodejs12.x", "CreditBureau.handler", "credit_bureau", role)
        self._aggregator(role, queue_arn)
        aggregate = self._function("GetAggregate", "python3.8", "get_aggregate.lambda_handler", "get_aggregate", role)
        return self._state_machine(role, CreditBureau=bureau, GetAggregate=aggregate, Topic=topic)

    def remove(self) -> None:
        """Remove what an earlier deployment made; what is not there does not matter."""
        states, events, functions = (self.clients[name] for name in ("stepfunctions", "events", "lambda"))
        states.delete_state_machine(stateMachineArn=self._arn("states", "stateMachine:LoanBroker-PubSub"))
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            if mapping["FunctionArn"].endswith(":QuoteAggregator"):
                _if_there(functions.delete_event_source_mapping, UUID=mapping["UUID"])
        for name in ("CreditBureau", "GetAggregate", "QuoteAggregator", *BANKS):
            _if_there(functions.delete_function, FunctionName=name)
        _if_there(events.remove_targets, Rule="Quotes", EventBusName="LoanBroker", Ids=["Queue", "Log"])
        _if_there(events.delete_rule, Name="Quotes", EventBusName="LoanBroker")
        _if_there(events.delete_event_bus, Name="LoanBroker")
        _if_there(self.clients["dynamodb"].delete_table, TableName="MortgageQuotes")
        _if_there(self._delete_queue)
        self.clients["sns"].delete_topic(TopicArn=self._arn("sns", "MortgageQuoteRequest"))

    def _role(self) -> str:
        iam = self.clients["iam"]
        services = ["lambda.amazonaws.com", "states.amazonaws.com"]
        trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
        try:
            role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityAlreadyExists":
                raise
            role = iam.get_role(RoleName=ROLE)["Role"]["Arn"]
        for name, actions in PERMISSIONS.items():
            document = _policy({"Effect": "Allow", "Action": actions, "Resource": "*"})
            iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=document)
        return str(role)

    def _quotes_table(self) -> None:
        dynamodb = self.clients["dynamodb"]
        dynamodb.create_table(
            TableName="MortgageQuotes",
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.get_waiter("table_exists").wait(TableName="MortgageQuotes", WaiterConfig={"Delay": 1})

    def _quotes_queue(self) -> str:
        sqs = self.clients["sqs"]
        url = sqs.create_queue(QueueName="MortgageQuotes", Attributes={"MessageRetentionPeriod": "300"})["QueueUrl"]
        arn = self._arn("sqs", "MortgageQuotes")
        allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _policy({**allow, "Resource": arn})})
        return arn

    def _delete_queue(self) -> None:
        sqs = self.clients["sqs"]
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="MortgageQuotes")["QueueUrl"])

    def _bus(self, queue_arn: str) -> str:
        events = self.clients["events"]
        bus = events.create_event_bus(Name="LoanBroker")["EventBusArn"]
        pattern = {
            "detail": {
                "requestContext": {"functionArn": [{"prefix": self._arn("lambda", "function:BankSns")}]},
                "responsePayload": {"bankId": [{"exists": True}]},
            }
        }
        events.put_rule(Name="Quotes", EventBusName="LoanBroker", EventPattern=json.dumps(pattern))
        target = {"Id": "Queue", "Arn": queue_arn, "InputPath": "$.detail.responsePayload"}
        logs = self.clients["logs"]
        if not logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]:
            logs.create_log_group(logGroupName=LOG_GROUP)
        log = {"Id": "Log", "Arn": self._arn("logs", f"log-group:{LOG_GROUP}")}
        allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": f"{log['Arn']}:*"}
        writes = ["logs:CreateLogStream", "logs:PutLogEvents"]
        logs.put_resource_policy(policyName="LoanBroker", policyDocument=_policy({**allow, "Action": writes}))
        events.put_targets(Rule="Quotes", EventBusName="LoanBroker", Targets=[target, log])
        return str(bus)

    def _bank(self, name: str, environment: dict[str, str], role: str, topic: str, bus: str) -> None:
        functions = self.clients["lambda"]
        arn = self._function(name, "nodejs12.x", "BankSns.handler", "bank", role, environment)
        functions.add_permission(
            FunctionName=name,
            StatementId="SnsInvokeLambda",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=topic,
        )
        destinations = {"OnSuccess": {"Destination": bus}}
        functions.put_function_event_invoke_config(FunctionName=name, DestinationConfig=destinations)
        self.clients["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)

    def _aggregator(self, role: str, queue_arn: str) -> None:
        handler = "quote_aggregator.lambda_handler"
        self._function("QuoteAggregator", "python3.8", handler, "quote_aggregator", role)
        self.clients["lambda"].create_event_source_mapping(
            FunctionName="QuoteAggregator", BatchSize=5, EventSourceArn=queue_arn
        )

    def _function(
        self, name: str, runtime: str, handler: str, folder: str, role: str, environment: dict[str, str] | None = None
    ) -> str:
        functions = self.clients["lambda"]
        created = functions.create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler=handler,
            Role=role,
            Code={"ZipFile": _zip(HERE / "functions" / folder)},
            Environment={"Variables": environment or {}},
            Timeout=15,
            MemorySize=256,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return str(created["FunctionArn"])

    def _state_machine(self, role: str, **names: str) -> str:
        definition = (HERE / "loan_broker.asl.json").read_text()
        for name, value in names.items():
            definition = definition.replace(f"${{{name}}}", value)
        created = self.clients["stepfunctions"].create_state_machine(
            name="LoanBroker-PubSub", definition=definition, roleArn=role
        )
        return str(created["stateMachineArn"])

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _zip(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return packed.getvalue()


def _if_there(remove: Any, **params: Any) -> None:
    try:
        remove(**params)
    except ClientError as error:
        if not any(word in error.response["Error"]["Code"] for word in ("NotFound", "NonExistent", "DoesNotExist")):
            raise


if __name__ == "__main__":
    if "AWS_ENDPOINT_URL" not in os.environ:
        sys.exit("Say where to: start 'segue serve', then export AWS_ENDPOINT_URL=http://127.0.0.1:4566")
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-2"}.items():
        os.environ.setdefault(f"AWS_{name}", value)
    machine = LoanBroker().deploy()
    print(f"The loan broker is deployed: {machine}")
    print(f"""Ask for quotes:
  aws stepfunctions start-execution --state-machine-arn {machine} \\
    --input '{{"SSN": "123-45-6789", "Amount": 500000, "Term": 30}}'""")

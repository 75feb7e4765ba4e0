"""The loan broker of the article "Serverless Loan Broker @AWS, Part 3", typed step by step into the AWS CLI.

The commands are the article's, in its order, completed where it cuts them short; what they set up is the code of
``examples/loan_broker``.
"""

from __future__ import annotations

import json
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.aws_cli import AwsCli
from tests.served import Served

EXAMPLE = Path(__file__).parents[2] / "examples" / "loan_broker"
ACCOUNT = "123456789012"
ROLE = "CreditBureau-role-abcdefg"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}}]}'
)
BANKS = {
    "BankSnsPawnshop": "BANK_ID=PawnShop,BASE_RATE=5,MAX_LOAN_AMOUNT=500000,MIN_CREDIT_SCORE=400",
    "BankSnsUniversal": "BANK_ID=Universal,BASE_RATE=4,MAX_LOAN_AMOUNT=700000,MIN_CREDIT_SCORE=500",
    "BankSnsPremium": "BANK_ID=Premium,BASE_RATE=3,MAX_LOAN_AMOUNT=900000,MIN_CREDIT_SCORE=600",
}
REQUESTS = {
    "two": {"SSN": "123-45-6789", "Amount": 500_000, "Term": 30},
    "one": {"SSN": "123-45-6789", "Amount": 800_000, "Term": 30},
    "none": {"SSN": "123-45-6789", "Amount": 5_000_000, "Term": 30},
    "score": {"SSN": "111-11-1111", "Amount": 300_000, "Term": 30},
    "ssn": {"SSN": "12-345-6789", "Amount": 500_000, "Term": 30},
}
PUBLISH = """sns publish --topic-arn {topic}
  --message '{ "SSN": "123-45-6666", "Amount": 500000, "Term": 30, "Credit": { "Score": 803, "History": 22 } }'
  --message-attributes '{ "RequestId": { "DataType": "String", "StringValue": "%s" } }'"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "data") as running:
        yield running


def cli(served: Served, account: str = ACCOUNT) -> AwsCli:
    return AwsCli(
        served.endpoint_url,
        account,
        served.data.parent,
        topic=f"arn:aws:sns:us-east-2:{account}:MortgageQuoteRequest",
        queue=f"https://sqs.us-east-2.amazonaws.com/{account}/MortgageQuotes",
        queue_arn=f"arn:aws:sqs:us-east-2:{account}:MortgageQuotes",
        bus=f"arn:aws:events:us-east-2:{account}:event-bus/LoanBroker",
        role=f"arn:aws:iam::{account}:role/{ROLE}",
        function=f"arn:aws:lambda:us-east-2:{account}:function",
        machine=f"arn:aws:states:us-east-2:{account}:stateMachine:LoanBroker-PubSub",
        execution=f"arn:aws:states:us-east-2:{account}:execution:LoanBroker-PubSub",
    )


def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:
    """What ``look`` returns as soon as it is true; fails after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.5)
    return found


@pytest.mark.timeout(240)
def test_the_articles_commands_build_a_loan_broker_with_its_three_endings(served: Served) -> None:
    aws = cli(served)
    pack_functions(served.data.parent)
    quote_requests_reach_the_banks(aws)
    quotes_reach_the_queue(aws)
    the_workflow_gets_its_quotes(aws)
    each_ending_is_right(aws)


def pack_functions(folder: Path) -> None:
    for source in (EXAMPLE / "functions").iterdir():
        with zipfile.ZipFile(folder / f"{source.name}.zip", "w") as archive:
            for file in source.iterdir():
                if file.is_file():
                    archive.write(file, file.name)


def create_function(name: str, runtime: str, handler: str, archive: str, variables: str = "") -> str:
    environment = f'--environment="Variables={{{variables}}}"' if variables else ""
    return f"""lambda create-function --function-name={name}
        --runtime={runtime} --handler={handler} --role={{role}} {environment}
        --zip-file fileb://{archive}.zip --timeout 15 --memory-size 256"""


def quote_requests_reach_the_banks(aws: AwsCli) -> None:
    assert aws("sns create-topic --name MortgageQuoteRequest") == {"TopicArn": aws.names["topic"]}
    aws("sns add-permission --topic-arn={topic} --action-name=Publish --label=Mortgage --aws-account-id={account}")
    policy = json.loads(aws("sns get-topic-attributes --topic-arn {topic}")["Attributes"]["Policy"])
    assert policy["Statement"][-1] == {
        "Sid": "Mortgage",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "SNS:Publish",
        "Resource": aws.names["topic"],
    }
    role = aws(f"iam create-role --role-name {ROLE} --assume-role-policy-document '{TRUST}' --query Role.Arn")
    assert role == aws.names["role"]
    for created in aws.all(
        create_function(name, "nodejs12.x", "BankSns.handler", "bank", env) for name, env in BANKS.items()
    ):
        assert created["Runtime"] == "nodejs12.x"
        assert created["Environment"]["Variables"]["MIN_CREDIT_SCORE"] in ("400", "500", "600")
    aws.all(
        f"sns subscribe --protocol=lambda --topic-arn={{topic}} --notification-endpoint={{function}}:{name}"
        for name in BANKS
    )

    # "nothing happens if our friend IAM doesn't play along", and here one can see why
    assert "MessageId" in aws(PUBLISH % "ABC12345")
    refused = eventually(lambda: aws.deliveries("--failed"))
    assert len(refused) == 3
    assert all("sns.amazonaws.com is not authorized to perform: lambda:InvokeFunction" in line for line in refused)

    for granted in aws.all(
        f"""lambda add-permission --function-name {name} --statement-id SnsInvokeLambda
            --action "lambda:InvokeFunction" --principal sns.amazonaws.com --source-arn {{topic}}"""
        for name in BANKS
    ):
        assert json.loads(granted["Statement"])["Condition"] == {"ArnLike": {"AWS:SourceArn": aws.names["topic"]}}
    aws(PUBLISH % "ABC12345")
    look = "logs filter-log-events --log-group-name /aws/lambda/BankSnsPawnshop --query events[].message"
    eventually(lambda: [line for line in aws(look) if "PawnShop is asked for 500000 at a score of 803" in line])


def quotes_reach_the_queue(aws: AwsCli) -> None:
    url = aws("""sqs create-queue --queue-name MortgageQuotes --attributes='{"MessageRetentionPeriod": "300"}'""")
    assert url == {"QueueUrl": f"{aws.endpoint_url}/{ACCOUNT}/MortgageQuotes"}
    aws("""sqs add-permission --queue-url={queue} --aws-account-ids={account}
        --actions SendMessage ReceiveMessage DeleteMessage ChangeMessageVisibility --label BanksSendQuotes""")
    asked = aws("sqs get-queue-attributes --queue-url={queue} --attribute-names Policy MessageRetentionPeriod")
    assert asked["Attributes"]["MessageRetentionPeriod"] == "300"
    assert json.loads(asked["Attributes"]["Policy"])["Statement"][0]["Sid"] == "BanksSendQuotes"
    aws("events create-event-bus --name LoanBroker")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PutForAll",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "events:PutEvents",
                "Resource": aws.names["bus"],
            }
        ],
    }
    pattern = {
        "detail": {
            "requestContext": {"functionArn": [{"prefix": f"{aws.names['function']}:BankSns"}]},
            "responsePayload": {"bankId": [{"exists": True}]},
        }
    }
    aws.all(
        [
            f"events put-permission --event-bus-name LoanBroker --policy '{json.dumps(policy)}'",
            f"events put-rule --name Quotes --event-bus-name LoanBroker --event-pattern '{json.dumps(pattern)}'",
            "logs create-log-group --log-group-name /aws/events/LoanBroker",
            "events put-permission --event-bus-name=default --principal={account} --action=events:PutEvents"
            " --statement-id=PutForAll",
            *(
                f"""lambda put-function-event-invoke-config --function-name={name}
                    --destination-config='{{ "OnSuccess": {{ "Destination": "{{bus}}" }} }}'"""
                for name in BANKS
            ),
        ]
    )
    targets = aws("""events put-targets --rule Quotes --event-bus-name LoanBroker --targets
        'Id=Queue,Arn={queue_arn},InputPath=$.detail.responsePayload'
        'Id=Log,Arn=arn:aws:logs:us-east-2:{account}:log-group:/aws/events/LoanBroker'""")
    assert targets == {"FailedEntryCount": 0, "FailedEntries": []}

    aws(PUBLISH % "ABC123456789")
    quotes: list[dict[str, Any]] = []

    def three_quotes() -> bool:
        answer = aws("sqs receive-message --queue-url {queue} --max-number-of-messages 10 --wait-time-seconds 5") or {}
        quotes.extend(json.loads(message["Body"]) for message in answer.get("Messages", []))
        return len(quotes) == 3

    eventually(three_quotes)
    assert {quote["bankId"] for quote in quotes} == {"PawnShop", "Universal", "Premium"}
    assert all(quote.keys() == {"rate", "bankId", "id"} and quote["id"] == "ABC123456789" for quote in quotes)
    logged = json.loads(aws("logs filter-log-events --log-group-name /aws/events/LoanBroker --query events[0].message"))
    assert logged["detail-type"] == "Lambda Function Invocation Result - Success"
    assert logged["detail"]["requestContext"]["condition"] == "Success"
    tested = aws(
        f"events test-event-pattern --event-pattern '{json.dumps(pattern)}' --event '{json.dumps(logged)}'",
    )
    assert tested == {"Result": True}
    aws("sqs purge-queue --queue-url {queue}")


def the_workflow_gets_its_quotes(aws: AwsCli) -> None:
    definition = (EXAMPLE / "loan_broker.asl.json").read_text()
    for name, value in {
        "CreditBureau": f"{aws.names['function']}:CreditBureau",
        "GetAggregate": f"{aws.names['function']}:GetAggregate",
        "Topic": aws.names["topic"],
    }.items():
        definition = definition.replace(f"${{{name}}}", value)
    (aws.folder / "machine.json").write_text(definition)
    aws.all(
        [
            *(
                f"iam put-role-policy --role-name {ROLE} --policy-name {name} --policy-document "
                f"""'{{"Version": "2012-10-17", "Statement":"""
                f""" [{{"Effect": "Allow", "Action": {json.dumps(actions)}, "Resource": "*"}}]}}'"""
                for name, actions in {
                    "AllowPutEvents": ["events:PutEvents"],
                    "AllowSqs": ["sqs:*"],
                    "AllowDynamo": ["dynamodb:GetItem", "dynamodb:UpdateItem"],
                    "AllowSuccess": ["states:SendTaskSuccess"],
                }.items()
            ),
            "dynamodb create-table --table-name MortgageQuotes --billing-mode PAY_PER_REQUEST"
            " --attribute-definitions AttributeName=Id,AttributeType=S --key-schema AttributeName=Id,KeyType=HASH",
            create_function("CreditBureau", "nodejs12.x", "CreditBureau.handler", "credit_bureau"),
            create_function("GetAggregate", "python3.8", "get_aggregate.lambda_handler", "get_aggregate"),
            create_function("QuoteAggregator", "python3.8", "quote_aggregator.lambda_handler", "quote_aggregator"),
        ]
    )
    aws.all(
        [
            "dynamodb wait table-exists --table-name MortgageQuotes",
            "lambda wait function-active-v2 --function-name QuoteAggregator",
        ]
    )
    mapping = aws("""lambda create-event-source-mapping --function-name QuoteAggregator --batch-size 5
        --event-source-arn {queue_arn}""")
    assert mapping["BatchSize"] == 5
    assert mapping["State"] == "Creating"
    created = aws("""stepfunctions create-state-machine --name LoanBroker-PubSub --role-arn {role}
        --definition file://machine.json""")
    assert created["stateMachineArn"] == aws.names["machine"]


def each_ending_is_right(aws: AwsCli) -> None:
    started = aws.all(
        f"stepfunctions start-execution --name={name} --state-machine-arn={{machine}} --input='{json.dumps(request)}'"
        for name, request in REQUESTS.items()
    )
    assert [each["executionArn"] for each in started] == [f"{aws.names['execution']}:{name}" for name in REQUESTS]
    count = "stepfunctions list-executions --state-machine-arn {machine} --status-filter RUNNING --query executions"
    eventually(lambda: aws(count) == [])
    ends = dict(
        zip(
            REQUESTS,
            aws.all(f"stepfunctions describe-execution --execution-arn {{execution}}:{name}" for name in REQUESTS),
            strict=True,
        )
    )
    assert {name: end["status"] for name, end in ends.items()} == {
        **dict.fromkeys(REQUESTS, "SUCCEEDED"),
        "ssn": "FAILED",
    }
    assert ends["ssn"]["error"] == "InvalidSSN"
    outputs = {name: json.loads(end["output"]) for name, end in ends.items() if name != "ssn"}
    assert {output.keys() == {"SSN", "Amount", "Term", "Credit", "Quotes"} for output in outputs.values()} == {True}
    banks = {name: [quote["bankId"] for quote in output["Quotes"]] for name, output in outputs.items()}
    assert len(banks["two"]) >= 2  # three when two aggregators were at work at once
    assert (banks["one"], banks["none"], banks["score"]) == (["Premium"], [], [])
    seconds = {name: end["stopDate"] - end["startDate"] for name, end in ends.items()}
    assert seconds["two"] < 5 <= min(seconds["one"], seconds["none"], seconds["score"])

    late = """logs filter-log-events --log-group-name /aws/lambda/QuoteAggregator
        --filter-pattern TaskTimedOut --query events[].message"""
    assert len(eventually(lambda: aws(late))) == 1
    kept = aws("""dynamodb get-item --table-name=MortgageQuotes --key='{"Id": {"S": "{execution}:two"}}'""")
    quotes = [quote["M"] for quote in kept["Item"]["Quotes"]["L"]]
    assert len(quotes) == 3
    assert all(re.fullmatch(r"\d+\.\d\d", quote["rate"]["S"]) for quote in quotes)
    history = aws("stepfunctions get-execution-history --execution-arn {execution}:one --query events[].type")
    assert "TaskTimedOut" in history
    assert history[-1] == "ExecutionSucceeded"


@pytest.mark.timeout(120)
def test_the_articles_own_account_number_can_be_typed_although_it_is_short(served: Served) -> None:
    aws = cli(served, "1234567890")
    topic = "arn:aws:sns:us-east-2:1234567890:MortgageQuoteRequest"
    made = aws.all(["sns create-topic --name MortgageQuoteRequest", "sqs create-queue --queue-name MortgageQuotes"])
    assert made[0] == {"TopicArn": topic}
    assert made[1]["QueueUrl"].endswith("/1234567890/MortgageQuotes")
    bus = "arn:aws:events:us-east-2:1234567890:event-bus/LoanBroker"
    pack_functions(aws.folder)
    done = aws.all(
        [
            f"sns add-permission --topic-arn={topic} --action-name=Publish --label=Mortgage"
            " --aws-account-id=1234567890",
            "sqs send-message --queue-url=https://sqs.us-east-2.amazonaws.com/1234567890/MortgageQuotes"
            " --message-body any",
            "events put-permission --event-bus-name=default --principal=1234567890 --action=events:PutEvents"
            " --statement-id=PutForAll",
            create_function("BankSnsPawnshop", "nodejs12.x", "BankSns.handler", "bank"),
        ]
    )
    assert done[3]["FunctionArn"] == "arn:aws:lambda:us-east-2:1234567890:function:BankSnsPawnshop"
    aws.all(
        [
            f"""lambda add-permission --function-name BankSnsPawnshop --statement-id SnsInvokeLambda
                --action lambda:InvokeFunction --principal sns.amazonaws.com --source-arn {topic}""",
            f"""lambda put-function-event-invoke-config --function-name=BankSnsPawnshop
                --destination-config='{{ "OnSuccess": {{ "Destination": "{bus}" }} }}'""",
            """lambda create-event-source-mapping --function-name BankSnsPawnshop --batch-size 5
                --event-source-arn arn:aws:sqs:us-east-2:1234567890:MortgageQuotes""",
        ]
    )


WRONG_STEPS = {
    "lambda delete-function --function-name BankSnsPawnshop": (
        "ResourceNotFoundException",
        "Function not found: {function}:BankSnsPawnshop",
    ),
    "lambda get-function-event-invoke-config --function-name=BankSns": (
        "ResourceNotFoundException",
        "The function {function}:BankSns:$LATEST doesn't have an EventInvokeConfig",
    ),
    "lambda create-function --function-name x --runtime cobol85 --handler a.b --role {role} --zip-file fileb://a.zip": (
        "InvalidParameterValueException",
        "Value cobol85 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [",
    ),
    "sns publish --topic-arn {topic} --message x": ("NotFound", "Topic does not exist"),
    "sqs get-queue-url --queue-name MortgageQuotes": (
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    ),
    'events put-rule --name r --event-bus-name LoanBroker --event-pattern \'{"source": ["a"]}\'': (
        "ResourceNotFoundException",
        "Event bus LoanBroker does not exist.",
    ),
    'events put-rule --name r --event-pattern \'{"a": [{"prefixx": "x"}]}\'': (
        "InvalidEventPatternException",
        "Event pattern is not valid. Reason: Unrecognized match type prefixx",
    ),
    "iam get-role --role-name nobody": ("NoSuchEntity", "The role with name nobody cannot be found."),
    'dynamodb get-item --table-name MortgageQuotes --key \'{"Id": {"S": "a"}}\'': (
        "ResourceNotFoundException",
        "Requested resource not found",
    ),
    "logs filter-log-events --log-group-name /aws/lambda/QuoteAggregator": (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    ),
    "stepfunctions start-execution --state-machine-arn {machine}": (
        "StateMachineDoesNotExist",
        "State Machine Does Not Exist: '{machine}'",
    ),
    "stepfunctions send-task-success --task-token garbage --task-output 1": (
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    ),
    "logs start-query --start-time 1 --end-time 2 --query-string x --log-group-name y": (
        "NotImplemented",
        "Segue does not implement logs:StartQuery yet.",
    ),
}


@pytest.mark.timeout(120)
def test_a_wrong_step_is_refused_in_the_words_of_aws(served: Served) -> None:
    aws = cli(served)
    with zipfile.ZipFile(aws.folder / "a.zip", "w") as archive:
        archive.writestr("a.py", "")
    for (command, (code, words)), said in zip(WRONG_STEPS.items(), aws.all_refused(WRONG_STEPS), strict=True):
        for name, value in aws.names.items():
            words = words.replace(f"{{{name}}}", value)
        assert f"({code})" in said, f"aws {command}\n{said}"
        assert words in said, f"aws {command}\n{said}"


@pytest.mark.timeout(120)
def test_lists_come_in_pages_tables_and_text(served: Served) -> None:
    aws = cli(served)
    machine = """stepfunctions create-state-machine --name %s --role-arn {role}
        --definition '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'"""
    aws.all(machine % name for name in ("one", "two", "three"))
    first = aws("stepfunctions list-state-machines --max-items 2 --page-size 1")
    rest = aws(f"stepfunctions list-state-machines --starting-token {first['NextToken']}")
    names = [each["name"] for page in (first, rest) for each in page["stateMachines"]]
    assert [len(first["stateMachines"]), sorted(names)] == [2, ["one", "three", "two"]]
    table, text = aws.all(
        [
            "stepfunctions list-state-machines --query stateMachines[].[name,type] --output table",
            "sts get-caller-identity --output text",
        ]
    )
    assert re.search(r"^\|\s+three\s*\|\s+STANDARD\s+\|$", table, re.MULTILINE)
    assert text.split() == [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT]

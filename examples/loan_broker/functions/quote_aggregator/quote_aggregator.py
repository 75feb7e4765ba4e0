"""Gathers the quotes of one request in a table; two are enough to let the workflow go on."""

import json
import logging

import boto3
from botocore.exceptions import ClientError

ENOUGH_QUOTES = 2

logger = logging.getLogger()
logger.setLevel(logging.INFO)
table = boto3.resource("dynamodb").Table("MortgageQuotes")
states = boto3.client("stepfunctions")


def lambda_handler(event, context):
    for record in event["Records"]:
        quote = json.loads(record["body"])
        try:
            execution, token = quote["id"].split("::")
        except ValueError:
            logger.error("%r is not an execution and a task token", quote["id"])
            continue
        complete_if_enough(add(execution, quote), token)


def add(execution, quote):
    """The quotes of this execution, the new one included."""
    found = table.get_item(Key={"Id": execution}, ConsistentRead=True)
    item = found.get("Item", {"Id": execution, "Quotes": []})
    item["Quotes"].append({"bankId": quote["bankId"], "rate": "%.2f" % quote["rate"]})
    table.put_item(Item=item)
    return item["Quotes"]


def complete_if_enough(quotes, token):
    if len(quotes) < ENOUGH_QUOTES:
        return
    try:
        states.send_task_success(taskToken=token, output=json.dumps(quotes))
        logger.info("Complete with %d quotes", len(quotes))
    except ClientError as error:
        logger.info("Too late, the workflow has gone on: %s", error)

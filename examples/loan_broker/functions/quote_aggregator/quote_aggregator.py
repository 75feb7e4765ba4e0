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
    """The quotes of this execution, the new one included.

    One update, not a read and a write: two aggregators at work at once would overwrite each other's quotes.
    """
    done = table.update_item(
        Key={"Id": execution},
        UpdateExpression="SET Quotes = list_append(if_not_exists(Quotes, :none), :new)",
        ExpressionAttributeValues={":none": [], ":new": [{"bankId": quote["bankId"], "rate": "%.2f" % quote["rate"]}]},
        ReturnValues="ALL_NEW",
    )
    return done["Attributes"]["Quotes"]


def complete_if_enough(quotes, token):
    if len(quotes) < ENOUGH_QUOTES:
        return
    try:
        states.send_task_success(taskToken=token, output=json.dumps(quotes))
        logger.info("Complete with %d quotes", len(quotes))
    except ClientError as error:
        logger.info("Too late, the workflow has gone on: %s", error)

"""Writes a change down, once: queues deliver at least once, and GitHub sends again what was not answered in time."""

import json
import logging
import os

import boto3
from botocore.exceptions import ClientError

FIELDS = ("id", "kind", "repository", "title", "about", "author", "size", "delivery")

logger = logging.getLogger()
logger.setLevel(logging.INFO)
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    for record in event["Records"]:
        change = json.loads(record["body"])
        try:
            table.put_item(
                Item={name: change[name] for name in FIELDS}, ConditionExpression="attribute_not_exists(id)"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            logger.info("%s is there already", change["id"])

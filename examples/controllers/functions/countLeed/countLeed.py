"""A helper: counts the leeds of each trade. A trade that nobody knows is an error, and nobody waits to hear of it."""

import os

import boto3

trades = boto3.resource("dynamodb").Table(os.environ["TRADES"])


def lambda_handler(event, context):
    trades.update_item(
        Key={"trade": event["trade"]},
        UpdateExpression="ADD leeds :one",
        ConditionExpression="attribute_exists(trade)",
        ExpressionAttributeValues={":one": 1},
    )

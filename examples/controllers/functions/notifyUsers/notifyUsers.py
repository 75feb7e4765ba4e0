"""A leg of the spider: tells everybody who is subscribed to a trade of a new leed. Everything it needs, it brings."""

import os

import boto3
from boto3.dynamodb.conditions import Key

ses = boto3.client("ses")
users = boto3.resource("dynamodb").Table(os.environ["USERS"])


def lambda_handler(event, context):
    leed_id = event["id"]
    trade_name = event["trade"]
    seller = event["seller"]
    for user in users.query(KeyConditionExpression=Key("trade").eq(trade_name))["Items"]:
        ses.send_email(
            Source=os.environ["SENDER"],
            Destination={"ToAddresses": [user["email"]]},
            Message={
                "Subject": {"Data": f"A new leed for {trade_name}"},
                "Body": {"Text": {"Data": f"{seller} has posted leed {leed_id}."}},
            },
        )

"""The asynchronous controller: every subroutine about mail, and all that they share, in one place."""

import os
import time

import boto3
from boto3.dynamodb.conditions import Key

ses = boto3.client("ses")
users = boto3.resource("dynamodb").Table(os.environ["USERS"])


def lambda_handler(event, context):
    function_name = event["function"]
    match function_name:

        case "notifyUsers":
            time.sleep(float(event.get("seconds", 0)))  # mail servers have been known to be slow
            notifyUsers(event["id"], event["trade"], event["seller"])

        case "thankSeller":
            thankSeller(event["id"], event["trade"], event["seller"])

        case _:
            raise ValueError(f"there is no function {function_name!r} here")


def notifyUsers(leed_id, trade, seller):
    for user in users.query(KeyConditionExpression=Key("trade").eq(trade))["Items"]:
        mail(user["email"], f"A new leed for {trade}", f"<b>{seller}</b> has posted leed {leed_id}.")


def thankSeller(leed_id, trade, seller):
    mail(seller, f"Your leed for {trade}", f"Leed <b>{leed_id}</b> is on its way to everybody who does {trade}.")


def mail(to, subject, html):
    """The one place that knows what our mail looks like."""
    ses.send_email(
        Source=os.environ["SENDER"],
        Destination={"ToAddresses": [to]},
        Message={
            "Subject": {"Data": subject},
            "Body": {"Html": {"Data": f"<html><body><p>{html}</p><p>The Leedz</p></body></html>"}},
        },
    )
    print(f"mail to {to}: {subject}")

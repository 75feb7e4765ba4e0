"""Tells the user that the registration is finished. Its input is what the three branches gave back, a list."""

from __future__ import annotations

import os

import boto3

SES = boto3.client("ses")


def lambda_handler(event, context):
    print("Event in send-email-notification is:", event)
    address = event[0]["email"]
    sent = SES.send_email(
        Source=os.environ["SENDER"],
        Destination={"ToAddresses": [address]},
        Message={
            "Subject": {"Data": "Welcome"},
            "Body": {"Text": {"Data": f"You are registered in all of our {len(event)} systems."}},
        },
    )
    return {"sent": address, "messageId": sent["MessageId"]}

"""What the user's browser calls: takes the registration, puts it into the queue, answers at once."""

from __future__ import annotations

import base64
import json
import os

import boto3

SQS = boto3.client("sqs")


def lambda_handler(event, context):
    user = json.loads(body(event) or "{}")
    missing = [name for name in ("username", "email") if not user.get(name)]
    if missing:
        return {"statusCode": 400, "body": json.dumps({"message": f"missing: {', '.join(missing)}"})}
    sent = SQS.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(user))
    return {"statusCode": 202, "body": json.dumps({"registration": sent["MessageId"]})}


def body(event):
    """A function's URL hands over in base64 what is not declared as JSON or text, as ``curl -d`` does."""
    text = event.get("body") or ""
    return base64.b64decode(text) if event.get("isBase64Encoded") else text

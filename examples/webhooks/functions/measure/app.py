"""How large a change is: by its lines where they are known, else by its files."""

import json
import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    for record in event["Records"]:
        change = json.loads(record["body"])
        change["size"] = size(change)
        sqs.send_message(QueueUrl=os.environ["ROWS"], MessageBody=json.dumps(change))


def size(change):
    files = change["files"] if isinstance(change["files"], int) else len(change["files"])
    lines = change.get("lines", files * 20)
    return "small" if lines < 50 else "medium" if lines < 500 else "large"

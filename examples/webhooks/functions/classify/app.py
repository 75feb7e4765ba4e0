"""What a change is about. It gets up to ten at once and says which it could not do: only these come again."""

import json
import logging
import os

import boto3

KINDS = {"fix": "repair", "feat": "feature", "docs": "documentation"}

logger = logging.getLogger()
sqs = boto3.client("sqs")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            change = json.loads(record["body"])
            change["about"] = about(change)
            sqs.send_message(QueueUrl=os.environ["AUTHORS"], MessageBody=json.dumps(change))
        except Exception:
            logger.exception("message %s cannot be classified", record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def about(change):
    word = change["title"].split(":")[0].lower()
    if word in KINDS:
        return KINDS[word]
    names = change["files"] if isinstance(change["files"], list) else []
    return "documentation" if names and all(name.endswith(".md") for name in names) else "change"

"""One message for each commit of a push; a request takes ten at most."""

import json
import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    for record in event["Records"]:
        message = json.loads(record["body"])
        changes = [change(message["delivery"], message["payload"], commit) for commit in message["payload"]["commits"]]
        for first in range(0, len(changes), 10):
            send(changes[first : first + 10])


def change(delivery, push, commit):
    person = commit["author"]
    return {
        "id": commit["id"],
        "kind": "commit",
        "repository": push["repository"]["full_name"],
        "title": commit["message"].split("\n")[0],
        "author": {"login": person.get("username"), "name": person["name"]},
        "files": commit["added"] + commit["modified"] + commit["removed"],
        "delivery": delivery,
    }


def send(changes):
    entries = [{"Id": str(index), "MessageBody": json.dumps(one)} for index, one in enumerate(changes)]
    failed = sqs.send_message_batch(QueueUrl=os.environ["CHANGES"], Entries=entries).get("Failed")
    if failed:  # then the whole push is tried again: a change that is sent twice is saved once
        raise RuntimeError(f"{len(failed)} changes were not sent: {failed[0]}")

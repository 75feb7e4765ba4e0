import json

import boto3

states = boto3.client("stepfunctions")


def handler(event, context):
    for record in event["Records"]:
        asked = json.loads(record["body"])
        states.send_task_success(taskToken=asked["token"], output=json.dumps({"status": "sent"}))

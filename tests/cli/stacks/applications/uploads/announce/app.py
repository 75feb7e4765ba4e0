"""New items are told of."""

import json
import os

import boto3

sns = boto3.client("sns")


def handler(event, context):
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        price = image["price"]["N"]
        sns.publish(
            TopicArn=os.environ["TOPIC"],
            Message=json.dumps({"id": image["id"]["S"], "price": int(price)}),
            MessageAttributes={"price": {"DataType": "Number", "StringValue": price}},
        )

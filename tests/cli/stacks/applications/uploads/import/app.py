"""Rows of an uploaded file become items."""

import csv
import io
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
s3 = boto3.client("s3")


def handler(event, context):
    for record in event["Records"]:
        place = record["s3"]
        body = s3.get_object(Bucket=place["bucket"]["name"], Key=place["object"]["key"])["Body"].read().decode()
        for row in csv.DictReader(io.StringIO(body)):
            table.put_item(Item={"id": row["id"], "price": int(row["price"])})

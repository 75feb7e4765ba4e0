"""What has been gathered so far, for a workflow that waits no longer; hides the table's shape from it."""

import boto3

table = boto3.resource("dynamodb").Table("MortgageQuotes")


def lambda_handler(event, context):
    found = table.get_item(Key={"Id": event["Id"]}, ConsistentRead=True)
    return {"Quotes": found["Item"]["Quotes"] if "Item" in found else []}

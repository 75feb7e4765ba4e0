"""Is there a leed of that trade, on that day, in that place? Returns {"booked": its id or None, "place": …}.

The article asks Amazon Location Service where a place is. Segue has none, and says so: with USE_LOCATION_SERVICE set,
this function fails with that error. Without, places are the same when they are written the same.
"""

import os

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table(os.environ["LEEDS"])


def lambda_handler(event, context):
    place = where(event["location"])
    found = table.query(
        IndexName="booking",
        KeyConditionExpression=Key("trade").eq(event["trade"]) & Key("date").eq(event["date"]),
    )["Items"]
    booked = next((leed["id"] for leed in found if leed["place"] == place), None)
    return {"booked": booked, "place": place}


def where(location):
    if os.environ.get("USE_LOCATION_SERVICE"):
        found = boto3.client("location").search_place_index_for_text(IndexName="leedz", Text=location)
        return found["Results"][0]["Place"]["Label"]
    return " ".join(location.lower().split())

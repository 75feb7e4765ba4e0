"""The three systems that users are registered in, as far as this example needs them: they are not ours to change.

    PUT    /AD/users/jjohn    register; 201, or 409 if somebody else has that name
    GET    /AD/users/jjohn    200 with what is kept, or 404
    DELETE /AD/users/jjohn    204
    GET    /AD/users          all names
    PUT    /AD/trouble        {"status": 503, "seconds": 2, "times": 1, "username": "jjohn"}: from now on register so:
                              with that status, that slowly, that often, that user (whoever it is, if left out)
    DELETE /AD/trouble        be well again
"""

from __future__ import annotations

import base64
import json
import os
import time

import boto3
from boto3.dynamodb.conditions import Key

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def lambda_handler(event, context):
    method = event["requestContext"]["http"]["method"]
    system, kind, *rest = event["rawPath"].strip("/").split("/")
    text = event.get("body") or "{}"
    body = json.loads(base64.b64decode(text) if event.get("isBase64Encoded") else text)
    if kind == "trouble":
        return trouble(method, system, body)
    username = rest[0] if rest else None
    if method == "PUT":
        status = suffer(system, username) or suffer(system, "-")
        if status:
            return answer(status, {"message": f"{system} is out of order"})
    return users(method, system, username, body)


def trouble(method, system, body):
    key = {"system": f"{system} trouble", "username": body.pop("username", "-")}
    if method == "DELETE":
        TABLE.delete_item(Key=key)
    else:
        TABLE.put_item(Item={**key, "status": 0, "seconds": 0, "times": 1_000_000, **body})
    return answer(204)


def suffer(system, username):
    """What is wrong with the system: slow, and the status that it answers with; 0 if it is well."""
    key = {"system": f"{system} trouble", "username": username}
    found = TABLE.get_item(Key=key, ConsistentRead=True).get("Item")
    if not found or not found["times"]:
        return 0
    TABLE.update_item(
        Key=key,
        UpdateExpression="ADD #times :one",
        ExpressionAttributeNames={"#times": "times"},
        ExpressionAttributeValues={":one": -1},
    )
    time.sleep(float(found["seconds"]))
    return int(found["status"])


def users(method, system, username, body):
    if username is None:
        found = TABLE.query(KeyConditionExpression=Key("system").eq(system), ConsistentRead=True)["Items"]
        return answer(200, [item["username"] for item in found])
    key = {"system": system, "username": username}
    if method == "DELETE":
        TABLE.delete_item(Key=key)
        return answer(204)
    found = TABLE.get_item(Key=key, ConsistentRead=True).get("Item")
    if method == "GET":
        return answer(200, found) if found else answer(404, {"message": f"{system} knows no {username}"})
    if found and found.get("email") != body.get("email"):
        return answer(409, {"message": f"{username} is taken"})
    TABLE.put_item(Item={**key, "email": body.get("email")})
    return answer(201, key)


def answer(status, body=None):
    return {"statusCode": status, "body": "" if body is None else json.dumps(body)}

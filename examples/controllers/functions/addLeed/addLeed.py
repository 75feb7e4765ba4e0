"""A user posts a leed: check it while the user waits, keep it, answer; the bookkeeping goes on without the user.

    POST /leeds          the controllers: one asynchronous controller does all that concerns mail
    POST /spider/leeds   what it was before: a function for each subroutine
"""

import json
import os
import uuid

import boto3

lambda_function = boto3.client("lambda")
table = boto3.resource("dynamodb").Table(os.environ["LEEDS"])


def lambda_handler(event, context):
    leed = {"id": uuid.uuid4().hex[:9], **json.loads(event["body"])}
    missing = [name for name in ("trade", "seller", "date", "location") if not leed.get(name)]
    if missing:
        return answer(400, {"message": f"missing: {', '.join(missing)}"})

    # The client has to wait for this one: 'RequestResponse' returns what the other function returns.
    checked = lambda_function.invoke(
        FunctionName="checkBooking", InvocationType="RequestResponse", Payload=json.dumps(leed)
    )
    found = json.load(checked["Payload"])
    if "FunctionError" in checked:
        return answer(502, {"message": f"checkBooking failed: {found.get('errorMessage')}"})
    if found["booked"]:
        return answer(409, {"message": f"{leed['trade']} is booked there that day", "id": found["booked"]})
    leed["place"] = found["place"]
    table.put_item(Item=leed)

    # The client does not wait for these: 'Event' returns at once.
    if event["rawPath"].startswith("/spider"):
        call("notifyUsers", leed)
    else:
        call("async_email_helper", {"function": "notifyUsers", **leed})
        call("async_email_helper", {"function": "thankSeller", **leed})
    call("countLeed", leed)
    return answer(201, {"id": leed["id"]})


def call(name, payload):
    lambda_function.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(payload))


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}

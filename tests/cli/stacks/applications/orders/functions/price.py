import os

import prices


def handler(event, context):
    return {"total": event["pieces"] * prices.PRICE, "currency": os.environ["CURRENCY"]}

"""Whether a webhook is GitHub's own. The API has made JSON of the body, so its bytes are made again: as GitHub writes them."""

import hashlib
import hmac
import json
import os

SECRET = os.environ["WEBHOOK_SECRET"].encode()


class WrongSignature(Exception):
    """Nobody who knows the secret has signed this."""


def handler(event, context):
    body = json.dumps(event["payload"], ensure_ascii=False, separators=(",", ":")).encode()
    right = f"sha256={hmac.new(SECRET, body, hashlib.sha256).hexdigest()}"
    if not hmac.compare_digest(right, event["signature"]):
        raise WrongSignature(f"delivery {event['delivery']} is not signed by whoever knows the secret")
    return {name: event[name] for name in ("event", "delivery", "payload")}

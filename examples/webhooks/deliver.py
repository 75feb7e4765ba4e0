"""Delivers a recorded webhook as GitHub does, signed.

    python deliver.py URL payloads/push.json

The secret is in WEBHOOK_SECRET. The event is the file's name up to its first dot.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

SECRET = "It's a Secret to Everybody"


def deliver(url: str, payload: Path, *, secret: str = SECRET, delivery: str | None = None) -> tuple[int, str]:
    """Send a payload's bytes as they are recorded; status and body of the answer."""
    body = payload.read_bytes()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Event": payload.name.split(".")[0],
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
    }
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


if __name__ == "__main__":
    status, said = deliver(sys.argv[1], Path(sys.argv[2]), secret=os.environ.get("WEBHOOK_SECRET", SECRET))
    print(status, said)
    sys.exit(0 if status < 300 else 1)

"""What a bucket's CORS rules let the pages of other origins see.

Source: S3 user guide, "Using cross-origin resource sharing (CORS)" and "CORS configuration".
"""

from __future__ import annotations

from typing import Any

from segue.services.s3 import records
from segue.services.s3.service import SERVICE
from segue.store import Transaction
from segue.wire.buckets import bucket_and_key
from segue.wire.request import Request

_VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


def granted(tx: Transaction, request: Request) -> dict[str, str] | None:
    """The headers that the first fitting rule of the request's bucket gives; ``None`` where no rule fits."""
    configuration = records.setting(tx, bucket_and_key(request)[0], "cors")
    if not configuration:
        return None
    origin, asked = request.header("origin"), request.header("access-control-request-headers")
    method = request.header("access-control-request-method") or request.method
    wanted = [name.strip().lower() for name in asked.split(",") if name.strip()]
    for rule in configuration["CORSRules"]:
        allowed = next((pattern for pattern in rule["AllowedOrigins"] if _matches(pattern, origin)), None)
        if allowed is not None and method in rule["AllowedMethods"] and _takes(rule, wanted):
            return _headers(rule, origin if allowed != "*" else "*", wanted)
    return None


SERVICE.cross_origin = granted


def _headers(rule: dict[str, Any], origin: str, wanted: list[str]) -> dict[str, str]:
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": ", ".join(rule["AllowedMethods"]),
        "Vary": _VARY,
    }
    if origin != "*":
        headers["Access-Control-Allow-Credentials"] = "true"
    if wanted:
        headers["Access-Control-Allow-Headers"] = ", ".join(wanted)
    if rule.get("ExposeHeaders"):
        headers["Access-Control-Expose-Headers"] = ", ".join(rule["ExposeHeaders"])
    if rule.get("MaxAgeSeconds") is not None:
        headers["Access-Control-Max-Age"] = str(rule["MaxAgeSeconds"])
    return headers


def _takes(rule: dict[str, Any], wanted: list[str]) -> bool:
    patterns = [pattern.lower() for pattern in rule.get("AllowedHeaders") or ()]
    return all(any(_matches(pattern, name) for pattern in patterns) for name in wanted)


def _matches(pattern: str, text: str) -> bool:
    """Whether a text is of a pattern with at most one ``*``."""
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == text
    return len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)

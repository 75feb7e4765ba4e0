"""How often the routes of a stage may be taken.

Source: API Gateway developer guide, "Configure throttling" for HTTP APIs and WebSocket APIs: a route's own settings, or
else the default ones; each route has a bucket of its own.
"""

from __future__ import annotations

from typing import Any

from segue.api import throttles
from segue.store import Transaction


def is_throttled(tx: Transaction, api_id: str, stage: dict[str, Any], route_key: str) -> bool:
    """Whether the stage's throttles refuse a request or a message (and count it, if they do not)."""
    own = (stage.get("RouteSettings") or {}).get(route_key) or {}
    default = stage.get("DefaultRouteSettings") or {}
    rate = own.get("ThrottlingRateLimit", default.get("ThrottlingRateLimit"))
    burst = own.get("ThrottlingBurstLimit", default.get("ThrottlingBurstLimit"))
    if rate is None or burst is None:
        return False
    return not throttles.take(tx, f"stage:{api_id}:{stage['StageName']}:{route_key}", float(rate), int(burst))

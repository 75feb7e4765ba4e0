"""Connections of WebSocket APIs.

Source: API Gateway developer guide, "Use @connections commands in your backend service"; API Gateway Management API
reference: GoneException (410), PayloadTooLargeException (413), LimitExceededException (429).
"""

from __future__ import annotations

from typing import Any

from segue.api import Call, sockets
from segue.api.sockets import Socket
from segue.errors import AwsError
from segue.services.apigatewaymanagementapi.service import SERVICE

_ACTION = "execute-api:ManageConnections"
_MOST_BYTES = 128 * 1024


def _arn(verb: str, call: Call, params: dict[str, Any]) -> str:
    socket = sockets.find_socket(call.tx, params["ConnectionId"], ended=True)
    api, stage = (socket.owner, socket.document.get("stage", "*")) if socket else ("*", "*")
    return call.arn("execute-api", f"{api}/{stage}/{verb}/@connections/{params['ConnectionId']}")


def _existing(call: Call, params: dict[str, Any]) -> Socket:
    found = sockets.find_socket(call.tx, params["ConnectionId"])
    if found is None:
        raise AwsError("GoneException", "", status=410)
    return found


@SERVICE.operation("PostToConnection", resource=lambda call, params: _arn("POST", call, params), action=_ACTION)
def post_to_connection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Send a client a message."""
    socket, data = _existing(call, params), params["Data"]
    if len(data) > _MOST_BYTES:
        raise AwsError("PayloadTooLargeException", "Message too long", status=413)
    sockets.post(call.tx, socket.id, data.decode("utf-8", "replace"))
    return {}


@SERVICE.operation("GetConnection", reads=True, resource=lambda call, params: _arn("GET", call, params), action=_ACTION)
def get_connection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Since when a client is connected, and from where."""
    socket = _existing(call, params)
    identity = socket.document.get("identity", {})
    return {
        "ConnectedAt": socket.opened_at_ms,
        "LastActiveAt": socket.active_at_ms,
        "Identity": {"SourceIp": identity.get("sourceIp", ""), "UserAgent": identity.get("userAgent", "")},
    }


@SERVICE.operation("DeleteConnection", resource=lambda call, params: _arn("DELETE", call, params), action=_ACTION)
def delete_connection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Disconnect a client."""
    sockets.end(call.tx, _existing(call, params).id)
    return {}

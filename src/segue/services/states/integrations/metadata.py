"""``SdkHttpMetadata`` and ``SdkResponseMetadata``: what optimized integrations tell of the HTTP answer behind a result.

Source: conformance cases sfn-task-dynamodb/*, sfn-task-lambda/*, sfn-callback/*.
"""

from __future__ import annotations

from typing import Any

from segue.wire.model import OperationModel
from segue.wire.route import Route
from segue.wire.serialize import serialize
from segue.wire.timestamps import to_http_date


def with_metadata(
    operation: OperationModel, output: dict[str, Any], result: dict[str, Any], request_id: str, now_ms: int
) -> dict[str, Any]:
    """The result with the metadata of the answer that the service gives to its clients for ``output``."""
    response = serialize(Route(operation.service, operation, operation.service.protocols[0]), output, request_id)
    headers = _headers(operation, response.headers, len(response.body), request_id, now_ms)
    http = {
        "AllHttpHeaders": {name: [value] for name, value in headers.items()},
        "HttpHeaders": headers,
        "HttpStatusCode": response.status,
    }
    return {**result, "SdkHttpMetadata": http, "SdkResponseMetadata": {"RequestId": request_id}}


def _headers(
    operation: OperationModel, sent: dict[str, str], length: int, request_id: str, now_ms: int
) -> dict[str, str]:
    service = operation.service.name
    lower = {name.lower(): value for name, value in sent.items()}
    headers = {
        # One operation answers from servers that spell it so (sfn-task-dynamodb/*GET_ITEM).
        "x-amzn-requestid" if operation.name == "GetItem" else "x-amzn-RequestId": request_id,
        "Connection" if service in ("dynamodb", "lambda") else "connection": "keep-alive",
        "Content-Length": str(length),
        "Date": to_http_date(now_ms),
        "Content-Type": lower.get("content-type", "application/json"),
    }
    if service == "dynamodb":
        headers["Server"] = "Server"
        headers["x-amz-crc32"] = lower.get("x-amz-crc32", "0")
    if service == "lambda":
        headers["X-Amz-Executed-Version"] = lower.get("x-amz-executed-version", "$LATEST")
        headers["x-amzn-Remapped-Content-Length"] = "0"
        headers["X-Amzn-Trace-Id"] = f"Root=1-{now_ms // 1000:08x}-{request_id.replace('-', '')[:24]};Sampled=0"
    return headers

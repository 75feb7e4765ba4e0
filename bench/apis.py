"""APIs: a request over HTTP to a function, and back."""

from __future__ import annotations

import json
import time
from urllib.parse import urlsplit

from client import ACCOUNT, REGION, median_ms, percentile_ms
from functions import make
from measuring import Bench, measurement

_CODE = "def handler(event, context):\n    return {'statusCode': 200, 'body': event['rawPath']}\n"
_ROUTES = 20


@measurement()
async def http_api(bench: Bench) -> None:
    """An HTTP API of twenty routes; the one that is asked for has a variable."""
    client, kind = bench.client, {"Content-Type": "application/json"}
    name = await make(bench, "python3.11", _CODE)
    permission = {
        "StatementId": "api",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }
    await _call(bench, f"/2015-03-31/functions/{name}/policy", "lambda", permission)
    made = await _call(bench, "/v2/apis", "apigateway", {"name": bench.name("api"), "protocolType": "HTTP"})
    base = f"/v2/apis/{made['apiId']}"
    integration = {
        "integrationType": "AWS_PROXY",
        "integrationUri": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        "payloadFormatVersion": "2.0",
    }
    target = (await _call(bench, f"{base}/integrations", "apigateway", integration))["integrationId"]
    for number in range(_ROUTES):
        route = {"routeKey": f"GET /thing{number}/{{id}}", "target": f"integrations/{target}"}
        await _call(bench, f"{base}/routes", "apigateway", route)
    await _call(bench, f"{base}/stages", "apigateway", {"stageName": "$default", "autoDeploy": True})
    path = f"{urlsplit(made['apiEndpoint']).path}/thing{_ROUTES - 1}/7"
    request = client.http("GET", path, "execute-api", kind)
    connection = client.connection()

    async def once() -> float:
        began = time.perf_counter()
        _, body = await connection.call(request)
        assert body == f"/thing{_ROUTES - 1}/7".encode(), body
        return time.perf_counter() - began

    for _ in range(bench.times(50)):
        await once()
    durations = [await once() for _ in range(bench.times(500))]
    connection.close()
    bench.record("http_api", median_ms(durations))
    bench.record("http_api_p99", percentile_ms(durations, 99))
    await bench.load("http_api_clients", 8, lambda connection, _: connection.result(request))


async def _call(bench: Bench, path: str, service: str, body: dict[str, object]) -> dict[str, str]:
    kind = {"Content-Type": "application/json"}
    answer: dict[str, str] = await bench.client.call(
        bench.client.http("POST", path, service, kind, json.dumps(body).encode())
    )
    return answer

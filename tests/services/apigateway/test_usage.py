"""Throttles and quotas, and what is told of them; access logs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.services.apigateway.house import Rest

MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


@pytest.fixture
def api(rest: Rest) -> Rest:
    """An API whose ``GET /here`` asks for a key."""
    api = rest.api()
    here = api.resource("here")
    api.method(here, "GET", MOCK, apiKeyRequired=True)
    api.answer(here, "GET", responseTemplates={"application/json": "{}"})
    api.deploy()
    return api


def planned(api: Rest, **plan: Any) -> tuple[str, dict[str, Any]]:
    """A key of a plan of the stage ``dev``."""
    stages = [{"apiId": api.id, "stage": "dev", **plan.pop("stage", {})}]
    made = api.client.create_usage_plan(name="p", apiStages=stages, **plan)
    key = api.client.create_api_key(name="k", enabled=True)
    api.client.create_usage_plan_key(usagePlanId=made["id"], keyId=key["id"], keyType="API_KEY")
    return str(made["id"]), key


def ask(api: Rest, key: dict[str, Any]) -> tuple[int, Any]:
    return api.ask("/dev/here", "GET", x_api_key=key["value"])[:2]


def test_a_plan_throttles_its_keys(api: Rest) -> None:
    _, key = planned(api, throttle={"rateLimit": 2, "burstLimit": 3})
    assert [ask(api, key)[0] for _ in range(4)] == [200, 200, 200, 429]
    assert ask(api, key)[1] == {"message": "Too Many Requests"}
    api.segue.advance(seconds=1)
    assert [ask(api, key)[0] for _ in range(3)] == [200, 200, 429]
    _, other = planned(api, throttle={"rateLimit": 2, "burstLimit": 3})
    assert ask(api, other)[0] == 200


def test_a_method_of_a_plan_has_its_own_throttle(api: Rest) -> None:
    _, key = planned(api, stage={"throttle": {"/here/GET": {"rateLimit": 1, "burstLimit": 1}}})
    assert [ask(api, key)[0] for _ in range(2)] == [200, 429]


def test_a_plan_has_a_quota(api: Rest) -> None:
    plan, key = planned(api, quota={"limit": 2, "period": "DAY"})
    assert [ask(api, key)[0] for _ in range(3)] == [200, 200, 429]
    assert ask(api, key)[1] == {"message": "Limit Exceeded"}
    api.segue.advance(days=1)
    assert ask(api, key)[0] == 200
    days = api.segue.clock.now_ms()
    from datetime import UTC, datetime, timedelta

    today = datetime.fromtimestamp(days / 1000, UTC).date()
    span = {"startDate": str(today - timedelta(days=1)), "endDate": str(today)}
    used = api.client.get_usage(usagePlanId=plan, **span)
    assert used["items"] == {key["id"]: [[2, 0], [1, 1]]}
    more = [{"op": "replace", "path": "/remaining", "value": "5"}]
    api.client.update_usage(usagePlanId=plan, keyId=key["id"], patchOperations=more)
    assert [ask(api, key)[0] for _ in range(6)] == [200] * 5 + [429]


def test_a_stage_throttles_its_methods(rest: Rest) -> None:
    api = rest.api()
    here = api.resource("here")
    api.method(here, "GET", MOCK)
    api.answer(here, "GET", responseTemplates={"application/json": "{}"})
    api.deploy()
    limits = [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "1"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "2"},
    ]
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=limits)
    assert [api.ask("/dev/here", "GET")[0] for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("start", "end"), [("yesterday", "2023-11-14"), ("2023-11-14", "2023-11-13"), ("2023-01-01", "2023-11-14")]
)
def test_usage_is_told_of_some_days(api: Rest, start: str, end: str) -> None:
    plan, _ = planned(api)
    with pytest.raises(ClientError) as caught:
        api.client.get_usage(usagePlanId=plan, startDate=start, endDate=end)
    assert caught.value.response["Error"]["Code"] == "BadRequestException"


def test_requests_are_logged(api: Rest) -> None:
    logs = api.segue.client("logs")
    logs.create_log_group(logGroupName="access")
    names = ("httpMethod", "resourcePath", "status", "error.message", "identity.sourceIp", "nothing")
    line = json.dumps({name: f"$context.{name}" for name in names})
    group = "arn:aws:logs:us-east-1:000000000000:log-group:access"
    settings = [
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": group},
        {"op": "replace", "path": "/accessLogSettings/format", "value": line},
    ]
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=settings)
    api.ask("/dev/here", "GET")
    [event] = logs.filter_log_events(logGroupName="access")["events"]
    assert json.loads(event["message"]) == {
        "httpMethod": "GET",
        "resourcePath": "/here",
        "status": "403",
        "error.message": "Forbidden",
        "identity.sourceIp": "127.0.0.1",
        "nothing": "-",
    }

"""What keys and stages may be used for: throttles and quotas, counted; what was used, told.

A day, a week (from Sunday) and a month are UTC's. What exceeds a quota is not counted, what is throttled neither.

Source: API Gateway developer guide, "Usage plans and API keys for REST APIs" and "Throttle requests to your REST APIs";
API reference, GetUsage and UpdateUsage; the words: "Gateway response types".
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from segue.api import Call, throttles
from segue.services.apigateway import records
from segue.services.apigateway.records import Document
from segue.services.apigateway.service import SERVICE, arn_of, bad_request, not_found

_MOST_DAYS = 90
INVALID, THROTTLED, QUOTA = "INVALID", "THROTTLED", "QUOTA"


@SERVICE.internal("AdmitKey", action=None)
def admit_key(call: Call, params: Document) -> Document:
    """Whether a key opens a stage, and its plan has something left for it.

    Params: ``Value``; ``ApiId``, ``Stage``; perhaps ``Method`` (``/pets/GET``), of throttles of its own.

    Returns: ``Key``, or why not (``Refused``).
    """
    where = {"apiId": params["ApiId"], "stage": params["Stage"]}
    for key in records.owned_of(call.tx, call.account, call.region, "ApiKey"):
        if not params["Value"] or key["value"] != params["Value"] or not key.get("enabled"):
            continue
        plan = _plan_of(call, key, where)
        if plan is not None:
            refused = _use(call, plan, key["id"], where, params.get("Method", ""))
            return {"Refused": refused} if refused else {"Key": key}
        if f"{where['apiId']}/{where['stage']}" in key.get("stageKeys", ()):
            return {"Key": key}
    return {"Refused": INVALID}


def _plan_of(call: Call, key: Document, where: Document) -> Document | None:
    """The plan by which a key opens a stage."""
    for link in records.owned_of(call.tx, call.account, call.region, "UsagePlanKey"):
        if link["key"] == key["id"]:
            plan = records.find_owned(call.tx, call.account, call.region, "UsagePlan", link["plan"])
            if plan is not None and _stage_in(plan, where) is not None:
                return plan
    return None


def _stage_in(plan: Document, where: Document) -> Document | None:
    stages = plan.get("apiStages") or ()
    return next((one for one in stages if {name: one.get(name) for name in where} == where), None)


def _use(call: Call, plan: Document, key_id: str, where: Document, method: str) -> str:
    """Count a request; why it is refused, or nothing."""
    quota, today = plan.get("quota") or {}, _day(call.now_ms)
    used = _used_since(call, plan["id"], key_id, _begin(today, quota.get("period", "DAY")))
    if quota.get("limit") is not None and used >= quota["limit"] - _offset(call, plan, key_id, quota):
        return QUOTA
    own = ((_stage_in(plan, where) or {}).get("throttle") or {}).get(method)
    bucket = f"plan:{plan['id']}:{key_id}"
    for name, throttle in ((bucket, plan.get("throttle")), (f"{bucket}:{where['apiId']}:{method}", own)):
        if throttle and not taken(call, name, throttle):
            return THROTTLED
    records.count_usage(call.tx, plan["id"], key_id, today.isoformat())
    return ""


def _offset(call: Call, plan: Document, key_id: str, quota: Document) -> int:
    """What the first period has less."""
    first = records.first_usage(call.tx, plan["id"], key_id)
    begin = _begin(_day(call.now_ms), quota.get("period", "DAY"))
    return int(quota.get("offset") or 0) if first is None or first >= begin.isoformat() else 0


def taken(call: Call, bucket: str, throttle: Document) -> bool:
    """Whether a throttle (``rateLimit``, ``burstLimit``) lets a request through."""
    rate, burst = float(throttle.get("rateLimit") or 0), int(throttle.get("burstLimit") or 0)
    return throttles.take(call.tx, bucket, rate, burst)


def _day(now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def _begin(today: date, period: str) -> date:
    if period == "MONTH":
        return today.replace(day=1)
    return today - timedelta(days=today.isoweekday() % 7) if period == "WEEK" else today


def _used_since(call: Call, plan: str, key: str, since: date) -> int:
    return sum(used for day, used in records.usage_of(call.tx, plan, key) if day >= since.isoformat())


# What was used


def _arn(call: Call, params: Document) -> str:
    return arn_of(call, "usageplans", str(params["usagePlanId"]), "usage")


def _existing(call: Call, params: Document) -> Document:
    found = records.find_owned(call.tx, call.account, call.region, "UsagePlan", params["usagePlanId"])
    if found is None:
        raise not_found("Invalid Usage Plan ID specified")
    return found


@SERVICE.operation("GetUsage", reads=True, resource=_arn, action="apigateway:GET")
def get_usage(call: Call, params: Document) -> Document:
    """What each key has used on each day, and what was left."""
    plan = _existing(call, params)
    try:
        first, last = date.fromisoformat(params["startDate"]), date.fromisoformat(params["endDate"])
    except ValueError:
        raise bad_request("Invalid date specified, must be in the format YYYY-MM-DD") from None
    if not timedelta(0) <= last - first < timedelta(days=_MOST_DAYS):
        raise bad_request(f"Usage can be requested for at most {_MOST_DAYS} days")
    keys = [params["keyId"]] if params.get("keyId") else records.keys_used(call.tx, plan["id"])
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    items = {key: [_used_on(call, plan, key, day) for day in days] for key in keys}
    return {"usagePlanId": plan["id"], "startDate": params["startDate"], "endDate": params["endDate"], "items": items}


def _used_on(call: Call, plan: Document, key: str, day: date) -> list[int]:
    """What was used on a day, and what was left at its end."""
    quota = plan.get("quota") or {}
    counted = records.usage_of(call.tx, plan["id"], key)
    used = sum(used for at, used in counted if at == day.isoformat())
    begin = _begin(day, quota.get("period", "DAY")).isoformat()
    before = sum(used for at, used in counted if begin <= at <= day.isoformat())
    return [used, max(0, int(quota.get("limit") or 0) - before)]


@SERVICE.operation("UpdateUsage", resource=_arn, action="apigateway:PATCH")
def update_usage(call: Call, params: Document) -> Document:
    """Say what a key has left in this period (``/remaining``)."""
    plan, today = _existing(call, params), _day(call.now_ms)
    quota = plan.get("quota") or {}
    for patch in params.get("patchOperations", []):
        value = str(patch.get("value", ""))
        if patch.get("op") != "replace" or patch.get("path") != "/remaining" or not value.isdigit():
            raise bad_request("Invalid patch operation specified: only replace of /remaining is supported")
        if quota.get("limit") is None:
            raise bad_request("Usage Plan quota must be set")
        key = params["keyId"]
        used = _used_since(call, plan["id"], key, _begin(today, quota["period"]))
        more = quota["limit"] - int(value) - used
        records.count_usage(call.tx, plan["id"], key, today.isoformat(), more)
    items = {params["keyId"]: [_used_on(call, plan, params["keyId"], today)]}
    day = today.isoformat()
    return {"usagePlanId": plan["id"], "startDate": day, "endDate": day, "items": items}

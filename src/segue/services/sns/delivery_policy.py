"""How HTTP endpoints are delivered to: a topic's policy, a subscription's own, what of them is in force. Pure.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html; conformance cases
delivery_lambda (the default), subscribe_external_http_endpoint_lambda_url_sig_validation. AWS draws its backoff
functions and does not write them down: :func:`delays_ms` says what they are here. Its jitter we leave out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from segue.services.sns.arns import invalid

_RETRIES: Final = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
_CONTENT_TYPE: Final = {"headerContentType": "text/plain; charset=UTF-8"}
_LONGEST_SECONDS: Final = 3_600
_MOST_RETRIES: Final = 100
_TYPES: Final = frozenset(("application/json", "text/plain"))
_RAW_TYPES: Final = _TYPES | {
    *("application/atom+xml", "application/octet-stream", "application/soap+xml", "application/x-www-form-urlencoded"),
    *("application/xhtml+xml", "application/xml", "text/css", "text/csv", "text/html", "text/xml"),
}

_Backoff = Callable[[int, int, float], float]
_BACKOFFS: Final[Mapping[str, _Backoff]] = {
    # how far between the least and the longest delay the one of that index is (of `last + 1`; `ratio` of these two)
    "linear": lambda index, last, ratio: index / last,
    "arithmetic": lambda index, last, ratio: index * (index + 1) / (last * (last + 1)),
    "geometric": lambda index, last, ratio: (ratio ** (index / last) - 1) / (ratio - 1),
    "exponential": lambda index, last, ratio: (2**index - 1) / (2**last - 1),
}


def check_topic_policy(text: str) -> None:
    """Raise ``InvalidParameter`` where a topic's ``DeliveryPolicy`` is none."""
    document = _object("DeliveryPolicy", text)
    for name, part in document.items():
        if name != "http":
            raise invalid(f"DeliveryPolicy: Unknown protocol: {name}")
        parts = _part(f"DeliveryPolicy: {name}", part)
        overrides = parts.pop("disableSubscriptionOverrides", None)
        if overrides is not None and not isinstance(overrides, bool):
            raise invalid("DeliveryPolicy: http.disableSubscriptionOverrides must be a boolean")
        renamed = {key.removeprefix("default"): value for key, value in parts.items()}
        _check("DeliveryPolicy: http.default{}", renamed, capital=True, raw=False)


def check_subscription_policy(text: str, raw: bool) -> None:
    """Raise ``InvalidParameter`` where a subscription's ``DeliveryPolicy`` is none."""
    document = _object("Attributes Reason: DeliveryPolicy", text)
    document.pop("guaranteed", None)
    _check("Attributes Reason: DeliveryPolicy: {}", document, capital=False, raw=raw)


def effective_of_topic(text: str | None) -> dict[str, Any]:
    """A topic's policy with what it does not say."""
    own = json.loads(text or "{}").get("http") or {}
    policy = {
        "defaultHealthyRetryPolicy": {**_RETRIES, **(own.get("defaultHealthyRetryPolicy") or {})},
        "disableSubscriptionOverrides": bool(own.get("disableSubscriptionOverrides")),
    }
    for name in ("defaultSicklyRetryPolicy", "defaultThrottlePolicy"):
        if own.get(name):
            policy[name] = own[name]
    policy["defaultRequestPolicy"] = {**_CONTENT_TYPE, **(own.get("defaultRequestPolicy") or {})}
    return {"http": policy}


def effective_of_subscription(text: str | None, topic_text: str | None) -> dict[str, Any]:
    """A subscription's policy, with what it leaves to its topic, or its topic does not leave to it."""
    topic = effective_of_topic(topic_text)["http"]
    own = {} if topic["disableSubscriptionOverrides"] else json.loads(text or "{}")
    healthy = own.get("healthyRetryPolicy")
    return {
        "healthyRetryPolicy": {**_RETRIES, **healthy} if healthy else topic["defaultHealthyRetryPolicy"],
        "sicklyRetryPolicy": own.get("sicklyRetryPolicy") or topic.get("defaultSicklyRetryPolicy"),
        "throttlePolicy": own.get("throttlePolicy") or topic.get("defaultThrottlePolicy"),
        "requestPolicy": {**topic["defaultRequestPolicy"], **(own.get("requestPolicy") or {})},
        "guaranteed": bool(own.get("guaranteed")),
    }


def delays_ms(retries: Mapping[str, Any]) -> list[int]:
    """The delay before each further attempt by a ``healthyRetryPolicy``: at once, after the least delay, ever longer by
    the backoff function, after the longest.
    """
    least, longest = retries["minDelayTarget"], retries["maxDelayTarget"]
    at_once, first, final = (
        retries[f"num{phase}DelayRetries"] or 0 for phase in ("No", "Min", "Max")
    )  # null stands for none
    growing = max(0, retries["numRetries"] - at_once - first - final)
    backoff = _BACKOFFS[retries["backoffFunction"] or "linear"]
    steps = [
        least + (longest - least) * backoff(index, growing - 1, longest / least)
        if growing > 1 and longest > least
        else least
        for index in range(growing)
    ]
    return [round(seconds * 1_000) for seconds in [0] * at_once + [least] * first + steps + [longest] * final]


def _check(where: str, document: Mapping[str, Any], *, capital: bool, raw: bool) -> None:
    """Check the parts of a policy, which topics' policies spell with a capital letter after ``default``."""
    for name, part in document.items():
        plain = name[:1].lower() + name[1:] if capital else name
        place = where.format(name)
        if plain not in ("healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy"):
            raise invalid(f"{place} is not a known element of a delivery policy")
        if part is None:
            continue
        if plain == "requestPolicy":
            _check_request(place, _part(place, part), raw)
        elif plain == "throttlePolicy":
            _check_throttle(place, _part(place, part))
        else:
            _check_retries(place, _part(place, part))


def _check_retries(where: str, policy: dict[str, Any]) -> None:
    for name in policy:
        if name not in _RETRIES:
            raise invalid(f"{where}: Unknown element: {name}")
    for name, least, most in (
        ("numRetries", 0, _MOST_RETRIES),
        ("minDelayTarget", 1, _LONGEST_SECONDS),
        ("maxDelayTarget", 1, _LONGEST_SECONDS),
        ("numNoDelayRetries", 0, _MOST_RETRIES),
        ("numMinDelayRetries", 0, _MOST_RETRIES),
        ("numMaxDelayRetries", 0, _MOST_RETRIES),
    ):
        if policy.get(name) is not None:
            _check_number(f"{where}.{name}", policy[name], least, most)
        elif not name.endswith("DelayRetries"):
            raise invalid(f"{where}.{name} must be specified")
    if policy["maxDelayTarget"] < policy["minDelayTarget"]:
        raise invalid(f"{where}.maxDelayTarget must be greater than or equal to {where.split()[-1]}.minDelayTarget")
    phases = sum(policy.get(f"num{phase}DelayRetries") or 0 for phase in ("No", "Min", "Max"))
    if phases > policy["numRetries"]:
        raise invalid(f"{where}.numRetries must be greater than or equal to the sum of the retries of all phases")
    function = policy.get("backoffFunction")
    if function is not None and (not isinstance(function, str) or function not in _BACKOFFS):
        raise invalid(f"{where}.backoffFunction must be one of: {', '.join(_BACKOFFS)}")
    if sum(delays_ms({**_RETRIES, **policy})) > _LONGEST_SECONDS * 1_000:
        raise invalid(f"{where} the total time of all retries must be less than or equal to {_LONGEST_SECONDS} seconds")


def _check_throttle(where: str, policy: dict[str, Any]) -> None:
    for name, value in policy.items():
        if name != "maxReceivesPerSecond":
            raise invalid(f"{where}: Unknown element: {name}")
        if value is not None:
            _check_number(f"{where}.{name}", value, 1, 1 << 31)


def _check_request(where: str, policy: dict[str, Any], raw: bool) -> None:
    for name, value in policy.items():
        if name != "headerContentType":
            raise invalid(f"{where}: Unknown element: {name}")
        kind = value.partition(";")[0].strip().lower() if isinstance(value, str) and value.isprintable() else ""
        if kind not in (_RAW_TYPES if raw else _TYPES):
            raise invalid(f"{where}.headerContentType must be a supported content type")


def _check_number(where: str, value: Any, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid(f"{where} must be an integer")
    if value < least:
        raise invalid(f"{where} must be greater than or equal to {least}")
    if value > most:
        raise invalid(f"{where} must be less than or equal to {most}")


def _part(where: str, part: Any) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise invalid(f"{where} must be an object")
    return dict(part)


def _object(where: str, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise invalid(f"{where}: failed to parse JSON.")
    return document

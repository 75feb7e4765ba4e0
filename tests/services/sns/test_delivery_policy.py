from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import AwsError
from segue.services.sns.delivery_policy import (
    check_subscription_policy,
    check_topic_policy,
    delays_ms,
    effective_of_subscription,
    effective_of_topic,
)

LEAST = {"numRetries": 3, "minDelayTarget": 20, "maxDelayTarget": 20}


def retries(**more: Any) -> dict[str, Any]:
    default: dict[str, Any] = effective_of_topic(None)["http"]["defaultHealthyRetryPolicy"]
    return default | more


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        ({}, [20, 20, 20]),
        ({"numRetries": 0}, []),
        (
            {"numRetries": 6, "numNoDelayRetries": 2, "numMinDelayRetries": 1, "numMaxDelayRetries": 1}
            | {"minDelayTarget": 1, "maxDelayTarget": 9},
            [0, 0, 1, 1, 9, 9],
        ),
        ({"numRetries": 5, "minDelayTarget": 1, "maxDelayTarget": 9}, [1, 3, 5, 7, 9]),
        ({"numRetries": 4, "minDelayTarget": 1, "maxDelayTarget": 13, "backoffFunction": "arithmetic"}, [1, 3, 7, 13]),
        ({"numRetries": 4, "minDelayTarget": 1, "maxDelayTarget": 8, "backoffFunction": "geometric"}, [1, 2, 4, 8]),
        ({"numRetries": 4, "minDelayTarget": 1, "maxDelayTarget": 8, "backoffFunction": "exponential"}, [1, 2, 4, 8]),
        ({"numRetries": 1, "minDelayTarget": 5, "maxDelayTarget": 8, "numMaxDelayRetries": None}, [5]),
    ],
)
def test_delays(policy: dict[str, Any], seconds: list[float]) -> None:
    assert delays_ms(retries(**policy)) == [each * 1_000 for each in seconds]


@given(
    st.integers(1, 100),
    st.integers(1, 3_600),
    st.integers(1, 3_600),
    st.sampled_from(["linear", "arithmetic", "geometric", "exponential"]),
)
def test_delays_grow_from_the_least_to_the_longest(number: int, one: int, other: int, function: str) -> None:
    least, longest = min(one, other), max(one, other)
    found = delays_ms(
        retries(numRetries=number, minDelayTarget=least, maxDelayTarget=longest, backoffFunction=function)
    )
    assert len(found) == number
    assert found == sorted(found)
    assert found[0] == least * 1_000
    assert number == 1 or found[-1] == longest * 1_000


def test_a_subscription_leaves_to_its_topic_what_it_does_not_say() -> None:
    topic = json.dumps({"http": {"defaultHealthyRetryPolicy": LEAST | {"numRetries": 5}}})
    assert effective_of_subscription(None, topic)["healthyRetryPolicy"]["numRetries"] == 5
    own = json.dumps({"healthyRetryPolicy": LEAST, "requestPolicy": {"headerContentType": "application/json"}})
    effective = effective_of_subscription(own, topic)
    assert effective["healthyRetryPolicy"]["numRetries"] == 3
    assert effective["requestPolicy"] == {"headerContentType": "application/json"}
    stern = json.dumps({"http": {"disableSubscriptionOverrides": True}})
    assert effective_of_subscription(own, stern)["requestPolicy"] == {"headerContentType": "text/plain; charset=UTF-8"}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ([], "failed to parse JSON"),
        ({"more": {}}, "more is not a known element"),
        ({"healthyRetryPolicy": 1}, "healthyRetryPolicy must be an object"),
        ({"healthyRetryPolicy": {"numRetries": 1, "maxDelayTarget": 1}}, "minDelayTarget must be specified"),
        (
            {"healthyRetryPolicy": LEAST | {"minDelayTarget": 0}},
            # the words of AWS
            "Invalid parameter: Attributes Reason: DeliveryPolicy: healthyRetryPolicy.minDelayTarget must be greater "
            "than or equal to 1",
        ),
        ({"healthyRetryPolicy": LEAST | {"minDelayTarget": 21}}, "maxDelayTarget must be greater than or equal to"),
        ({"healthyRetryPolicy": LEAST | {"numRetries": 101}}, "numRetries must be less than or equal to 100"),
        ({"healthyRetryPolicy": LEAST | {"numRetries": True}}, "numRetries must be an integer"),
        ({"healthyRetryPolicy": LEAST | {"numNoDelayRetries": 4}}, "sum of the retries"),
        ({"healthyRetryPolicy": LEAST | {"maxDelayTarget": 3_600}}, "total time of all retries"),
        ({"healthyRetryPolicy": LEAST | {"backoffFunction": "sudden"}}, "backoffFunction must be one of"),
        ({"healthyRetryPolicy": LEAST | {"backoffFunction": []}}, "backoffFunction must be one of"),
        ({"healthyRetryPolicy": LEAST | {"more": 1}}, "Unknown element: more"),
        ({"throttlePolicy": {"maxReceivesPerSecond": 0}}, "maxReceivesPerSecond must be greater than or equal to 1"),
        ({"requestPolicy": {"headerContentType": "text/html"}}, "must be a supported content type"),
        ({"requestPolicy": {"headerContentType": "text/plain\r\nX: y"}}, "must be a supported content type"),
    ],
)
def test_policies_that_may_not_be(policy: Any, words: str) -> None:
    with pytest.raises(AwsError, match=words):
        check_subscription_policy(json.dumps(policy), raw=False)


def test_raw_messages_may_be_of_more_types() -> None:
    check_subscription_policy('{"requestPolicy": {"headerContentType": "text/html; charset=UTF-8"}}', raw=True)


def test_policies_of_topics() -> None:
    check_topic_policy(json.dumps({"http": {"defaultHealthyRetryPolicy": LEAST, "disableSubscriptionOverrides": True}}))
    check_topic_policy('{"http": {"defaultThrottlePolicy": null, "defaultRequestPolicy": {}}}')
    for wrong in (
        {"https": {}},
        {"http": []},
        {"http": {"disableSubscriptionOverrides": "yes"}},
        {"http": {"healthyRetryPolicy": "x"}},
    ):
        with pytest.raises(AwsError):
            check_topic_policy(json.dumps(wrong))

"""What SNS says of ARNs that are none, or not of this region."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.sns.records import Topic, topic_of


def invalid(reason: str) -> AwsError:
    """``InvalidParameter`` in SNS's words."""
    return AwsError("InvalidParameter", f"Invalid parameter: {reason}")


def check_arn(name: str, arn: str) -> None:
    """Raise ``InvalidParameter`` where ``arn`` has too few parts."""
    elements = arn.count(":") + 1
    if elements < 6:
        raise invalid(f"{name} Reason: An ARN must have at least 6 elements, not {elements}")


def find_topic(call: Call, arn: str, name: str = "TopicArn") -> Topic:
    """The topic.

    Raises:
        AwsError: ``InvalidParameter`` for what is no ARN or one of another region, ``NotFound``.
    """
    check_arn(name, arn)
    _, _, service, region, _, _ = arn.split(":", 5)
    if service != "sns" or region != call.region:
        raise invalid(name)
    topic = topic_of(call.tx, arn)
    if topic is None:
        raise AwsError("NotFound", "Topic does not exist", status=404)
    return topic


def topic_arn(call: Call, params: dict[str, Any]) -> str:
    """The resource of operations on a topic."""
    return str(params.get("TopicArn") or "*")

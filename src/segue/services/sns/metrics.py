"""What CloudWatch is told of topics.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
"""

from __future__ import annotations

from segue.api import Call
from segue.api.deliveries import Delivery
from segue.services.sns.service import SERVICE

NAMESPACE = "AWS/SNS"
_OF_STATUS = {
    "delivered": "NumberOfNotificationsDelivered",
    "failed": "NumberOfNotificationsFailed",
    "dropped": "NumberOfNotificationsFailed",
    "dead-lettered": "NumberOfNotificationsFailed",
}


def count(call: Call, topic_arn: str, name: str, value: float = 1, unit: str = "Count") -> None:
    """Count something of a topic."""
    topic = topic_arn.split(":", 6)[5]  # of a subscription's ARN too
    call.tally(topic_arn, NAMESPACE, name, (("TopicName", topic),), value, unit)


def count_delivery(call: Call, delivery: Delivery) -> None:
    """Count what came of a delivery to a subscriber."""
    name = _OF_STATUS.get(delivery.status)
    if name is None:
        return
    count(call, delivery.source, name)
    if delivery.status == "dead-lettered":
        count(call, delivery.source, "NumberOfNotificationsRedrivenToDlq")


SERVICE.counts_delivery = count_delivery

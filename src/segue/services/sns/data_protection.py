"""A topic's data protection policy: kept as it is given, applied to nothing.

AWS offers message data protection to nobody new any more (API reference, PutDataProtectionPolicy).
"""

from __future__ import annotations

import json
from typing import Any, Final

from segue.api import Call
from segue.services.sns.arns import find_topic, invalid
from segue.services.sns.service import SERVICE

_LONGEST_BYTES: Final = 30_720


def _resource(call: Call, params: dict[str, Any]) -> str:
    return str(params["ResourceArn"])


@SERVICE.operation("PutDataProtectionPolicy", resource=_resource)
def put_data_protection_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    topic = find_topic(call, params["ResourceArn"], "ResourceArn")
    keep(call, topic.arn, params["DataProtectionPolicy"])
    return {}


@SERVICE.operation("GetDataProtectionPolicy", reads=True, resource=_resource)
def get_data_protection_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    topic = find_topic(call, params["ResourceArn"], "ResourceArn")
    row = call.tx.one("SELECT policy FROM sns_data_protection WHERE topic = ?", topic.arn)
    return {} if row is None else {"DataProtectionPolicy": row[0]}


def keep(call: Call, topic_arn: str, text: str) -> None:
    """Keep a topic's policy; an empty one, or an empty object, removes it.

    Raises:
        AwsError: ``InvalidParameter``: no JSON object, or more than 30,720 bytes.
    """
    try:
        policy = json.loads(text or "{}")
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict) or len(text.encode()) > _LONGEST_BYTES:
        raise invalid("DataProtectionPolicy")
    call.tx.run("DELETE FROM sns_data_protection WHERE topic = ?", topic_arn)
    if policy:
        call.tx.run("INSERT INTO sns_data_protection VALUES (?, ?)", topic_arn, text)

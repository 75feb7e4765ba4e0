from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

POLICY = json.dumps({"Name": "p", "Version": "2021-06-01", "Statement": []})


def test_a_policy_is_kept_as_given(segue: Segue) -> None:
    sns = segue.client("sns")
    topic = sns.create_topic(Name="t", DataProtectionPolicy=POLICY)["TopicArn"]
    assert sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == POLICY
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy="")
    assert "DataProtectionPolicy" not in sns.get_data_protection_policy(ResourceArn=topic)
    for wrong in ("{", "[]", json.dumps({"a": "x" * 30_720})):
        with pytest.raises(ClientError, match="Invalid parameter: DataProtectionPolicy"):
            sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=wrong)
    with pytest.raises(ClientError, match="Topic does not exist"):
        sns.get_data_protection_policy(ResourceArn=f"{topic}x")

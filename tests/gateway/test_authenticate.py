"""Who sent this? From a credential to the caller."""

from __future__ import annotations

from typing import Any, cast

import pytest

from segue.api import Caller
from segue.gateway.authenticate import authenticate
from segue.wire.request import Request
from tests.api.house import House

ANN = Caller(account="222222222222", kind="user", arn="arn:aws:iam::222222222222:user/ann", access_key="AKIAANN")


def signed(key: str, region: str = "eu-west-1", **headers: str) -> Request:
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/sqs/aws4_request, SignedHeaders=host, Signature=00"
    )
    return Request("POST", "/", headers={"authorization": authorization, "host": "here:4566", **headers})


@pytest.mark.parametrize(
    ("request_", "account", "region", "kind"),
    [
        (Request("POST", "/", headers={"host": "here:4566"}), "000000000000", "us-east-1", "root"),
        (signed("test"), "000000000000", "eu-west-1", "root"),
        (signed("111111111111"), "111111111111", "eu-west-1", "root"),
        (signed("1234567890"), "1234567890", "eu-west-1", "root"),
        (signed("12345678901"), "000000000000", "eu-west-1", "root"),
        (signed("123456789"), "000000000000", "eu-west-1", "root"),
        (signed("1111111111111"), "000000000000", "eu-west-1", "root"),
        (signed("²²²²²²²²²²²²"), "000000000000", "eu-west-1", "root"),
        (signed("AKIAANN"), "222222222222", "eu-west-1", "user"),
        (signed("AKIANOBODY"), "000000000000", "eu-west-1", "root"),
    ],
)
def test_the_caller_behind_a_key(request_: Request, account: str, region: str, kind: str) -> None:
    house = House()
    house.people.keys["AKIAANN"] = ANN
    caller = house.store.transact(lambda tx: authenticate(house.api, tx, request_, cast(Any, None)))[0]
    assert (caller.account, caller.region, caller.kind, caller.host) == (account, region, kind, "here:4566")

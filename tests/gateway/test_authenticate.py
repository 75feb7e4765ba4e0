"""Who sent this? From a credential to the caller."""

from __future__ import annotations

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from segue.api import Caller
from segue.clock import SystemClock
from segue.errors import AwsError
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
    caller = house.store.transact(lambda tx: authenticate(house.api, tx, request_))[0]
    assert (caller.account, caller.region, caller.kind, caller.host) == (account, region, kind, "here:4566")


def test_a_key_that_nobody_issued_is_refused_where_policies_are_enforced() -> None:
    house = House(iam="enforce")
    with pytest.raises(AwsError, match="security token included in the request is invalid"):
        house.store.transact(lambda tx: authenticate(house.api, tx, signed("AKIANOBODY")))
    assert house.store.transact(lambda tx: authenticate(house.api, tx, signed("test")))[0].kind == "root"


def really_signed(key: str, secret: str) -> Request:
    """As botocore signs it, at the time of the machine's clock."""
    request = AWSRequest("POST", "http://here:4566/", data=b"{}", headers={"host": "here:4566"})
    SigV4Auth(Credentials(key, secret), "sqs", "eu-west-1").add_auth(request)
    return Request("POST", "/", headers={name.lower(): value for name, value in request.headers.items()}, body=b"{}")


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("111111111111", "open sesame", None),
        ("AKIAANN", "secret of AKIAANN", None),
        ("111111111111", "guess", "InvalidSignatureException"),
        ("AKIAANN", "open sesame", "InvalidSignatureException"),
    ],
)
def test_signatures_are_verified_where_the_server_has_a_secret(key: str, secret: str, code: str | None) -> None:
    house = House(secret="open sesame")
    house.people.keys["AKIAANN"] = ANN
    house.clock.advance(SystemClock().now_ms() - house.clock.now_ms())
    request = really_signed(key, secret)
    if code is None:
        assert house.store.transact(lambda tx: authenticate(house.api, tx, request))[0].access_key == key
    else:
        with pytest.raises(AwsError) as refused:
            house.store.transact(lambda tx: authenticate(house.api, tx, request))
        assert refused.value.code == code


def test_an_unsigned_request_is_refused_where_the_server_has_a_secret() -> None:
    house = House(secret="open sesame")
    with pytest.raises(AwsError, match="Missing Authentication Token"):
        house.store.transact(lambda tx: authenticate(house.api, tx, Request("POST", "/", headers={"host": "h"})))

"""Pages of other origins: what a bucket's CORS rules let them do, and nothing where there are none."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest

from segue.testing import Segue

PAGE = "https://shop.example.com"
RULE = {
    "AllowedOrigins": ["https://*.example.com"],
    "AllowedMethods": ["GET", "PUT"],
    "AllowedHeaders": ["content-*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 30,
}


def asked(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str]]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=given)) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}


@pytest.fixture
def url(served: Segue, s3: Any, bucket: str) -> str:
    s3.put_object(Bucket=bucket, Key="a", Body=b"hello")
    return f"{served.endpoint_url}/{bucket}/a"


def test_without_rules_pages_from_elsewhere_are_refused(url: str) -> None:
    assert asked(url, Origin=PAGE)[0] == 403
    assert asked(url, "OPTIONS", Origin=PAGE, Access_Control_Request_Method="GET")[0] == 403
    assert asked(url)[0] == 200


def test_a_fitting_rule_tells_the_browser(s3: Any, bucket: str, url: str) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [RULE]})
    status, headers = asked(url, Origin=PAGE)
    assert (status, headers["access-control-allow-origin"], headers["access-control-expose-headers"]) == (
        200,
        PAGE,
        "ETag",
    )
    assert headers["access-control-allow-credentials"] == "true"
    status, headers = asked(
        url, "OPTIONS", Origin=PAGE, Access_Control_Request_Method="PUT", Access_Control_Request_Headers="Content-Type"
    )
    assert (status, headers["access-control-allow-methods"], headers["access-control-max-age"]) == (
        200,
        "GET, PUT",
        "30",
    )
    assert headers["access-control-allow-headers"] == "content-type"


@pytest.mark.parametrize(
    "wrong",
    [
        {"Origin": "https://elsewhere.org"},
        {"Origin": PAGE, "Access_Control_Request_Method": "DELETE"},
        {"Origin": PAGE, "Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "x-other"},
    ],
)
def test_what_no_rule_fits_is_refused(s3: Any, bucket: str, url: str, wrong: dict[str, str]) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [RULE]})
    assert asked(url, "OPTIONS", **wrong)[0] == 403


def test_everybodys_origin_brings_no_credentials(s3: Any, bucket: str, url: str) -> None:
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    status, headers = asked(url, Origin="http://localhost:3000")
    assert (status, headers["access-control-allow-origin"]) == (200, "*")
    assert "access-control-allow-credentials" not in headers

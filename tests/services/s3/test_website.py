"""Websites of buckets, as browsers ask for their pages."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest

from segue.testing import Segue


class Site:
    """The website of the bucket ``site``."""

    def __init__(self, segue: Segue) -> None:
        self.segue = segue
        self.s3 = segue.client("s3")
        self.s3.create_bucket(Bucket="site")

    def configure(self, **configuration: Any) -> None:
        self.s3.put_bucket_website(Bucket="site", WebsiteConfiguration=configuration)

    def put(self, key: str, body: bytes, **more: Any) -> None:
        self.s3.put_object(Bucket="site", Key=key, Body=body, **more)

    def get(
        self, path: str, method: str = "GET", bucket: str = "site", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.segue.endpoint_url).netloc, timeout=10)
        try:
            connection.request(method, f"/_aws/s3-website/{bucket}{path}", headers=headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@pytest.fixture
def site(segue: Segue) -> Site:
    return Site(segue)


def test_pages_and_errors(site: Site) -> None:
    site.configure(IndexDocument={"Suffix": "index.html"}, ErrorDocument={"Key": "error.html"})
    site.put("index.html", b"home", ContentType="text/html", CacheControl="max-age=5")
    site.put("docs/index.html", b"docs")
    site.put("a b+c.txt", b"odd")
    site.put("big", b"x" * 100_000)
    status, headers, body = site.get("/")
    assert (status, body, headers["content-type"], headers["cache-control"]) == (200, b"home", "text/html", "max-age=5")
    assert site.get("/docs/")[2] == b"docs"
    status, headers, _ = site.get("/docs")
    assert (status, headers["location"]) == (302, "/_aws/s3-website/site/docs/")
    assert site.get("/a%20b+c.txt")[2] == b"odd"
    assert len(site.get("/big")[2]) == 100_000
    status, headers, body = site.get("/big", "HEAD")
    assert (status, body) == (200, b"")
    assert site.get("/big", Range="bytes=0-9")[::2] == (206, b"x" * 10)
    assert site.get("/", **{"If-None-Match": site.get("/")[1]["etag"]})[0] == 304
    assert b"NoSuchKey" in site.get("/missing")[2]
    site.put("error.html", b"not there")
    assert site.get("/missing")[::2] == (404, b"not there")
    assert site.get("/", "POST")[0] == 405


def test_what_is_no_website(site: Site) -> None:
    assert b"NoSuchWebsiteConfiguration" in site.get("/")[2]
    assert b"NoSuchBucket" in site.get("/", bucket="other")[2]


def test_redirects(site: Site) -> None:
    rules = [
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "404"},
            "Redirect": {
                "HostName": "b.example",
                "Protocol": "https",
                "ReplaceKeyWith": "x",
                "HttpRedirectCode": "302",
            },
        },
    ]
    site.configure(IndexDocument={"Suffix": "index.html"}, RoutingRules=rules)
    site.put("page", b"", WebsiteRedirectLocation="/elsewhere")
    assert site.get("/old/a b".replace(" ", "%20"))[1]["location"] == "/_aws/s3-website/site/new/a%20b"
    status, headers, _ = site.get("/missing")
    assert (status, headers["location"]) == (302, "https://b.example/x")
    status, headers, _ = site.get("/page")
    assert (status, headers["location"]) == (301, "/elsewhere")
    site.configure(RedirectAllRequestsTo={"HostName": "c.example"})
    status, headers, _ = site.get("/some/page")
    assert (status, headers["location"]) == (301, "http://c.example/some/page")


def test_only_what_a_policy_makes_public_is_shown() -> None:
    with Segue(iam="enforce") as segue:
        site = Site(segue)
        site.configure(IndexDocument={"Suffix": "index.html"})
        site.put("index.html", b"home")
        status, _, body = site.get("/")
        assert (status, b"Forbidden" in body) == (403, True)
        site.s3.delete_public_access_block(Bucket="site")
        site.s3.put_bucket_policy(
            Bucket="site",
            Policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",'
            ' "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}]}',
        )
        assert site.get("/")[::2] == (200, b"home")

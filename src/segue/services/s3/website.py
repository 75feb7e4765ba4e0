"""Websites: a bucket's objects as pages, at ``/_aws/s3-website/BUCKET/…`` and under ``BUCKET.s3-website.…`` names.

Who visits is nobody in particular: the bucket's policy must allow him ``s3:GetObject``.

Source: S3 user guide, "Hosting a static website using Amazon S3": "Configuring an index document", "Configuring a
custom error document", "Configuring a webpage redirect".
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import quote, unquote

from segue.api import Call
from segue.api.call import Result
from segue.api.endpoint import Visit
from segue.errors import AwsError
from segue.services.s3 import records
from segue.services.s3.records import Bucket
from segue.services.s3.service import SERVICE
from segue.wire.request import FileBody, Response
from segue.wire.timestamps import to_http_date

_HEADERS = {
    "CacheControl": "cache-control",
    "ContentDisposition": "content-disposition",
    "ContentEncoding": "content-encoding",
    "ContentLanguage": "content-language",
    "ContentRange": "content-range",
    "ContentType": "content-type",
    "ETag": "etag",
    "VersionId": "x-amz-version-id",
}
_ASKED = {"range": "Range", "if-none-match": "IfNoneMatch", "if-match": "IfMatch"}
_TITLES = {403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 412: "Precondition Failed"}


def address(call: Call, bucket: str) -> str:
    """Where a bucket's website is on this server."""
    return f"{call.api.settings.endpoint_url}/_aws/s3-website/{bucket}"


@SERVICE.endpoint("s3-website")
def visit_website(call: Call, params: dict[str, Any]) -> Result:
    """Answer one request for a page."""
    visit: Visit = params["visit"]
    return {"response": _answer(call, visit)}


def _answer(call: Call, visit: Visit) -> Response:
    bucket = records.find_bucket(call.tx, visit.id)
    website = records.setting(call.tx, visit.id, "website") if bucket else None
    if bucket is None:
        return _page(AwsError("NoSuchBucket", "The specified bucket does not exist", status=404))
    if website is None:
        words = "The specified bucket does not have a website configuration"
        return _page(AwsError("NoSuchWebsiteConfiguration", words, status=404))
    if visit.request.method not in ("GET", "HEAD"):
        words = "The specified method is not allowed against this resource."
        return _page(AwsError("MethodNotAllowed", words, status=405))
    site = _Site(call.as_caller(replace(call.caller, account=bucket.account, region=bucket.region)), bucket, website)
    found = site.answer(visit)
    return replace(found, body=b"", file=None) if visit.request.method == "HEAD" else found


class _Site:
    """A website, while one of its pages is asked for."""

    def __init__(self, call: Call, bucket: Bucket, website: dict[str, Any]) -> None:
        self._call = call
        self._bucket = bucket
        self._website = website
        self._index = (website.get("IndexDocument") or {}).get("Suffix", "index.html")

    def answer(self, visit: Visit) -> Response:
        path = unquote(visit.path, errors="surrogateescape").removeprefix("/")
        everything = self._website.get("RedirectAllRequestsTo")
        if everything:
            return _redirect(visit, 301, everything, path)
        if rule := self._rule(path, None):
            return _redirected_by(visit, rule, path)
        key = f"{path}{self._index}" if path == "" or path.endswith("/") else path
        try:
            return self._object(key, visit)
        except AwsError as error:
            if error.status in (304, 412, 416):
                return Response(error.status)
            return self._failed(visit, path, error)

    def _rule(self, path: str, status: int | None) -> dict[str, Any] | None:
        """The first rule that a request falls under: before an object is looked for, or by the error of it."""
        for rule in self._website.get("RoutingRules") or ():
            condition = rule.get("Condition") or {}
            code = condition.get("HttpErrorCodeReturnedEquals")
            fits = (code is None) == (status is None) and (code is None or str(code) == str(status))
            if fits and path.startswith(condition.get("KeyPrefixEquals") or ""):
                return dict(rule)
        return None

    def _object(self, key: str, visit: Visit | None, status: int = 200) -> Response:
        params: dict[str, Any] = {"Bucket": self._bucket.name, "Key": key}
        given = visit.request.headers if visit is not None else {}
        params |= {name: given[header] for header, name in _ASKED.items() if given.get(header)}
        found = self._call.perform("s3:GetObject", params)
        assert isinstance(found, dict)
        if found.get("WebsiteRedirectLocation"):
            return Response(301, {"location": found["WebsiteRedirectLocation"]})
        headers = {told: str(found[name]) for name, told in _HEADERS.items() if found.get(name)}
        headers["last-modified"] = to_http_date(found["LastModified"])
        headers |= {f"x-amz-meta-{name}": value for name, value in (found.get("Metadata") or {}).items()}
        status = 206 if "ContentRange" in found else status
        body = found["Body"]
        if isinstance(body, FileBody):
            return Response(status, headers, file=body)
        return Response(status, headers, body)

    def _failed(self, visit: Visit, path: str, error: AwsError) -> Response:
        if error.status == 404 and path and not path.endswith("/") and self._has(f"{path}/{self._index}"):
            return Response(302, {"location": f"{visit.request.path}/"})
        if rule := self._rule(path, error.status):
            return _redirected_by(visit, rule, path)
        own = (self._website.get("ErrorDocument") or {}).get("Key")
        if own:
            try:
                return self._object(own, None, error.status)
            except AwsError:
                return _page(error)
        return _page(error)

    def _has(self, key: str) -> bool:
        return records.current(self._call.tx, self._bucket.name, key) is not None


def _redirected_by(visit: Visit, rule: dict[str, Any], path: str) -> Response:
    redirect = rule["Redirect"]
    if redirect.get("ReplaceKeyWith") is not None:
        path = redirect["ReplaceKeyWith"]
    elif redirect.get("ReplaceKeyPrefixWith") is not None:
        prefix = (rule.get("Condition") or {}).get("KeyPrefixEquals") or ""
        path = redirect["ReplaceKeyPrefixWith"] + path.removeprefix(prefix)
    return _redirect(visit, int(redirect.get("HttpRedirectCode") or 301), redirect, path)


def _redirect(visit: Visit, status: int, to: dict[str, Any], path: str) -> Response:
    """To the same path of another host, or to another path of this one."""
    key = quote(path, safe="/~!$&'()*+,;=:@", errors="surrogateescape")
    if to.get("HostName"):
        return Response(status, {"location": f"{to.get('Protocol') or 'http'}://{to['HostName']}/{key}"})
    base = visit.request.path[: len(visit.request.path) - len(visit.path)]
    here = f"{base}/{key}"
    if to.get("Protocol"):
        here = f"{to['Protocol']}://{visit.request.header('host')}{here}"
    return Response(status, {"location": here})


def _page(error: AwsError) -> Response:
    title = f"{error.status} {_TITLES.get(error.status, error.code)}"
    code, words = escape(error.code), escape(error.message)
    body = (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1>"
        f"<ul><li>Code: {code}</li><li>Message: {words}</li></ul></body></html>"
    )
    return Response(error.status, {"content-type": "text/html; charset=utf-8"}, body.encode())

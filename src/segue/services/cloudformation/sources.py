"""Where templates come from: the request itself, an object in a bucket, or the stack as it is.

Source: CloudFormation API reference, CreateStack (TemplateBody, TemplateURL).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from segue.api import Call
from segue.api.objects import read_object
from segue.errors import AwsError
from segue.languages.templates import TemplateError, check_size
from segue.services.cloudformation import records
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.service import invalid
from segue.wire.buckets import bucket_of_host

MAX_OBJECT_BYTES = 1_048_576
_URL_WORDS = "S3 error: Domain name specified in {} is not a valid S3 domain"


def template_text(call: Call, params: dict[str, Any], stack: Stack | None = None) -> str:
    """The text of the template that a request means.

    Raises:
        AwsError: ``ValidationError``: it names none or several, or what it names cannot be read.
    """
    body, url = params.get("TemplateBody"), params.get("TemplateURL")
    if params.get("UsePreviousTemplate"):
        kept = None if stack is None else records.template(call.tx, stack.id)
        if kept is None or body or url:
            raise invalid("You cannot specify UsePreviousTemplate with TemplateBody or TemplateURL for a new stack.")
        return kept.original
    if bool(body) == bool(url):
        raise invalid("Either Template URL or Template Body must be specified.")
    try:
        if body:
            check_size(body)
            return str(body)
        text = text_at(call, str(url))
        check_size(text, stored=True)
    except TemplateError as error:
        raise invalid(error.message) from None
    return text


def text_at(call: Call, url: str, what: str = "TemplateURL") -> str:
    """The text of an object, by its URL or ``s3://bucket/key``, read on the call's authority.

    Raises:
        AwsError: ``ValidationError`` in CloudFormation's words.
    """
    bucket, key, version = place_of(url)
    if not bucket or not key:
        raise invalid(f"{what} must be a supported URL.")
    try:
        found = read_object(call, bucket, key, size=MAX_OBJECT_BYTES + 1, version_id=version)
    except AwsError as error:
        raise invalid(
            f"S3 error: {error.message}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ) from None
    try:
        return found.content.decode()
    except UnicodeDecodeError:
        raise invalid("Template format error: the template is not encoded in UTF-8.") from None


def place_of(url: str) -> tuple[str, str, str]:
    """Bucket, key and version that a URL names, in the path's style, the host's, or S3's own; empty if it is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "", "", ""
    path = unquote(parts.path).removeprefix("/")
    version = next((unquote(each[10:]) for each in parts.query.split("&") if each.startswith("versionId=")), "")
    if parts.scheme == "s3":
        return host or parts.netloc, path, version
    if parts.scheme not in ("http", "https"):
        return "", "", ""
    bucket = bucket_of_host(host)
    if bucket:
        return bucket, path, version
    bucket, _, key = path.partition("/")
    return bucket, key, version

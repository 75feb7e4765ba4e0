"""Policy documents on their way in and out."""

from __future__ import annotations

from urllib.parse import quote

from segue.errors import AwsError
from segue.languages.policy import MalformedPolicy, validate_document
from segue.languages.policy.validate import Kind


def checked(text: str, kind: Kind = "identity") -> str:
    """The document, unchanged. ``MalformedPolicyDocument`` where it is none."""
    try:
        validate_document(text, kind)
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None
    return text


def encoded(text: str) -> str:
    """As answers carry documents: RFC 3986 percent-encoded."""
    return quote(text, safe="")

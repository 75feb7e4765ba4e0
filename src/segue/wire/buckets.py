"""Amazon S3's addresses: a bucket in the path or in the host name, and operations told apart by query and headers.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from segue.wire import overlays
from segue.wire.model import ServiceModel
from segue.wire.request import Request

_LOCAL: Final = (".localhost", ".localhost.localstack.cloud")


def bucket_of_host(host: str) -> str:
    """The bucket that a ``Host`` header names: what stands before ``.s3.`` or ``.s3-region.``, or before
    ``.localhost``; empty where it names none."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.rstrip(".")
    labels = name.lower().split(".")
    for index in range(len(labels) - 1, -1, -1):
        if labels[index] == "s3" or labels[index].startswith("s3-"):
            return ".".join(name.split(".")[:index])
    for suffix in _LOCAL:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return ""


def is_bucket_host(host: str) -> bool:
    """Whether a ``Host`` header is one of S3's own: ``s3.…`` or ``bucket.s3.…``."""
    labels = host.partition(":")[0].lower().split(".")
    return any(label == "s3" or label.startswith("s3-") for label in labels) and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition(":")[0])
    except ValueError:
        return False
    return True


def bucket_and_key(request: Request) -> tuple[str, str]:
    """The bucket and the key that a request is about, decoded; empty where it names none.

    A key keeps all its slashes, those at its end and double ones too.
    """
    bucket, path = bucket_of_host(request.header("host")), request.path.removeprefix("/")
    if not bucket:
        bucket, _, path = path.partition("/")
    return unquote(bucket), unquote(path, errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    literals: frozenset[tuple[str, str]]
    queries: tuple[str, ...]
    headers: tuple[str, ...]

    @property
    def weight(self) -> int:
        return len(self.literals) + len(self.queries) + len(self.headers)

    def fits(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        """Whether everything that the operation cannot be without is there."""
        return (
            all(query.get(key) == value for key, value in self.literals)
            and all(name in query for name in self.queries)
            and all(name in headers for name in self.headers)
        )


class BucketRoutes:
    """The operations of a service whose addresses are ``/``, ``/{Bucket}`` and ``/{Bucket}/{Key+}``."""

    def __init__(self, service: ServiceModel) -> None:
        self._by_place: dict[tuple[str, int], list[_Candidate]] = {}
        skipped = overlays.SUPERSEDED.get(service.name, frozenset())
        for name, method, uri in service.operations.routes():
            if name in skipped:
                continue
            path, _, query = uri.partition("?")
            place = (method, path.count("{"))
            self._by_place.setdefault(place, []).append(_candidate(service, name, query))
        for found in self._by_place.values():
            found.sort(key=lambda candidate: -candidate.weight)

    def match(self, request: Request) -> tuple[str, dict[str, str]] | None:
        """The operation's name and its path labels: of those that fit the one that asks for the most."""
        bucket, key = bucket_and_key(request)
        query = {
            unquote(name): unquote(value)
            for name, _, value in (part.partition("=") for part in request.query.split("&") if part)
        }
        labels = {name: value for name, value in (("Bucket", bucket), ("Key", key)) if value}
        for candidate in self._by_place.get((request.method, len(labels)), ()):
            if candidate.fits(query, request.headers):
                return candidate.name, labels
        return None


def _candidate(service: ServiceModel, name: str, query: str) -> _Candidate:
    shape = service.operations[name].input
    required = [
        (ref.location, ref.location_name or member)
        for member, ref in (shape.members.items() if shape is not None else ())
        if shape is not None and member in shape.required
    ]
    return _Candidate(
        name,
        frozenset((key, value) for key, _, value in (part.partition("=") for part in query.split("&") if part)),
        tuple(wire_name for location, wire_name in required if location == "querystring"),
        tuple(wire_name.lower() for location, wire_name in required if location == "header"),
    )

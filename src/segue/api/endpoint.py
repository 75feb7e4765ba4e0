"""Addresses that applications give to the world, beside the APIs of the services: function URLs, HTTP APIs.

A service declares one by :meth:`segue.api.service.Service.endpoint`. It is reached by host name, as on AWS
(``ID.lambda-url.us-east-1.on.aws``, or ``ID.lambda-url.us-east-1.localhost:4566`` on this machine), and by a path on
the server's own address (``/_aws/lambda-url/ID/…``), which needs no name service.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from segue.api.caller import Caller
from segue.store import Transaction
from segue.store.tallies import Dimensions, Tally
from segue.wire.request import Request


def is_signed(request: Request) -> bool:
    """Whether somebody says who he is, in a header or in the query."""
    return "authorization" in request.headers or "X-Amz-Credential=" in request.query


PATHS = "/_aws/"
"""What the addresses by path begin with."""

ANONYMOUS = Caller(account="", region="", kind="user", arn="anonymous")
"""Whoever asks without a signature. He may do nothing: services act on their own authority, or on a role's."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is counted of a visit when it is answered: how many, errors of clients and servers, and how long it took.

    Attributes:
        account, region, namespace: where.
        dimensions: of each series.
        names: of the four measurements.
    """

    account: str
    region: str
    namespace: str
    dimensions: tuple[Dimensions, ...]
    names: tuple[str, str, str, str]

    def tallies(self, status: int, took_ms: int) -> list[Tally]:
        """What an answer counts for."""
        values = (1, float(400 <= status < 500), float(status >= 500), took_ms)
        units = ("Count", "Count", "Count", "Milliseconds")
        return [
            ((self.account, self.region, self.namespace, name, dimensions, unit), value)
            for dimensions in self.dimensions
            for name, value, unit in zip(self.names, values, units, strict=True)
        ]


MEASURED = "measured"
"""Where a handler leaves a :class:`Measured` in a visit's memory, if it is to be counted."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to such an address, the one parameter (``visit``) of its handler.

    The handler answers ``{"response": Response}``, or "not yet" as all do, on behalf of :data:`ANONYMOUS`.

    Attributes:
        id: which address: of the function's URL, of the API.
        path: what is asked of it, raw (percent-encoding kept), with its slash.
        request: the HTTP request.
        authenticate: who signed it. Raises ``AwsError`` for a wrong signature, where they are verified.
        memory: what the handler knows already when it is asked again (what an authorizer said).
        domain: the name that it was asked by, where it is one of the application's own; then there is no ``id``, until
            the service has found out what the name leads to.
        stage, base: what it leads to: the stage of an API, and which part of the path has said so. The path is then
            what is asked of the stage.
    """

    id: str
    path: str
    request: Request
    authenticate: Callable[[Transaction], Caller]
    memory: dict[str, Any] = field(default_factory=dict)
    domain: str = ""
    stage: str = ""
    base: str = ""


def find_endpoint(
    labels: Collection[str], request: Request, prefixes: Mapping[str, str] | None = None
) -> tuple[str, str, str] | None:
    """The label, the id and the path that a request is addressed to; ``None`` for a request of an API.

    Args:
        prefixes: the labels of paths that begin so; these have no id.
    """
    if "x-amz-target" in request.headers:
        return None
    if prefixes and len(request.path) > 1:
        for prefix, label in prefixes.items():
            if request.path.startswith(prefix):
                return label, "", request.path
    if request.path.startswith(PATHS):
        label, _, rest = request.path.removeprefix(PATHS).partition("/")
        name, _, path = rest.partition("/")
        return (label, name, f"/{path}") if label in labels and name else None
    parts = request.header("host").lower().split(".", 2)
    return (parts[1], parts[0], request.path) if len(parts) == 3 and parts[1] in labels and parts[0] else None


def own_name(request: Request) -> str:
    """The name that a request is addressed to, if it may be one that somebody has given to an application of his."""
    host = request.header("host").partition(":")[0].lower().rstrip(".")
    is_name = "." in host and not host.replace(".", "").isdigit() and "x-amz-target" not in request.headers
    return host if is_name and not host.endswith((".amazonaws.com", ".amazonaws.com.cn")) else ""

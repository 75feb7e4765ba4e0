"""Services that are sent elsewhere: to AWS itself, to MinIO, to another emulator (``segue serve --forward``).

One place for both ways in: the gateway hands on requests as they came, and an operation that others perform
(``aws-sdk:kms:encrypt``, a target, a pipe's stage) answers ``Outbound(FORWARD, ForwardRequest(…), settle)``, as
everything that leaves the building does. An edge (``worker/forward_client.py``) does the sending.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from segue.api.http_effect import HttpAnswer, HttpFailure
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.wire.client import fill_tokens, read_answer, write_request
from segue.wire.model import OperationModel, load_service
from segue.wire.request import Request

if TYPE_CHECKING:
    from segue.api.call import Call

FORWARD = "forward:request"
"""The name of the effect."""

OTHERS = "*"
AWS = "aws"

Signing = Literal["keep", "keys", "chain"]

_NAMES = {"sfn": "stepfunctions", "states": "stepfunctions", "eventbridge": "events", "monitoring": "cloudwatch"}
_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True, slots=True)
class Forward:
    """Where one service's requests go.

    Attributes:
        service: botocore's name, or ``*``: all that are not here.
        url: the other endpoint; empty: AWS's own endpoint of the service and the request's region.
        signing: ``keep`` the signature as it came; sign anew with these ``keys``; or with the server's own credentials,
            found where AWS's tools find them (the ``chain``).
        access_key, secret: the keys.
    """

    service: str
    url: str
    signing: Signing
    access_key: str = ""
    secret: str = field(default="", repr=False)

    @property
    def place(self) -> str:
        """Where to, for people."""
        return self.url or "AWS"


@dataclass(frozen=True, slots=True)
class ForwardRequest:
    """A request on its way to another endpoint.

    Attributes:
        forward: where to.
        service: the name that requests are signed for (``monitoring``); empty where nobody says.
        region: the region that they are signed for.
        request: the request.
        file: the path of a body that is too large to be held; its size and digest are the request's ``stored``.
        streams: the answer's body is handed on while it comes; else it is read whole.
    """

    forward: Forward
    service: str
    region: str
    request: Request
    file: str = ""
    streams: bool = False


class Forwards:
    """All forwards of a server.

    Args:
        texts: ``SERVICE=TARGET`` each, see :func:`parse_forward`.
        here: the names of the services that are implemented.

    Raises:
        ValueError: in words, for what is no forward.
    """

    def __init__(self, texts: Iterable[str], here: Collection[str]) -> None:
        self._by_service = {forward.service: forward for forward in map(parse_forward, texts)}
        self._here = here
        self.named = tuple(name for name in self._by_service if name != OTHERS)
        """The services that are named, implemented here or not."""

    def __bool__(self) -> bool:
        return bool(self._by_service)

    def of(self, service: str) -> Forward | None:
        """Where a service's requests go; ``None``: nowhere, they are answered here (or by nobody)."""
        return self._by_service.get(service) or (None if service in self._here else self.others)

    @property
    def others(self) -> Forward | None:
        """Where everything goes that is neither named nor here."""
        return self._by_service.get(OTHERS)

    def shown(self) -> Mapping[str, str]:
        """Services and places, without secrets."""
        return {name: forward.place for name, forward in self._by_service.items()}


def parse_forward(text: str) -> Forward:
    """``kms=http://host:port``, ``s3=http://KEY:SECRET@host:port``, ``s3=https://s3.eu-west-1.amazonaws.com``,
    ``kinesis=aws``, ``*=…``.

    Requests to AWS are signed with the server's own credentials, those to a URL with keys with these, and all others
    keep their signatures.

    Raises:
        ValueError: in words.
    """
    name, separator, target = text.strip().partition("=")
    if not separator or not name or not target:
        raise ValueError(f"{_hidden(text)!r} is no forward: SERVICE=http://host:port is, or SERVICE=aws")
    service = name if name == OTHERS else _service(name)
    if target == AWS:
        return Forward(service, "", "chain")
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{_hidden(target)!r} is no endpoint to forward {name} to: http://host:port is, or aws")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    url = f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
    if parts.username:
        return Forward(service, url, "keys", unquote(parts.username), unquote(parts.password or ""))
    return Forward(service, url, "chain" if parts.hostname.endswith(_OF_AWS) else "keep")


def _service(name: str) -> str:
    known = _NAMES.get(name, name)
    try:
        return load_service(known).name
    except KeyError:
        raise ValueError(
            f"There is no service {name!r} to forward. Services go by the names of the AWS CLI and boto3: "
            "kms, s3, kinesis, cognito-idp, …, or * for all that Segue does not have."
        ) from None


def _hidden(text: str) -> str:
    """A text without what stands before an ``@``: it may be a secret."""
    before, at, behind = text.rpartition("@")
    return f"{before.partition('//')[0]}//…@{behind}" if at else text


def perform_elsewhere(forward: Forward, name: str, call: Call, params: dict[str, Any]) -> Outbound:
    """Have an operation (``kms:Encrypt``) performed where its service is forwarded to.

    Raises:
        AwsError: 501 for one whose request or answer cannot be written or read.
    """
    service, _, operation_name = name.partition(":")
    model = load_service(service).operations[operation_name]
    fill_tokens(model, params, call.tx.ids.uuid)
    request = ForwardRequest(forward, model.service.signing_name, call.region, write_request(model, params))
    return Outbound(FORWARD, _signed(call, request), partial(_settle, forward, model))


def _signed(call: Call, given: ForwardRequest) -> ForwardRequest:
    """With the keys of the caller's account, where nobody else signs: emulators know accounts by their keys."""
    if given.forward.signing != "keep":
        return given
    own = Forward(
        given.forward.service,
        given.forward.url,
        "keys",
        call.account,
        call.api.settings.secret_access_key or "test",
    )
    return ForwardRequest(own, given.service, given.region, given.request)


def _settle(forward: Forward, model: OperationModel, call: Call, outcome: HttpAnswer | HttpFailure) -> dict[str, Any]:
    if isinstance(outcome, HttpFailure):
        raise unreachable(forward, model.service.name, outcome)
    headers = {name.lower(): value for name, value in outcome.headers}
    return read_answer(model, outcome.status, headers, outcome.body)


def unreachable(forward: Forward, service: str, failure: HttpFailure) -> AwsError:
    """There was no answer: AWS's error for a service that is down, with words that name the forward."""
    what = f"{service or 'this service'} is forwarded to {forward.place}, which gave no answer: {failure.reason}"
    status = 504 if failure.timed_out else 503
    return AwsError("ServiceUnavailable", f"{what}.", status=status)

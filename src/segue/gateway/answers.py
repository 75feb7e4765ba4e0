"""How an exchange's result becomes an HTTP answer: by an API's protocol, or as an application's own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import orjson

from segue.errors import AwsError, WrittenByNewer
from segue.store.contents import BlobMissing, ContentUnavailable
from segue.store.sqlite import is_disk_failure
from segue.store.store import StoreUnavailable
from segue.wire.request import Request, Response
from segue.wire.route import Route, guess_protocol
from segue.wire.serialize import serialize, serialize_error

log = logging.getLogger(__name__)


class Answers(Protocol):
    """Makes answers of results and of errors."""

    def of(self, result: dict[str, Any], request_id: str) -> Response: ...

    def of_error(self, error: AwsError, request_id: str) -> Response: ...


class ApiAnswers:
    """The answers of an API's operation, in its protocol (in a likely one, where the request could not be routed)."""

    def __init__(self, request: Request, found: Route | None) -> None:
        self._request = request
        self._route = found

    def of(self, result: dict[str, Any], request_id: str) -> Response:
        assert self._route is not None
        return serialize(self._route, result, request_id)

    def of_error(self, error: AwsError, request_id: str) -> Response:
        if self._route is None:
            return serialize_error(guess_protocol(self._request), None, error, request_id)
        return serialize_error(self._route.protocol, self._route.service, error, request_id)


class EndpointAnswers:
    """The answers of an application's own address: a handler's ``response`` as it is, and errors as API Gateway and
    function URLs tell them (``{"message": "Forbidden"}``). ``then`` is told the status of each.
    """

    def __init__(self, then: Callable[[int], None] = lambda _status: None) -> None:
        self._then = then

    def of(self, result: dict[str, Any], request_id: str) -> Response:
        response: Response = result["response"]
        self._then(response.status)
        return response

    def of_error(self, error: AwsError, request_id: str) -> Response:
        self._then(error.status)
        headers = {"content-type": "application/json", "x-amzn-RequestId": request_id}
        if error.status < 500:
            headers["x-amzn-ErrorType"] = error.code
        return Response(error.status, headers, orjson.dumps({"message": error.message}))


def told(error: Exception, request_id: str) -> AwsError:
    """What is told of an error; of what is no answer of ours the log has more."""
    if is_disk_failure(error):
        log.error("request %s failed: the data directory cannot be written: %s", request_id, error)
        return AwsError("ServiceUnavailable", f"The data directory cannot be written: {error}", status=503)
    if isinstance(error, AwsError):
        return error
    if isinstance(error, StoreUnavailable):
        log.error("request %s failed: %s", request_id, error)
        return AwsError("ServiceUnavailable", f"The database is not available: {error}", status=503)
    if isinstance(error, ContentUnavailable):
        log.error("request %s failed: %s", request_id, error)
        return AwsError("ServiceUnavailable", f"Content is not available: {error}", status=503)
    if isinstance(error, BlobMissing):
        log.error("request %s failed: %s", request_id, error)
        return AwsError("InternalFailure", str(error), status=500)
    if isinstance(error, WrittenByNewer):
        log.warning("request %s is left to newer nodes: %s", request_id, error)
        return AwsError("ServiceUnavailable", f"Another node must answer: {error}", status=503)
    log.error("request %s failed", request_id, exc_info=error)
    return AwsError(
        "InternalFailure",
        f"Something went wrong inside Segue. Its log tells more about request {request_id}.",
        status=500,
    )

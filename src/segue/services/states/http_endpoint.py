"""The HTTP task's operation: over its connection, on the authority of the task's role."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from segue.api import Call, Result
from segue.api.http_effect import HTTP, HttpAnswer, HttpFailure
from segue.api.service import Params
from segue.errors import AwsError
from segue.jobs import Outbound, Pending
from segue.services.states.integrations.http_task import connection_arn, connection_error, request_of, result_of
from segue.services.states.service import SERVICE

_CREDENTIALS = "events:RetrieveConnectionCredentials"
_REFUSED = (401, 407)


@SERVICE.internal("InvokeHTTPEndpoint")
def invoke_http_endpoint(call: Call, params: Params) -> Result:
    """Send the request that the checked Parameters of a state describe.

    Raises:
        TaskError: the request cannot be made, its connection cannot be used, or (when it is settled) the answer is a
            failure.
    """
    arn = connection_arn(params)
    try:
        credentials = call.perform(_CREDENTIALS, {"ConnectionArn": arn})
    except AwsError as error:
        raise connection_error(error) from None
    if isinstance(credentials, (Pending, Outbound)):
        return credentials
    return Outbound(HTTP, request_of(params, credentials, call.region), partial(_settle, arn))


def _settle(arn: str, call: Call, answer: HttpAnswer | HttpFailure) -> dict[str, Any]:
    if isinstance(answer, HttpAnswer) and answer.status in _REFUSED:
        with suppress(AwsError):  # the connection may be gone by now
            call.perform(_CREDENTIALS, {"ConnectionArn": arn, "Renew": True})
    return result_of(answer)

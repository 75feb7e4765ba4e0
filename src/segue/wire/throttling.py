"""The error by which a service of AWS says that more is asked than can be done: SDKs try again after it.

Source: the services' models; for the others https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
(``SlowDown``) and what botocore tries again (``data/_retry.json``, ``retries/standard.py``).
"""

from __future__ import annotations

from functools import cache
from typing import Final

from segue.errors import AwsError
from segue.wire.model import Protocol, ServiceModel

_MODELLED: Final = {"ThrottlingException": 0, "TooManyRequestsException": 0, "RequestThrottled": 403}
"""By name, the status where it is not the model's."""
_IN_XML: Final = {Protocol.QUERY: ("Throttling", 400), Protocol.REST_XML: ("SlowDown", 503)}
_WORDS: Final = "Rate exceeded: more is asked than can be done. Try again in a moment."

RETRY_AFTER: Final = {"Retry-After": "1"}


def throttled(service: ServiceModel, protocol: Protocol) -> AwsError:
    """What is answered to a call that there is no time for."""
    code, status = _error(service, protocol)
    return AwsError(code, _WORDS, status=status, retryable=True)


@cache
def _error(service: ServiceModel, protocol: Protocol) -> tuple[str, int]:
    if protocol in _IN_XML:
        return _IN_XML[protocol]
    for name, status in _MODELLED.items():
        model = service.error(name)
        if model is not None:
            return name, status or model.status
    return ("TooManyRequestsException", 429) if protocol is Protocol.REST_JSON else ("ThrottlingException", 400)

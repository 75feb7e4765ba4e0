"""Each service's way to say that it is asked too often is one after which SDKs try again."""

from __future__ import annotations

from http.client import HTTPMessage
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.loaders import Loader
from botocore.parsers import create_parser
from botocore.retries.standard import RetryContext, ThrottledRetryableChecker, TransientRetryableChecker
from botocore.retryhandler import create_retry_handler
from botocore.translate import build_retry_config

from segue.server import services
from segue.wire.model import Protocol, load_service
from segue.wire.serialize import serialize_error
from segue.wire.throttling import throttled

CASES = [(service.name, protocol) for service in services() for protocol in load_service(service.name).protocols]


@pytest.mark.parametrize(("name", "protocol"), CASES, ids=lambda part: str(part))
def test_sdks_try_again(name: str, protocol: Protocol) -> None:
    service = load_service(name)
    answer = serialize_error(protocol, service, throttled(service, protocol), "request-id")
    parser = create_parser("rest-xml" if protocol is Protocol.REST_XML else str(protocol))
    raw = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}
    operation = botocore.session.get_session().get_service_model(name)
    shape = operation.operation_model(operation.operation_names[0]).output_shape
    parsed = parser.parse(raw, shape)
    http = AWSResponse("", answer.status, HTTPMessage(), None)
    context = RetryContext(1, None, parsed, http)
    standard = ThrottledRetryableChecker().is_retryable(context) or TransientRetryableChecker().is_retryable(context)
    assert (standard, legacy(name, http, parsed)) == (True, True), parsed["Error"]


def legacy(name: str, http: AWSResponse, parsed: dict[str, Any]) -> bool:
    """Whether boto3's older way tries again, too."""
    rules = Loader().load_data("_retry")
    handler = create_retry_handler(build_retry_config(name, rules["retry"], rules["definitions"]), "Operation")
    delay = handler(attempts=1, response=(http, parsed), caught_exception=None, request_dict={"context": {}})
    return delay is not None

"""Events that AWS services themselves put on the default bus of an account and region."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from segue.api.call import Call
from segue.api.caller import service_caller
from segue.api.deliveries import Delivery, record
from segue.arn import make_arn, parse_arn
from segue.errors import AwsError


def emit(
    call: Call, principal: str, source: str, detail_type: str, resource: str, detail: Callable[[], dict[str, Any]]
) -> None:
    """Put an event about ``resource`` on the default bus where that is, in this transaction.

    Where nothing could take it nothing is made and nothing recorded: most services tell far more than anybody hears.
    ``principal`` is the service that tells (``states.amazonaws.com``), ``source`` its name in events (``aws.states``).
    """
    buses = call.api.services.get("events")
    place = parse_arn(resource)
    bus = make_arn("events", place.region, place.account, "event-bus/default")
    if buses is None or buses.listens is None or not buses.listens(call.tx, bus, source):
        return
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Resources": [resource],
        "Detail": json.dumps(detail(), ensure_ascii=False, separators=(",", ":")),
    }
    try:
        with call.tx.savepoint():
            teller = call.as_caller(service_caller(principal, resource))
            answer = teller.perform("events:PutServiceEvents", {"Entries": [entry]})
        assert isinstance(answer, dict)
        refused = answer["Entries"][0].get("ErrorMessage", "")
    except AwsError as error:
        refused = f"{error.code}: {error.message}"
    if refused:
        record(call, Delivery(resource, bus, "events:PutEvents", "dropped", 1, refused))

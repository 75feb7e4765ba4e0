"""What CloudWatch is told of REST APIs.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
"""

from __future__ import annotations

from segue.api import Call
from segue.api.endpoint import MEASURED, Measured
from segue.services.apigateway.entered import Entered
from segue.services.apigateway.records import name_of

NAMES = ("Count", "4XXError", "5XXError", "Latency")


def measure(call: Call, entered: Entered) -> None:
    """Have the visit counted when it is answered: by API, and by API and stage."""
    if MEASURED in entered.visit.memory:
        return
    name = ("ApiName", name_of(call.tx, entered.api_id))
    dimensions = ((name,), (name, ("Stage", str(entered.stage["stageName"]))))
    entered.visit.memory[MEASURED] = Measured(entered.account, entered.region, "AWS/ApiGateway", dimensions, NAMES)

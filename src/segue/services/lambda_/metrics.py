"""What CloudWatch is told of functions.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from segue.api import Call
from segue.services.lambda_.invocation import InvokeOutcome, InvokeRequest
from segue.store.tallies import Dimensions, Tally

NAMESPACE = "AWS/Lambda"


def _dimensions(name: str, qualifier: str) -> tuple[Dimensions, ...]:
    """The series of an invocation: of the function, of what was named of it, of all functions together."""
    plain: Dimensions = (("FunctionName", name),)
    return (plain, (*plain, ("Resource", f"{name}:{qualifier}")), ()) if qualifier else (plain, ())


def tallies(request: InvokeRequest, outcome: InvokeOutcome, took_ms: float, at_once: int) -> list[Tally]:
    """What an invocation counts for; ``at_once`` invocations of the function ran when it began."""
    target = request.target
    qualifier = request.invoked_arn[len(target.function_arn) + 1 :]
    throttled = outcome.refused is not None and outcome.refused.status == 429
    values: list[tuple[str, float, str]] = [("Throttles", float(throttled), "Count")]
    if outcome.refused is None:
        values += [
            ("Invocations", 1, "Count"),
            ("Errors", float(outcome.function_error is not None), "Count"),
            ("Duration", round(took_ms, 2), "Milliseconds"),
            ("ConcurrentExecutions", at_once, "Count"),
        ]
    return [
        ((target.account, target.region, NAMESPACE, name, dimensions, unit), value)
        for dimensions in _dimensions(target.name, "" if qualifier == "$LATEST" else qualifier)
        for name, value, unit in values
    ]


def count(call: Call, function_arn: str, name: str) -> None:
    """Count something that happened to an event of a function."""
    call.tally(function_arn, NAMESPACE, name, (("FunctionName", function_arn.split(":", 7)[6]),))

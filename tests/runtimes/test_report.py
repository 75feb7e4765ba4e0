"""The platform's own words."""

from __future__ import annotations

import json

import pytest

from segue.runtimes import CodeRef, FunctionSpec, Invocation, report

SPEC = FunctionSpec(
    "arn:aws:lambda:us-east-1:000000000000:function:f:1", "f", "python3.11", "a.b", CodeRef(), tracing="Active"
)


@pytest.mark.parametrize(
    ("failure", "error_type", "message", "lines"),
    [
        (
            report.timed_out("id", 3, 1_700_000_000_123),
            "Sandbox.Timedout",
            "RequestId: id Error: Task timed out after 3.00 seconds",
            ("2023-11-14T22:13:20.123Z id Task timed out after 3.00 seconds\n\n",),
        ),
        (
            report.exited("id", 1, None),
            "Runtime.ExitError",
            "RequestId: id Error: Runtime exited with error: exit status 1",
            ("RequestId: id Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n",),
        ),
        (
            report.exited("id", None, 11),
            "Runtime.ExitError",
            "RequestId: id Error: Runtime exited with error: signal: segmentation fault",
            ("RequestId: id Error: Runtime exited with error: signal: segmentation fault\nRuntime.ExitError\n",),
        ),
        (
            report.exited("id", 0, None),
            "Runtime.ExitError",
            "RequestId: id Error: Runtime exited without providing a reason",
            ("RequestId: id Error: Runtime exited without providing a reason\nRuntime.ExitError\n",),
        ),
    ],
)
def test_failures(failure: report.Failure, error_type: str, message: str, lines: tuple[str, ...]) -> None:
    assert json.loads(failure.payload) == {"errorType": error_type, "errorMessage": message}
    assert failure.log_lines == lines


def test_report_line_with_a_trace() -> None:
    line = report.report_line(SPEC, Invocation("id", trace_header="Root=1-a-b;Parent=c;Sampled=1"), 1.234, 10.5, 40)
    assert line == (
        "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 12 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t"
        "Init Duration: 10.50 ms\t\nXRAY TraceId: 1-a-b\tSegmentId: c\tSampled: true\t\n"
    )

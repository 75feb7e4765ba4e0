"""What was measured, of many metrics at a time, and computed of it."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.errors import AwsError, not_implemented
from segue.languages.metrics.series import MathError, Series
from segue.services.cloudwatch.get_metrics import stretch
from segue.services.cloudwatch.queries import as_series, check, evaluate
from segue.services.cloudwatch.service import SERVICE

_MOST_DATAPOINTS = 100_800
_MOST_QUERIES = 500
_OPERATION = "cloudwatch:GetMetricData"


@SERVICE.operation("GetMetricData", reads=True)
def get_metric_data(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The values of queries, newest first unless told otherwise."""
    given = params["MetricDataQueries"]
    if len(given) > _MOST_QUERIES:
        raise _wrong(f"The collection MetricDataQueries must not have a size greater than {_MOST_QUERIES}.")
    if params.get("LabelOptions"):
        raise not_implemented(_OPERATION, "LabelOptions")
    queries = check(given, _OPERATION, _wrong)
    if not any(query.returned for query in queries):
        raise _wrong("At least one of the queries must return data.")
    shortest = min((query.period_ms for query in queries if query.period_ms), default=60_000)
    begin_ms, end_ms = stretch(call, params, shortest)
    if (end_ms - begin_ms) // shortest * len(queries) > _MOST_DATAPOINTS:
        raise _wrong(
            f"The requested time range has more than {_MOST_DATAPOINTS:,} datapoints: increase Period, or decrease it."
        )
    values = evaluate(call, queries, lambda period_ms: begin_ms - begin_ms % period_ms, end_ms, _wrong)
    by_id = {query.id: query for query in queries}
    results = []
    for one in given:
        query = by_id[one["Id"]]
        if query.returned:
            try:
                found = as_series(values[query.id], query.label)
            except MathError as error:
                raise _wrong(f"Error in expression '{query.id}': {error}") from None
            results += [_result(query.id, series, params) for series in found]
    return _page(results, params)


def _wrong(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _result(name: str, series: Series, params: dict[str, Any]) -> dict[str, Any]:
    ordered = sorted(series.values.items(), reverse=params.get("ScanBy") != "TimestampAscending")
    return {
        "Id": name,
        "Label": series.label,
        "Timestamps": [at_ms for at_ms, _ in ordered],
        "Values": [value for _, value in ordered],
        "StatusCode": "Complete",
    }


def _page(results: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
    """As many datapoints as are asked for, and where to go on."""
    most = params.get("MaxDatapoints") or _MOST_DATAPOINTS
    skipped = 0
    if params.get("NextToken"):
        skipped = decode_token(params["NextToken"], "InvalidNextToken", "The token is invalid.", (int,))[0]
    page, seen, left = [], 0, most
    for result in results:
        size = len(result["Values"])
        begin = min(max(skipped - seen, 0), size)
        end = min(begin + left, size)
        seen += size
        left -= end - begin
        part = slice(begin, end)
        whole = {**result, "Timestamps": result["Timestamps"][part], "Values": result["Values"][part]}
        page.append({**whole, "StatusCode": "Complete" if end == size else "PartialData"})
    answer: dict[str, Any] = {"MetricDataResults": page, "Messages": []}
    if seen > skipped + most:
        answer["NextToken"] = encode_token(skipped + most)
    return answer

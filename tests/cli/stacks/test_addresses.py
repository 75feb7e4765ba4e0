"""Addresses of AWS's, as they are answered here."""

from __future__ import annotations

import pytest

from segue.cli.stacks.addresses import here, output_rows

SERVER = "http://127.0.0.1:4566/"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "https://ab12.execute-api.eu-west-1.amazonaws.com/Prod/hello/",
            "http://127.0.0.1:4566/_aws/execute-api/ab12/Prod/hello/",
        ),
        ("https://ab12.execute-api.us-east-1.amazonaws.com", "http://127.0.0.1:4566/_aws/execute-api/ab12"),
        ("https://ab12.execute-api.cn-north-1.amazonaws.com.cn/x", "http://127.0.0.1:4566/_aws/execute-api/ab12/x"),
        ("wss://ab12.execute-api.us-east-1.amazonaws.com/prod", "ws://127.0.0.1:4566/_aws/execute-api/ab12/prod"),
        ("https://ab12.lambda-url.us-east-1.on.aws/", "http://127.0.0.1:4566/_aws/lambda-url/ab12/"),
        ("https://s3.us-east-1.amazonaws.com/bucket", None),
        ("https://ab12.execute-api.us-east-1.example.com/", None),
        ("see https://ab12.execute-api.us-east-1.amazonaws.com", None),
        ("arn:aws:sqs:us-east-1:000000000000:orders", None),
        ("", None),
    ],
)
def test_where_it_is_answered(value: str, expected: str | None) -> None:
    assert here(value, SERVER) == expected


def test_outputs_have_a_line_more_where_aws_is_meant() -> None:
    outputs = [("Table", "orders", ""), ("Url", "https://ab12.lambda-url.us-east-1.on.aws/", "the function")]
    assert output_rows(outputs, SERVER) == [
        ("Table", "orders"),
        ("Url", "https://ab12.lambda-url.us-east-1.on.aws/  the function"),
        ("", "here: http://127.0.0.1:4566/_aws/lambda-url/ab12/"),
    ]

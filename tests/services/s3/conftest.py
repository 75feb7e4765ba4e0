"""One server for the tests of this service, and a bucket for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue

_names = count(1)


@pytest.fixture(scope="module")
def served(store: str) -> Iterator[Segue]:
    with Segue() as server:
        yield server


@pytest.fixture
def s3(served: Segue) -> Any:
    return served.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"bucket-{next(_names)}"
    s3.create_bucket(Bucket=name)
    return name


def refused(function: Callable[..., Any], **params: Any) -> tuple[str, int]:
    """The code and the status with which a request is refused."""
    with pytest.raises(ClientError) as caught:
        function(**params)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]

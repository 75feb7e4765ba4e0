"""One server for all tests of REST APIs; each makes its own API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from segue.testing import Segue
from tests.services.apigateway.house import Rest


@pytest.fixture(scope="package")
def rest() -> Iterator[Rest]:
    with Segue() as server:
        yield Rest(server)

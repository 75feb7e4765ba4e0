"""An application, made once in a process and lived through in many worlds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from botocore import xform_name
from botocore.exceptions import ClientError

from segue.api import Api, Call, Caller
from segue.api.perform import perform
from segue.config import Settings
from segue.errors import AwsError
from segue.ids import Ids
from segue.server import migrations, services
from segue.services.iam.identity import IamIdentity
from segue.store import Transaction, Unit
from segue.store.blobs import Blobs
from segue.store.sqlite import SqliteTransaction
from segue.wire.model import load_service
from tests.simulation.database import Rows

T = TypeVar("T")

BEGAN_MS = 1_700_000_000_000
"""When everything is deployed."""


class Deployment:
    """The rows of an application that nobody has used yet.

    Args:
        make: makes it by performing operations, and returns what its worlds want to know of it.
    """

    def __init__(self, make: Callable[[Deployment], Any]) -> None:
        self.api = Api(services(), Settings(), IamIdentity())
        self.api.blobs = Blobs(None)
        self.rows = Rows(migrations(self.api))
        self._ids = Ids(0)
        self.made = make(self)

    @staticmethod
    @cache
    def of(make: Callable[[Deployment], Any]) -> Deployment:
        """The one of this process."""
        return Deployment(make)

    def look(self, unit: Unit[T]) -> T:
        """What is in the rows."""
        return transact(self.rows, BEGAN_MS, self._ids, unit)

    def perform(self, operation: str, **params: Any) -> Any:
        """What an operation answers."""
        return self.look(lambda tx: perform_at_once(self.api, tx, operation, params))


def transact(rows: Rows, now_ms: int, ids: Ids, unit: Unit[T]) -> T:
    """One unit, one commit."""
    rows.begin()
    try:
        result = unit(SqliteTransaction(rows, now_ms, ids, 0))  # type: ignore[arg-type]
    except BaseException:
        rows.undo()
        raise
    rows.commit()
    return result


def perform_at_once(api: Api, tx: Transaction, operation: str, params: dict[str, Any]) -> Any:
    """What an operation answers within a transaction."""
    return perform(Call(tx, Caller(), api, tx.now_ms, "", tx.ids.uuid()), operation, params)


class PerformClient:
    """A service's client as boto3 makes them, without HTTP: deployment scripts run on it unchanged."""

    def __init__(self, deployment: Deployment, service: str) -> None:
        self._deployment = deployment
        self._service = service
        self._operations = {xform_name(name): name for name in load_service(service).operations}
        self.meta = self
        self.region_name = "us-east-1"

    def get_waiter(self, _: str) -> PerformClient:
        """There is nothing to wait for."""
        return self

    def wait(self, **_: Any) -> None:
        """There is nothing to wait for."""

    def __getattr__(self, name: str) -> Any:
        operation = self._operations[name]

        def call(**params: Any) -> Any:
            try:
                return self._deployment.perform(f"{self._service}:{operation}", **params)
            except AwsError as error:
                raise ClientError({"Error": {"Code": error.code, "Message": error.message}}, operation) from None

        return call

"""One call of one operation: its transaction, its caller, its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segue.api.caller import Caller
from segue.api.service import Api
from segue.arn import make_arn
from segue.config import Limits
from segue.errors import not_implemented
from segue.jobs import Outbound, Pending
from segue.store import Transaction
from segue.store.tallies import Dimensions

Result = dict[str, Any] | Pending | Outbound
"""What an operation answers: its output's members, or "not yet" in one of its two forms."""


@dataclass(slots=True)
class Call:
    """What a handler is given.

    Attributes:
        tx: the transaction that the handler is a function of.
        caller: on whose authority.
        api: the door, to perform other operations within the same transaction.
        started_ms: when the call arrived; a call that was parked and looks again keeps it.
        trace: the trace header (``Root=…;Parent=…;Sampled=1``) of the conversation that this call belongs to.
        request_id: the call's own id.
        nested: whether another operation's handler, not an edge, made this call.
        continues: whether the request brought its conversation along, as those of functions do.
    """

    tx: Transaction
    caller: Caller
    api: Api
    started_ms: int
    trace: str = ""
    request_id: str = ""
    nested: bool = False
    continues: bool = False

    @property
    def now_ms(self) -> int:
        """The present."""
        return self.tx.now_ms

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.caller.account

    @property
    def region(self) -> str:
        """The region that the call is made in."""
        return self.caller.region

    @property
    def limits(self) -> Limits:
        """The quotas in force."""
        return self.api.settings.limits

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of the caller's account and region."""
        return make_arn(service, self.caller.region, self.caller.account, resource)

    def tally(
        self, arn: str, namespace: str, name: str, dimensions: Dimensions, value: float = 1, unit: str = "Count"
    ) -> None:
        """Count ``value`` in a metric (``AWS/SNS``, ``NumberOfMessagesPublished``) where the resource (by ARN) is."""
        _, _, _, region, account, _ = arn.split(":", 5)
        self.tx.tally((account, region, namespace, name, dimensions, unit), value)

    def as_caller(self, caller: Caller, trace: str | None = None) -> Call:
        """The same transaction on another authority (and with another cause)."""
        cause = self.trace if trace is None else trace
        return Call(self.tx, caller, self.api, self.started_ms, cause, self.request_id, self.nested, self.continues)

    def perform(self, operation: str, params: dict[str, Any]) -> Result:
        """Perform ``service:Operation`` within this transaction, on this call's authority."""
        from segue.api.perform import perform

        inner = Call(self.tx, self.caller, self.api, self.started_ms, self.trace, self.request_id, nested=True)
        return perform(inner, operation, params)

    def perform_at_once(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Perform an operation whose result is needed within this transaction.

        Raises:
            AwsError: as the operation does; 501 where it is done elsewhere (``--forward``).
        """
        result = self.perform(operation, params)
        if not isinstance(result, dict):
            raise not_implemented(operation, "the use within another operation (it is not done at once, but elsewhere)")
        return result

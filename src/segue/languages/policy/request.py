"""What is asked of policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """May this principal do this to that?

    Attributes:
        action: ``sqs:SendMessage``.
        resource: the ARN, or ``*`` for an action that knows none.
        principal_arn: who asks; a service's principal name if a service does.
        account: the asking principal's account.
        service: of a service that asks, its principal (``sns.amazonaws.com``), else empty.
        context: condition keys (``aws:SourceArn``) with their values.
    """

    action: str
    resource: str
    principal_arn: str = ""
    account: str = ""
    service: str = ""
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def values(self, key: str) -> Sequence[str] | None:
        """The values of a condition key (names know no case), or ``None`` where the request lacks it."""
        found = self.context.get(key)
        if found is None:
            lower = key.lower()
            found = next((value for name, value in self.context.items() if name.lower() == lower), None)
        if found is None:
            return None
        return (found,) if isinstance(found, str) else found

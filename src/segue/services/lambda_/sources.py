"""What kinds of event sources differ in: their settings, what is checked of them, how reading begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.services.lambda_.mapping_records import EventSourceMapping
from segue.services.lambda_.records import Function, FunctionVersion

_EVERYWHERE = (
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "FunctionResponseTypes",
    "FilterCriteria",
    "MetricsConfig",
    "LoggingConfig",
    "KMSKeyArn",
)


@dataclass(frozen=True, slots=True)
class Source:
    """One kind.

    Attributes:
        name: as error messages call it.
        settings: the members that it has besides those of all kinds.
        defaults: the members in force where a request does not name them.
        check: refuses (``AwsError``) a mapping whose settings, or whose source, will not do.
        start: called after a mapping was created or changed: if it is enabled, it reads from now on.
        stop: called before a mapping is changed (or deleted: ``True``).
        told: what its view says beside its settings.
    """

    name: str
    settings: tuple[str, ...]
    defaults: Mapping[str, Any]
    check: Callable[[Call, EventSourceMapping, Function, FunctionVersion], None]
    start: Callable[[Call, EventSourceMapping], None]
    stop: Callable[[Call, EventSourceMapping, bool], None]
    told: Callable[[Call, EventSourceMapping], dict[str, Any]]

    @property
    def stored(self) -> tuple[str, ...]:
        """All members that are kept of a request."""
        return (*_EVERYWHERE, *self.settings)

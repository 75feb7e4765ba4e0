"""Measurements that are not counted but looked at: how many messages wait in a queue.

A service has them in ``SERVICE.gauges``; they are read when somebody asks, or an alarm is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segue.api.call import Call


@dataclass(frozen=True, slots=True)
class Gauge:
    """One measurement.

    Attributes:
        unit: of its value, as CloudWatch names units.
        read: the value now, of the resource with these dimensions in the call's account and region; ``None``: there is
            no such resource, or nothing to measure.
        resources: the dimensions of all resources of the call's account and region.
    """

    unit: str
    read: Callable[[Call, Mapping[str, str]], float | None]
    resources: Callable[[Call], Iterable[Mapping[str, str]]]

"""The effect ``templates:serverless``: a SAM template to be made plain CloudFormation, and what came of it.

An operation or a job answers ``Outbound(SERVERLESS, ServerlessRequest(…), settle)``; an edge (``worker/serverless.py``)
has a process of its own do it and settles with a :class:`ServerlessAnswer`, never with an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SERVERLESS = "templates:serverless"
"""The name of the effect."""


@dataclass(frozen=True, slots=True)
class ServerlessRequest:
    """One template.

    Attributes:
        document: the template, with its transforms so far.
        values: of its parameters.
        region: ``eu-west-1``.
    """

    document: dict[str, Any]
    values: Mapping[str, Any]
    region: str


@dataclass(frozen=True, slots=True)
class ServerlessAnswer:
    """What came of it.

    Attributes:
        document: the template; ``None`` if it failed.
        error: why, in AWS's words; empty if it did not.
    """

    document: dict[str, Any] | None
    error: str = ""

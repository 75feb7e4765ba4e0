"""One look at one operation on one resource, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segue.api import Call
from segue.api.resource_types import Resource, ResourceRequest
from segue.errors import AwsError
from segue.jobs import Pending
from segue.languages.templates import TemplateError
from segue.services.cloudformation.authority import on_behalf
from segue.services.cloudformation.facts import resolve
from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.resource_records import ResourceRow
from segue.services.cloudformation.words import HandlerSays, handler_reason
from segue.store.blobs import ContentElsewhere

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot be done, for this reason."""

    reason: str


Outcome = Resource | Pending | Failed | None
Handler = Callable[[ResourceRequest], Resource | Pending | None]


def attempt(
    call: Call, stack: Stack, row: ResourceRow, handler: Handler, previous: dict[str, Any] | None = None
) -> Outcome:
    """Have a type's function do its part; what it has written is undone where it fails.

    What it keeps in ``request.progress`` is kept with the row, also of an attempt that fails.
    """
    progress = row.data.setdefault("progress", {})
    notes: list[str] = []
    try:
        with call.tx.savepoint():
            request = ResourceRequest(
                call=on_behalf(call, stack),
                type_name=row.type,
                logical_id=row.logical_id,
                properties=_resolved(
                    call, stack, row.data.get("properties", {}), strict=row.status != "DELETE_IN_PROGRESS"
                ),
                physical_id=row.physical_id,
                previous={} if previous is None else _resolved(call, stack, previous, strict=False),
                attributes=row.data.get("attributes", {}),
                stack_id=stack.id,
                stack_name=stack.name,
                tags=resource_tags(stack, row.logical_id),
                token=row.data["token"],
                progress=progress,
                notes=notes,
            )
            return handler(request)
    except TemplateError as error:
        return Failed(error.message)
    except HandlerSays as error:
        return Failed(error.message)
    except AwsError as error:
        return Failed(handler_reason(call, row.type, error))
    except ContentElsewhere:
        raise
    except Exception as error:
        log.exception("%s of %s in %s failed", row.type, row.logical_id, stack.id)
        return Failed(f"Internal error of Segue ({type(error).__name__}: {error})")
    finally:
        if notes:
            row.data["notes"] = notes


def _resolved(call: Call, stack: Stack, properties: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    """Properties with what their dynamic references stand for; of what is past (not ``strict``) it may be gone."""
    try:
        found: dict[str, Any] = resolve(call, stack, properties)
    except TemplateError:
        if strict:
            raise
        return properties
    return found


def resource_tags(stack: Stack, logical_id: str) -> dict[str, str]:
    """The tags that a stack hands on to a resource."""
    return {
        **stack.settings.get("tags", {}),
        "aws:cloudformation:stack-name": stack.name,
        "aws:cloudformation:stack-id": stack.id,
        "aws:cloudformation:logical-id": logical_id,
    }


def take_notes(row: ResourceRow) -> str:
    """What people should know of the resource, as the reason of its event."""
    return "; ".join(row.data.pop("notes", ()))

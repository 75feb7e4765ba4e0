"""Resource types without an engine: what a stack would do with one resource, in one transaction."""

from __future__ import annotations

from typing import Any

from segue.api import Call, Caller
from segue.api.resource_types import Resource, ResourceRequest
from segue.testing import Segue


class Resources:
    """Makes, changes and removes resources as the stack ``app`` of the default account."""

    def __init__(self, segue: Segue, **tags: str) -> None:
        self.segue = segue
        self.tags = {"aws:cloudformation:stack-name": "app", **tags}
        self.notes: list[str] = []
        self._known: dict[str, tuple[str, dict[str, Any], Resource]] = {}

    def create(self, type_name: str, logical_id: str, **properties: Any) -> Resource:
        made = self._do("create", type_name, logical_id, properties)
        assert isinstance(made, Resource)
        self._known[logical_id] = (type_name, properties, made)
        return made

    def update(self, logical_id: str, **properties: Any) -> Resource:
        type_name, previous, before = self._known[logical_id]
        made = self._do("update", type_name, logical_id, properties, previous, before)
        assert isinstance(made, Resource)
        assert made.physical_id == before.physical_id
        self._known[logical_id] = (type_name, properties, made)
        return made

    def delete(self, logical_id: str) -> None:
        type_name, properties, before = self._known[logical_id]
        self._do("delete", type_name, logical_id, properties, {}, before)

    def _do(
        self,
        what: str,
        type_name: str,
        logical_id: str,
        properties: dict[str, Any],
        previous: dict[str, Any] | None = None,
        before: Resource | None = None,
    ) -> Any:
        api = self.segue.server.api

        def unit(tx: Any) -> Any:
            self.notes = []  # of this run: it may be run again
            request = ResourceRequest(
                Call(tx, Caller(host="localhost"), api, tx.now_ms),
                type_name,
                logical_id,
                properties,
                physical_id=before.physical_id if before else "",
                previous=previous or {},
                attributes=before.attributes if before else {},
                stack_name="app",
                tags=self.tags,
                token="ABCDEFGHIJKL",
                notes=self.notes,
            )
            return getattr(api.resource_types[type_name], what)(request)

        return self.segue.transact(unit)

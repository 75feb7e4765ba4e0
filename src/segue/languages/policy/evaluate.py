"""Policies evaluated: an explicit deny beats every allow; nothing said is ``None``."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from segue.languages.policy.request import Request
from segue.languages.policy.statements import Statement, compile_document

Decision = Literal["Allow", "Deny"] | None
Document = Mapping[str, Any] | str
"""A policy, parsed or as text. Text is compiled once; a parsed one as long as the same object comes again."""

_CACHED_DOCUMENTS = 2_048


def evaluate(documents: Sequence[Document], request: Request, *, resource_policy: bool = False) -> Decision:
    """What the documents together say of the request.

    Args:
        documents: policies as text or parsed; they are taken as valid (see :func:`validate_document`).
        request: who wants to do what to which resource.
        resource_policy: the documents belong to the resource, so that statements speak of the principals they
            name. An account named as principal speaks for everyone in it.

    Returns:
        ``Deny`` if any statement denies, else ``Allow`` if one allows, else ``None``.

    Raises:
        ValueError: a document is no JSON object, or uses a condition operator that does not exist.
    """
    decision: Decision = None
    for document in documents:
        for statement in _compiled(document):
            if (decision is None or statement.effect == "Deny") and statement.applies(request, resource_policy):
                if statement.effect == "Deny":
                    return "Deny"
                decision = "Allow"
    return decision


def _compiled(document: Document) -> tuple[Statement, ...]:
    return _from_text(document) if isinstance(document, str) else _from_object(document)


@lru_cache(maxsize=_CACHED_DOCUMENTS)
def _from_text(text: str) -> tuple[Statement, ...]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("a policy document is a JSON object")
    return compile_document(document)


_objects: OrderedDict[int, tuple[Mapping[str, Any], tuple[Statement, ...]]] = OrderedDict()


def _from_object(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """Cached by identity; the entry holds the object, so its identity cannot pass to another one."""
    found = _objects.get(id(document))
    if found is not None:
        return found[1]
    statements = compile_document(document)
    _objects[id(document)] = (document, statements)
    if len(_objects) > _CACHED_DOCUMENTS:
        _objects.popitem(last=False)
    return statements

"""The least IAM policy that a state machine's role needs, told from its definition alone.

As AWS's console writes it when it creates a role: what a definition names is named in the policy, what comes with the
input is ``*`` (developer guide, "How Step Functions generates IAM policies for integrated services"). Tighter where a
definition allows it: tasks with Credentials need ``sts:AssumeRole`` of their role and nothing else, activities nothing.
Left out: what the logging and tracing configurations need, as they stand outside of the definition.

:mod:`grants` says what a state needs, :mod:`resources` which resources parameters mean, :mod:`actions` how actions are
called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segue.languages.asl_hints.containers import containers, places
from segue.languages.asl_policy.grants import Grant, grants_of
from segue.languages.asl_policy.resources import Names

__all__ = ["Names", "Policy", "policy_of"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a role needs.

    Attributes:
        document: the policy; without statements if nothing is needed.
        open: what could not be told, in words: where there is more than the least.
    """

    document: dict[str, Any]
    open: tuple[str, ...]


def policy_of(definition: dict[str, Any], names: Names, *, kind: str = "STANDARD") -> Policy:
    """The policy of a definition's role.

    Args:
        definition: one that ``validate`` finds without errors.
        names: in which region, account and machine.
        kind: ``STANDARD`` or ``EXPRESS``.
    """
    grants: list[Grant] = []
    told: list[str] = []
    for container in containers(definition, kind):
        for place in places(container):
            for grant in grants_of(place, names):
                grants.append(grant)
                if grant.why_open:
                    told.append(f"{place.name}: {grant.why_open}")
    return Policy({"Version": "2012-10-17", "Statement": _statements(grants)}, tuple(dict.fromkeys(told)))


def _statements(grants: list[Grant]) -> list[dict[str, Any]]:
    """One statement for all actions of a service that are about the same resources."""
    resources: dict[str, set[str]] = {}
    for grant in grants:
        resources.setdefault(grant.action, set()).add(grant.resource)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for action, of_action in resources.items():
        found = ("*",) if "*" in of_action else tuple(sorted(of_action))
        together.setdefault((action.partition(":")[0], found), []).append(action)
    return [
        {"Effect": "Allow", "Action": sorted(actions), "Resource": list(found)}
        for (_, found), actions in together.items()
    ]

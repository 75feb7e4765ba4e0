"""What an ARN of a state machine, of one of its versions or of an alias stands for.

``…:stateMachine:name`` is the newest revision, ``…:stateMachine:name:3`` a version, ``…:stateMachine:name:PROD`` an
alias, which stands for one of its versions at each start (developer guide, "Manage continuous deployments with versions
and aliases").
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from segue.api import Call
from segue.errors import AwsError
from segue.services.states import records, version_records
from segue.services.states.arns import checked_arn, machine_missing
from segue.services.states.records import Machine
from segue.services.states.version_records import Alias


@dataclass(frozen=True, slots=True)
class Chosen:
    """A state machine as an ARN means it: ``machine`` has the version's definition, role and settings."""

    machine: Machine
    version_arn: str = ""
    alias_arn: str = ""


def unqualified(arn: str) -> str:
    """The state machine's own ARN."""
    return ":".join(arn.split(":", 8)[:7])


def qualifier(arn: str) -> str:
    """The version's number or the alias's name, or nothing."""
    return arn.split(":", 7)[7] if arn.count(":") > 6 else ""


def existing_machine(call: Call, arn: str) -> Machine:
    """The state machine of that ARN, which is not a version's or an alias's.

    Raises:
        AwsError: ``StateMachineDoesNotExist``, ``InvalidArn``.
    """
    machine = records.find_machine(call.tx, checked_arn(arn, "stateMachine"))
    if machine is None:
        raise machine_missing(arn)
    return machine


def refuse_deleting(machine: Machine) -> Machine:
    """Raise ``StateMachineDeleting`` where the machine is on its way out."""
    if machine.status == "DELETING":
        raise AwsError("StateMachineDeleting", f"State Machine is being deleted: '{machine.arn}'")
    return machine


def chosen(call: Call, arn: str) -> Chosen:
    """What an execution is started of: an alias draws lots between its versions, by their weights.

    Raises:
        AwsError: ``StateMachineDoesNotExist``, ``InvalidArn``.
    """
    if not qualifier(arn):
        return Chosen(existing_machine(call, arn))
    if qualifier(arn).isdigit():
        return Chosen(as_version(call, arn), arn)
    checked_arn(arn, "stateMachine")
    alias = version_records.find_alias(call.tx, arn)
    if alias is None:
        raise machine_missing(arn)
    version_arn = _drawn(call, alias)
    return Chosen(as_version(call, version_arn), version_arn, arn)


def as_version(call: Call, arn: str) -> Machine:
    """The state machine as it was when a version was published."""
    machine = records.find_machine(call.tx, unqualified(checked_arn(arn, "stateMachine")))
    version = version_records.find_version(call.tx, arn)
    if machine is None or version is None:
        raise machine_missing(arn)
    return replace(
        machine,
        definition_hash=version.definition_hash,
        role_arn=version.role_arn,
        revision_id=version.revision_id,
        settings=version.settings,
    )


def _drawn(call: Call, alias: Alias) -> str:
    lot = call.tx.ids.seed() % 100 if len(alias.routing) > 1 else 0
    for arn, weight in alias.routing:
        if lot < weight:
            return arn
        lot -= weight
    return alias.routing[-1][0]

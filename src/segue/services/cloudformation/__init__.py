"""AWS CloudFormation.

In: stacks with their resources, events, outputs, exports and imports; update with replacement, rollback, deletion
policies. Every operation on a resource is a job; a step and what it changes commit together, so that a deployment goes
on after a crash.
"""

from segue.services.cloudformation import (
    change_sets,
    custom_resources,
    describe,
    exports,
    nested,
    operation_events,
    phases,
    recovery,
    stack_settings,
    stacks,
    steps,
    templates,
    wait_conditions,
)
from segue.services.cloudformation.service import SERVICE

__all__ = [
    "SERVICE",
    "change_sets",
    "custom_resources",
    "describe",
    "exports",
    "nested",
    "operation_events",
    "phases",
    "recovery",
    "stack_settings",
    "stacks",
    "steps",
    "templates",
    "wait_conditions",
]

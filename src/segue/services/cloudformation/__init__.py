"""AWS CloudFormation.

In: stacks and change sets with events, outputs, exports and imports; parameters (also of the parameter store), dynamic
references, transforms (SAM, Include, LanguageExtensions); update with replacement, rollback (also cancelled, continued,
put off), deletion policies, capabilities, service roles, nested stacks, custom resources answered over HTTP, wait
conditions. Every operation on a resource is a job, and a step commits with what it changes, so a deployment goes on
after a crash. Resource types are declared by their services; those of services that Segue lacks are placeholders with a
note. Left out, and answered with 501: drift, imports of existing resources, stack sets, refactoring, generated
templates, hooks, the registry. Stack policies are kept and not enforced, rollback triggers kept and not watched; change
sets of nested stacks are not made.
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
    retention,
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
    "retention",
    "stack_settings",
    "stacks",
    "steps",
    "templates",
    "wait_conditions",
]

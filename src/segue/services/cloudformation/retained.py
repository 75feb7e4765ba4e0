"""What stays although its stack has no use for it any more.

Source: CloudFormation template reference, DeletionPolicy and UpdateReplacePolicy attributes. There are no snapshots
here, so ``Snapshot`` retains.
"""

from __future__ import annotations

from segue.services.cloudformation.records import Stack
from segue.services.cloudformation.resource_records import ResourceRow


def is_retained(stack: Stack, row: ResourceRow) -> bool:
    """Whether a resource stays although the stack has no use for it any more."""
    operation = stack.operation
    assert operation is not None
    if row.logical_id in operation.get("retain", ()):
        return True
    if row.data.get("replaced"):
        policy = row.data.get("replace_policy", "")
    elif "replaces" in row.data and operation["phase"] == "rollback-cleanup":
        policy = ""
    else:
        policy = row.data.get("deletion_policy", "")
    made_now = row.data.get("made_by") == operation["series"] and operation["phase"] in ("rollback", "rollback-cleanup")
    if made_now and (policy == "RetainExceptOnCreate" or stack.settings.get("retain_except_on_create")):
        return False
    return policy in ("Retain", "Snapshot", "RetainExceptOnCreate")

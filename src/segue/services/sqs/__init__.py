"""Amazon SQS.

In: standard and FIFO queues with all their attributes, policies by AddPermission and RemovePermission, tags, purge;
sending, receiving, deleting and changing visibility, one or a batch, long polls, delays, retention, message and
system attributes, dead-letter queues with their allow policies, message move tasks, deduplication, group order,
receive attempts, the in-flight limit, fair queues (by the share of what is in flight).

Left out: encryption at rest (its attributes are kept and returned); the sixty seconds before a deleted queue's name may
be used again (a limit, 0 unless set); of fair queues the share of the consumers' time; throughput quotas.
"""

from segue.services.sqs import move_tasks, permissions, queues, receive, resource_types, retention, settlement
from segue.services.sqs.peek import peek
from segue.services.sqs.service import SERVICE

__all__ = [
    "SERVICE",
    "move_tasks",
    "peek",
    "permissions",
    "queues",
    "receive",
    "resource_types",
    "retention",
    "settlement",
]

"""Durable work: what is to happen later or elsewhere is a row, due at a time or at a wake, leased while it runs."""

from segue.jobs.job import Again, Job, Outbound, Pending
from segue.jobs.queue import cancel, cancel_all, count_waiting, enqueue, enqueue_parked, exists, hurry, wake

__all__ = [
    "Again",
    "Job",
    "Outbound",
    "Pending",
    "cancel",
    "cancel_all",
    "count_waiting",
    "enqueue",
    "enqueue_parked",
    "exists",
    "hurry",
    "wake",
]

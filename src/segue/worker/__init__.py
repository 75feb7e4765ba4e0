"""The edge that runs jobs: those of one transaction within it, those that leave the building under a lease."""

from segue.worker.worker import Worker

__all__ = ["Worker"]

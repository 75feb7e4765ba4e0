"""The unit of work: a function of one transaction, run once or again, answered only after its commit is on disk."""

from segue.store.transaction import Row, Transaction, Unit

__all__ = ["Row", "Transaction", "Unit"]

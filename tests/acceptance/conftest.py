"""Several servers on one database, for any test here."""

from tests.nodes import nodes

__all__ = ["nodes"]

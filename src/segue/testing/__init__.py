"""Segue in a test: a whole server in this process, with time under the test's control.

with Segue() as segue:
    states = segue.client("stepfunctions")
    …
    segue.advance(days=7)      # what is due until then happens, in order; nobody waits
    segue.outbox(to="ann@example.com")   # mail and text messages that were sent
"""

from segue.testing.outbox import Letter
from segue.testing.segue import Segue

__all__ = ["Letter", "Segue"]

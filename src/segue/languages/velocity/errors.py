"""What can be wrong with a template."""

from __future__ import annotations


class VelocityError(ValueError):
    """A template that cannot be read, uses what is not here, or does more than it may."""

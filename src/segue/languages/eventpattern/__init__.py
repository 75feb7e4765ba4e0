"""EventBridge event patterns, pure: ``compile(text)``, ``Pattern.matches(event)``, ``Pattern.explain(event)``.

In: exact values, ``prefix``, ``suffix``, ``equals-ignore-case`` (alone and inside both), ``anything-but`` with every
nested form, ``numeric``, ``exists``, ``wildcard``, ``cidr``, ``$or``, dotted names, and array consistency (all fields
of one array of objects match in the same element)
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html). What a leaf may say is in
``leaves``, usable for filter policies too.
"""

from segue.languages.eventpattern.errors import InvalidPattern
from segue.languages.eventpattern.pattern import Mismatch, Pattern, compile

__all__ = ["InvalidPattern", "Mismatch", "Pattern", "compile"]

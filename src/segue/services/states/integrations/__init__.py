"""Service integrations: from a Task's Resource and Parameters to an operation, and from its answer to the result.

``optimized`` holds the integrations that Step Functions shapes by hand; ``aws_sdk`` covers every other operation there
is, by the services' models. Both give an :class:`~segue.services.states.integrations.integration.Integration`.
"""

from segue.services.states.integrations.integration import Integration, TaskError
from segue.services.states.integrations.resolve import resolve, unusable

__all__ = ["Integration", "TaskError", "resolve", "unusable"]

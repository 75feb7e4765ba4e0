"""The IAM policy language, pure: documents and a request in, ``Allow``, ``Deny`` or ``None`` (implicit deny) out.

In: statements with (Not)Action, (Not)Resource, (Not)Principal, every condition operator with ``IfExists``,
``ForAnyValue:`` and ``ForAllValues:``, ``Null``, and policy variables with defaults
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html).
Left out: permission boundaries and organisation policies (a matter of who is asked, not of the language).
"""

from segue.languages.policy.evaluate import Decision, evaluate
from segue.languages.policy.request import Request
from segue.languages.policy.validate import MalformedPolicy, validate_document

__all__ = ["Decision", "MalformedPolicy", "Request", "evaluate", "validate_document"]

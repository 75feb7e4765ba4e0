"""SNS filter policies, pure: ``compile(text, scope)``, then ``matches_attributes`` or ``matches_body``.

They are event patterns with SNS's limits (five keys, 150 combinations), read in SNS's compact spelling, matched
against message attributes or against the message itself
(https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html).
"""

from segue.languages.filterpolicy.policy import FilterPolicy, InvalidFilterPolicy, Scope, compile

__all__ = ["FilterPolicy", "InvalidFilterPolicy", "Scope", "compile"]

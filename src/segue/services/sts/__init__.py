"""AWS STS.

In: caller identity, access key info, sessions of roles, of web identities (the token is read, its signature is not
verified), of the caller itself and of federated users; trust policies are checked where IAM is enforced, and what
would be denied is recorded where it is audited.
Left out: SAML, root sessions, managed session policies (refused), MFA (its members are taken and not checked).
"""

from segue.services.sts import callers, sessions
from segue.services.sts.service import SERVICE

__all__ = ["SERVICE", "callers", "sessions"]

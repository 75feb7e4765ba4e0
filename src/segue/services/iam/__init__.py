"""AWS IAM.

In: roles, users, groups, instance profiles, access keys, inline and managed policies with versions, attachments,
tags, the simulators, service-linked roles; the policies that AWS manages as far as applications of this kind attach
them.
Left out: MFA, login profiles, server and signing certificates, SAML and OIDC providers, account aliases and summary,
reports; permission boundaries are stored and returned, not evaluated.
"""

from segue.services.iam import (
    groups,
    managed_policies,
    owned_policies,
    resource_types,
    roles,
    service_linked_roles,
    simulate,
    tagging,
    users,
)
from segue.services.iam.service import SERVICE

__all__ = [
    "SERVICE",
    "groups",
    "managed_policies",
    "owned_policies",
    "resource_types",
    "roles",
    "service_linked_roles",
    "simulate",
    "tagging",
    "users",
]

"""AWS Systems Manager: the Parameter Store.

In: parameters (String, StringList, SecureString encrypted by KMS) with versions, labels and selectors (``name:3``,
``name:label``), tiers, data types, allowed patterns, tags; told one by one, several, by path and by filters; history;
the event of each change. Left out: parameter policies (expiry), the public parameters below ``/aws/service``, the check
that an ``aws:ec2:image`` is one, sharing between accounts, and all of Systems Manager that is no parameter.
"""

from segue.services.ssm import labels, parameters, resource_types, searches
from segue.services.ssm.service import SERVICE

__all__ = ["SERVICE", "labels", "parameters", "resource_types", "searches"]

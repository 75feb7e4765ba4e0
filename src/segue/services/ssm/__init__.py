"""AWS Systems Manager: the Parameter Store.

In: parameters (String, StringList, SecureString encrypted by KMS) with versions, labels and selectors (``name:3``,
``name:label``), tiers, data types, allowed patterns, policies (expiry and notices), tags; told one by one, several, by
path and by filters; history; the event of each change. Of the public parameters below ``/aws/service`` ids of images,
which mean nothing here, and regions. Left out: the other public ones, the check that an ``aws:ec2:image`` is one,
sharing between accounts, and all of Systems Manager that is no parameter.
"""

from segue.services.ssm import labels, parameters, resource_types, searches
from segue.services.ssm.service import SERVICE

__all__ = ["SERVICE", "labels", "parameters", "resource_types", "searches"]

"""AWS Secrets Manager.

In: secrets with versions and staging labels (AWSCURRENT, AWSPREVIOUS, one's own), descriptions, tags, resource
policies, deletion with a recovery window and restoring; listing with filters; random passwords; rotation by a function
in four steps, at once and by schedule; the secrets that EventBridge keeps for its connections. Values lie in the data
directory as they are: ``KmsKeyId`` is kept, nothing is encrypted by it. Left out, and answered with 501: replication.
"""

from segue.services.secretsmanager import (
    passwords,
    resource_types,
    rotation,
    secrets,
    values,
)
from segue.services.secretsmanager.service import SERVICE

__all__ = ["SERVICE", "passwords", "resource_types", "rotation", "secrets", "values"]

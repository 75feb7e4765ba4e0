"""Amazon ECR: repositories without images.

In: repositories with their settings, policies, lifecycle policies and tags, so that what is deployed with them (the
bootstrap stack of the CDK) can be. There is no registry: images are nowhere to be found, and a login is refused with
words. Left out, and answered with 501: layers and pushes, scans, replication, pull-through caches, registry policies.
"""

from segue.services.ecr import images, repositories, resource_types
from segue.services.ecr.service import SERVICE

__all__ = ["SERVICE", "images", "repositories", "resource_types"]

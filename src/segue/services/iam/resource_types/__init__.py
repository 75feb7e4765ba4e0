"""Roles, users, groups and their policies in templates.

Source: CloudFormation template reference, AWS::IAM.
"""

from segue.services.iam.resource_types import owners, policies, users

__all__ = ["owners", "policies", "users"]

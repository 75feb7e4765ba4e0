"""Functions, and what hangs on them, in templates.

Source: CloudFormation template reference, AWS::Lambda.
"""

from segue.services.lambda_.resource_types import event_sources, functions, layers, permissions, urls, versions

__all__ = ["event_sources", "functions", "layers", "permissions", "urls", "versions"]

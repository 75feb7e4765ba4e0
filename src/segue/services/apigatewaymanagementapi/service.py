"""The service's declaration."""

from __future__ import annotations

from segue.api import Service

SERVICE = Service("apigatewaymanagementapi", iam_prefix="execute-api")

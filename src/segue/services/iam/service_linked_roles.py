"""Roles that services make for themselves. What they may do is not evaluated: services here act on their own name."""

from __future__ import annotations

import json
import re
from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.iam.entities import ROLE, Entity, create, delete, entity_of, resource_of
from segue.services.iam.roles import role_members
from segue.services.iam.service import SERVICE

_PATH = "/aws-service-role/"
_role = resource_of(ROLE)
# Where AWS's own spelling is more than the principal's first word with a capital.
_SPELLINGS = {
    "apidestinations.events": "AmazonEventBridgeApiDestinations",
    "dynamodb.application-autoscaling": "ApplicationAutoScaling_DynamoDBTable",
    "lambda.application-autoscaling": "ApplicationAutoScaling_LambdaConcurrency",
    "ops.apigateway": "APIGateway",
    "replication.dynamodb": "DynamoDBReplication",
}


@SERVICE.operation("CreateServiceLinkedRole")
def create_service_linked_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The role of a service, named as AWS names it (``AWSServiceRoleFor…``)."""
    service: str = params["AWSServiceName"]
    word = service.removesuffix(".amazonaws.com")
    if word == service or not re.fullmatch(r"[a-z0-9.-]+", word):
        raise AwsError("InvalidInput", f"Service {service} does not support service-linked roles.")
    suffix = f"_{params['CustomSuffix']}" if params.get("CustomSuffix") else ""
    spelling = _SPELLINGS.get(word) or "".join(part.capitalize() for part in re.split(r"[.-]", word))
    name = f"AWSServiceRoleFor{spelling}{suffix}"
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    details = {"Description": params["Description"]} if "Description" in params else {}
    try:
        role = create(call, ROLE, {"RoleName": name, "Path": f"{_PATH}{service}/"}, details, trust)
    except AwsError:
        message = f"Service role name {name} has been taken in this account, please try a different suffix."
        raise AwsError("InvalidInput", message) from None
    return {"Role": role_members(role)}


@SERVICE.operation("DeleteServiceLinkedRole", resource=_role)
def delete_service_linked_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a service's role; done at once, so that its status can be asked of nothing but the task's id."""
    role: Entity = entity_of(call, ROLE, params)
    if not role.path.startswith(_PATH):
        raise AwsError("InvalidInput", f"{role.name} is not a service-linked role.")
    delete(call.tx, role)
    return {"DeletionTaskId": f"task{role.path}{role.name}/{call.tx.ids.uuid()}"}


@SERVICE.operation("GetServiceLinkedRoleDeletionStatus")
def get_service_linked_role_deletion_status(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Deletions are over when they have been answered."""
    if not params["DeletionTaskId"].startswith(f"task{_PATH}"):
        raise AwsError("NoSuchEntity", f"Deletion Task Id {params['DeletionTaskId']} cannot be found.", status=404)
    return {"Status": "SUCCEEDED"}

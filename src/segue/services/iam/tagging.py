"""Tags of users, roles, instance profiles and policies: the same three operations each, made by a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.api import Call
from segue.api.tags import add_tags, remove_tags, tags_of
from segue.errors import AwsError
from segue.services.iam.entities import INSTANCE_PROFILE, ROLE, USER, Kind, entity_of, page, page_after
from segue.services.iam.service import SERVICE

Find = Callable[[Call, dict[str, Any]], str]


def _declare(title: str, find: Find) -> None:
    """Tag…, Untag…, List…Tags."""

    @SERVICE.operation(f"Tag{title}", resource=find)
    def tag(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        add_tags(call.tx, find(call, params), {one["Key"]: one["Value"] for one in params["Tags"]})
        return {}

    @SERVICE.operation(f"Untag{title}", resource=find)
    def untag(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        remove_tags(call.tx, find(call, params), params["TagKeys"])
        return {}

    @SERVICE.operation(f"List{title}Tags", resource=find)
    def list_(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        tags = tags_of(call.tx, find(call, params))
        return page(params, "Tags", page_after(params, list(tags)), lambda key: {"Key": key, "Value": tags[key]}, str)


def _entity(kind: Kind) -> Find:
    return lambda call, params: entity_of(call, kind, params).arn


def _policy(call: Call, params: dict[str, Any]) -> str:
    arn: str = params["PolicyArn"]
    if call.tx.one("SELECT 1 FROM iam_policies WHERE arn = ?", arn) is None:
        raise AwsError("NoSuchEntity", f"Policy {arn} was not found.", status=404)
    return arn


for _kind in (ROLE, USER, INSTANCE_PROFILE):
    _declare(_kind.title, _entity(_kind))
_declare("Policy", _policy)

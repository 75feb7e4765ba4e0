"""Log groups and streams, filters and policies in templates.

Source: CloudFormation template reference, AWS::Logs::LogGroup, LogStream, SubscriptionFilter, MetricFilter,
ResourcePolicy, QueryDefinition.
"""

from __future__ import annotations

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, chosen, note_ignored, remove, retag
from segue.services.logs.service import SERVICE

_LONGEST_NAME = 512
_IGNORED = ("BearerTokenAuthenticationEnabled", "DataProtectionPolicy", "FieldIndexPolicies", "ResourcePolicyDocument")


def _create_group(request: ResourceRequest) -> Resource:
    name, given = request.name("LogGroupName", _LONGEST_NAME), request.properties
    arn = request.call.arn("logs", f"log-group:{name}:*")
    params = {
        "LogGroupName": name,
        "KmsKeyId": given.get("KmsKeyId"),
        "LogGroupClass": given.get("LogGroupClass"),
        "DeletionProtectionEnabled": given.get("DeletionProtectionEnabled"),
        "Tags": request.all_tags(),
    }
    request.perform("logs:CreateLogGroup", params)
    _keep_retention(request, name)
    note_ignored(request, *_IGNORED)
    return Resource(name, {"Arn": arn})


def _keep_retention(request: ResourceRequest, name: str) -> None:
    days = request.properties.get("RetentionInDays")
    if days is not None:
        request.perform("logs:PutRetentionPolicy", {"LogGroupName": name, "RetentionInDays": days})
    elif request.previous.get("RetentionInDays") is not None:
        request.perform("logs:DeleteRetentionPolicy", {"LogGroupName": name})


def _update_group(request: ResourceRequest) -> Resource:
    name = request.physical_id
    if request.changed("RetentionInDays"):
        _keep_retention(request, name)
    if request.changed("KmsKeyId"):
        key = request.properties.get("KmsKeyId")
        if key:
            request.perform("logs:AssociateKmsKey", {"LogGroupName": name, "KmsKeyId": key})
        else:
            request.perform("logs:DisassociateKmsKey", {"LogGroupName": name})
    retag(request, "logs", {"ResourceArn": request.attributes["Arn"].removesuffix(":*")})
    note_ignored(request, *_IGNORED)
    return Resource(name, request.attributes)


def _delete_group(request: ResourceRequest) -> None:
    remove(request, "logs:DeleteLogGroup", {"LogGroupName": request.physical_id})


def _create_stream(request: ResourceRequest) -> Resource:
    name = request.name("LogStreamName", _LONGEST_NAME)
    group = request.properties["LogGroupName"]
    request.perform("logs:CreateLogStream", {"LogGroupName": group, "LogStreamName": name})
    return Resource(name)


def _delete_stream(request: ResourceRequest) -> None:
    params = {"LogGroupName": request.properties["LogGroupName"], "LogStreamName": request.physical_id}
    remove(request, "logs:DeleteLogStream", params)


_FILTER = ("DestinationArn", "Distribution", "FilterPattern", "LogGroupName", "RoleArn")


def _put_subscription(request: ResourceRequest) -> Resource:
    name = request.physical_id or request.name("FilterName", _LONGEST_NAME)
    given = chosen(request.properties, *_FILTER)
    if not _to_function(request):
        if request.physical_id:
            _delete_subscription(request)  # what it fed until now
        request.notes.append(f"Nothing is sent to {given['DestinationArn']}: filters feed functions alone here")
        return Resource(name)
    request.perform("logs:PutSubscriptionFilter", {"FilterName": name, **given})
    note_ignored(request, "ApplyOnTransformedLogs", "EmitSystemFields", "FieldSelectionCriteria")
    return Resource(name)


def _to_function(request: ResourceRequest) -> bool:
    return str(request.properties["DestinationArn"]).split(":")[2:3] == ["lambda"]


def _delete_subscription(request: ResourceRequest) -> None:
    params = {"LogGroupName": request.properties["LogGroupName"], "FilterName": request.physical_id}
    remove(request, "logs:DeleteSubscriptionFilter", params)


def _put_policy(request: ResourceRequest) -> Resource:
    name = request.properties["PolicyName"]
    document = request.properties["PolicyDocument"]
    request.perform("logs:PutResourcePolicy", {"PolicyName": name, "PolicyDocument": document})
    return Resource(name)


def _delete_policy(request: ResourceRequest) -> None:
    remove(request, "logs:DeleteResourcePolicy", {"PolicyName": request.physical_id})


_METRICS = ("FilterPattern", "LogGroupName", "MetricTransformations")
_TRANSFORMATION = ("DefaultValue", "MetricName", "MetricNamespace", "MetricValue", "Unit")


def _put_metric_filter(request: ResourceRequest) -> Resource:
    name = request.physical_id or request.name("FilterName", _LONGEST_NAME)
    given = chosen(request.properties, *_METRICS)
    given["MetricTransformations"] = [
        chosen(one, *_TRANSFORMATION) | ({"Dimensions": one["Dimensions"]} if one.get("Dimensions") else {})
        for one in given.get("MetricTransformations") or ()
    ]
    request.perform("logs:PutMetricFilter", {"FilterName": name, **given})
    note_ignored(request, "ApplyOnTransformedLogs", "EmitSystemFieldDimensions", "FieldSelectionCriteria")
    return Resource(name)


def _delete_metric_filter(request: ResourceRequest) -> None:
    params = {"LogGroupName": request.properties["LogGroupName"], "FilterName": request.physical_id}
    remove(request, "logs:DeleteMetricFilter", params)


def _note_query(request: ResourceRequest) -> Resource:
    request.notes.append("Query definitions have no effect here: there are no queries of logs")
    made = request.physical_id or request.call.tx.ids.uuid()
    return Resource(made, {"QueryDefinitionId": made})


def _forget(request: ResourceRequest) -> None:
    """There is nothing to remove."""


_PLACE = frozenset(("FilterName", "LogGroupName"))
SERVICE.resource_type(ResourceType("AWS::Logs::LogGroup", _create_group, _delete_group, _update_group))
SERVICE.resource_type(ResourceType("AWS::Logs::LogStream", _create_stream, _delete_stream))
SERVICE.resource_type(
    ResourceType("AWS::Logs::SubscriptionFilter", _put_subscription, _delete_subscription, _put_subscription, _PLACE)
)
SERVICE.resource_type(
    ResourceType("AWS::Logs::ResourcePolicy", _put_policy, _delete_policy, _put_policy, frozenset(("PolicyName",)))
)
SERVICE.resource_type(
    ResourceType("AWS::Logs::MetricFilter", _put_metric_filter, _delete_metric_filter, _put_metric_filter, _PLACE)
)
SERVICE.resource_type(ResourceType("AWS::Logs::QueryDefinition", _note_query, _forget, _note_query))

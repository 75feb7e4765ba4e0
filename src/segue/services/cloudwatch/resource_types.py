"""Alarms and dashboards in templates.

Source: CloudFormation template reference, AWS::CloudWatch::Alarm, AWS::CloudWatch::CompositeAlarm,
AWS::CloudWatch::Dashboard.
"""

from __future__ import annotations

from functools import partial

from segue.api.resource_types import Resource, ResourceRequest, ResourceType, remove, retag
from segue.arn import parse_arn
from segue.services.cloudwatch.service import SERVICE, alarm_arn, dashboard_arn

_LONGEST_NAME = 255
_OURS = ("sns", "lambda")
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def _put_alarm(operation: str, request: ResourceRequest) -> Resource:
    name = request.physical_id or request.name("AlarmName", _LONGEST_NAME)
    given = {key: value for key, value in request.properties.items() if key not in ("AlarmName", "Tags")}
    for action in dict.fromkeys(arn for key in _ACTIONS for arn in given.get(key) or ()):
        service = parse_arn(str(action)).service if str(action).startswith("arn:") else ""
        if service and service not in _OURS:
            request.notes.append(f"The alarm does not act on {action}: it acts on topics and functions here")
    tags = [{"Key": key, "Value": value} for key, value in request.all_tags().items()]
    request.perform(operation, {"AlarmName": name, "Tags": tags or None, **given})
    arn = alarm_arn(request.call, name)
    if request.physical_id:
        retag(request, "cloudwatch", {"ResourceARN": arn})
    return Resource(name, {"Arn": arn})


def _delete_alarm(request: ResourceRequest) -> None:
    remove(request, "cloudwatch:DeleteAlarms", {"AlarmNames": [request.physical_id]})


def _put_dashboard(request: ResourceRequest) -> Resource:
    name = request.physical_id or request.name("DashboardName", _LONGEST_NAME)
    request.perform(
        "cloudwatch:PutDashboard", {"DashboardName": name, "DashboardBody": request.properties["DashboardBody"]}
    )
    tags = {"ResourceARN": dashboard_arn(request.call, name)}
    retag(request, "cloudwatch", tags)
    return Resource(name)


def _delete_dashboard(request: ResourceRequest) -> None:
    remove(request, "cloudwatch:DeleteDashboards", {"DashboardNames": [request.physical_id]})


_METRIC = partial(_put_alarm, "cloudwatch:PutMetricAlarm")
_COMPOSITE = partial(_put_alarm, "cloudwatch:PutCompositeAlarm")
SERVICE.resource_type(ResourceType("AWS::CloudWatch::Alarm", _METRIC, _delete_alarm, _METRIC))
SERVICE.resource_type(ResourceType("AWS::CloudWatch::CompositeAlarm", _COMPOSITE, _delete_alarm, _COMPOSITE))
SERVICE.resource_type(ResourceType("AWS::CloudWatch::Dashboard", _put_dashboard, _delete_dashboard, _put_dashboard))

"""Configuration sets, their options and event destinations."""

from __future__ import annotations

from typing import Any, Final

from segue.api import Call
from segue.api.tags import add_tags, tags_of
from segue.services.ses import configuration_sets
from segue.services.ses.configuration_sets import change_set, destinations_of, new_set, remove_destination, remove_set
from segue.services.ses.feedback import NEW_KINDS
from segue.services.ses.records import CONFIGURATION_SET
from segue.services.ses.service import arn_of, existing, named, page
from segue.services.ses.v2.identities import given_tags, listed_tags
from segue.services.ses.v2.service import bad_request, operation

_set = named(CONFIGURATION_SET, "ConfigurationSetName")
_OPTIONS: Final = (
    "TrackingOptions",
    "DeliveryOptions",
    "ReputationOptions",
    "SendingOptions",
    "SuppressionOptions",
    "VdmOptions",
    "ArchivingOptions",
)
_KINDS: Final = {new: kind for kind, new in NEW_KINDS.items()}
_TARGETS: Final = ("KinesisFirehoseDestination", "CloudWatchDestination", "SnsDestination", "EventBridgeDestination")


@operation("CreateConfigurationSet", resource=_set)
def create_configuration_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    name = params["ConfigurationSetName"]
    new_set(call, name, {option: params[option] for option in _OPTIONS if params.get(option) is not None})
    add_tags(call.tx, arn_of(call, CONFIGURATION_SET, name), given_tags(params))
    return {}


@operation("GetConfigurationSet", reads=True, resource=_set)
def get_configuration_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    thing = existing(call, CONFIGURATION_SET, params["ConfigurationSetName"])
    first: dict[str, Any] = {
        "DeliveryOptions": {"TlsPolicy": "OPTIONAL"},
        "ReputationOptions": {"ReputationMetricsEnabled": False},
        "SendingOptions": {"SendingEnabled": True},
    }
    options = {option: thing.document[option] for option in _OPTIONS if thing.document.get(option) is not None}
    tags = listed_tags(tags_of(call.tx, arn_of(call, CONFIGURATION_SET, thing.name)))
    return {"ConfigurationSetName": thing.name, **first, **options, "Tags": tags}


@operation("ListConfigurationSets", reads=True)
def list_configuration_sets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found, token = page(call, CONFIGURATION_SET, params, params.get("PageSize"), 1_000)
    return {"ConfigurationSets": [thing.name for thing in found], "NextToken": token}


@operation("DeleteConfigurationSet", resource=_set)
def delete_configuration_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove_set(call, params["ConfigurationSetName"])
    return {}


def _put(option: str, *members: str) -> None:
    """Declare an operation that sets one of the options as a whole."""

    def put(call: Call, params: dict[str, Any]) -> dict[str, Any]:
        given = {member: params[member] for member in members if params.get(member) is not None}
        change_set(call, params["ConfigurationSetName"], **{option: given or None})
        return {}

    put.__module__ = __name__
    operation(f"PutConfigurationSet{option}", resource=_set)(put)


_put("SendingOptions", "SendingEnabled")
_put("DeliveryOptions", "TlsPolicy", "SendingPoolName", "MaxDeliverySeconds")
_put("ReputationOptions", "ReputationMetricsEnabled")
_put("SuppressionOptions", "SuppressedReasons")
_put("TrackingOptions", "CustomRedirectDomain", "HttpsPolicy")


@operation("CreateConfigurationSetEventDestination", resource=_set)
def create_event_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _save(call, params, new=True)
    return {}


@operation("UpdateConfigurationSetEventDestination", resource=_set)
def update_event_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    _save(call, params, new=False)
    return {}


def _save(call: Call, params: dict[str, Any], *, new: bool) -> None:
    given, set_name = params["EventDestination"], params["ConfigurationSetName"]
    bus = (given.get("EventBridgeDestination") or {}).get("EventBusArn")
    if bus and not bus.endswith(":event-bus/default"):
        raise bad_request("Only the default event bus is supported.")
    document = {
        "Enabled": given.get("Enabled") is True,
        "Kinds": [_KINDS[kind] for kind in given.get("MatchingEventTypes") or ()],
        **{target: given[target] for target in (*_TARGETS, "PinpointDestination") if given.get(target)},
    }
    configuration_sets.save_destination(call, set_name, params["EventDestinationName"], document, new=new)


@operation("GetConfigurationSetEventDestinations", reads=True, resource=_set)
def get_event_destinations(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = destinations_of(existing(call, CONFIGURATION_SET, params["ConfigurationSetName"]))
    shown = [
        {
            "Name": each["Name"],
            "Enabled": each["Enabled"],
            "MatchingEventTypes": [NEW_KINDS[kind] for kind in each["Kinds"]],
            **{target: each[target] for target in _TARGETS if each.get(target)},
        }
        for each in found
    ]
    return {"EventDestinations": shown}


@operation("DeleteConfigurationSetEventDestination", resource=_set)
def delete_event_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove_destination(call, params["ConfigurationSetName"], params["EventDestinationName"])
    return {}

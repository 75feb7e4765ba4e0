"""Configuration sets and where they tell of what happens to mail. Kept once, for both APIs.

A set's document has the newer API's members (``SendingOptions``, ``TrackingOptions``, …) and ``Destinations``, whose
kinds of events are spelled as events spell them (``Rendering Failure``).
"""

from __future__ import annotations

import re
from typing import Any, Final

from segue.api import Call
from segue.api.tags import drop_tags
from segue.errors import AwsError
from segue.services.ses import feedback, records
from segue.services.ses.records import CONFIGURATION_SET, Thing
from segue.services.ses.service import SERVICE, arn_of, existing, named, page, scope_of

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_SETS: Final = 10_000
_MOST_DESTINATIONS: Final = 10
_KINDS: Final = ("SnsDestination", "EventBridgeDestination", "CloudWatchDestination", "KinesisFirehoseDestination")


def _resource(call: Call, params: dict[str, Any]) -> str:
    given = params.get("ConfigurationSet")
    name = given["Name"] if isinstance(given, dict) else params.get("ConfigurationSetName")
    return arn_of(call, CONFIGURATION_SET, str(name or "*"))


_set = named(CONFIGURATION_SET, "ConfigurationSetName")


def new_set(call: Call, name: str, document: dict[str, Any]) -> None:
    """Make a configuration set.

    Raises:
        AwsError: ``InvalidConfigurationSet``, ``ConfigurationSetAlreadyExists``, ``LimitExceeded``.
    """
    if not _NAME.fullmatch(name):
        words = "can contain only letters, numbers, underscores and dashes, at most 64 of them"
        raise AwsError("InvalidConfigurationSet", f"Configuration set name {words}.")
    if records.find(call.tx, scope_of(call), CONFIGURATION_SET, name) is not None:
        raise AwsError("ConfigurationSetAlreadyExists", f"Configuration set <{name}> already exists.")
    if records.count(call.tx, scope_of(call), CONFIGURATION_SET) >= _MOST_SETS:
        raise AwsError("LimitExceeded", f"An account has at most {_MOST_SETS} configuration sets.")
    records.save(call.tx, scope_of(call), CONFIGURATION_SET, name, document)


def change_set(call: Call, name: str, **members: Any) -> None:
    """Keep these of a set, which must be there; ``None`` takes a member away."""
    document = {**existing(call, CONFIGURATION_SET, name).document, **members}
    kept = {key: value for key, value in document.items() if value is not None}
    records.save(call.tx, scope_of(call), CONFIGURATION_SET, name, kept)


def remove_set(call: Call, name: str) -> None:
    """Forget a set, which must be there."""
    existing(call, CONFIGURATION_SET, name)
    records.delete(call.tx, scope_of(call), CONFIGURATION_SET, name)
    drop_tags(call.tx, arn_of(call, CONFIGURATION_SET, name))


def destinations_of(thing: Thing) -> list[dict[str, Any]]:
    """Where a set tells of what happens, by name."""
    found: dict[str, Any] = thing.document.get("Destinations") or {}
    return [{"Name": name, **found[name]} for name in sorted(found)]


def save_destination(call: Call, set_name: str, name: str, document: dict[str, Any], *, new: bool) -> None:
    """Keep a destination of a set.

    Raises:
        AwsError: ``EventDestinationAlreadyExists``, ``EventDestinationDoesNotExist``, ``LimitExceeded``,
            ``InvalidSNSDestination``, ``InvalidParameterValue`` where it is not exactly one kind of destination.
    """
    thing = existing(call, CONFIGURATION_SET, set_name)
    known = thing.document.get("Destinations") or {}
    members = {"ConfigurationSetName": set_name, "EventDestinationName": name}
    if new and name in known:
        words = f"An event destination with the name <{name}> already exists in configuration set <{set_name}>."
        raise AwsError("EventDestinationAlreadyExists", words, members=members)
    if not new and name not in known:
        words = f"No EventDestination found for the name <{name}> in configuration set <{set_name}>."
        raise AwsError("EventDestinationDoesNotExist", words, members=members)
    if len(known) >= _MOST_DESTINATIONS and new:
        raise AwsError("LimitExceeded", f"A configuration set has at most {_MOST_DESTINATIONS} event destinations.")
    if not _NAME.fullmatch(name):
        raise AwsError("InvalidParameterValue", f"Invalid event destination name <{name[:100]}>.")
    if document.get("PinpointDestination") or sum(1 for kind in _KINDS if document.get(kind)) != 1:
        raise AwsError("InvalidParameterValue", "Exactly one destination must be specified (Pinpoint is retired).")
    topic = (document.get("SnsDestination") or {}).get("TopicArn")
    if topic and document["Enabled"]:
        feedback.greet_destination(call, set_name, topic, members)
    change_set(call, set_name, Destinations={**known, name: document})


def remove_destination(call: Call, set_name: str, name: str) -> None:
    """Forget a destination, which must be there."""
    known = existing(call, CONFIGURATION_SET, set_name).document.get("Destinations") or {}
    if name not in known:
        words = f"No EventDestination found for the name <{name}> in configuration set <{set_name}>."
        members = {"ConfigurationSetName": set_name, "EventDestinationName": name}
        raise AwsError("EventDestinationDoesNotExist", words, members=members)
    change_set(call, set_name, Destinations={key: value for key, value in known.items() if key != name})


@SERVICE.operation("CreateConfigurationSet", resource=_resource)
def create_configuration_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    new_set(call, params["ConfigurationSet"]["Name"], {})
    return {}


@SERVICE.operation("DeleteConfigurationSet", resource=_set)
def delete_configuration_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove_set(call, params["ConfigurationSetName"])
    return {}


@SERVICE.operation("ListConfigurationSets", reads=True)
def list_configuration_sets(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found, token = page(call, CONFIGURATION_SET, params, params.get("MaxItems"), 1_000)
    return {"ConfigurationSets": [{"Name": thing.name} for thing in found], "NextToken": token}


@SERVICE.operation("DescribeConfigurationSet", reads=True, resource=_set)
def describe_configuration_set(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    thing = existing(call, CONFIGURATION_SET, params["ConfigurationSetName"])
    wanted, document = params.get("ConfigurationSetAttributeNames") or (), thing.document
    answer: dict[str, Any] = {"ConfigurationSet": {"Name": thing.name}}
    if "eventDestinations" in wanted:
        answer["EventDestinations"] = [_old_destination(each) for each in destinations_of(thing)]
    if "trackingOptions" in wanted and document.get("TrackingOptions"):
        answer["TrackingOptions"] = {"CustomRedirectDomain": document["TrackingOptions"].get("CustomRedirectDomain")}
    if "deliveryOptions" in wanted:
        policy = (document.get("DeliveryOptions") or {}).get("TlsPolicy", "OPTIONAL")
        answer["DeliveryOptions"] = {"TlsPolicy": policy.capitalize()}
    if "reputationOptions" in wanted:
        metrics = (document.get("ReputationOptions") or {}).get("ReputationMetricsEnabled", False)
        sending = (document.get("SendingOptions") or {}).get("SendingEnabled", True)
        answer["ReputationOptions"] = {"SendingEnabled": sending, "ReputationMetricsEnabled": metrics}
    return answer


def _old_destination(destination: dict[str, Any]) -> dict[str, Any]:
    """As the older API shows it, which knows no buses."""
    topic = destination.get("SnsDestination")
    return {
        "Name": destination["Name"],
        "Enabled": destination["Enabled"],
        "MatchingEventTypes": [feedback.OLD_KINDS[kind] for kind in destination["Kinds"] if kind in feedback.OLD_KINDS],
        "SNSDestination": {"TopicARN": topic["TopicArn"]} if topic else None,
        "CloudWatchDestination": destination.get("CloudWatchDestination"),
        "KinesisFirehoseDestination": _renamed_stream(destination, "DeliveryStreamArn", "DeliveryStreamARN"),
    }


def _renamed_stream(destination: dict[str, Any], before: str, after: str) -> dict[str, Any] | None:
    stream = destination.get("KinesisFirehoseDestination")
    role = before.replace("DeliveryStream", "IAMRole" if before.endswith("ARN") else "IamRole")
    new_role = after.replace("DeliveryStream", "IAMRole" if after.endswith("ARN") else "IamRole")
    return {after: stream[before], new_role: stream[role]} if stream else None


def _from_old(given: dict[str, Any]) -> dict[str, Any]:
    kinds = {old: kind for kind, old in feedback.OLD_KINDS.items()}
    topic = given.get("SNSDestination")
    return {
        "Enabled": given.get("Enabled") is True,
        "Kinds": [kinds[old] for old in given["MatchingEventTypes"]],
        "SnsDestination": {"TopicArn": topic["TopicARN"]} if topic else None,
        "CloudWatchDestination": given.get("CloudWatchDestination"),
        "KinesisFirehoseDestination": _renamed_stream(given, "DeliveryStreamARN", "DeliveryStreamArn"),
    }


@SERVICE.operation("CreateConfigurationSetEventDestination", resource=_set)
def create_event_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    given = params["EventDestination"]
    save_destination(call, params["ConfigurationSetName"], given["Name"], _from_old(given), new=True)
    return {}


@SERVICE.operation("UpdateConfigurationSetEventDestination", resource=_set)
def update_event_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    given = params["EventDestination"]
    save_destination(call, params["ConfigurationSetName"], given["Name"], _from_old(given), new=False)
    return {}


@SERVICE.operation("DeleteConfigurationSetEventDestination", resource=_set)
def delete_event_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove_destination(call, params["ConfigurationSetName"], params["EventDestinationName"])
    return {}


@SERVICE.operation("UpdateConfigurationSetSendingEnabled", resource=_set)
def update_sending_enabled(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    change_set(call, params["ConfigurationSetName"], SendingOptions={"SendingEnabled": params["Enabled"]})
    return {}


@SERVICE.operation("UpdateConfigurationSetReputationMetricsEnabled", resource=_set)
def update_reputation_metrics_enabled(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    options = {"ReputationMetricsEnabled": params["Enabled"]}
    change_set(call, params["ConfigurationSetName"], ReputationOptions=options)
    return {}


@SERVICE.operation("PutConfigurationSetDeliveryOptions", resource=_set)
def put_delivery_options(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    policy = str((params.get("DeliveryOptions") or {}).get("TlsPolicy") or "Optional")
    change_set(call, params["ConfigurationSetName"], DeliveryOptions={"TlsPolicy": policy.upper()})
    return {}

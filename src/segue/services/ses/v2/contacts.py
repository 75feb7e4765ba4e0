"""Contact lists: who wants which mail."""

from __future__ import annotations

from typing import Any, Final

from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.api.tags import add_tags, drop_tags, tags_of
from segue.errors import AwsError
from segue.services.ses import records
from segue.services.ses.addresses import checked
from segue.services.ses.records import CONTACT_LIST, Thing
from segue.services.ses.service import arn_of, named, page, scope_of
from segue.services.ses.v2.identities import given_tags, listed_tags
from segue.services.ses.v2.service import not_found, operation

_list = named(CONTACT_LIST, "ContactListName")
_MOST_LISTS: Final = 1_000


def _found(call: Call, name: str) -> Thing:
    thing = records.find(call.tx, scope_of(call), CONTACT_LIST, name)
    if thing is None:
        raise not_found(f"List with name: {name} doesn't exist.")
    return thing


def _kind(list_name: str) -> str:
    return f"contact of {list_name}"


def _contact(call: Call, params: dict[str, Any]) -> tuple[Thing, Thing]:
    contacts = _found(call, params["ContactListName"])
    thing = records.find(call.tx, scope_of(call), _kind(contacts.name), params["EmailAddress"])
    if thing is None:
        raise not_found(f"{params['EmailAddress']} doesn't exist in list {contacts.name}.")
    return contacts, thing


@operation("CreateContactList", resource=_list)
def create_contact_list(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    name = params["ContactListName"]
    if records.find(call.tx, scope_of(call), CONTACT_LIST, name) is not None:
        raise AwsError("AlreadyExistsException", f"List with name {name} already exists.")
    if records.count(call.tx, scope_of(call), CONTACT_LIST) >= _MOST_LISTS:
        raise AwsError("LimitExceededException", f"An account has at most {_MOST_LISTS} contact lists here.")
    document = {"Topics": params.get("Topics") or [], "Description": params.get("Description")}
    records.save(call.tx, scope_of(call), CONTACT_LIST, name, document)
    add_tags(call.tx, arn_of(call, CONTACT_LIST, name), given_tags(params))
    return {}


@operation("UpdateContactList", resource=_list)
def update_contact_list(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    thing = _found(call, params["ContactListName"])
    changes = {name: params[name] for name in ("Topics", "Description") if params.get(name) is not None}
    records.save(call.tx, scope_of(call), CONTACT_LIST, thing.name, {**thing.document, **changes})
    return {}


@operation("GetContactList", reads=True, resource=_list)
def get_contact_list(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    thing = _found(call, params["ContactListName"])
    return {
        "ContactListName": thing.name,
        **thing.document,
        "CreatedTimestamp": thing.created_at_ms,
        "LastUpdatedTimestamp": thing.changed_at_ms,
        "Tags": listed_tags(tags_of(call.tx, arn_of(call, CONTACT_LIST, thing.name))),
    }


@operation("ListContactLists", reads=True)
def list_contact_lists(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found, token = page(call, CONTACT_LIST, params, params.get("PageSize"), 1_000)
    lists = [{"ContactListName": thing.name, "LastUpdatedTimestamp": thing.changed_at_ms} for thing in found]
    return {"ContactLists": lists, "NextToken": token}


@operation("DeleteContactList", resource=_list)
def delete_contact_list(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    thing = _found(call, params["ContactListName"])
    records.delete(call.tx, scope_of(call), CONTACT_LIST, thing.name)
    records.delete_kind(call.tx, scope_of(call), _kind(thing.name))
    drop_tags(call.tx, arn_of(call, CONTACT_LIST, thing.name))
    return {}


@operation("CreateContact", resource=_list)
def create_contact(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    contacts, address = _found(call, params["ContactListName"]), params["EmailAddress"]
    checked(address)
    if records.find(call.tx, scope_of(call), _kind(contacts.name), address) is not None:
        raise AwsError("AlreadyExistsException", f"{address} already exists in list {contacts.name}.")
    records.save(call.tx, scope_of(call), _kind(contacts.name), address, _preferences(params))
    return {}


def _preferences(params: dict[str, Any]) -> dict[str, Any]:
    return {
        "TopicPreferences": params.get("TopicPreferences") or [],
        "UnsubscribeAll": params.get("UnsubscribeAll") is True,
        "AttributesData": params.get("AttributesData"),
    }


@operation("UpdateContact", resource=_list)
def update_contact(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    contacts, thing = _contact(call, params)
    records.save(call.tx, scope_of(call), _kind(contacts.name), thing.name, _preferences(params))
    return {}


@operation("GetContact", reads=True, resource=_list)
def get_contact(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    contacts, thing = _contact(call, params)
    return {
        "ContactListName": contacts.name,
        "CreatedTimestamp": thing.created_at_ms,
        "AttributesData": thing.document["AttributesData"],
        **_shown(contacts, thing),
    }


def _shown(contacts: Thing, thing: Thing) -> dict[str, Any]:
    defaults = [
        {"TopicName": topic["TopicName"], "SubscriptionStatus": topic["DefaultSubscriptionStatus"]}
        for topic in contacts.document["Topics"]
    ]
    return {
        "EmailAddress": thing.name,
        "TopicPreferences": thing.document["TopicPreferences"],
        "TopicDefaultPreferences": defaults,
        "UnsubscribeAll": thing.document["UnsubscribeAll"],
        "LastUpdatedTimestamp": thing.changed_at_ms,
    }


@operation("ListContacts", reads=True, resource=_list)
def list_contacts(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A list's contacts; with a filter those that have a topic's status, by their own word or by default."""
    contacts, token = _found(call, params["ContactListName"]), params.get("NextToken")
    size = min(max(params.get("PageSize") or 1_000, 1), 1_000)
    after = decode_token(token, "BadRequestException", "Invalid token.")[0] if token else ""
    found = records.listed(call.tx, scope_of(call), _kind(contacts.name), after, size + 1)
    shown = [_shown(contacts, thing) for thing in found[:size]]
    wanted = (params.get("Filter") or {}).get("FilteredStatus")
    topic = ((params.get("Filter") or {}).get("TopicFilter") or {}).get("TopicName")
    kept = [contact for contact in shown if wanted is None or _status(contact, topic) == wanted]
    return {"Contacts": kept, "NextToken": encode_token(found[size - 1].name) if len(found) > size else None}


def _status(contact: dict[str, Any], topic: str | None) -> str:
    if contact["UnsubscribeAll"]:
        return "OPT_OUT"
    for said in (*contact["TopicPreferences"], *contact["TopicDefaultPreferences"]):
        if said["TopicName"] == topic:
            return str(said["SubscriptionStatus"])
    return "OPT_IN" if topic is None else "OPT_OUT"


@operation("DeleteContact", resource=_list)
def delete_contact(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    contacts, thing = _contact(call, params)
    records.delete(call.tx, scope_of(call), _kind(contacts.name), thing.name)
    return {}


def management_headers(
    call: Call, options: dict[str, Any] | None, recipients: list[str]
) -> tuple[tuple[str, str], ...]:
    """What a mail of a list says of itself. Who has opted out is refused, as AWS does not send to them.

    Raises:
        AwsError: ``NotFoundException``; ``BadRequestException`` for several recipients; ``MessageRejected``.
    """
    if not options:
        return ()
    contacts, topic = _found(call, options["ContactListName"]), options.get("TopicName")
    if len(recipients) != 1:
        raise AwsError("InvalidParameterValue", "Mail of a contact list has exactly one recipient.")
    address = checked(recipients[0])
    thing = records.find(call.tx, scope_of(call), _kind(contacts.name), address)
    if thing is None:
        records.save(call.tx, scope_of(call), _kind(contacts.name), address, _preferences({}))
    elif _status(_shown(contacts, thing), topic) == "OPT_OUT":
        raise AwsError("MessageRejected", f"{address} has unsubscribed from {topic or contacts.name}.")
    return (("X-SES-LIST-MANAGEMENT-OPTIONS", contacts.name + (f"; topic={topic}" if topic else "")),)

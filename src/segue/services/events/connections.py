"""Connections and API destinations: made, changed, listed. ``authorization`` and ``api_destinations`` use them."""

from __future__ import annotations

from typing import Any

from segue import jobs
from segue.api import Call
from segue.api.paginate import decode_token, encode_token
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.services.events.authorization import begin_authorization
from segue.services.events.connection_records import Table, delete, listed, load, save
from segue.services.events.connection_secrets import keep_secret, secret_name
from segue.services.events.service import SERVICE

_PAGE = 100
_KINDS = ("BasicAuthParameters", "ApiKeyAuthParameters", "OAuthParameters")
_SECRETS = ("Password", "ApiKeyValue", "ClientSecret", "AccessToken", "TokenExpiresAt")
_ANSWERED = ("ConnectionArn", "ConnectionState", "CreationTime", "LastModifiedTime", "LastAuthorizedTime")
_LISTED = ("Name", "AuthorizationType", *_ANSWERED)
_DESTINATION_KEPT = ("Name", "Description", "ConnectionArn", "InvocationEndpoint", "HttpMethod")
_DEFAULT_RATE_PER_SECOND = 300


@SERVICE.operation("CreateConnection")
def create_connection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new connection. One by OAuth is ``AUTHORIZING`` until its endpoint has given a token."""
    name = params["Name"]
    if load(call, "connections", name) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"Connection {name} already exists.")
    _check(params["AuthorizationType"], params["AuthParameters"])
    document = {
        **params,
        "ConnectionArn": call.arn("events", f"connection/{name}/{call.tx.ids.uuid()}"),
        "ConnectionState": _state_of(params["AuthorizationType"]),
        "SecretArn": keep_secret(call, f"events!connection/{name}/{call.tx.ids.uuid()}", params),
        "CreationTime": call.now_ms,
        "LastModifiedTime": call.now_ms,
        "LastAuthorizedTime": call.now_ms,
    }
    save(call, "connections", name, document["ConnectionArn"], document)
    _authorize(call, document)
    return {key: value for key, value in document.items() if key in _ANSWERED and key != "LastAuthorizedTime"}


@SERVICE.operation("DescribeConnection", reads=True)
def describe_connection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A connection, without its secrets."""
    shown: dict[str, Any] = _without_secrets(_connection(call, params["Name"]))
    return shown


@SERVICE.operation("ListConnections", reads=True)
def list_connections(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Connections by name."""
    state = params.get("ConnectionState")
    found = [one for one in _list(call, "connections", params) if state in (None, one["ConnectionState"])]
    return _page(params, "Connections", found, _LISTED)


@SERVICE.operation("UpdateConnection")
def update_connection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change what is given of a connection."""
    known = _connection(call, params["Name"])
    changed = _changed(known["AuthParameters"], params.get("AuthParameters", {}))
    _check(params.get("AuthorizationType", known["AuthorizationType"]), changed)
    document = known | params | {"LastModifiedTime": call.now_ms}
    document |= {"ConnectionState": _state_of(document["AuthorizationType"]), "LastAuthorizedTime": call.now_ms}
    document["AuthParameters"] = changed
    for stale in ("AccessToken", "TokenExpiresAt", "StateReason"):
        document.pop(stale, None)
    keep_secret(call, secret_name(document["SecretArn"]), document)
    save(call, "connections", params["Name"], document["ConnectionArn"], document)
    _authorize(call, document)
    return _answered(document)


@SERVICE.operation("DeauthorizeConnection")
def deauthorize_connection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Forget a connection's secrets."""
    document = _without_secrets(_connection(call, params["Name"]))
    document |= {"ConnectionState": "DEAUTHORIZED", "LastModifiedTime": call.now_ms}
    save(call, "connections", params["Name"], document["ConnectionArn"], document)
    return _answered({**document, "ConnectionState": "DEAUTHORIZING"})


@SERVICE.operation("DeleteConnection")
def delete_connection(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove a connection."""
    document = _connection(call, params["Name"])
    jobs.cancel(call.tx, "events:authorize", document["ConnectionArn"])
    call.perform("secretsmanager:DeleteManagedSecret", {"SecretId": document["SecretArn"]})
    delete(call, "connections", params["Name"])
    return _answered({**document, "ConnectionState": "DELETING"})


@SERVICE.operation("CreateApiDestination")
def create_api_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A new API destination, active as soon as its connection is authorized."""
    name = params["Name"]
    if load(call, "destinations", name) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"An api-destination '{name}' already exists.")
    arn = call.arn("events", f"api-destination/{name}/{call.tx.ids.uuid()}")
    document = _destination_document(call, {"CreationTime": call.now_ms, "ApiDestinationArn": arn}, params)
    save(call, "destinations", name, arn, document)
    return _destination_answer(document)


@SERVICE.operation("DescribeApiDestination", reads=True)
def describe_api_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """An API destination."""
    return _current(call, _destination(call, params["Name"], "describe"))


@SERVICE.operation("ListApiDestinations", reads=True)
def list_api_destinations(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """API destinations by name."""
    connection = params.get("ConnectionArn")
    listed_here = _list(call, "destinations", params)
    found = [_current(call, one) for one in listed_here if connection in (None, one["ConnectionArn"])]
    without_description = tuple(found[0].keys() - {"Description"}) if found else ()
    return _page(params, "ApiDestinations", found, without_description)


@SERVICE.operation("UpdateApiDestination")
def update_api_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Change what is given of an API destination."""
    document = _destination_document(call, _destination(call, params["Name"], "update"), params)
    save(call, "destinations", params["Name"], document["ApiDestinationArn"], document)
    return _destination_answer(document)


@SERVICE.operation("DeleteApiDestination")
def delete_api_destination(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Remove an API destination."""
    _destination(call, params["Name"], "delete")
    delete(call, "destinations", params["Name"])
    return {}


def _state_of(authorization_type: str) -> str:
    return "AUTHORIZING" if authorization_type == "OAUTH_CLIENT_CREDENTIALS" else "AUTHORIZED"


def _authorize(call: Call, document: dict[str, Any]) -> None:
    arn = document["ConnectionArn"]
    jobs.cancel(call.tx, "events:authorize", arn)
    if document["ConnectionState"] == "AUTHORIZING":
        begin_authorization(call, arn)


def _changed(known: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Authorization parameters after an update: another kind of them takes the place of the one before."""
    if any(name in given for name in _KINDS):
        known = {name: value for name, value in known.items() if name not in _KINDS or name in given}
    merged = known | given
    for name in _KINDS:
        if name in known and name in given:
            merged[name] = known[name] | given[name]
    return merged


_PARAMETERS_OF = {
    "BASIC": "BasicAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
}


def _check(authorization_type: str, parameters: dict[str, Any]) -> None:
    """Raise ``ValidationException`` where the parameters do not authorize in this way.

    AWS takes the method of the authorization endpoint in any case (conformance: api_destinations_auth2).
    """
    needed = _PARAMETERS_OF[authorization_type]
    if needed not in parameters:
        raise AwsError(
            "ValidationException",
            f"Parameter AuthParameters is not valid. Reason: {needed} is required for {authorization_type}.",
        )
    method = parameters.get("OAuthParameters", {}).get("HttpMethod", "GET")
    if method.upper() not in ("GET", "POST", "PUT"):
        raise AwsError(
            "ValidationException",
            f"1 validation error detected: Value '{method}' at 'authParameters.oAuthParameters.httpMethod' failed to "
            "satisfy constraint: Member must satisfy enum value set: [POST, GET, PUT]",
        )


def _without_secrets(value: Any) -> Any:
    """The same without passwords, keys and secrets, and without values that are marked secret."""
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    hidden = {*_SECRETS, "Value"} if value.get("IsValueSecret") else _SECRETS
    return {key: _without_secrets(inner) for key, inner in value.items() if key not in hidden}


def _answered(document: dict[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in _ANSWERED if key in document}


def _connection(call: Call, name: str) -> dict[str, Any]:
    found = load(call, "connections", name)
    if found is None:
        message = f"Failed to describe the connection(s). Connection '{name}' does not exist."
        raise AwsError("ResourceNotFoundException", message)
    return found


def _destination(call: Call, name: str, verb: str) -> dict[str, Any]:
    found = load(call, "destinations", name)
    if found is None:
        message = f"Failed to {verb} the api-destination(s). An api-destination '{name}' does not exist."
        raise AwsError("ResourceNotFoundException", message)
    return found


def _destination_document(call: Call, known: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    document = known | {member: params[member] for member in _DESTINATION_KEPT if member in params}
    connection = _connection(call, parse_arn(document["ConnectionArn"]).resource.split("/")[1])
    return document | {
        "ApiDestinationState": "ACTIVE" if connection["ConnectionState"] == "AUTHORIZED" else "INACTIVE",
        "InvocationRateLimitPerSecond": params.get(
            "InvocationRateLimitPerSecond", known.get("InvocationRateLimitPerSecond", _DEFAULT_RATE_PER_SECOND)
        ),
        "LastModifiedTime": call.now_ms,
    }


def _current(call: Call, document: dict[str, Any]) -> dict[str, Any]:
    """A destination as it stands: active while its connection is authorized."""
    connection = load(call, "connections", parse_arn(document["ConnectionArn"]).resource.split("/")[1])
    is_active = connection is not None and connection["ConnectionState"] == "AUTHORIZED"
    return document | {"ApiDestinationState": "ACTIVE" if is_active else "INACTIVE"}


def _destination_answer(document: dict[str, Any]) -> dict[str, Any]:
    members = ("ApiDestinationArn", "ApiDestinationState", "CreationTime", "LastModifiedTime")
    return {member: document[member] for member in members}


def _list(call: Call, table: Table, params: dict[str, Any]) -> list[dict[str, Any]]:
    after = str(decode_token(params["NextToken"])[0]) if params.get("NextToken") else ""
    return listed(call, table, params.get("NamePrefix", ""), after)


def _page(params: dict[str, Any], member: str, found: list[dict[str, Any]], shown: tuple[str, ...]) -> dict[str, Any]:
    limit = params.get("Limit", _PAGE)
    answer: dict[str, Any] = {member: [{key: one[key] for key in shown if key in one} for one in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = encode_token(found[limit - 1]["Name"])
    return answer

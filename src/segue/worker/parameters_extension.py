"""AWS's Parameters and Secrets extension: what its layer serves to functions on their own machine.

Source: Secrets Manager user guide, "Use Secrets Manager secrets in AWS Lambda functions"; Systems Manager user guide,
"Using Parameter Store parameters in AWS Lambda functions" (paths, parameters, environment variables, 300 s). On AWS
each environment has one; here one listener serves all functions that ask for its port, and tells them apart by the
session token that they must send. Values are kept per version of a function, on AWS per environment.
"""

from __future__ import annotations

import base64
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from segue.api import Api, Call, Caller
from segue.api.perform import perform
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.runtimes.spec import FunctionSpec
from segue.store import Transaction
from segue.store.store import Store
from segue.wire.request import Request, Response
from segue.wire.timestamps import to_iso

App = Callable[[Request], Awaitable[Response]]
Listen = Callable[[App, int], Awaitable[None]]
Effect = Callable[[Any], Awaitable[Any]]

_LAYER = re.compile(r"arn:[^:]+:lambda:[^:]+:\d+:layer:AWS-Parameters-and-Secrets-Lambda-Extension(-Arm64)?:\d+")
_USUAL_PORT = 2773
_PORTS = 32
_FUNCTIONS = 2_000
_LONGEST_TTL_SECONDS = 300
_KEPT_VALUES = 1_000
_SECRETS_TTL, _PARAMETERS_TTL = "SECRETS_MANAGER_TTL", "SSM_PARAMETER_STORE_TTL"
_TOKEN = "x-aws-parameters-secrets-token"


def names_extension(layer_arn: str) -> bool:
    """Whether a layer is the extension's."""
    return _LAYER.fullmatch(layer_arn) is not None


@dataclass(slots=True)
class _Guest:
    """A function that is served: as whom it asks, and what it has been told already."""

    access_key: str
    token: str
    account: str
    region: str
    environment: Mapping[str, str]
    revision: str
    values: OrderedDict[str, tuple[int, bytes]] = field(default_factory=OrderedDict)

    def ttl_ms(self, variable: str) -> int:
        if self.environment.get("PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED", "true").lower() == "false":
            return 0
        return _number(self.environment.get(variable, ""), _LONGEST_TTL_SECONDS, _LONGEST_TTL_SECONDS) * 1000

    @property
    def kept_values(self) -> int:
        return _number(self.environment.get("PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE", ""), _KEPT_VALUES, _KEPT_VALUES)


class ParametersExtension:
    """Serves functions whose layers name it.

    Args:
        listen: has an HTTP server answer on a port of the loopback interface.
        effects: for a service that is sent elsewhere.
    """

    def __init__(self, api: Api, store: Store, effects: Mapping[str, Effect], listen: Listen) -> None:
        self._api, self._store, self._effects, self._listen = api, store, effects, listen
        self._ports: dict[int, str] = {}
        self._guests: OrderedDict[str, _Guest] = OrderedDict()

    async def admit(self, spec: FunctionSpec) -> FunctionSpec:
        """Serve the function, if its layers say so; its layers are then without the extension's."""
        missing = tuple(arn for arn in spec.missing_layers if not names_extension(arn))
        if len(missing) == len(spec.missing_layers) or spec.credentials is None:
            return spec
        token = spec.credentials.session_token
        known = self._guests.get(token)
        if known is None or known.revision != spec.revision:
            key = spec.credentials.access_key_id
            self._guests[token] = _Guest(key, token, spec.account, spec.region, spec.environment, spec.revision)
            if len(self._guests) > _FUNCTIONS:
                self._guests.popitem(last=False)
        given = spec.environment.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "")
        failure = await self._serve(_number(given, _USUAL_PORT, 65_535))
        notes = (*spec.notes, f"the extension for parameters and secrets: {failure}") if failure else spec.notes
        return replace(spec, missing_layers=missing, notes=notes)

    async def _serve(self, port: int) -> str:
        """Listen on a port; why it cannot be, else an empty text."""
        if port not in self._ports:
            if len(self._ports) >= _PORTS:
                return f"more than {_PORTS} ports are asked for; port {port} is not served"
            self._ports[port] = ""
            try:
                await self._listen(self.answer, port)
            except OSError as error:
                del self._ports[port]  # it may be free the next time
                return f"port {port} is taken ({error}); PARAMETERS_SECRETS_EXTENSION_HTTP_PORT names another"
        return ""

    async def answer(self, request: Request) -> Response:
        """Answer a function's request."""
        guest = self._guests.get(request.header(_TOKEN))
        if guest is None:
            return _text(401, f"the header {_TOKEN} is not the session token of a function that is served here")
        if request.method != "GET":
            return _text(405, "GET only")
        try:
            asked = _asked(request)
            return Response(200, {"content-type": "application/json"}, await self._value(guest, *asked))
        except AwsError as error:
            operation = f"{error.code}: {error.message}"
            status = 400 if error.status == 403 else error.status  # the services speak JSON: refusals are 400
            return _text(status, f"an unexpected error occurred while executing request: {operation}")

    async def _value(self, guest: _Guest, operation: str, variable: str, params: dict[str, Any]) -> bytes:
        key, now_ms = f"{operation} {sorted(params.items())}", self._store.clock.now_ms()
        kept = guest.values.get(key)
        if kept is not None and now_ms < kept[0]:
            return kept[1]
        result = await self._perform(guest, operation, params)
        value = orjson.dumps({**_as_told(result), "ResultMetadata": {}})
        ttl_ms = guest.ttl_ms(variable)
        if ttl_ms and guest.kept_values:
            guest.values.pop(key, None)
            while len(guest.values) >= guest.kept_values:
                guest.values.popitem(last=False)
            guest.values[key] = now_ms + ttl_ms, value
        return value

    async def _perform(self, guest: _Guest, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        def unit(tx: Transaction) -> Any:
            return perform(self._call(tx, guest), operation, params)

        result = await self._store.write(unit)
        while isinstance(result, Outbound):
            outbound, outcome = result, await self._effects[result.effect](result.request)

            def settle(tx: Transaction, outbound: Outbound = outbound, outcome: Any = outcome) -> Any:
                return outbound.settle(self._call(tx, guest), outcome)

            result = await self._store.write(settle)
        assert isinstance(result, dict)
        return result

    def _call(self, tx: Transaction, guest: _Guest) -> Call:
        known = None
        if self._api.identity is not None and guest.access_key.startswith("ASIA"):
            known = self._api.identity.caller(tx, guest.access_key, guest.token)
        caller = replace(known, region=guest.region) if known else Caller(guest.account, guest.region)
        return Call(tx, caller, self._api, tx.now_ms, request_id=tx.ids.uuid())


def _asked(request: Request) -> tuple[str, str, dict[str, Any]]:
    """The operation that a request is for, whose variable says how long its answer is kept, and its parameters."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if request.path == "/secretsmanager/get":
        named = {"SecretId": "secretId", "VersionId": "versionId", "VersionStage": "versionStage"}
        params: dict[str, Any] = {member: query[name] for member, name in named.items() if query.get(name)}
        if "SecretId" in params:
            return "secretsmanager:GetSecretValue", _SECRETS_TTL, params
        raise AwsError("ValidationException", "secretId is missing")
    if request.path == "/systemsmanager/parameters/get":
        selector = query.get("version") or query.get("label")
        if not query.get("name"):
            raise AwsError("ValidationException", "name is missing")
        name = f"{query['name']}:{selector}" if selector else query["name"]
        params = {"Name": name, "WithDecryption": query.get("withDecryption", "").lower() == "true"}
        return "ssm:GetParameter", _PARAMETERS_TTL, params
    raise AwsError("NotFound", f"there is no {request.path}", status=404)


def _as_told(value: Any, name: str = "") -> Any:
    """A result as the extension writes it: dates as texts, bytes in base64, nothing left out of what is absent."""
    if isinstance(value, dict):
        return {member: _as_told(inner, member) for member, inner in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if name.endswith("Date") and isinstance(value, int):
        return to_iso(value)
    return value


def _number(text: str, usual: int, largest: int) -> int:
    return min(int(text), largest) if text.isascii() and text.isdigit() and len(text) < 10 else usual


def _text(status: int, text: str) -> Response:
    return Response(status, {"content-type": "text/plain"}, text.encode())

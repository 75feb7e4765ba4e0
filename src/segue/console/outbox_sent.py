"""The mail that one service has sent, at the address and in the form that tests written for other servers ask for.

``GET /_aws/ses`` (``?id=`` of a message, ``?email=`` of its sender) and ``DELETE /_aws/ses`` (``?id=``). What else
there is to know of a message: :mod:`segue.console.outbox`, which asks for a password where requests must be signed.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from segue.api import Api, outbox
from segue.api.outbox import Entry, Message, bare_address
from segue.store import Transaction
from segue.store.store import Store
from segue.wire.request import Request, Response

_MOST: Final = 1_000


async def sent_page(api: Api, store: Store, request: Request) -> Response:
    """The newest thousand messages, oldest first."""
    if api.settings.secret_access_key:  # clients of this address cannot sign
        return _json(
            403, {"message": "This server wants signed requests: mail is told at /_segue/outbox, for a password."}
        )
    service = request.path.removeprefix("/_aws/").strip("/")
    query = {name: values[-1] for name, values in parse_qs(request.query).items()}
    message_id, email = query.get("id", ""), query.get("email", "")
    if request.method == "DELETE":
        await _delete(store, service, message_id)
        return Response(204, {}, b"")
    if request.method != "GET":
        return _json(405, {"message": "GET or DELETE."})
    found = await store.look(lambda tx: _found(tx, service, message_id, email))
    return _json(200, {"messages": await asyncio.to_thread(lambda: [_described(*each) for each in found])})


def _found(tx: Transaction, service: str, message_id: str, email: str) -> list[tuple[Entry, Message]]:
    entries = outbox.listed(tx, service=service, newest=True, limit=_MOST)
    if message_id:
        one = outbox.find_by_message_id(tx, message_id)
        entries = [one] if one is not None and one.service == service else []
    if email:
        entries = [entry for entry in entries if bare_address(entry.sender).lower() == bare_address(email).lower()]
    return [(entry, message) for entry in entries if (message := outbox.content(tx, entry.id)) is not None]


async def _delete(store: Store, service: str, message_id: str) -> None:
    if message_id:

        def unit(tx: Transaction) -> None:
            one = outbox.find_by_message_id(tx, message_id)
            if one is not None and one.service == service:
                outbox.delete(tx, one.id)

        await store.write(unit)
        return
    while await store.write(lambda tx: outbox.delete_all(tx, service=service)):
        pass


def _described(entry: Entry, message: Message) -> dict[str, Any]:
    lists = {"ToAddresses": message.to, "CcAddresses": message.cc, "BccAddresses": message.bcc}
    described: dict[str, Any] = {
        "Id": entry.message_id,
        "Region": entry.region,
        "Timestamp": datetime.fromtimestamp(entry.at_ms / 1000, UTC).isoformat(timespec="seconds")[:19],
        "Source": message.sender,
        "Destination": {name: list(who) for name, who in lists.items() if who},
        "Subject": message.subject,
    }
    if message.raw:
        return {**described, "RawData": message.raw.decode("utf-8", "replace")}
    described["Body"] = {"text_part": message.text or None, "html_part": message.html or None}
    kept = ("Template", "TemplateData")
    return described | {name: message.attributes[name] for name in kept if name in message.attributes}


def _json(status: int, body: object) -> Response:
    return Response(status, {"content-type": "application/json", "cache-control": "no-store"}, orjson.dumps(body))

"""The outbox over HTTP: what was sent to people, read, followed, forgotten, sent again.

``GET /_segue/outbox`` lists: ``kind``, ``recipient``, ``service``, ``since`` in milliseconds, ``after`` an id, ``last``
the newest N, ``limit``, ``wait`` seconds for something to come. ``GET …/ID`` is a whole message, ``…/ID/html`` its HTML
as a page that can do nothing, ``…/ID/raw`` the mail in MIME, ``…/ID/attachments/N`` an attachment. ``DELETE`` forgets
one, or those that the filters name. ``POST …/ID/send`` hands a mail to the mail server again.

Ids are texts: they have more digits than a JavaScript number holds.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from typing import Any, Final
from urllib.parse import parse_qs, quote

import orjson

from segue.api import Api, Call, Caller, outbox
from segue.api.outbox import Entry, Message
from segue.api.outbox_sending import send_again
from segue.store import Transaction
from segue.store.store import Store
from segue.wire.request import Request, Response

PREFIX: Final = "/_segue/outbox"
_LONGEST_WAIT_SECONDS: Final = 20.0
_PAGE: Final = 500
_HELP: Final = "'after' is a message's id, 'since' a time in milliseconds, 'last' and 'limit' numbers, 'wait' seconds."
_SAFE: Final = {"x-content-type-options": "nosniff", "cache-control": "no-store", "referrer-policy": "no-referrer"}
#: A mail's HTML may be seen and nothing else: no scripts, no forms, nothing fetched from anywhere.
_SANDBOX: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
_MOST_INLINE_BYTES: Final = 5_000_000


async def outbox_page(api: Api, store: Store, request: Request) -> Response:
    """See the module."""
    path = request.path.removeprefix(PREFIX).strip("/").split("/")
    query = {name: values[-1] for name, values in parse_qs(request.query).items()}
    if path == [""]:
        if request.method == "DELETE":
            return await _delete_all(store, query)
        return await _list(store, query) if request.method == "GET" else _error(405, "GET or DELETE.")
    if not path[0].isascii() or not path[0].isdecimal() or int(path[0][:30]).bit_length() > 63:
        return _error(404, "There is no such message.")
    entry_id = int(path[0][:30])
    if request.method == "DELETE" and len(path) == 1:
        deleted = await store.write(lambda tx: outbox.delete(tx, entry_id))
        return _json(200, {"deleted": 1}) if deleted else _error(404, "There is no such message.")
    if request.method == "POST" and path[1:] == ["send"]:
        return await _send(api, store, entry_id)
    if request.method != "GET":
        return _error(405, "GET, DELETE, or POST to …/send.")
    found, _ = await store.look(lambda tx: ((outbox.find(tx, entry_id), outbox.content(tx, entry_id)), tx.seq))
    entry, message = found
    if entry is None or message is None:
        return _error(404, "There is no such message.")
    return await asyncio.to_thread(_shown, entry, message, path[1:])


async def _list(store: Store, query: dict[str, str]) -> Response:
    try:
        after, since_ms, last = (int(query.get(name, "0")) for name in ("after", "since", "last"))
        limit = min(max(int(query.get("limit", _PAGE)), 1), _PAGE)
        wait_ms = int(min(float(query.get("wait", "0")), _LONGEST_WAIT_SECONDS) * 1000)
        if max(after.bit_length(), since_ms.bit_length()) > 63 or last < 0:
            raise ValueError
    except (ValueError, OverflowError):
        return _error(400, _HELP)
    filters = _filters(query)

    def unit(tx: Transaction) -> tuple[list[Entry], int]:
        many = min(last, _PAGE) if last else limit
        found = outbox.listed(tx, after_id=after, since_ms=since_ms, newest=bool(last), limit=many, **filters)
        return found, tx.seq

    until_ms = store.clock.now_ms() + wait_ms
    while True:
        entries, seq = await store.look(unit)
        if entries or store.clock.now_ms() >= until_ms:
            return _json(200, {"messages": [described(entry) for entry in entries]})
        await store.wakes.park((outbox.CHANGED,), seq, until_ms)


def _filters(query: dict[str, str]) -> dict[str, str]:
    found = {name: query[name] for name in ("kind", "recipient", "service") if query.get(name)}
    if "kind" in found:
        found["kind"] = found["kind"].upper()
    return found


async def _delete_all(store: Store, query: dict[str, str]) -> Response:
    deleted, filters = 0, _filters(query)
    kind, recipient, service = (filters.get(name, "") for name in ("kind", "recipient", "service"))

    def unit(tx: Transaction) -> int:
        return outbox.delete_all(tx, kind=kind, recipient=recipient, service=service)

    while piece := await store.write(unit):
        deleted += piece
    return _json(200, {"deleted": deleted})


async def _send(api: Api, store: Store, entry_id: int) -> Response:
    sent = await store.write(lambda tx: send_again(Call(tx, Caller(), api, tx.now_ms), entry_id))
    if sent:
        return _json(200, {"sent": 1})
    return _error(
        409, "It is no mail, or on its way already, or this server has no mail server: segue serve --smtp URL"
    )


def described(entry: Entry) -> dict[str, Any]:
    """A message's row, for readers."""
    return {
        "id": str(entry.id),
        "at": entry.at_ms,
        "kind": entry.kind,
        "service": entry.service,
        "account": entry.account,
        "region": entry.region,
        "source": entry.source,
        "messageId": entry.message_id,
        "sender": entry.sender,
        "recipients": entry.addresses,
        "subject": entry.subject,
        "trace": entry.trace,
        "status": entry.status,
        "attempts": entry.attempts,
        "reason": entry.reason,
        "size": entry.size,
    }


def _shown(entry: Entry, message: Message, wanted: list[str]) -> Response:
    """A message as a whole, or a part of it. It may be large, so this is no work for the event loop."""
    from segue.api.mime import as_bytes, shown

    if wanted == ["raw"]:
        raw = message.raw or as_bytes(message, entry.at_ms)
        return _file(raw, "message/rfc822", f"{entry.message_id or entry.id}.eml")
    reading = shown(message)
    if wanted == ["html"]:
        return _html(reading.html, {one.content_id: one for one in reading.attachments if one.content_id})
    if len(wanted) == 2 and wanted[0] == "attachments" and wanted[1].isdecimal() and len(wanted[1]) < 6:
        if int(wanted[1]) >= len(reading.attachments):
            return _error(404, "There is no such attachment.")
        attachment = reading.attachments[int(wanted[1])]
        return _file(attachment.content, "application/octet-stream", attachment.name)
    if wanted:
        return _error(404, "There is no such part: html, raw, attachments/N.")
    attachments = [
        {"name": one.name, "contentType": one.content_type, "size": len(one.content), "contentId": one.content_id}
        for one in reading.attachments
    ]
    return _json(
        200,
        {
            **described(entry),
            "to": message.to,
            "cc": message.cc,
            "bcc": message.bcc,
            "replyTo": message.reply_to,
            "headers": reading.headers,
            "text": reading.text,
            "html": reading.html,
            "attachments": attachments,
            "attributes": message.attributes,
        },
    )


def _html(html: str, inline: dict[str, outbox.Attachment]) -> Response:
    """The HTML, pictures that it brings along within it."""
    room = _MOST_INLINE_BYTES

    def picture(found: re.Match[str]) -> str:
        nonlocal room
        one = inline.get(found[1])
        if one is None or len(one.content) > room or not re.fullmatch(r"image/[\w.+-]{1,40}", one.content_type):
            return found[0]
        room -= len(one.content)
        return f"data:{one.content_type};base64,{b64encode(one.content).decode()}"

    body = re.sub(r"cid:([^\s\"'<>)]{1,200})", picture, html)
    headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": _SANDBOX, **_SAFE}
    return Response(200, headers, body.encode("utf-8", "replace"))


def _file(content: bytes, content_type: str, name: str) -> Response:
    disposition = f"attachment; filename*=utf-8''{quote(name, safe='', errors='replace')}"
    headers = {"content-type": content_type, "content-disposition": disposition, **_SAFE}
    return Response(200, {**headers, "content-security-policy": _SANDBOX}, content)


def _json(status: int, body: object) -> Response:
    return Response(status, {"content-type": "application/json", **_SAFE}, orjson.dumps(body))


def _error(status: int, words: str) -> Response:
    return _json(status, {"message": words})

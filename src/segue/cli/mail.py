"""``segue mail``: what was sent to people, mail and text messages."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

_EPILOG = """\
  segue mail                        the newest fifty, one a line
  segue mail --to ann@example.com   those to an address (or a telephone number)
  segue mail --follow               go on as they are sent
  segue mail 7299…                  one of them, as its recipient reads it
  segue mail 7299… --html           its HTML; --raw: the whole mail in MIME
  segue mail 7299… --send           hand it to the mail server (again): segue serve --smtp URL
  segue mail 7299… --delete         forget it
  segue mail --clear                forget all (with --to or --sms: those)

An id may be cut short, or be the message id that the service has told.
"""
_LISTED = 50


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "mail",
        help="show mail and text messages that were sent",
        description="Show what was sent to people: mail of SES and SNS, and text messages.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="one message")
    parser.add_argument("--to", metavar="ADDRESS", default="", help="only what was sent to this address or number")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--mail", action="store_true", help="only mail")
    kind.add_argument("--sms", action="store_true", help="only text messages")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--follow", "-f", action="store_true", help="go on showing them as they are sent")
    what.add_argument("--clear", action="store_true", help="forget them")
    what.add_argument("--delete", action="store_true", help="with ID: forget it")
    what.add_argument("--send", action="store_true", help="with ID: hand it to the mail server again")
    what.add_argument("--html", action="store_true", help="with ID: its HTML")
    what.add_argument("--raw", action="store_true", help="with ID: the mail in MIME")
    parser.add_argument("--json", action="store_true", help="print for programs, one message a line")
    parser.add_argument(
        "--endpoint-url",
        default=os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        help="the server (default: AWS_ENDPOINT_URL, or %(default)s)",
    )
    parser.set_defaults(run=run)


class _Refused(Exception):
    """The server says no, in words."""


def run(arguments: argparse.Namespace) -> int:
    """Print; 0, or 1 with words on standard error."""
    import http.client  # not above, as in deliveries

    try:
        _run(arguments)
    except KeyboardInterrupt:
        return 0
    except _Refused as refused:
        print(f"segue: {refused}", file=sys.stderr)
        return 1
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        why = getattr(error, "reason", "") or error or type(error).__name__
        url = arguments.endpoint_url
        print(f"segue: no server answers at {url} ({why}). Start one: segue serve", file=sys.stderr)
        return 1
    return 0


def _run(arguments: argparse.Namespace) -> None:
    url = f"{arguments.endpoint_url}/_segue/outbox"
    if arguments.id is None:
        for option in ("delete", "send", "html", "raw"):
            if getattr(arguments, option):
                raise _Refused(f"--{option} is for one message: segue mail ID --{option}")
        if arguments.clear:
            deleted = json.loads(_ask(url, _filters(arguments), method="DELETE"))["deleted"]
            print(f"{deleted} forgotten.")
            return
        for message in _messages(url, arguments):
            print(json.dumps(message, ensure_ascii=False) if arguments.json else line(message), flush=True)
        return
    one = f"{url}/{_whole_id(url, arguments.id)}"
    if arguments.delete:
        _ask(one, method="DELETE")
    elif arguments.send:
        _ask(f"{one}/send", method="POST")
        print("It is on its way.")
    elif arguments.html or arguments.raw:
        sys.stdout.buffer.write(_ask(f"{one}/{'html' if arguments.html else 'raw'}"))
    else:
        message = json.loads(_ask(one))
        print(json.dumps(message, ensure_ascii=False) if arguments.json else page(message))


def _filters(arguments: argparse.Namespace) -> dict[str, str]:
    kind = "EMAIL" if arguments.mail else "SMS" if arguments.sms else ""
    given = {"kind": kind, "recipient": arguments.to}
    return {name: value for name, value in given.items() if value}


def _messages(url: str, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The newest; following, those that come then."""
    filters = _filters(arguments)
    after = "0"
    for message in json.loads(_ask(url, {**filters, "last": str(_LISTED)}))["messages"]:
        after = message["id"]
        yield message
    while arguments.follow:
        for message in json.loads(_ask(url, {**filters, "after": after, "wait": "15"}))["messages"]:
            after = message["id"]
            yield message


def _whole_id(url: str, given: str) -> str:
    """The id that is meant: itself, its beginning, or that of the message with this message id."""
    found = json.loads(_ask(url, {"last": "500"}))["messages"]
    ids = [one["id"] for one in found if one["id"].startswith(given) or one["messageId"] == given]
    if len(ids) > 1:
        raise _Refused(f"{given} is the beginning of {len(ids)} messages: {', '.join(ids[:5])}")
    return ids[0] if ids else given


def _ask(url: str, query: dict[str, str] | None = None, method: str = "GET") -> bytes:
    import urllib.error
    import urllib.parse
    import urllib.request

    from segue.cli.deliveries import password

    whole = f"{url}?{urllib.parse.urlencode(query)}" if query else url
    try:
        with urllib.request.urlopen(
            urllib.request.Request(whole, headers=password(), method=method), timeout=60
        ) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        try:
            words = json.load(error)["message"]
        except (ValueError, KeyError, TypeError):
            raise error from None
        raise _Refused(words) from None


def line(message: dict[str, Any]) -> str:
    """A message as a line of text."""
    at = time.strftime("%m-%d %H:%M:%S", time.localtime(message["at"] / 1000))
    first, more = next(iter(message["recipients"]), ""), len(message["recipients"]) - 1
    to = first + (f" +{more}" if more > 0 else "")
    told = "" if message["status"] == "CAPTURED" else f"  {message['status']}"
    reason = f" ({message['reason']})" if message["reason"] else ""
    subject = " ".join(message["subject"].split())
    kind = "" if message["kind"] == "EMAIL" else "[SMS] "
    return f"{message['id']}  {at}  {kind}{message['sender'] or '-'} → {to}  {subject}{told}{reason}"


def page(message: dict[str, Any]) -> str:
    """A message as its recipient reads it."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(message["at"] / 1000))
    lines = [f"Id:      {message['id']} ({message['messageId']})", f"Sent:    {at} by {message['service']}"]
    lines.append(f"Status:  {message['status']}" + (f": {message['reason']}" if message["reason"] else ""))
    lines.append(f"From:    {message['sender'] or '-'}")
    lists = (("To:", message["to"]), ("Cc:", message["cc"]), ("Bcc:", message["bcc"]))
    lines += [f"{name:<8} {', '.join(who)}" for name, who in lists if who]
    if message["replyTo"]:
        lines.append(f"Reply:   {', '.join(message['replyTo'])}")
    if message["kind"] == "EMAIL":
        lines.append(f"Subject: {message['subject']}")
    attached = message["attachments"]
    lines += [f"File:    {one['name']} ({one['contentType']}, {one['size']} bytes)" for one in attached]
    lines += [f"{name}: {value}" for name, value in message["attributes"].items()]
    return "\n".join([*lines, "", message["text"] or message["html"]])

"""Who may speak to the server from a browser: its own pages and pages on this machine, not pages from elsewhere.

A server on the loopback interface asks for no signature, so any page that its user visits could post to it. Browsers
say where a request comes from (``Origin``, ``Sec-Fetch-Site``); AWS's clients never do. A page whose name is made to
resolve to this machine (DNS rebinding) is of one origin with the server, but its name stands in ``Host``.

Pages from elsewhere may use what its owner has opened: a bucket by its CORS rules, an application's own address.

Where requests must be signed, pages are not told to everybody either: browsers ask for the secret as a password.
"""

from __future__ import annotations

import ipaddress
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from hmac import compare_digest
from urllib.parse import urlsplit

import orjson

from segue.config import Settings
from segue.wire.request import Request, Response

App = Callable[[Request], Response | Awaitable[Response]]
Granted = Mapping[str, str] | None
Admits = Callable[[Request], Granted | Awaitable[Granted]]

PAGES = "/_segue"
#: What tools ask for under whatever name they reach the server, and what has its permission in its address.
_OPEN = ("/_segue/health", "/_segue/blobs/")
#: Names that nobody can register, so that no stranger's page can be called so.
_OURS = ("localhost", "local", "internal", "test")
_ASK = 'Basic realm="Segue: any name, and SEGUE_SECRET_ACCESS_KEY as the password", charset="UTF-8"'
_WORDS = {"message": "This page asks for a password: SEGUE_SECRET_ACCESS_KEY, under any name (HTTP Basic)."}


def guarded(app: App, settings: Settings, admits: Admits) -> App:
    """``app``, closed to pages from elsewhere: these are answered 403 unless ``admits`` gives them headers."""

    def answer(request: Request) -> Response | Awaitable[Response]:
        headers = request.headers
        if "origin" not in headers and "sec-fetch-site" not in headers and not request.path.startswith(PAGES):
            return app(request)  # not a browser: every AWS client
        granted = None if request.path.startswith(PAGES) else admits(request)
        return _when_known(request, granted) if isinstance(granted, Awaitable) else decide(request, granted)

    async def _when_known(request: Request, granted: Awaitable[Granted]) -> Response:
        answered = decide(request, await granted)
        return answered if isinstance(answered, Response) else await answered

    def decide(request: Request, granted: Granted) -> Response | Awaitable[Response]:
        if granted is not None:
            return _admitted(app, request, granted)
        why = refusal(request, settings)
        if why:
            return Response(403, {"content-type": "application/json"}, orjson.dumps({"message": why}))
        if settings.secret_access_key and _is_page(request) and not _knows(request, settings.secret_access_key):
            return Response(401, {"content-type": "application/json", "www-authenticate": _ASK}, orjson.dumps(_WORDS))
        return app(request)

    return answer


def _admitted(app: App, request: Request, granted: Mapping[str, str]) -> Response | Awaitable[Response]:
    if not granted:
        return app(request)
    if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
        return Response(200, dict(granted))
    answer = app(request)
    return _with_headers(answer, granted) if isinstance(answer, Response) else _later(answer, granted)


async def _later(answer: Awaitable[Response], granted: Mapping[str, str]) -> Response:
    return _with_headers(await answer, granted)


def _with_headers(response: Response, granted: Mapping[str, str]) -> Response:
    response.headers.update(granted)
    return response


def refusal(request: Request, settings: Settings) -> str:
    """Why a request is refused; empty for one that is welcome."""
    is_page = _is_page(request)
    host = request.header("host")
    if is_page and not (is_ours(_name(host)) or _name(host) == settings.host):
        return f"The console is not served under the name {host[:100]!r}; open it as {settings.endpoint_url}/_segue/"
    if settings.secret_access_key and not is_page:
        return ""  # a page from elsewhere cannot sign
    origin = request.headers.get("origin")
    if origin is not None:
        return "" if _may_ask(origin, host) else f"A page of {origin[:100]} may not use this server."
    if request.header("sec-fetch-site") != "cross-site" or request.path.startswith(_OPEN):
        return ""
    if is_page and request.header("sec-fetch-mode") == "navigate":
        return ""  # somebody follows a link to the console
    return "A page from elsewhere may not use this server."


def _is_page(request: Request) -> bool:
    return request.path.startswith(PAGES) and not request.path.startswith(_OPEN)


def _knows(request: Request, secret: str) -> bool:
    """Whether the request brings the server's secret as its password, under whatever name."""
    scheme, _, given = request.header("authorization").partition(" ")
    try:
        password = b64decode(given, validate=True).partition(b":")[2]
    except ValueError:
        return False
    return scheme.lower() == "basic" and compare_digest(password, secret.encode())


def is_ours(name: str) -> bool:
    """Whether a host name is none that a stranger could own: an address, a bare name, or under a reserved one."""
    if _address(name) is not None:
        return True
    return bool(name) and ("." not in name or name.rpartition(".")[2] in _OURS)


def _may_ask(origin: str, host: str) -> bool:
    try:
        url = urlsplit(origin)
        name = (url.hostname or "").lower()
    except ValueError:
        return False
    address = _address(name)
    if name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback):
        return url.scheme in ("http", "https")
    return url.netloc.lower() == host.lower() and is_ours(name)


def _name(host: str) -> str:
    """The name in a ``Host`` header, without its port, in lower case; empty where there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None

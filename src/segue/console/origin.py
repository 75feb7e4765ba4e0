"""Who may speak to the server from a browser: its own pages and pages on this machine, not pages from elsewhere.

A server on the loopback interface asks for no signature, so any page that its user visits could post to it. Browsers
say where a request comes from (``Origin``, ``Sec-Fetch-Site``); AWS's clients never do. A page whose name is made to
resolve to this machine (DNS rebinding) is of one origin with the server, but its name stands in ``Host``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import orjson

from segue.config import Settings
from segue.wire.request import Request, Response

App = Callable[[Request], Response | Awaitable[Response]]

PAGES = "/_segue"
#: What tools ask for under whatever name they reach the server, and what has its permission in its address.
_OPEN = ("/_segue/health", "/_segue/blobs/")
#: Names that nobody can register, so that no stranger's page can be called so.
_OURS = ("localhost", "local", "internal", "test")


def guarded(app: App, settings: Settings) -> App:
    """``app``, closed to pages from elsewhere: they are answered 403."""

    def answer(request: Request) -> Response | Awaitable[Response]:
        headers = request.headers
        if "origin" not in headers and "sec-fetch-site" not in headers and not request.path.startswith(PAGES):
            return app(request)  # not a browser: every AWS client
        why = refusal(request, settings)
        if not why:
            return app(request)
        return Response(403, {"content-type": "application/json"}, orjson.dumps({"message": why}))

    return answer


def refusal(request: Request, settings: Settings) -> str:
    """Why a request is refused; empty for one that is welcome."""
    is_page = request.path.startswith(PAGES) and not request.path.startswith(_OPEN)
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

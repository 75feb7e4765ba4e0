"""Python functions: what is meant for this server reaches it, from code that knows of AWS only.

Code that answers CloudFormation may take the host alone from the ``ResponseURL`` (``HTTPSConnection(netloc)``): on AWS
scheme and port are always the same. Here they are not, and nobody may listen at port 443; so what is meant for the
server's own host by the standard library's HTTPS, at port 443 or at the server's, is sent as HTTP to the server. All
else is left alone. Whoever uses the whole URL (urllib3, requests, ``urllib.request``) needs none of it.

Names that SDKs make of the server's by a prefix (``sync-127.0.0.1`` for ``StartSyncExecution``) are the server's, too.
"""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def install(endpoint_url: str) -> None:
    """From now on, in this process."""
    url = urlsplit(endpoint_url)
    if url.scheme != "http" or url.hostname is None:
        return
    hosts = _LOOPBACK if url.hostname in _LOOPBACK else {url.hostname}
    home, port = url.hostname, url.port or 80
    from http.client import HTTPConnection, HTTPSConnection

    make, connect = HTTPSConnection.__init__, HTTPSConnection.connect

    def make_home(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        if self.host in hosts and self.port in (443, port):
            self.host, self.port, self.goes_home = home, port, True

    def connect_home(self: Any) -> None:
        (HTTPConnection.connect if getattr(self, "goes_home", False) else connect)(self)

    _resolve_prefixed(home)
    HTTPSConnection.__init__ = make_home  # type: ignore[method-assign]
    HTTPSConnection.connect = connect_home  # type: ignore[method-assign]


def _resolve_prefixed(home: str) -> None:
    if "." in home and not home.replace(".", "").isdigit():
        return  # names below it may be others' hosts
    resolve = socket.getaddrinfo

    def resolve_home(host: Any, *args: Any, **kwargs: Any) -> Any:
        is_prefixed = isinstance(host, str) and host.endswith((f"-{home}", f".{home}"))
        return resolve(home if is_prefixed else host, *args, **kwargs)

    socket.getaddrinfo = resolve_home

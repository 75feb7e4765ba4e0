"""Python functions: HTTPS to this server goes to its own port.

Code that answers CloudFormation may take the host alone from the ``ResponseURL`` (``HTTPSConnection(netloc)``): on AWS
scheme and port are always the same. Here they are not, and nobody may listen at port 443; so what is meant for the
server's own host by the standard library's HTTPS, at port 443 or at the server's, is sent as HTTP to the server. All
else is left alone. Whoever uses the whole URL (urllib3, requests, ``urllib.request``) needs none of it.
"""

from __future__ import annotations

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

    HTTPSConnection.__init__ = make_home  # type: ignore[method-assign]
    HTTPSConnection.connect = connect_home  # type: ignore[method-assign]

"""Python functions: what is meant for this server reaches it, from code that knows of AWS only.

Code that answers CloudFormation may take the host alone from the ``ResponseURL`` (``HTTPSConnection(netloc)``): on AWS
scheme and port are always the same. Here they are not, and nobody may listen at port 443; so what is meant for the
server's own host by the standard library's HTTPS, at port 443 or at the server's, is sent as HTTP to the server. All
else is left alone. Whoever uses the whole URL (urllib3, requests, ``urllib.request``) needs none of it.

Code that names one of AWS's hosts itself, as whoever answers the client of a WebSocket API must
(``endpoint_url=f"https://{domainName}/{stage}"``), signs with the credentials that this server has given it; AWS could
only refuse them. What botocore would send there goes to the server, under the host's name.

Packages may bring an SDK of before 2023 (botocore 1.31), which reads no ``AWS_ENDPOINT_URL``: its clients are given the
address where the code gives them none.

Names that SDKs make of the server's by a prefix (``sync-127.0.0.1`` for ``StartSyncExecution``) are the server's, too.
"""

from __future__ import annotations

import os
import socket
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
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
    for finder in (OldSdkFinder(endpoint_url), SessionFinder(endpoint_url)):
        if finder.name in sys.modules:  # a process that was made ready before its function was known
            finder.change(sys.modules[finder.name])
        else:
            sys.meta_path.insert(0, finder)
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


class _Finder:
    """Finds a module where others do, and has it changed when it is loaded."""

    name = ""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As the import system asks; ``None`` for all other modules."""
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_change(module: ModuleType) -> None:
                load(module)
                self.change(module)

            spec.loader.exec_module = load_and_change  # type: ignore[method-assign]
        return spec

    def change(self, module: ModuleType) -> None:
        """What is different from now on."""
        raise NotImplementedError


class SessionFinder(_Finder):
    """Has botocore send home what is meant for AWS and signed with the function's own key."""

    name = "botocore.httpsession"

    def change(self, module: ModuleType) -> None:
        send, home = module.URLLib3Session.send, self._endpoint_url

        def send_home(self_: Any, request: Any) -> Any:
            url = urlsplit(request.url)
            if (url.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")) and _is_signed_here(request):
                request.headers["Host"] = url.netloc
                request.url = home.rstrip("/") + url.path + (f"?{url.query}" if url.query else "")
            return send(self_, request)

        module.URLLib3Session.send = send_home


def _is_signed_here(request: Any) -> bool:
    """Whether a request names the function's own access key: in its header or, presigned, in its URL."""
    key, named = os.environ.get("AWS_ACCESS_KEY_ID"), request.headers.get("Authorization") or ""
    text = named.decode("latin-1") if isinstance(named, bytes) else str(named)
    return bool(key) and (f"Credential={key}/" in text or f"Credential={key}%2F" in request.url)


class OldSdkFinder(_Finder):
    """Has clients of an SDK that reads no ``AWS_ENDPOINT_URL`` find the server."""

    name = "botocore.client"

    def change(self, module: ModuleType) -> None:
        if _is_old(sys.modules["botocore"]):
            self._change(module.ClientCreator)

    def _change(self, creator: Any) -> None:
        create = creator.create_client

        def create_client(self_: Any, *args: Any, **kwargs: Any) -> Any:
            if len(args) < 4 and kwargs.get("endpoint_url") is None:
                kwargs["endpoint_url"] = os.environ.get("AWS_ENDPOINT_URL") or self._endpoint_url
            return create(self_, *args, **kwargs)

        creator.create_client = create_client


def _is_old(botocore: Any) -> bool:
    numbers = str(getattr(botocore, "__version__", "")).split(".")[:2]
    return all(number.isdigit() for number in numbers) and [int(number) for number in numbers] < [1, 31]

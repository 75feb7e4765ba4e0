"""Is it up, and what does it offer? Under Segue's own path and under the one that existing tools ask for."""

from __future__ import annotations

import orjson

from segue import __version__
from segue.api import Api
from segue.wire.request import Request, Response


def health_page(api: Api) -> bytes:
    """The body of the health answer: every service that is there, with ``running``, and what is sent elsewhere."""
    services = dict.fromkeys(api.services, "running")
    answer = {"services": services, "edition": "segue", "version": __version__}
    if api.forwards is not None:
        services |= dict.fromkeys(api.forwards.named, "forwarded")
        answer["forwards"] = dict(api.forwards.shown())
    return orjson.dumps(answer)


def health(api: Api, _: Request) -> Response:
    """``GET /_segue/health`` and ``GET /_localstack/health``."""
    return Response(200, {"content-type": "application/json"}, health_page(api))

"""What the server shows of itself besides the AWS APIs."""

from __future__ import annotations

import json
from typing import Any

from segue.cli.stacks.connection import CommandFailed, Connection


def page(connection: Connection, path: str, **query: str) -> dict[str, Any]:
    """The JSON at a path below ``/_segue/``.

    Raises:
        CommandFailed: the server has no such page: it is not Segue, or wants a password.
    """
    import urllib.error
    import urllib.parse
    import urllib.request

    from segue.cli.deliveries import password

    url = f"{connection.endpoint_url}/_segue/{path}?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=password()), timeout=60) as answer:
            found = json.load(answer)
            if not isinstance(found, dict):
                raise ValueError("it is no object")
    except urllib.error.HTTPError as error:
        hint = ". Set SEGUE_SECRET_ACCESS_KEY as the server has it" if error.code in (401, 403) else ""
        raise CommandFailed(f"{connection.endpoint_url} does not let us look into queues ({error}){hint}") from None
    except (OSError, ValueError) as error:
        raise CommandFailed(f"what answers at {connection.endpoint_url} does not show messages ({error})") from None
    return found

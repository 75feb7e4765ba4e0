"""Where on this server an address of AWS's is answered: templates put them together themselves. Pure."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r"(?P<scheme>https?|wss?)://(?P<id>[a-z0-9-]+)\.(?P<label>execute-api|lambda-url)\.[a-z0-9-]+\."
    r"(?:amazonaws\.com(?:\.cn)?|on\.aws)(?P<path>/\S*)?"
)


def here(value: str, endpoint_url: str) -> str | None:
    """The address by path of an API or a function's URL that ``value`` gives by its name on AWS; ``None`` of others."""
    found = _ADDRESS.fullmatch(value)
    if found is None:
        return None
    server = endpoint_url.rstrip("/")
    if found["scheme"].startswith("ws"):
        server = re.sub("^http", "ws", server)
    return f"{server}/_aws/{found['label']}/{found['id']}{found['path'] or ''}"


def output_rows(outputs: list[tuple[str, str, str]], endpoint_url: str) -> list[tuple[str, str]]:
    """Outputs (name, value, description) as rows; below an address of AWS's stands where it is answered."""
    rows = []
    for name, value, about in outputs:
        rows.append((name, f"{value}  {about}" if about else value))
        address = here(value, endpoint_url)
        if address is not None:
            rows.append(("", f"here: {address}"))
    return rows

"""What to do about a database that cannot be used: the server and libpq say what is wrong, and leave it at that."""

from __future__ import annotations

import re

CREATE = "createdb --encoding UTF8 --template template0 {database}"

_NEXT = (
    (r'database ".*" does not exist', f"Make it: {CREATE}"),
    (r'role ".*" does not exist', "Make it (createuser --pwprompt {user}), or name another user in the URL."),
    (
        "password authentication failed|no password",
        "Give the right password: in PGPASSWORD, in ~/.pgpass, or in the URL (postgresql://user:password@host/database).",
    ),
    ("(Peer|Ident) authentication failed", "Name a host and a user with a password in the URL, or run as that user."),
    (
        "no pg_hba.conf entry",
        "The server lets nobody in from here, or only over TLS (?sslmode=require): see its pg_hba.conf.",
    ),
    ("server does not support SSL", "Leave sslmode out of the URL, or switch TLS on in the server's settings."),
    (
        "permission denied for database",
        "As its owner: GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {user}",
    ),
    (
        "permission denied for schema|no schema has been selected",
        "Segue makes its tables itself. As an administrator, in that database: GRANT CREATE ON SCHEMA public TO {user}",
    ),
    ("permission denied for|must be owner of", "The tables belong to another user: name that one in the URL."),
    (
        'relation ".*" already exists',
        f"Something else is in it. Give Segue a database of its own: {CREATE.format(database='segue')}",
    ),
    (
        "session is read-only|hot standby|read-only transaction",
        "It is a standby, or set to read-only. Name the server that takes writes, or all of them (postgresql://a,b/database).",
    ),
    (
        "too many clients|connection slots are reserved|too many connections",
        "Raise max_connections: each server needs four.",
    ),
    ("startup parameter", "It seems to be a pooler: name PostgreSQL's own address."),
    ("starting up|shutting down|recovery mode", "Try again in a moment."),
    ("conninfo|connection info string|connection option|URI", "A URL is written postgresql://user@host:port/database"),
    ("resolve|translate host name", "Is the host's name in the URL right?"),
    (
        "refused|timeout|timed out|No such file|unreachable|No route",
        "Start PostgreSQL there, or put the right host and port into the URL.",
    ),
)


def what_next(words: str, *, database: str, user: str) -> str:
    """What can be done, going by what was said; empty where nothing is known to help."""
    for pattern, advice in _NEXT:
        if re.search(pattern, words):
            return advice.format(database=database, user=user)
    return ""

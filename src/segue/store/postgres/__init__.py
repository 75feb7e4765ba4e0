"""The store of many nodes: PostgreSQL.

Units are the same synchronous functions as on SQLite, on the event loop's thread, too: each batch of them runs in a
greenlet, which rests while the database works, so that nobody waits for the network but the batch itself (measured on
one machine: a statement costs 19 µs there and back, of which 9 are this process's; psycopg's own asynchronous
connection needs 37 and 26, a thread of its own fights the loop for the GIL). Below it is libpq in pipeline mode
(``psycopg.pq``): what a unit writes is sent with its next question, or with the commit.

``connection.py`` speaks to the server, ``transaction.py`` is what units see, ``lane.py`` runs batches and knows what to
do when they fail, ``opening.py`` finds the database and makes its schema, ``nodes.py`` says who else is there,
``notices.py`` carries wakes between nodes, ``store.py`` is the whole.
"""

from segue.store.store import DatabaseUnusable

try:
    import greenlet  # noqa: F401
    import psycopg  # noqa: F401
except ImportError as _missing:
    raise DatabaseUnusable(
        f"PostgreSQL needs what is not installed: pip install 'segue[postgres]' ({_missing})"
    ) from None

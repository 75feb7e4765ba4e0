"""A process that has read all code already and becomes a server whenever it is told to: starting anew costs little.

Each line of its input starts one, with this program's arguments for ``segue serve``. It tells its process id
(``pid N``), the server says when it is ready, and then it tells how that has ended (``ended N``).
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec

from segue.cli.main import main
from segue.server import services


def become_servers(arguments: list[str]) -> None:
    """Start a server for each line; return when there are no more."""
    services()  # which reads their code
    import_module("segue.cli.serve")
    if find_spec("psycopg"):
        import_module("segue.store.postgres.store")
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
            os._exit(main(["serve", *arguments]))
        print(f"pid {pid}", flush=True)
        print(f"ended {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}", flush=True)


if __name__ == "__main__":
    become_servers(sys.argv[1:])

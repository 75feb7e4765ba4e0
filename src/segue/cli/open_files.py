"""How many connections a process may have open."""

from __future__ import annotations

import resource

_FEW = 4_096


def raise_limit() -> str:
    """Allow as many open files as the system lets us; what to say where that is few, else nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (ValueError, OSError):
            pass  # some systems have a lower limit of their own
    if soft != resource.RLIM_INFINITY and soft < _FEW:
        return (
            f"segue: this process may have only {soft} files open, and each connection is one: "
            "for more, raise the limit before you start it (ulimit -n 65536; LimitNOFILE= in systemd)."
        )
    return ""

"""The content of a function's layers at ``/opt``, for this process and its children alone.

It needs a mount namespace of its own, which Linux grants to everybody within a user namespace, unless the machine's
administrator or a container's confinement forbids it. Then the function goes without: what is looked for by search
paths (``PYTHONPATH``, ``NODE_PATH``, ``PATH``, ``LD_LIBRARY_PATH``) is found all the same, and so are
programs that a Python function starts (``opt.py``).
"""

from __future__ import annotations

import ctypes
import os

_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS
_NEW_USERS = 0x10000000  # CLONE_NEWUSER
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 32, 4096, 16384, 1 << 18
_PR_SET_DUMPABLE = 4


def mount(libc: ctypes.CDLL, folder: str) -> str:
    """Why it could not be done; empty if it was."""
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_MOUNTS):
        if libc.unshare(_NEW_MOUNTS | _NEW_USERS):
            return os.strerror(ctypes.get_errno())
        try:
            _write("setgroups", "deny")
            _write("uid_map", f"{user} {user} 1")
            _write("gid_map", f"{group} {group} 1")
        except OSError as error:
            return str(error.strerror)
    source = os.fsencode(folder)
    failed = libc.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None)
    failed = failed or libc.mount(source, b"/opt", None, _BIND | _RECURSIVE, None)
    if failed:
        return os.strerror(ctypes.get_errno())
    libc.mount(None, b"/opt", None, _REMOUNT | _BIND | _READ_ONLY, None)  # as on AWS; not everywhere allowed
    libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # so that its memory can be watched
    return ""


def _write(name: str, text: str) -> None:
    with open(f"/proc/self/{name}", "w") as file:
        file.write(text)

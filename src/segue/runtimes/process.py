"""The server's side of the helper process: start an environment's process, signal it, hear of its end."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_HELPER_PROGRAM = Path(__file__).parent / "bootstrap" / "helper.py"
# What AWS's Python runtimes offer to functions; nothing else of Segue's own installation is to be importable there.
_LIBRARIES = (
    "awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py", "boto3", "botocore", "s3transfer",
    "jmespath", "dateutil", "six", "urllib3",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: AWS's Python runtime on a ``python_handler``, or an executable with arguments (``argv``); ``opt`` is
    what it finds at ``/opt``, where the machine allows that."""

    environment: Mapping[str, str]
    directory: Path
    argv: tuple[str, ...] = ()
    python_handler: str | None = None
    python_path: tuple[str, ...] = ()
    opt: Path | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: by a code or a signal; ``failure`` says why it could not even be started."""

    code: int | None = None
    signal: int | None = None
    failure: str = ""


class Child:
    """A process of the helper's. ``pid`` is known once it has been started."""

    def __init__(self, helper: Helper, child_id: int, on_exit: Callable[[Exit], None]) -> None:
        self._helper = helper
        self._id = child_id
        self._on_exit = on_exit
        self._failure = ""
        self.pid: int | None = None
        self.has_ended = False

    def send_signal(self, number: signal.Signals) -> None:
        """To the whole process group; nothing happens when it is gone. The helper sends it, so a reused id is never
        hit."""
        if not self.has_ended:
            self._helper.send({"op": "signal", "id": self._id, "signal": int(number)})

    def told(self, answer: Mapping[str, object]) -> None:
        """Take in what the helper says of this child."""
        if "pid" in answer:
            self.pid = int(str(answer["pid"]))
        elif "failed" in answer:
            self._failure = str(answer["failed"])
        else:
            code, number = answer.get("code"), answer.get("signal")
            self.ended(
                Exit(
                    code if isinstance(code, int) else None, number if isinstance(number, int) else None, self._failure
                )
            )

    def ended(self, end: Exit) -> None:
        if not self.has_ended:
            self.has_ended = True
            self._on_exit(end)


class Helper:
    """The helper process, started at first need and again should it die. ``directory`` holds the libraries' folder."""

    def __init__(self, directory: Path) -> None:
        self._libraries = directory / "python-libraries"
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._children: dict[int, Child] = {}
        self._last_id = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outgoing: deque[tuple[bytes, list[int]]] = deque()
        self._incoming = b""
        self.is_preloaded = False

    def start(self) -> None:
        """Start the process if there is none; it is ready for requests at once (they wait in its socket)."""
        if self._socket is not None:
            return
        _link_libraries(self._libraries)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            command = [
                sys.executable,
                "-I",
                "-S",
                "-X",
                "utf8",
                str(_HELPER_PROGRAM),
                str(theirs.fileno()),
                str(self._libraries),
            ]
            self._process = subprocess.Popen(
                command,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )
        self._socket = ours
        self.is_preloaded = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(ours.fileno(), self._receive)

    def spawn(self, program: Program, output: int, on_exit: Callable[[Exit], None]) -> Child:
        """Start ``program``, its output going to the file descriptor ``output`` (closed here)."""
        self.start()
        self._last_id += 1
        child = Child(self, self._last_id, on_exit)
        self._children[self._last_id] = child
        request: dict[str, object] = {
            "op": "start",
            "id": self._last_id,
            "environment": dict(program.environment),
            "directory": str(program.directory),
        }
        if program.python_handler is not None:
            request["python"] = {"handler": program.python_handler, "path": list(program.python_path)}
        else:
            request["argv"] = list(program.argv)
        if program.opt is not None:
            request["opt"] = str(program.opt)
        self.send(request, [output])
        return child

    def preload(self) -> None:
        """Have it import what Python functions are likely to need, while it has nothing else to do."""
        self.start()
        self.send({"op": "preload"})

    def send(self, request: Mapping[str, object], descriptors: list[int] | None = None) -> None:
        """Queue one request; descriptors are closed once handed over."""
        self._outgoing.append((json.dumps(request).encode() + b"\n", descriptors or []))
        self._flush()

    def _flush(self) -> None:
        while self._outgoing and self._socket is not None and self._loop is not None:
            data, descriptors = self._outgoing[0]
            try:
                sent = socket.send_fds(self._socket, [data], descriptors) if descriptors else self._socket.send(data)
            except BlockingIOError:
                self._loop.add_writer(self._socket.fileno(), self._flush)
                return
            except OSError:
                self._lost()
                return
            for descriptor in descriptors:
                os.close(descriptor)
            if sent < len(data):
                self._outgoing[0] = (data[sent:], [])
            else:
                self._outgoing.popleft()
        if self._socket is not None and self._loop is not None:
            self._loop.remove_writer(self._socket.fileno())

    def _receive(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        *lines, self._incoming = (self._incoming + data).split(b"\n")
        for line in lines:
            answer = json.loads(line)
            if "preloaded" in answer:
                self.is_preloaded = True
            elif (child := self._children.get(answer["id"])) is not None:
                child.told(answer)
                if child.has_ended:
                    self._children.pop(answer["id"], None)

    def _lost(self) -> None:
        """The helper is gone, and all its processes with it."""
        self._disconnect()
        children, self._children = list(self._children.values()), {}
        for child in children:
            child.ended(Exit(signal=int(signal.SIGKILL)))

    def _disconnect(self) -> None:
        if self._socket is not None and self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
            self._socket = None
        for _, descriptors in self._outgoing:
            for descriptor in descriptors:
                os.close(descriptor)
        self._outgoing.clear()
        self._incoming = b""
        if self._process is not None:
            self._process.poll()

    async def close(self) -> None:
        """End the helper and every process under it, and wait until they are gone."""
        self._lost()
        if self._process is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._process.wait)
            self._process = None


def _link_libraries(folder: Path) -> None:
    """A folder with links to the libraries that functions may import, so that the rest of the installation stays
    unseen."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LIBRARIES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        target = origin.parent if origin.name == "__init__.py" else origin
        link = folder / target.name
        if link.is_symlink() and link.readlink() == target:
            continue
        if link.is_dir() and not link.is_symlink():  # the data directory was copied with its links followed
            shutil.rmtree(link)
        link.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):
            link.symlink_to(target)

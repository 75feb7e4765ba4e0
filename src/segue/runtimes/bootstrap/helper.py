"""The helper process: starts the environments' processes, tells when they end, and takes all of them along when it
goes.

Run as ``python -I -S helper.py CONTROL_FD LIBRARIES``; it imports nothing of Segue. It is small, has one thread, and
has imported AWS's runtime interface client, so that forking a Python environment off it costs milliseconds; what
functions are likely to import (boto3) is imported piece by piece while there is nothing else to do. The server never
forks itself.

Requests, one JSON object a line, a file descriptor with each ``start`` (where the process writes its output):
``{"op":"start","id":1,"environment":{},"directory":"","python":{"handler":"","path":[]}}`` or ``"argv":[]`` in place of
``python``; ``{"op":"signal","id":1,"signal":9}``; ``{"op":"preload"}``. Answers: ``{"id":1,"pid":2}``,
``{"id":1,"failed":"why"}``, ``{"id":1,"code":0}``, ``{"id":1,"signal":9}``, ``{"preloaded":true}``.
"""

import array
import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import types
from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PAUSE_MS = 300  # what has just been started needs the processors more than preloading does

# Done in this order while idle, each short enough not to delay a start by much.
_PRELOADS = (
    "import decimal uuid datetime random base64 hashlib",
    "import concurrent.futures threading queue tempfile",
    "import ssl http.client email.parser",
    "import urllib.request urllib3",
    "import dateutil.parser jmespath",
    "import xml.etree.ElementTree botocore.compat botocore.exceptions",
    "import botocore.auth botocore.awsrequest",
    "import botocore.model botocore.parsers botocore.serialize",
    "import botocore.httpsession botocore.endpoint",
    "import botocore.credentials botocore.utils",
    "import botocore.client botocore.session",
    "import s3transfer.manager boto3",
    "import boto3.dynamodb.conditions boto3.dynamodb.table boto3.resources.factory",
    *(f"client {name}" for name in ("sqs", "dynamodb", "stepfunctions", "sns", "events", "lambda", "s3", "sts")),
    "resource dynamodb",
    "resource sqs",
)
_SDK_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3", "simplejson")


class Helper:
    def __init__(self, control: socket.socket, libc: ctypes.CDLL | None) -> None:
        self.control = control
        self.libc = libc
        self.processes: dict[int, int] = {}  # request id -> process id
        self.ids: dict[int, int] = {}  # process id -> request id
        self.addresses: dict[int, str] = {}  # process id -> where its runtime API is
        self.buffer = b""
        self.descriptors: list[int] = []
        self.preloads: list[str] = []
        self.has_preloaded = False
        self.pause_ms = 0

    def serve(self, woken: int) -> None:
        """Until the server closes its end: answer requests, reap, and preload between them."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(woken, select.POLLIN)
        while True:
            ready = dict(poll.poll(self.pause_ms if self.preloads else None))
            if not ready:
                self.pause_ms = 0
                self.preload_next()
            if woken in ready:
                os.read(woken, 4096)
                self.reap()
            if self.control.fileno() in ready and not self.receive():
                return

    def receive(self) -> bool:
        ancillary_bytes = socket.CMSG_SPACE(64 * array.array("i").itemsize)
        try:
            data, ancillary, _, _ = self.control.recvmsg(65536, ancillary_bytes)
        except ConnectionError:
            return False
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(payload[: len(payload) - len(payload) % received.itemsize])
                self.descriptors.extend(received)
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in lines:
            self.handle(json.loads(line))
        return bool(data)

    def handle(self, request: dict[str, Any]) -> None:
        if request["op"] == "preload" or "python" in request:
            self.preload_soon()
        if request["op"] == "start":
            self.pause_ms = PAUSE_MS
            self.start(request, self.descriptors.pop(0))
        elif request["op"] == "signal" and request["id"] in self.processes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.processes[request["id"]], request["signal"])

    def answer(self, **fields: object) -> None:
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(fields).encode() + b"\n")

    def start(self, request: dict[str, Any], output: int) -> None:
        helper = os.getpid()
        try:
            error_reader, error_writer = os.pipe()
            pid = os.fork()
        except OSError as error:  # no more processes or descriptors
            os.close(output)
            self.answer(id=request["id"], failed=reason_of(error))
            self.answer(id=request["id"], code=127)
            return
        if pid == 0:
            os.close(error_reader)
            self.become_environment(request, output, helper, error_writer)
        os.close(output)
        os.close(error_writer)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self.processes[request["id"]] = pid
        self.ids[pid] = request["id"]
        self.addresses[pid] = request["environment"].get("AWS_LAMBDA_RUNTIME_API", "")
        self.answer(id=request["id"], pid=pid)
        # Empty when a program was executed, or the Python environment is on its way; a reason otherwise.
        reason = os.read(error_reader, 4096)
        os.close(error_reader)
        if reason:
            self.answer(id=request["id"], failed=reason.decode())

    def become_environment(self, request: dict[str, Any], output: int, helper: int, error_writer: int) -> NoReturn:
        code = 127
        try:
            os.setpgid(0, 0)
            if "opt" in request and self.libc is not None:
                put_layers(self.libc, request["opt"], output)
            if self.libc is not None:
                self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != helper:
                    os._exit(1)
            limit_descriptors()
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            # As a Python interpreter begins: there, writing to who has hung up is an exception, not the end.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL if "argv" in request else signal.SIG_IGN)
            for other in self.descriptors:  # outputs of environments still to be started
                os.close(other)
            self.control.close()
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.chdir(request["directory"])
            if "argv" in request:
                os.execve(request["argv"][0], request["argv"], request["environment"])
            telemetry = os.dup(output)
            os.close(error_writer)
            code = run_python(request, telemetry)
        except OSError as error:
            what = "fork/exec /var/task/bootstrap: " if "argv" in request else ""
            os.write(error_writer, (what + reason_of(error)).encode())
        finally:
            os._exit(code)

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                break
            request_id = self.ids.pop(pid, None)
            if request_id is None:
                continue
            del self.processes[request_id], self.addresses[pid]
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)  # what the function left behind in its group
            if os.WIFSIGNALED(status):
                self.answer(id=request_id, signal=os.WTERMSIG(status))
            else:
                self.answer(id=request_id, code=os.WEXITSTATUS(status))
        sys.modules["_segue_orphans"].end(self.ids, self.addresses.values())

    def preload_soon(self) -> None:
        """Only where there are Python functions: it takes memory."""
        if not self.has_preloaded:
            self.has_preloaded = True
            self.preloads = list(_PRELOADS)

    def preload_next(self) -> None:
        kind, *names = self.preloads.pop(0).split()
        if kind == "import":
            for name in names:
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)
        else:
            warm_client(kind, names[0])
        if not self.preloads:
            gc.collect()
            gc.freeze()  # forked environments then share these pages for good
            self.answer(preloaded=True)

    def end(self) -> None:
        """Kill every environment, and whatever else descends from this process."""
        for pid in self.ids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        while True:
            for pid in sys.modules["_segue_orphans"].children():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return


def put_layers(libc: ctypes.CDLL, folder: str, output: int) -> None:
    reason = sys.modules["_segue_opt_mount"].mount(libc, folder)
    if reason:
        text = f"[WARN] Segue: what the layers hold is not at /opt: this machine allows no mount namespace ({reason})\n"
        os.write(output, text.encode())


def reason_of(error: OSError) -> str:
    return os.strerror(error.errno or 0).lower()


def share_service_models() -> None:
    """From now on, what the SDK loads of its own data while this process warms it up is kept for all environments.

    The SDK shares a loaded model among all clients of a session without copying it; here the sessions of all
    environments share it. That, and not listing its data folder anew, makes a first client twice as fast.
    """
    from botocore.loaders import JSONFileLoader, Loader

    load_file, list_services, helper = JSONFileLoader._load_file, Loader.list_available_services, os.getpid()
    files: dict[str, Any] = {}
    services: dict[tuple[str, ...], list[str]] = {}

    def shared_load_file(loader: Any, path: str, open_method: Any) -> Any:
        if path in files:
            return files[path]
        loaded = load_file(loader, path, open_method)
        if loaded is not None and os.getpid() == helper:
            files[path] = loaded
        return loaded

    def shared_list_services(loader: Any, type_name: str) -> list[str]:
        key = (type_name, *loader.search_paths)
        if key not in services:
            listed: list[str] = list_services(loader, type_name)
            if os.getpid() != helper:
                return listed
            services[key] = listed
        return list(services[key])

    JSONFileLoader._load_file = shared_load_file
    Loader.list_available_services = shared_list_services


def warm_client(kind: str, service: str) -> None:
    """A throw-away client (or resource), for the module-level caches and the shared models."""
    with contextlib.suppress(Exception):
        import boto3.session

        if "shared_load_file" not in str(sys.modules["botocore.loaders"].JSONFileLoader._load_file):
            share_service_models()
        session = boto3.session.Session("none", "none", region_name="us-east-1")
        getattr(session, kind)(service, endpoint_url="http://127.0.0.1:9")


def run_python(request: dict[str, Any], telemetry: int) -> int:
    """Be AWS's Python runtime, and give the exit code back."""
    import atexit
    import threading

    code = 0
    try:
        start_runtime(request, telemetry)
    except SystemExit as leave:
        code = exit_code(leave.code)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        code = code or 120
    return code


def start_runtime(request: dict[str, Any], telemetry: int) -> None:
    environment = request["environment"]
    os.environ.clear()
    os.environ.update(environment)
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(telemetry)
    handler = request["python"]["handler"]
    own_path = request["python"]["path"] + [entry for entry in environment.get("PYTHONPATH", "").split(":") if entry]
    sys.path[:0] = own_path
    sys.path_importer_cache.clear()
    sys.argv = ["bootstrap.py", handler]
    forget_shadowed(own_path)
    import time

    time.tzset()
    sys.modules["_segue_way_home"].install(environment.get("_HOME_ENDPOINT_URL", ""))
    sys.modules["_segue_opt"].install([path for path in environment.get("_HOME_LAYERS", "").split(":") if path])
    from awslambdaric import bootstrap, lambda_runtime_client
    from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

    # The native client reads its address when it is loaded: only now, in the environment's own process.
    del sys.modules["runtime_client"]
    native = importlib.import_module("runtime_client")
    native.initialize_client(lambda_runtime_client._user_agent())
    lambda_runtime_client.runtime_client = native
    lambda_runtime_client.BaseLambdaRuntimeClient.marshaller = LambdaMarshaller()
    if "AWS_LAMBDA_LOG_FORMAT" in environment or "AWS_LAMBDA_LOG_LEVEL" in environment:
        importlib.reload(bootstrap)  # these are read at import
    bootstrap.run(handler, lambda_runtime_client.LambdaRuntimeClient(environment["AWS_LAMBDA_RUNTIME_API"]))


def forget_shadowed(path: list[str]) -> None:
    """A package may bring its own SDK: then the preloaded one, and all that is built upon it, must not be seen."""
    brought = any(
        os.path.exists(os.path.join(entry, name + ending))
        for entry in path
        for name in _SDK_PACKAGES
        for ending in ("", ".py")
    )
    if not brought:
        return
    for name in list(sys.modules):
        if name.split(".")[0] in _SDK_PACKAGES:
            del sys.modules[name]


def exit_code(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def limit_descriptors() -> None:
    """To AWS's 1,024: the server may have raised its own limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024 if hard == resource.RLIM_INFINITY else min(1024, hard), hard))


def load_libc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None  # elsewhere the end of the control socket alone ends the environments
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    with contextlib.suppress(OSError):
        ctypes.CDLL("libstdc++.so.6")  # what the native client needs: loaded once instead of in every environment
    return libc


def load_beside(name: str) -> None:
    """A module beside this one, under a name that no function's module has."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(f"_segue_{name}", os.path.join(os.path.dirname(__file__), f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[spec.name])


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(os.path.abspath(__file__))]
    sys.path.append(sys.argv[2])
    os.set_inheritable(control.fileno(), False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the server says when: it may want to drain first
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    placeholder = types.ModuleType("runtime_client")
    placeholder.__dict__["initialize_client"] = lambda user_agent: None
    sys.modules["runtime_client"] = placeholder
    import awslambdaric.bootstrap  # noqa: F401

    load_beside("way_home")
    load_beside("opt")
    load_beside("opt_mount")
    load_beside("orphans")

    helper = Helper(control, load_libc())
    try:
        helper.serve(woken)
    finally:
        helper.end()


if __name__ == "__main__":
    main()

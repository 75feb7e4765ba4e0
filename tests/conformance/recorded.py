"""The cases recorded from AWS, run by the machinery that lies beside them (nothing of it is copied into this house; how
recordings are read differs as told in :mod:`tests.conformance.case`)."""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from tests.conformance.case import house_case
from tests.conformance.clients import Clients
from tests.conformance.reading import prepared

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT.parent / "shared" / "conformance"
REGION = "us-east-1"

Status = Literal["pass", "fail", "error"]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NAME = re.compile(r"\bc[0-9a-f]{16}\b")
_TIME = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?(?:\d\d)?)"
)
"""What the recorder took for a time: such as cannot be, a month 13, stayed in the recordings."""
_ADDRESS = re.compile(r"https?://(127\.0\.0\.1|localhost):\d+")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case ended: ``reason`` is the first mismatch, with what varies from run to run taken out."""

    id: str
    status: Status
    reason: str
    seconds: float


def groups(folder: Path = FOLDER) -> list[str]:
    """The groups of cases, by name."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and any(path.glob("*.json")))


def run_group(
    endpoint_url: str,
    group: str,
    level: str = "strict",
    timeout_seconds: float = 20,
    only: frozenset[str] | None = None,
) -> list[Outcome]:
    """Run a group's cases (or ``only`` those ids) one after the other, each in an account of its own."""
    machinery = _machinery(FOLDER)
    return [
        _run(machinery, case, endpoint_url, level, timeout_seconds)
        for case in _cases(machinery, FOLDER / group)
        if only is None or case["id"] in only
    ]


def _cases(machinery: ModuleType, group: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(group.glob("*.json")):
        case = machinery.expand(json.loads(file.read_text()))
        # the recordings say of these that AWS may answer differently today
        if "kind" in case and case.get("trust") != "needs-fixing":
            yield _with_linked_errors(case)


def _with_linked_errors(case: dict[str, Any]) -> dict[str, Any]:
    """AWS's refusal of a step may stand in a step of its own after it ("link by order"): it belongs to the step."""
    steps = case.get("steps", [])
    for step, following in itertools.pairwise(steps):
        error = following.get("value", {}).get("Error") if isinstance(following.get("value"), dict) else None
        if error and "assert" in following and not {"expect", "expectError", "assert"} & step.keys():
            step["expectError"] = {"code": error["Code"], "message": error["Message"]}
    return case


def _run(machinery: ModuleType, data: dict[str, Any], endpoint_url: str, level: str, timeout_seconds: float) -> Outcome:
    began = time.monotonic()
    account = str(uuid.uuid4().int)[:12].replace("0", "1")
    arguments = argparse.Namespace(level=level, timeout=timeout_seconds, apply_localstack_ignores=False)
    data = prepared(data, endpoint_url)
    case = house_case(machinery)(data, Clients(endpoint_url, account, REGION), account, REGION, arguments)
    status: Status = "pass"
    reason = ""
    try:
        case.run()
    except machinery.Mismatch as mismatch:
        status, reason = "fail", str(mismatch)
    except Exception as error:
        status, reason = "error", f"{type(error).__name__}: {error}"
    for undo in reversed(case.cleanup):
        try:
            undo()
        except Exception:
            continue  # what a case made may be gone already
    return Outcome(data["id"], status, _plain(reason, account), time.monotonic() - began)


def _plain(reason: str, account: str) -> str:
    first = reason.split("\n", 1)[0].replace(account, "111111111111")
    return _NAME.sub("<name>", _UUID.sub("<uuid>", _ADDRESS.sub("<endpoint>", first)))[:300]


@lru_cache(maxsize=1)
def _machinery(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("recorded_machinery", folder / "run_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ISO = _TIME  # type: ignore[attr-defined]
    return module

"""Environments of uploaded packages: extraction, layers, and names as on AWS."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from segue.runtimes import CodeRef, CodeRefused
from segue.runtimes.launch import find_node

from .harness import Place, invocation, text


def package(folder: Path, files: dict[str, str]) -> CodeRef:
    path = folder / "code.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return CodeRef(digest, path.rename(folder / f"{digest}.zip"))


def test_a_zip_is_extracted_and_named_as_on_aws(place: Place, tmp_path: Path) -> None:
    code = package(tmp_path, {"app.py": "def handler(e, c):\n    raise KeyError('k')\n", "data.txt": "x"})
    outcome = place.invoke(replace(place.python(""), code=code))
    error = json.loads(outcome.payload)
    assert error["errorMessage"] == "'k'"
    assert error["stackTrace"] == ["  File \"/var/task/app.py\", line 2, in handler\n    raise KeyError('k')\n"]
    assert '\u00a0\u00a0File "/var/task/app.py", line 2, in handler' in text(outcome)


def test_layers_later_ones_first(place: Place, tmp_path: Path) -> None:
    layers = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = {
            "python/both.py": f"n = {number}",
            f"python/lib/python3.11/site-packages/only{number}.py": f"n = {number}",
        }
        layers.append(package(folder, files | {"nodejs/node_modules/both/index.js": f"exports.n = {number}"}))
    body = "import both, only1, only2\ndef handler(e, c):\n    return [both.n, only1.n, only2.n]\n"
    assert place.invoke(place.python(body, layers=tuple(layers))).payload == b"[2, 1, 2]"
    if find_node() is not None:
        node = place.node("exports.handler = async () => require('both').n", name="index.js", layers=tuple(layers))
        assert place.invoke(node).payload == b"2"


def test_code_that_is_not_there(place: Place, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    for code in (CodeRef(), CodeRef(directory=tmp_path / "none"), CodeRef("0" * 64, tmp_path / "bad.zip")):
        with pytest.raises(CodeRefused):
            place.invoke(replace(place.python(""), code=code))


def test_an_init_that_needs_another_function_does_not_block_it(place: Place) -> None:
    """As many slow inits as there may be parallel starts: another function still starts beside them."""
    slow = [place.python("import time\ntime.sleep(6)\ndef handler(e, c): pass\n", timeout_seconds=8) for _ in range(8)]
    quick = place.python("def handler(e, c):\n    return 'quick'\n")

    async def race() -> float:
        waiting = [asyncio.create_task(place.pool.invoke(spec, invocation())) for spec in slow]
        start = time.monotonic()
        await asyncio.sleep(0)
        assert (await place.pool.invoke(quick, invocation())).payload == b'"quick"'
        seconds = time.monotonic() - start
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for spec in slow:
            place.pool.drop(spec.function_arn)
        return seconds

    assert place.run(race()) < 5

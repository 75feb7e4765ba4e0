"""What layers hold is at ``/opt``, for each function its own, where the machine allows that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from segue.runtimes import CodeRef
from segue.runtimes.opt_folder import opt_folder

from .harness import Place, text


def _allowed() -> bool:
    if Path(sys.prefix).is_relative_to("/opt"):
        return False
    tried = subprocess.run(
        ["unshare", "--user", "--map-current-user", "--mount", "true"], capture_output=True, check=False
    )
    return tried.returncode == 0


CODE = """
import os, subprocess
def handler(event, context):
    tool = subprocess.run(["/opt/bin/tool"], capture_output=True, text=True).stdout
    return [sorted(os.listdir("/opt")), open("/opt/data.txt").read(), tool]
"""


def layer(folder: Path, files: dict[str, str]) -> CodeRef:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755 if name.startswith("bin/") else 0o644)
    return CodeRef(directory=folder, sha256=folder.name)


@pytest.mark.skipif(not _allowed(), reason="this machine allows no mount namespaces")
def test_functions_find_their_layers_at_opt(place: Place, tmp_path: Path) -> None:
    first = layer(tmp_path / "one", {"data.txt": "one", "bin/tool": "#!/var/lang/bin/python3\nprint('ran')\n"})
    second = layer(tmp_path / "two", {"data.txt": "two", "more.txt": ""})
    outcome = place.invoke(place.python(CODE, layers=(first, second)))
    assert json.loads(outcome.payload) == [["bin", "data.txt", "more.txt"], "two", "ran\n"], text(outcome)
    outcome = place.invoke(place.python("import os\ndef handler(e, c): return os.path.exists('/opt/data.txt')"))
    assert outcome.payload == b"false", "others do not see it"


def test_nothing_is_put_over_what_functions_need(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert opt_folder([], tmp_path / "opt", []) is None
    assert opt_folder([tmp_path / "one"], tmp_path / "opt", [Path("/opt/data")]) is None

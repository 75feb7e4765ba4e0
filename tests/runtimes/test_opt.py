"""Programs of layers, which code starts as ``/opt/…``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from segue.runtimes.bootstrap.opt import found_command

from .harness import Place, text
from .test_environment import package


def test_commands_are_found_in_layers_the_last_one_first(tmp_path: Path) -> None:
    for name, first_line in (("one", "#!/bin/sh"), ("two", "#!/var/lang/bin/python")):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "tool").write_text(f"{first_line}\n")
    (tmp_path / "one" / "bin" / "other").write_text("#!/bin/sh\n")
    layers = [str(tmp_path / "two"), str(tmp_path / "one")]
    assert found_command(["/opt/bin/tool", "x"], layers) == [sys.executable, f"{layers[0]}/bin/tool", "x"]
    assert found_command(["/opt/bin/other"], layers) == [f"{layers[1]}/bin/other"]


def test_other_commands_stay_as_they_are(tmp_path: Path) -> None:
    for command in (["/opt/none"], ["ls", "/opt/x"], "ls /opt/x", [], [Path("/opt/none")], [b"/opt/none"]):
        assert found_command(command, [str(tmp_path)]) is command


def test_a_function_starts_a_program_of_its_layer(place: Place, tmp_path: Path) -> None:
    """As CDK's BucketDeployment starts the AWS CLI."""
    (tmp_path / "layer").mkdir()
    tool = "#!/var/lang/bin/python\nimport sys\nprint('tool', *sys.argv[1:])\n"
    layer = package(tmp_path / "layer", {"awscli/aws": tool})
    body = """
import subprocess
def handler(event, context):
    return subprocess.check_output(["/opt/awscli/aws", "cp"], text=True)
"""
    outcome = place.invoke(place.python(body, layers=(layer,)))
    assert json.loads(outcome.payload) == "tool cp\n", text(outcome)

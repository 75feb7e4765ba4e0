"""``segue serve``: what it is not to begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from segue.cli.main import main


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"StateMachines": {}}', "'MockedResponses' is missing"),
        ("{", "line 1, column 2"),
        (None, "Cannot read the mock configuration"),
    ],
)
@pytest.mark.parametrize("is_variable", [False, True])
def test_a_bad_mock_configuration_is_told_at_the_start(
    tmp_path: Path,
    text: str | None,
    words: str,
    is_variable: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "mocks.json"
    if text is not None:
        file.write_text(text)
    if is_variable:
        monkeypatch.setenv("SFN_MOCK_CONFIG", str(file))
    given = [] if is_variable else ["--mock-config", str(file)]
    assert main(["serve", "--data", str(tmp_path / "data"), *given]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert str(file) in told
    assert not (tmp_path / "data").exists()

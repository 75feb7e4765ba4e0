"""``segue asl validate``: what it says, where, and with which exit status."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from segue.cli.main import main

GOOD: dict[str, Any] = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(name: str, content: Any) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
        return str(path)

    return write


def validated(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    status = main(["asl", "validate", "--json", *arguments])
    return status, json.loads(capsys.readouterr().out)


def test_what_can_be_created_passes(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    assert (
        main(["asl", "validate", file("a.json", GOOD), file("b.asl.yaml", "StartAt: A\nStates: {A: {Type: Succeed}}")])
        == 0
    )
    assert capsys.readouterr().out == "2 definitions: nothing to say against\n"


YAML = """\
StartAt: A
States:
  A:
    Type: Pass
    Nxt: B
    Next: B
  B: {Type: Sucseed}
"""


def test_errors_have_line_column_excerpt_and_help(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    name = file("a.yaml", YAML)
    assert main(["asl", "validate", name]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{name}:5:5: error: Field 'Nxt' is not supported [SCHEMA_VALIDATION_FAILED]",
        "    5 |     Nxt: B",
        "      |     ^^^",
        "      = did you mean 'Next'?",
        f"{name}:7:13: error: The field 'Type' should have one of these values: "
        "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] [SCHEMA_VALIDATION_FAILED]",
        "    7 |   B: {Type: Sucseed}",
        "      |             ^^^^^^^",
        "      = did you mean 'Succeed'?",
        "1 definition: 2 errors",
    ]


def test_a_missing_target_is_shown_with_its_neighbours(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Secnd"}, "Second": {"Type": "Succeed"}}}
    status, found = validated(capsys, file("a.json", definition))
    assert status == 1
    assert [(one["code"], one["line"], one.get("help")) for one in found] == [
        ("MISSING_TRANSITION_TARGET", 6, "did you mean 'Second'?"),
        ("MISSING_TRANSITION_TARGET", 8, None),
    ]


@pytest.mark.parametrize(
    ("text", "line", "column", "help"),
    [
        (
            "{\n  “StartAt”: 1}",
            2,
            3,
            'the quote “ (U+201C LEFT DOUBLE QUOTATION MARK): write the straight quote " instead',
        ),
        ('{"a":\u00a01}', 1, 6, "a blank that is none (U+00A0 NO-BREAK SPACE): write an ordinary space instead"),
        ('{\u200b"a": 1}', 1, 2, "an invisible character (U+200B ZERO WIDTH SPACE): delete it"),
        ('{"a": [1,\n]}', 1, 9, "JSON takes no comma after the last member: delete it"),
        ('{"a": 1\n "b": 2}', 1, 8, "a comma is missing"),
        ("{'a': 1}", 1, 2, "JSON strings stand between double quotes: write \" instead of '"),
        ('{"a": 1 // one\n}', 1, 9, "JSON has no comments: use the Comment field, or write the definition in YAML"),
        ('{"a": True}', 1, 7, "this is Python: JSON writes true, false and null"),
    ],
)
def test_odd_characters_are_named(
    capsys: pytest.CaptureFixture[str], file: Any, text: str, line: int, column: int, help: str
) -> None:
    status, (found,) = validated(capsys, file("a.json", text))
    assert (status, found["code"]) == (1, "INVALID_JSON_DESCRIPTION")
    assert (found["line"], found["column"]) == (line, column)
    assert help in found["help"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("StartAt: [A", "INVALID_YAML"),
        ("StartAt: A\n\tStates: {}", "INVALID_YAML"),
        ("? [a]\n: 1", "INVALID_YAML"),
        ("", "SCHEMA_VALIDATION_FAILED"),
        ("StartAt: &a [*a]", "TOO_DEEPLY_NESTED"),
        ("a: " + "[" * 10_000, "TOO_DEEPLY_NESTED"),
        ("- " * 50_000, "TOO_DEEPLY_NESTED"),
        ("StartAt: A\nStartAt: B\nStates: {B: {Type: Succeed}}", "DUPLICATE_KEY"),
    ],
)
def test_yaml_that_is_none(capsys: pytest.CaptureFixture[str], file: Any, text: str, code: str) -> None:
    status, found = validated(capsys, file("a.yaml", text))
    assert (status, found[0]["code"], found[0]["severity"]) == (1, code, "error")


def test_a_billion_laughs_end_early(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    status, (found,) = validated(capsys, file("a.yaml", "\n".join(lines)))
    assert (status, found["message"]) == (1, "The aliases of this file make it too big")


def test_scalars_are_those_of_yaml_1_2(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    state = "{Type: Wait, Timestamp: 2030-01-01T00:00:00Z, Next: no}"
    status, found = validated(capsys, file("a.yml", f"StartAt: A\nStates: {{A: {state}, 'no': {{Type: Succeed}}}}"))
    assert status == 0
    assert [(one["code"], one["help"]) for one in found] == [("YAML_BOOLEAN", "put it between quotes")]


MAP_OF_THE_ARTICLE = """\
StartAt: Invoke Worker State Machine
States:
  Invoke Worker State Machine:
    Type: Map
    InputPath: "$.users"
    Parameters:
      UserDetails.$: "$$.Map.Item.Value"
    Iterator:
      StartAt: Task
      States:
        Task:
          Type: Task
          Resource: arn:aws:states:::states:startExecution.sync:2
          Parameters:
            StateMachineArn: "${ChildStateMachineArn}"
            Input:
            UserDetails.$: "$.UserDetails"
            AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$: "$$.Ex.Id"
          End: true
    End: true
"""


def test_what_is_indented_too_little_is_told(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    """The snippet of "Orchestrating Multi-Lambda Workflows" as it is printed."""
    status, found = validated(capsys, file("a.yaml", MAP_OF_THE_ARTICLE))
    assert (status, [(one["code"], one["line"]) for one in found]) == (
        0,
        [("YAML_INDENTATION", 16), ("CONTEXT_PATH", 18)],
    )
    assert "did you mean $$.Execution?" in found[1]["message"]
    mended = MAP_OF_THE_ARTICLE.replace("            User", "              User").replace(
        "            AWS", "              AWS"
    )
    assert [one["code"] for one in validated(capsys, file("b.yaml", mended))[1]] == ["CONTEXT_PATH"]
    empty = "StartAt: A\nStates: {A: {Type: Pass, InputPath: , ResultPath: ~, OutputPath: null, End: true, Result: }}"
    assert [one["column"] for one in validated(capsys, file("c.yaml", empty))[1]] == [26]


def test_substitutions(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    state = {"Type": "Task", "Resource": "${Fn.Arn}", "Comment": "${C}", "End": True}
    name = file("a.json", {"StartAt": "A", "States": {"A": state}})
    assert validated(capsys, name)[0] == 0
    assert validated(capsys, name, "--substitution", "Fn.Arn=arn:aws:states:::dynamodb:query")[0] == 1
    tagged = "StartAt: A\nStates:\n  A: {Type: Task, Resource: !GetAtt Fn.Arn, End: true}\n"
    assert validated(capsys, file("a.yaml", tagged))[0] == 0


def test_hints_do_not_fail_unless_asked(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Z"}]}
    name = file("a.json", {"StartAt": "C", "States": {"C": choice, "Z": {"Type": "Succeed"}}})
    status, (found,) = validated(capsys, name)
    assert (status, found["severity"], found["code"], found["line"]) == (0, "hint", "CHOICE_WITHOUT_DEFAULT", 4)
    assert validated(capsys, "--strict", name)[0] == 1
    assert validated(capsys, "--strict", "--no-hints", name) == (0, [])


def test_kinds_and_single_states(capsys: pytest.CaptureFixture[str], file: Any) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}
    name = file("a.json", {"StartAt": "A", "States": {"A": task}})
    assert validated(capsys, name)[0] == 0
    assert validated(capsys, "--type", "EXPRESS", name)[0] == 1
    status, (found,) = validated(capsys, "--state", file("s.json", {"Type": "Pass", "End": True, "Nope": 1}))
    assert (status, found["line"], found["location"]) == (1, 4, "/States/StateName")


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfStartAt: A\nStates: {A: {Type: Fail}}")))
    assert main(["asl", "validate", "-"]) == 0


def test_files_that_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path, file: Any) -> None:
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"a": "\xe9"}')
    assert main(["asl", "validate", str(tmp_path / "none.json"), str(latin), file("a.json", GOOD)]) == 2
    shown = capsys.readouterr()
    assert "none.json cannot be read: No such file" in shown.err
    assert "latin.json cannot be read: it is not UTF-8 (byte 7)" in shown.err
    assert shown.out == "1 definition: nothing to say against\n"

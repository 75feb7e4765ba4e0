"""``segue asl validate``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from segue.cli.asl import report
from segue.cli.asl.problems import Problem, Reading, problems

DESCRIPTION = """\
Check definitions of state machines, in JSON or YAML, as CreateStateMachine would: with AWS's codes and words, and
with the line and column of each. Beyond what AWS says, hints tell of known traps: a callback without a timeout, a
Catch that drops its input, a context path that is none, a loop without an end.
"""

EPILOG = """\
examples:
  segue asl validate order.asl.json
  segue asl validate --type EXPRESS workflows/*.yaml
  segue asl validate --substitution Table=orders template.asl.yaml
  cat order.asl.json | segue asl validate --json -

Fields like "Resource": "${QuoteFunctionArn}" may stay open: they are filled in when the template is deployed.
The exit status is 0 if every definition can be created (with --strict: if there is nothing to say at all), 1 if one
cannot, 2 if a file cannot be read.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "validate",
        help="check definitions of state machines, and tell of known traps",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a definition in JSON or YAML; - for standard input")
    add_reading(parser)
    parser.add_argument("--state", action="store_true", help="the files hold single states, not state machines")
    parser.add_argument("--no-hints", action="store_true", help="say only what AWS says")
    parser.add_argument("--strict", action="store_true", help="warnings and hints fail, too")
    parser.add_argument("--json", action="store_true", help="print what is found as JSON")
    parser.set_defaults(run=run)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Options about how a definition is meant."""
    parser.add_argument(
        "--type", choices=("STANDARD", "EXPRESS"), default="STANDARD", help="the type of state machine (%(default)s)"
    )
    parser.add_argument(
        "--substitution",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what ${NAME} stands for, as in DefinitionSubstitutions; may be repeated",
    )


def substitutions(arguments: argparse.Namespace) -> dict[str, str]:
    """What was given with --substitution."""
    return dict(pair.partition("=")[::2] for pair in arguments.substitution)


def read_text(file: str) -> str:
    """A file's text.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read.
    """
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    return data.decode("utf-8-sig")


def is_sound(text: str, arguments: argparse.Namespace, *, is_state: bool) -> bool:
    """Whether a definition can be created; its errors go to standard error."""
    reading = Reading(arguments.type, is_state, substitutions(arguments), with_hints=False)
    errors = [one for one in problems(text, arguments.file, reading) if one.severity == "error"]
    for error in errors:
        print(report.as_text(error, text), file=sys.stderr)
    return not errors


def run(arguments: argparse.Namespace) -> int:
    """Print what there is to say about the files; the exit status."""
    reading = Reading(
        arguments.type,
        arguments.state,
        substitutions(arguments),
        with_hints=not (arguments.no_hints or arguments.state),
    )
    found: list[Problem] = []
    unreadable = 0
    for file in arguments.files:
        try:
            text = read_text(file)
        except (OSError, UnicodeDecodeError) as error:
            print(f"segue: {file} cannot be read: {_why(error)}", file=sys.stderr)
            unreadable += 1
            continue
        of_file = problems(text, "<stdin>" if file == "-" else file, reading)
        if arguments.no_hints:
            of_file = [problem for problem in of_file if problem.severity != "hint"]
        found += of_file
        if not arguments.json:
            for problem in of_file:
                print(report.as_text(problem, text, colours=sys.stdout.isatty()))
    if arguments.json:
        print(report.as_json(found))
    elif len(arguments.files) > unreadable:
        print(report.summary(found, len(arguments.files) - unreadable))
    if unreadable:
        return 2
    return int(any(arguments.strict or problem.severity == "error" for problem in found))


def _why(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start})"
    return error.strerror or str(error)

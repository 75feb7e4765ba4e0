"""``segue asl format``."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any

from segue.cli.asl import report
from segue.cli.asl.check import read_text
from segue.cli.asl.json_format import format_json
from segue.cli.asl.problems import Problem, read_source
from segue.cli.asl.source import Source, SourceProblem, line_and_column
from segue.cli.asl.yaml_format import format_yaml

EPILOG = """\
examples:
  segue asl format order.asl.json                      print it
  segue asl format --in-place workflows/*.asl.yaml     rewrite the files
  segue asl format --check workflows/*.asl.json        say which are not in shape (exit status 1)
  segue asl format --to json order.asl.yaml            the same definition for an API that takes JSON

Order, comments, quotes and the spelling of numbers stay. What is no definition is left alone.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "format",
        help="bring definitions into one shape, or from YAML to JSON",
        description="Bring definitions into one shape: two spaces a level, everything in the order as given.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a definition in JSON or YAML; - for standard input")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="change nothing; tell which files are not in shape")
    what.add_argument("--in-place", action="store_true", help="rewrite the files instead of printing them")
    what.add_argument("--to", choices=("json", "yaml"), help="print the definition in this language")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Format the files; the exit status."""
    statuses = [_format(file, arguments) for file in arguments.files]
    return max(statuses)


def _format(file: str, arguments: argparse.Namespace) -> int:
    try:
        text = read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        print(f"segue: {file} cannot be read: {error}", file=sys.stderr)
        return 2
    try:
        source = read_source(text, file)
        formatted = formatted_as(source, arguments.to or source.language)
    except SourceProblem as problem:
        line, column = line_and_column(text, problem.offset)
        shown = Problem(file, line, column, 1, "error", problem.code, problem.message, None, problem.help)
        print(report.as_text(shown, text), file=sys.stderr)
        return 2
    if arguments.check:
        return _check(file, text, formatted)
    if not arguments.in_place:
        sys.stdout.write(formatted)
    elif formatted != text and file != "-":
        Path(file).write_text(formatted, encoding="utf-8")
        print(f"{file}: formatted")
    return 0


def formatted_as(source: Source, language: str) -> str:
    """A definition's text in one shape.

    Raises:
        SourceProblem: it cannot be formatted without changing it.
    """
    if language == "json":
        return format_json(source)
    if source.language == "yaml":
        return format_yaml(source)
    return as_yaml(source.plain())


def as_yaml(value: Any) -> str:
    """Plain data as YAML."""
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    return text


def _check(file: str, text: str, formatted: str) -> int:
    if formatted == text:
        return 0
    changes = list(difflib.unified_diff(text.splitlines(), formatted.splitlines(), file, file, "", "formatted", 1, ""))
    print("\n".join(changes) if changes else f"{file}: its line ends are not in shape")
    return 1

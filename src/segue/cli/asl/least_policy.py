"""``segue asl policy``: what the role of a state machine must be allowed."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from segue.cli.asl.check import add_reading, is_sound, read_text, substitutions
from segue.cli.asl.problems import filled_text, read_source
from segue.cli.asl.source import SourceProblem

EPILOG = """\
examples:
  segue asl policy order.asl.json > policy.json
  segue asl policy order.asl.yaml --region us-east-1 --account 123456789012 --name order
  segue asl policy order.asl.json --substitution Table=orders
  segue aws iam put-role-policy --role-name order --policy-name order --policy-document file://policy.json

What a definition names is named in the policy; what comes with the input is *, and is told on standard error. Tasks
with Credentials need sts:AssumeRole alone: their own role needs the rest. What is logged or traced is not in a
definition, so neither are its permissions. ${Name} stays as it is, unless --substitution says what it is.
The exit status is 0, or 2 if the file is no definition.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "policy",
        help="print the least IAM policy that a state machine's role needs",
        description="Print the least IAM policy that the role of a state machine needs, from its definition.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="a definition in JSON or YAML; - for standard input")
    parser.add_argument("--region", default="*", help="where it will run (any)")
    parser.add_argument("--account", default="*", help="whose it will be (anybody's)")
    parser.add_argument("--name", default="*", help="the state machine's name (any)")
    add_reading(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the policy; the exit status."""
    from segue.languages.asl_policy import Names, policy_of

    try:
        text = read_text(arguments.file)
        if not is_sound(text, arguments, is_state=False):
            return 2
        definition = json.loads(filled_text(read_source(text, arguments.file), substitutions(arguments)))
    except (OSError, UnicodeDecodeError, SourceProblem) as error:
        print(f"segue: {error}", file=sys.stderr)
        return 2
    names = Names(arguments.region, arguments.account, arguments.name)
    policy = policy_of(definition, names, kind=arguments.type)
    print(json.dumps(policy.document, indent=2, ensure_ascii=False))
    for words in policy.open:
        print(f"segue: {words}", file=sys.stderr)
    return 0

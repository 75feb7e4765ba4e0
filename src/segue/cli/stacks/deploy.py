"""``segue deploy``: a CloudFormation or SAM template with its local code, from a shell."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.cli.stacks.connection import CommandFailed, add_arguments, connect, in_words

_EPILOG = """\
Code folders that the template names (CodeUri, ContentUri, DefinitionUri, Code, nested templates, …) are packaged and
uploaded; requirements.txt and package.json are installed, esbuild and Makefile builds are run, as 'sam build' does.
What was built once is kept by its content. All capabilities are granted: the server is yours.

  segue deploy                                 the template of this folder, as a stack of the folder's name
  segue deploy app/template.yaml --watch       and again whenever a file changes: code is swapped in place
  segue deploy queue.yaml --stack-name queue --parameter Retention=60 --tag team=orders

A samconfig.toml beside the template gives stack_name, parameter_overrides, tags and region where you give none.
The exit status is 0 when the stack stands as the template says, 1 when it failed, 2 when the command cannot be run.

Then: segue status · segue logs --follow · segue delete STACK
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "deploy",
        help="deploy a CloudFormation or SAM template with its code",
        description="Deploy a CloudFormation or SAM template (YAML or JSON) with the local code that it names.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "template", nargs="?", type=Path, metavar="TEMPLATE", help="the file, or its folder (default: this folder)"
    )
    parser.add_argument("--stack-name", metavar="NAME", help="the stack (default: the folder's name, see below)")
    parser.add_argument(
        "--parameter", "-p", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the template"
    )
    parser.add_argument("--tag", action="append", default=[], metavar="NAME=VALUE", help="a tag of the stack")
    parser.add_argument("--watch", "-w", action="store_true", help="go on: deploy what changes, as files change")
    parser.add_argument("--no-build", action="store_true", help="take code folders as they stand, installing nothing")
    parser.add_argument("--no-rollback", action="store_true", help="leave a stack that fails as it stands")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Deploy; the exit status."""
    from botocore.exceptions import BotoCoreError, ClientError

    connection = None
    try:
        project = project_of(arguments)
        connection = project.connection
        status = _once(project)
        if arguments.watch:
            from segue.cli.stacks.watching import watch

            watch(project)
            return 0
        return status
    except KeyboardInterrupt:
        return 130
    except CommandFailed as failed:
        return _refused(failed.words, failed.status)
    except (BotoCoreError, ClientError) as error:
        return _refused(in_words(error, connection) if connection else str(error), 1)
    except BrokenPipeError:
        raise
    except OSError as error:  # a folder that cannot be read, a full disk
        return _refused(str(error), 1)


def _refused(words: str, status: int) -> int:
    print(f"segue: {words}", file=sys.stderr, flush=True)
    return status


def project_of(arguments: argparse.Namespace) -> Project:
    """What the arguments ask for."""
    from segue.cli.stacks.artifacts import Artifacts
    from segue.cli.stacks.deployment import Deployment
    from segue.cli.stacks.packaging import Packager
    from segue.cli.stacks.project import find_template, pairs, sam_config, stack_name_of
    from segue.cli.stacks.recipes import cache_folder
    from segue.cli.stacks.screen import Screen

    template = find_template(arguments.template)
    config = sam_config(template.resolve().parent)
    connection = connect(arguments, config.region)
    screen = Screen()
    artifacts = Artifacts(connection)
    built_by_sam = ".aws-sam" in template.resolve().parts
    return Project(
        template=template,
        connection=connection,
        screen=screen,
        packager=Packager(artifacts, cache_folder(), screen.passing, builds=not (arguments.no_build or built_by_sam)),
        deployment=Deployment(
            client=connection.client("cloudformation"),
            artifacts=artifacts,
            stack_name=arguments.stack_name or config.stack_name or stack_name_of(template),
            parameters={**config.parameters, **pairs(arguments.parameter, "parameter")},
            tags={**config.tags, **pairs(arguments.tag, "tag")},
            rollback=not arguments.no_rollback,
        ),
    )


@dataclass(slots=True)
class Project:
    """What is deployed, whereto, and by whom. ``packaged`` is the template as it was deployed last."""

    template: Path
    connection: Any
    screen: Any
    packager: Any
    deployment: Any
    packaged: Any = None


def _once(project: Project) -> int:
    where = f"{project.connection.endpoint_url}, {project.connection.region}"
    project.screen.line(f"Deploying {project.deployment.stack_name} ({project.template}) to {where}")
    return deploy(project)


def deploy(project: Project) -> int:
    """Package and deploy once, telling how it goes; the exit status."""
    screen, deployment = project.screen, project.deployment
    began = time.monotonic()
    uploaded = project.packager.artifacts.uploaded
    project.packaged = project.packager.package(project.template)
    uploaded = project.packager.artifacts.uploaded - uploaded
    for note in project.packaged.notes:
        screen.line(f"  {screen.paint('note', 'yellow')}  {note}")
    if project.packaged.assets:
        count = len(project.packaged.assets)
        screen.line(f"Packaged {count} local part{'s' if count > 1 else ''}, uploaded {uploaded}")
    status = deployment.run(project.packaged, screen)
    seconds = time.monotonic() - began
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", ""):
        said = status or "nothing has changed"
        screen.line(f"{deployment.stack_name}: {screen.paint(said, 'green')} ({seconds:.1f} s)")
        _show_outputs(project)
        _show_loose_ends(project, status)
        return 0
    screen.line(f"{deployment.stack_name}: {screen.paint(status, 'red')} ({seconds:.1f} s)")
    reasons = "".join(f"\n  {reason}" for reason in deployment.reasons) or "\n  (its events give no reason)"
    return _refused(f"{deployment.stack_name} failed:{reasons}\n{_next_step(status, deployment.stack_name)}", 1)


def _show_outputs(project: Project) -> None:
    from segue.cli.stacks.addresses import output_rows
    from segue.cli.stacks.screen import table

    outputs = project.deployment.outputs()
    if outputs:
        project.screen.line("Outputs")
        for line in table(output_rows(outputs, project.connection.endpoint_url)):
            project.screen.line(line)


def _show_loose_ends(project: Project, status: str) -> None:
    """A note about functions whose failed events would be lost, if anything has changed."""
    from segue.cli.stacks.loose_ends import loose_ends

    found = loose_ends(project.deployment.resources()) if status else []
    if found:
        words = (
            "events that fail three times are lost: there is neither a dead-letter queue nor an OnFailure destination"
        )
        screen = project.screen
        screen.line(f"{screen.paint('note', 'yellow')}  {', '.join(found)}, invoked asynchronously: {words}")


def _next_step(status: str, stack_name: str) -> str:
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return "Everything stands as before. Mend this and deploy again."
    if status == "ROLLBACK_COMPLETE":
        return "What was made is removed again. Mend this and deploy again: the stack is then made anew."
    return f"Mend this and deploy again. What stands now: segue status {stack_name}"

"""``segue serve``: one process, no account, nothing to configure."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import ipaddress
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from segue.cli.open_files import raise_limit
from segue.config import Kept, Settings, content_endpoint

_EPILOG = """\
Everything acknowledged is in DIR and there after a restart; running workflows go on where they stood.

  segue serve                          listen on 127.0.0.1:4566, keep the data in ./.segue
  segue serve --port 0                 any free port; its first line names it
  segue serve --data /var/lib/segue    keep the data elsewhere

Then, in another shell:
  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_DEFAULT_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  aws stepfunctions list-state-machines

Or, with nothing to export:
  segue aws stepfunctions list-state-machines
"""

_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "serve",
        help="run the server",
        description="Run the server: one process that speaks the AWS APIs.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=4566, help="port to listen on (default: %(default)s; 0: any)")
    parser.add_argument(
        "--data", type=Path, default=Path(".segue"), metavar="DIR", help="where the data lives (default: %(default)s)"
    )
    parser.add_argument(
        "--store",
        default=os.environ.get("SEGUE_STORE", ""),
        metavar="URL",
        help="PostgreSQL database that keeps everything, for any number of nodes: postgresql://user@host/database "
        "(default: what SEGUE_STORE says, else the data directory)",
    )
    parser.add_argument(
        "--blobs",
        default=os.environ.get("SEGUE_BLOBS", ""),
        metavar="PLACE",
        help="where code and objects are kept: a folder, which several nodes share, or s3://BUCKET/PREFIX at the "
        "endpoint that AWS_ENDPOINT_URL_S3 names, else at AWS (default: what SEGUE_BLOBS says, or below --data; with "
        "--store in the database, up to 64 MiB each)",
    )
    parser.add_argument(
        "--iam",
        choices=("off", "audit", "enforce"),
        default="audit",
        help="off: ask nobody; audit: allow, and record what AWS would deny; enforce: deny (default: %(default)s)",
    )
    parser.add_argument(
        "--mock-config",
        type=Path,
        default=os.environ.get("SFN_MOCK_CONFIG") or None,
        metavar="FILE",
        help="mock configuration of Step Functions Local, for executions of machineArn#TestCase "
        "(default: what SFN_MOCK_CONFIG names)",
    )
    parser.add_argument(
        "--stuck-after",
        type=_seconds,
        default=0,
        metavar="SECONDS",
        help="tell the default event bus of tasks that have waited for an answer so long and have no timeout "
        "(default: tell nobody)",
    )
    parser.add_argument(
        "--keep",
        action="append",
        type=_kept,
        default=[],
        metavar="WHAT=TIME",
        help="how long to keep what is over: executions=90d, deliveries=7d, logs=30d (of groups that do not say; "
        "default: for ever); in days, hours (h), minutes (m) or seconds (s); may be repeated",
    )
    _add_ways_out(parser)
    parser.add_argument("--log-level", default="warning", choices=("debug", "info", "warning", "error"))
    parser.set_defaults(run=run)


def _add_ways_out(parser: argparse.ArgumentParser) -> None:
    """Where services and mail go that leave the building."""
    parser.add_argument(
        "--forward",
        action="append",
        default=os.environ.get("SEGUE_FORWARD", "").split(),
        metavar="SERVICE=URL",
        help="send a service elsewhere: kms=http://host:port, s3=https://s3.eu-west-1.amazonaws.com, kinesis=aws; "
        "*=… for all that are not here; may be repeated (default: what SEGUE_FORWARD lists)",
    )
    parser.add_argument(
        "--smtp",
        default=os.environ.get("SEGUE_SMTP", ""),
        metavar="URL",
        help="mail server that mail is handed to, smtp://user:password@host:port or smtps://… (default: SEGUE_SMTP, or "
        "none: mail stays in the outbox, see 'segue mail')",
    )
    parser.add_argument(
        "--ses-verification",
        choices=("auto", "link"),
        default="auto",
        help="how identities of SES are verified: at once, or by a link in a mail (default: %(default)s)",
    )
    parser.add_argument(
        "--ses-sandbox", action="store_true", help="SES sends to verified recipients only, as for a new account"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a number from 0 to 65535 is")
    return int(text)


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:10]) <= 31_536_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no span: a number of seconds from 1 to 31536000 is")
    return int(text)


def _kept(text: str) -> tuple[str, int]:
    what, _, span = text.partition("=")
    number, unit = span[:-1], _UNITS_MS.get(span[-1:], 0)
    if what not in ("executions", "deliveries", "logs") or not number.isdecimal() or not 0 < int(number[:10]) <= 36_500:
        raise argparse.ArgumentTypeError(f"{text!r} says of nothing how long to keep it: executions=30d does")
    if not unit:
        raise argparse.ArgumentTypeError(f"{span!r} is no time: 30d, 12h, 90m and 45s are")
    return f"{what}_ms", int(number) * unit


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; 0, or 1 with words on standard error when that is not possible."""
    logging.basicConfig(
        level=arguments.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    endpoint, region = content_endpoint(os.environ)
    try:
        mock_config = _mock_config(arguments.mock_config)
        _check_forwards(arguments.forward)
        _check_mail_server(arguments.smtp)
        _check_blobs(arguments.blobs, endpoint, arguments.port)
    except ValueError as error:
        return _refused(str(error))
    settings = Settings(
        data=arguments.data,
        store=arguments.store,
        blobs=arguments.blobs,
        blobs_endpoint=endpoint,
        blobs_region=region,
        host=arguments.host,
        port=arguments.port,
        iam=arguments.iam,
        secret_access_key=os.environ.get("SEGUE_SECRET_ACCESS_KEY", ""),
        mock_config=mock_config,
        smtp=arguments.smtp,
        ses_verification=arguments.ses_verification,
        ses_sandbox=arguments.ses_sandbox,
        stuck_after_ms=arguments.stuck_after * 1_000,
        kept=Kept(**dict(arguments.keep)),
        forward=tuple(arguments.forward),
    )
    if not settings.secret_access_key and not _is_loopback(settings.host):
        return _refused(
            f"{settings.host} can be reached from other machines, so requests must be signed. Choose a secret and give "
            "it to the server and to your clients: export SEGUE_SECRET_ACCESS_KEY=… AWS_SECRET_ACCESS_KEY=…"
        )
    if words := raise_limit():
        print(words, file=sys.stderr)
    from segue.store.migrations import StoreIsNewer
    from segue.store.sqlite import DataDirectoryInUse, DataUnreadable
    from segue.store.store import DatabaseUnusable

    try:
        _event_loop_runner().run(_serve(settings))
    except (DataDirectoryInUse, DataUnreadable, DatabaseUnusable, StoreIsNewer) as error:
        return _refused(str(error))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _refused(
                f"Port {settings.port} on {settings.host} is taken, perhaps by another Segue or an emulator. "
                f"Stop that one, or choose another port: segue serve --port {settings.port + 1}"
            )
        return _refused(f"Cannot serve: {error}")
    return 0


def _check_forwards(texts: list[str]) -> None:
    """``ValueError`` in words for what is no forward."""
    if texts:
        from segue.api.forward import parse_forward

        for text in texts:
            parse_forward(text)


def _check_mail_server(url: str) -> None:
    """``ValueError`` in words where the URL names no mail server."""
    if url:
        from segue.worker.mail_server import parse_mail_server

        parse_mail_server(url)


def _check_blobs(place: str, url: str, own_port: int) -> None:
    """``ValueError`` in words where content cannot be kept there."""
    if place.startswith("s3://"):
        from segue.worker.s3_endpoint import S3Endpoint

        S3Endpoint(place, "", "")
        endpoint = urlsplit(url)
        if endpoint.port == own_port and _is_loopback(endpoint.hostname or ""):
            raise ValueError(
                f"{place} would be at this server itself, which {url} is: name the endpoint that is to "
                "keep its content, export AWS_ENDPOINT_URL_S3=…"
            )


def _mock_config(file: Path | None) -> str:
    """The file's text; ``ValueError`` in words where it cannot be used."""
    if file is None:
        return ""
    from segue.services.states.mock_config import InvalidMockConfig, parse_mock_config

    try:
        text = file.read_text()
        parse_mock_config(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"Cannot read the mock configuration {file}: {error}") from None
    except InvalidMockConfig as invalid:
        problems = "".join(f"\n  {problem}" for problem in invalid.problems)
        raise ValueError(f"The mock configuration {file} cannot be used:{problems}") from None
    return text


async def _serve(settings: Settings) -> None:
    gc.disable()  # until it is up, what is made stays: looking for garbage would be a tenth of the start
    from segue.server import Server
    from segue.worker.content_mover import LARGEST_IN_ROWS_BYTES

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    server = Server(settings)
    await server.start()
    _tune_interpreter()
    url = server.settings.endpoint_url
    print(f"Segue is ready at {url} (data in {settings.data}). Stop it with Ctrl-C.", flush=True)
    print(f"Point any AWS client at it: export AWS_ENDPOINT_URL={url}  Then: segue aws sqs list-queues", flush=True)
    if settings.store and not settings.blobs:
        print(
            f"Code and objects are kept in the database, up to {LARGEST_IN_ROWS_BYTES >> 20} MiB each. For larger ones "
            "start every node with --blobs: a folder that all of them share, or s3://BUCKET/PREFIX.",
            flush=True,
        )
    await stopped.wait()
    where = "at the other servers" if settings.store else "at the next start"
    print(f"Stopping: everything acknowledged is kept, running executions go on {where}.", flush=True)
    await server.stop()


def _tune_interpreter() -> None:
    """For one thread that runs Python all the time and others that only wait for the disk.

    What is there once the server is up stays, and requests leave few cycles behind: the collector looks at them less
    often (measured: a twentieth of a small request's time, and pauses of tens of milliseconds). And a thread that is
    to start a commit gets its turn in half a millisecond instead of five, so that answers are written meanwhile.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 20, 50)
    sys.setswitchinterval(0.000_5)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _event_loop_runner() -> asyncio.Runner:
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


def _refused(words: str) -> int:
    print(f"segue: {words}", file=sys.stderr)
    return 1

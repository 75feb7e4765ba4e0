"""``segue deliveries``: what it prints, and what it says when nobody answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from segue.cli.deliveries import line, short
from segue.cli.main import main

HOPS = [
    {
        "id": number,
        "at": 1_700_000_000_000 + number,
        "trace": f"1-{number}",
        "source": "arn:aws:sns:us-east-1:000000000000:orders",
        "target": "arn:aws:sqs:us-east-1:000000000000:mail",
        "operation": "sqs:SendMessage",
        "status": status,
        "attempts": number,
        "reason": "" if status == "delivered" else "QueueDoesNotExist: none",
        "subject": "m",
    }
    for number, status in enumerate(["delivered", "dropped", "audit"], start=1)
]


class Pages(BaseHTTPRequestHandler):
    """Two hops a page, like the server's page; ``answer`` replaces it."""

    answer: bytes | None = None

    def do_GET(self) -> None:
        after = int(parse_qs(urlsplit(self.path).query)["after"][0])
        page = json.dumps({"deliveries": [hop for hop in HOPS if hop["id"] > after][:2]}).encode()  # type: ignore[operator]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(page if self.answer is None else self.answer)

    def log_message(self, *arguments: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [([], ["1", "2", "3"]), (["--failed"], ["2"]), (["--trace", "1-3"], ["3"]), (["--trace", "none"], [])],
)
def test_hops_of_all_pages_are_shown(
    url: str, arguments: list[str], shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["deliveries", "--endpoint-url", url, *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [text.split()[0][-1] for text in lines] == shown


def test_a_line_says_from_where_to_where_and_why_not() -> None:
    delivered, dropped, audit = (line(hop).split("  ", 1)[1] for hop in HOPS)
    assert delivered == "sns:orders → sqs:mail  sqs:SendMessage"
    assert dropped == "sns:orders ✗ dropped sqs:mail  sqs:SendMessage (attempt 2)  QueueDoesNotExist: none"
    assert audit.startswith("sns:orders ⚠ sqs:mail")


@pytest.mark.parametrize(
    ("arn", "said"),
    [("arn:aws:states:us-east-1:0:stateMachine:m", "states:stateMachine:m"), ("sns.amazonaws.com",) * 2],
)
def test_an_arn_is_said_as_people_say_it(arn: str, said: str) -> None:
    assert short(arn) == said


def test_nobody_there_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deliveries", "--endpoint-url", "http://127.0.0.1:9"]) == 1
    words = capsys.readouterr().err
    assert "no server answers at http://127.0.0.1:9" in words
    assert "segue serve" in words


@pytest.mark.parametrize("answer", [b"<html>", b"{}"])
def test_another_server_there_is_told_in_words(
    url: str, answer: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Pages, "answer", answer)
    assert main(["deliveries", "--endpoint-url", url]) == 1
    assert "not Segue" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["serve", "--iam", "maybe"], ["serve", "--port", "x"]])
def test_wrong_arguments_are_refused_with_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: segue" in capsys.readouterr().err


def test_help_names_the_commands_and_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    words = capsys.readouterr().out
    assert all(word in words for word in ("serve", "deliveries", "AWS_ENDPOINT_URL"))

"""``segue mail``: what was sent, from a shell."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from segue.cli.main import main
from segue.testing import Segue


@pytest.fixture(scope="module")
def segue() -> Iterator[Segue]:
    with Segue() as server:
        ses = server.client("ses")
        ses.verify_email_identity(EmailAddress="shop@example.com")
        body = {"Text": {"Data": "Hallo"}, "Html": {"Data": "<p>Hallo</p>"}}
        message = {"Subject": {"Data": "Your order"}, "Body": body}
        for to in ("ann@example.com", "bob@example.com"):
            ses.send_email(Source="Shop <shop@example.com>", Destination={"ToAddresses": [to]}, Message=message)
        server.client("sns").publish(PhoneNumber="+491701234567", Message="Your code is 4711")
        yield server


def run(segue: Segue, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["mail", "--endpoint-url", segue.endpoint_url, *arguments]) == 0
    return capsys.readouterr().out


def test_one_a_line(segue: Segue, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(segue, capsys).splitlines()
    assert [line.split("  ", 2)[2] for line in lines[:2]] == [
        "Shop <shop@example.com> → ann@example.com  Your order",
        "Shop <shop@example.com> → bob@example.com  Your order",
    ]
    assert lines[2].endswith("→ +491701234567  Your code is 4711")
    assert len(run(segue, capsys, "--sms").splitlines()) == 1
    assert len(run(segue, capsys, "--to", "ANN@example.com").splitlines()) == 1


def test_one_of_them(segue: Segue, capsys: pytest.CaptureFixture[str]) -> None:
    (given,) = (json.loads(line) for line in run(segue, capsys, "--json", "--to", "ann@example.com").splitlines())
    shown = run(segue, capsys, given["messageId"])
    assert "Subject: Your order\n" in shown
    assert shown.endswith("\n\nHallo\n")
    assert json.loads(run(segue, capsys, given["id"], "--json"))["html"] == "<p>Hallo</p>"


def test_parts_come_as_they_are(segue: Segue, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["mail", "--endpoint-url", segue.endpoint_url, "--json", "--to", "bob@example.com"]) == 0
    given = json.loads(capfdbinary.readouterr().out)
    assert main(["mail", "--endpoint-url", segue.endpoint_url, given["id"], "--html"]) == 0
    assert capfdbinary.readouterr().out == b"<p>Hallo</p>"
    assert main(["mail", "--endpoint-url", segue.endpoint_url, given["id"], "--raw"]) == 0
    assert b"Subject: Your order\r\n" in capfdbinary.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["7"], "is the beginning of 3 messages"),
        (["nothing"], "There is no such message."),
        (["--html"], "--html is for one message"),
    ],
)
def test_what_is_not_possible_is_said(
    segue: Segue, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["mail", "--endpoint-url", segue.endpoint_url, *arguments]) == 1
    assert words in capsys.readouterr().err


def test_without_a_server_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mail", "--endpoint-url", "http://127.0.0.1:9"]) == 1
    assert "no server answers" in capsys.readouterr().err


def test_they_are_forgotten(segue: Segue, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(segue, capsys, "--clear", "--sms") == "1 forgotten.\n"
    assert run(segue, capsys, "--clear") == "2 forgotten.\n"
    assert run(segue, capsys) == ""

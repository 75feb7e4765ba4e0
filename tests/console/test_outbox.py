"""The outbox over HTTP: lists, filters, shows, forgets; a mail's HTML can do nothing; the address of other servers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segue.testing import Segue
from tests.console.test_pages import Browser

RAW = (
    b"From: shop@example.com\r\nTo: dora@example.com\r\nSubject: With a file\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    b'<script>alert(1)</script><img src="cid:dot"><img src="cid:none">\r\n'
    b"--b\r\nContent-Type: text/html\r\n"
    b"Content-Disposition: attachment; filename*=utf-8''n%C3%B6tes.html\r\n\r\nnotes\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-ID: <dot>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"iVBORw==\r\n--b--\r\n"
)


@pytest.fixture
def segue() -> Any:
    with Segue() as server:
        ses = server.client("ses")
        ses.verify_email_identity(EmailAddress="shop@example.com")
        message = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hallo"}}}
        to = {"ToAddresses": ["Ann <Ann@example.com>"], "BccAddresses": ["eve@example.com"]}
        ses.send_email(Source="shop@example.com", Destination=to, Message=message)
        server.advance(1)
        ses.send_raw_email(RawMessage={"Data": RAW})
        server.client("sns").publish(PhoneNumber="+491701234567", Message="Your code is 4711")
        yield server


@pytest.fixture
def browser(segue: Segue) -> Browser:
    return Browser(segue)


def subjects(browser: Browser, **query: str) -> list[str]:
    return [one["subject"] for one in browser.json("/_segue/outbox", **query)["messages"]]


def test_messages_are_listed_by_what_they_are(browser: Browser) -> None:
    assert subjects(browser) == ["Hi", "With a file", "Your code is 4711"]
    assert subjects(browser, kind="sms") == ["Your code is 4711"]
    assert subjects(browser, recipient="ann@example.com") == ["Hi"]
    assert subjects(browser, since="1700000001000") == ["With a file", "Your code is 4711"]
    assert subjects(browser, last="1") == ["Your code is 4711"]
    first = browser.json("/_segue/outbox", limit="1")["messages"][0]
    assert subjects(browser, after=first["id"], limit="1") == ["With a file"]
    assert (first["recipients"], first["status"]) == (["ann@example.com", "eve@example.com"], "CAPTURED")
    assert isinstance(first["id"], str)


def test_a_message_as_a_whole_and_its_parts(browser: Browser) -> None:
    one = browser.json("/_segue/outbox", recipient="dora@example.com")["messages"][0]
    path = f"/_segue/outbox/{one['id']}"
    whole = browser.json(path)
    assert whole["html"].startswith("<script>")
    assert [each["name"] for each in whole["attachments"]] == ["nötes.html", "part-2"]
    assert browser.ask(f"{path}/raw")[2] == RAW
    _, headers, body = browser.ask(f"{path}/attachments/0")
    assert body == b"notes"
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == "attachment; filename*=utf-8''n%C3%B6tes.html"
    for missing in ("attachments/2", "attachments/x", "nothing", "html/x"):
        assert browser.ask(f"{path}/{missing}")[0] == 404


def test_html_is_shown_where_it_can_do_nothing(browser: Browser) -> None:
    one = browser.json("/_segue/outbox", recipient="dora@example.com")["messages"][0]
    _, headers, body = browser.ask(f"/_segue/outbox/{one['id']}/html")
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert b'<img src="data:image/png;base64,iVBORw=="><img src="cid:none">' in body
    page = browser.ask("/_segue/")[1]["content-security-policy"]
    assert "frame-src 'self'" in page


def test_messages_are_forgotten(browser: Browser) -> None:
    one = browser.json("/_segue/outbox", recipient="ann@example.com")["messages"][0]
    assert json.loads(browser.ask(f"/_segue/outbox/{one['id']}", "DELETE")[2]) == {"deleted": 1}
    assert browser.ask(f"/_segue/outbox/{one['id']}", "DELETE")[0] == 404
    assert json.loads(browser.ask("/_segue/outbox?kind=SMS", "DELETE")[2]) == {"deleted": 1}
    assert subjects(browser) == ["With a file"]
    assert json.loads(browser.ask("/_segue/outbox", "DELETE")[2]) == {"deleted": 1}
    assert subjects(browser) == []


@pytest.mark.parametrize("query", ["after=x", "since=1e999", "wait=nan", "last=-1", "limit=x", f"after={'9' * 40}"])
def test_questions_that_are_none_are_refused(browser: Browser, query: str) -> None:
    assert browser.ask(f"/_segue/outbox?{query}")[0] == 400


@pytest.mark.parametrize("path", ["/x", "/-1", f"/{'9' * 40}", "/1", "/1/html", "/%C2%B2"])
def test_what_is_not_there(browser: Browser, path: str) -> None:
    assert browser.ask(f"/_segue/outbox{path}")[0] == 404


def test_without_a_mail_server_nothing_is_sent_again(browser: Browser) -> None:
    one = browser.json("/_segue/outbox")["messages"][0]
    assert browser.ask(f"/_segue/outbox/{one['id']}/send", "POST")[0] == 409
    assert browser.ask(f"/_segue/outbox/{one['id']}", "PUT")[0] == 405


def test_pages_from_elsewhere_read_nothing(browser: Browser) -> None:
    for path in ("/_segue/outbox", "/_aws/ses"):
        assert browser.ask(path, origin="https://evil.example")[0] == 403


def test_the_address_that_tests_for_other_servers_ask(browser: Browser) -> None:
    first, second = browser.json("/_aws/ses")["messages"]
    assert first["Destination"] == {"ToAddresses": ["Ann <Ann@example.com>"], "BccAddresses": ["eve@example.com"]}
    assert (first["Source"], first["Subject"], first["Region"]) == ("shop@example.com", "Hi", "us-east-1")
    assert first["Body"] == {"text_part": "Hallo", "html_part": None}
    assert second["RawData"] == RAW.decode()
    assert browser.json("/_aws/ses", id=first["Id"])["messages"] == [first]
    assert len(browser.json("/_aws/ses", email="Shop@example.com")["messages"]) == 2
    assert browser.json("/_aws/ses", email="ann@example.com")["messages"] == []
    assert browser.ask(f"/_aws/ses?id={first['Id']}", "DELETE")[0] == 204
    assert browser.json("/_aws/ses")["messages"] == [second]
    assert browser.ask("/_aws/ses", "DELETE")[0] == 204
    assert browser.json("/_aws/ses")["messages"] == []
    assert subjects(browser) == ["Your code is 4711"]


def test_where_requests_must_be_signed_mail_is_no_open_book() -> None:
    with Segue(secret_access_key="secret") as server:
        browser = Browser(server)
        assert (browser.ask("/_aws/ses")[0], browser.ask("/_segue/outbox")[0]) == (403, 401)

"""The console as a browser and a stranger's page find it: over HTTP, from outside."""

from __future__ import annotations

import http.client
import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from segue.console.pages import Pages
from segue.testing import Segue
from segue.wire.request import Request

FORM = {"content_type": "application/x-www-form-urlencoded"}
ACTION = "Action=CreateTopic&Name=driven&Version=2010-03-31"


class Browser:
    """Requests as they are, with the headers that a browser would send."""

    def __init__(self, segue: Segue) -> None:
        self.authority = urlsplit(segue.endpoint_url).netloc

    def ask(
        self, path: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; ``sec_fetch_site=…`` is the header ``sec-fetch-site``."""
        connection = http.client.HTTPConnection(self.authority, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method, path, skip_host="host" in sent)
        for name, value in {**sent, **({"content-length": str(len(body))} if body else {})}.items():
            connection.putheader(name, value)
        connection.endheaders(body.encode() if body else None)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def json(self, path: str, **query: str) -> Any:
        status, _, body = self.ask(f"{path}?{urlencode(query)}")
        assert status == 200, body
        return json.loads(body)


@pytest.fixture
def browser(segue: Segue) -> Browser:
    return Browser(segue)


def test_the_console_names_only_files_that_are_there(browser: Browser) -> None:
    status, headers, page = browser.ask("/_segue/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    left = set(re.findall(r'(?:src|href)="([^"#]+)"', page.decode()))
    assert "console.js" in left
    seen: set[str] = set()
    while left:
        name = left.pop()
        seen.add(name)
        status, headers, body = browser.ask(f"/_segue/{name}")
        assert status == 200, name
        if name.endswith(".js"):
            assert headers["content-type"] == "text/javascript; charset=utf-8"
            left |= set(re.findall(r"from '\./([^']+)'", body.decode())) - seen
    assert {"console.css", "flows.js", "sequence.js", "queues.js"} <= seen


def test_nothing_of_the_pages_comes_from_elsewhere_or_parses_data_as_html(browser: Browser) -> None:
    _, _, page = browser.ask("/_segue/console.js")
    names = ["", "console.css", "console.js", *re.findall(r"from '\./([^']+)'", page.decode())]
    for name in names:
        text = browser.ask(f"/_segue/{name}")[2].decode()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", text), (
            name
        )
        addresses = {address for address in re.findall(r"https?://[^\s'\"`]+", text) if "www.w3.org" not in address}
        assert not addresses, name


def test_pages_run_only_our_own_files_and_are_framed_by_nobody(browser: Browser) -> None:
    for path in ("/_segue/", "/_segue/console.js", "/_segue/nothing"):
        _, headers, _ = browser.ask(path)
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["connect-src"] == "'self'"
        assert policy["require-trusted-types-for"] == "'script'"
        assert headers["x-content-type-options"] == "nosniff"


def test_without_its_slash_the_address_leads_there(browser: Browser) -> None:
    status, headers, _ = browser.ask("/_segue")
    assert (status, headers["location"]) == (308, "/_segue/")


def test_a_page_that_is_known_is_not_sent_again(browser: Browser) -> None:
    _, headers, _ = browser.ask("/_segue/console.css")
    status, _, body = browser.ask("/_segue/console.css", if_none_match=headers["etag"])
    assert (status, body) == (304, b"")
    assert browser.ask("/_segue/console.css", if_none_match='"other"')[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/_segue/nothing",
        "/_segue/pages.py",
        "/_segue/../console/pages.py",
        "/_segue/static/console.js",
        "/_segue/%2e%2e/pages.py",
        "/_segue/..%2fpages.py",
        "/_segue//etc/passwd",
        "/_segue/console.js/",
        "/_seguex",
        "/_segue/\\..\\pages.py",
    ],
)
def test_nothing_else_is_served(browser: Browser, path: str) -> None:
    status, _, body = browser.ask(path)
    assert status == 404
    assert b"/_segue/" in body


def test_a_file_that_is_no_page_is_not_served(tmp_path: Any) -> None:
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "secret.key").write_text("secret")
    pages = Pages(tmp_path)
    assert pages(Request("GET", "/_segue/")).body == b"hello"
    assert pages(Request("GET", "/_segue/secret.key")).status == 404


def test_pages_are_only_read(browser: Browser) -> None:
    status, headers, _ = browser.ask("/_segue/", "POST", "x")
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert browser.ask("/_segue/", "HEAD")[::2] == (200, b"")


def test_a_peek_shows_messages_and_receives_none(segue: Segue, browser: Browser) -> None:
    sqs = segue.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:q"
    attributes = {"blob": {"DataType": "Binary", "BinaryValue": b"\xff\x00"}}
    sqs.send_message(QueueUrl=url, MessageBody="<b>first</b>", MessageAttributes=attributes)
    sqs.send_message(QueueUrl=url, MessageBody="x" * 30_000, DelaySeconds=60)
    for _ in range(2):
        first, second = browser.json("/_segue/peek", queue=arn)["messages"]
        assert (first["body"], first["visible"], first["receiveCount"]) == ("<b>first</b>", True, 0)
        assert first["attributes"]["blob"]["BinaryValue"] == "/wA="
        assert (len(second["body"]), second["bodyCharacters"], second["visible"]) == (20_000, 30_000, False)
    (received,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert received["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_peek_names_its_queue(browser: Browser) -> None:
    assert browser.ask("/_segue/peek")[0] == 400
    assert browser.ask("/_segue/peek?queue=arn", "POST", "x")[0] == 400
    assert browser.json("/_segue/peek", queue="arn:aws:sqs:us-east-1:000000000000:none")["messages"] == []


def move(segue: Segue, times: int) -> list[str]:
    """Start executions; their ARNs."""
    states = segue.client("stepfunctions")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    role = "arn:aws:iam::000000000000:role/any"
    machine = states.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    return [states.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(times)]


def test_deliveries_of_one_conversation_or_resource_or_the_newest(segue: Segue, browser: Browser) -> None:
    arns = move(segue, 3)
    everything = browser.json("/_segue/deliveries")["deliveries"]
    assert [hop["target"] for hop in everything] == arns
    (hop,) = browser.json("/_segue/deliveries", resource=arns[1])["deliveries"]
    assert hop == everything[1]
    assert browser.json("/_segue/deliveries", trace=hop["trace"])["deliveries"] == [hop]
    assert browser.json("/_segue/deliveries", trace="1-0-0")["deliveries"] == []
    assert browser.json("/_segue/deliveries", last="2")["deliveries"] == everything[1:]
    assert browser.json("/_segue/deliveries", last="9", wait="20")["deliveries"] == everything
    assert browser.ask("/_segue/deliveries?last=-1")[0] == 400


def test_the_console_asks_the_operations_themselves(segue: Segue, browser: Browser) -> None:
    (arn,) = move(segue, 1)
    scope = "000000000000/20260101/us-east-1/states/aws4_request"
    status, _, body = browser.ask(
        "/",
        "POST",
        json.dumps({"executionArn": arn}),
        origin=segue.endpoint_url,
        sec_fetch_site="same-origin",
        x_amz_target="AWSStepFunctions.DescribeExecution",
        content_type="application/x-amz-json-1.0",
        authorization=f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    )
    assert status == 200
    assert json.loads(body)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example:4566", "http://8.8.8.8"]
)
def test_a_page_from_elsewhere_cannot_drive_the_api(segue: Segue, browser: Browser, origin: str) -> None:
    headers = {**FORM, "origin": origin, "sec_fetch_site": "cross-site"}
    status, answered, body = browser.ask("/", "POST", ACTION, **headers)
    assert status == 403
    assert "access-control-allow-origin" not in answered
    assert origin in body.decode()
    assert segue.client("sns").list_topics()["Topics"] == []
    assert browser.ask("/", "POST", ACTION, **FORM)[0] == 200  # as an AWS client sends it
    assert len(segue.client("sns").list_topics()["Topics"]) == 1


def test_an_image_or_a_link_from_elsewhere_cannot_either(segue: Segue, browser: Browser) -> None:
    for mode in ("no-cors", "navigate"):
        assert browser.ask(f"/?{ACTION}", sec_fetch_site="cross-site", sec_fetch_mode=mode)[0] == 403
    assert browser.ask("/_segue/deliveries", sec_fetch_site="cross-site", sec_fetch_mode="no-cors")[0] == 403
    assert segue.client("sns").list_topics()["Topics"] == []
    assert browser.ask("/_segue/", sec_fetch_site="cross-site", sec_fetch_mode="navigate")[0] == 200  # a followed link


@pytest.mark.parametrize("path", ["/_segue/", "/_segue/deliveries", "/_segue/peek?queue=x"])
def test_a_name_that_a_stranger_made_resolve_to_this_machine_is_refused(browser: Browser, path: str) -> None:
    port = browser.authority.rpartition(":")[2]
    assert browser.ask(path, host=f"evil.example:{port}")[0] == 403
    for host in (
        f"127.0.0.1:{port}",
        "localhost",
        f"segue.localhost:{port}",
        "[::1]:4566",
        "segue:4566",
        "192.168.1.2",
    ):
        assert browser.ask(path, host=host)[0] == 200, host


def test_a_rebound_page_cannot_post_although_it_is_of_one_origin(browser: Browser) -> None:
    port = browser.authority.rpartition(":")[2]
    rebound = {"host": f"evil.example:{port}", "origin": f"http://evil.example:{port}"}
    assert browser.ask("/", "POST", ACTION, **FORM, **rebound)[0] == 403


def test_the_users_own_pages_on_this_machine_may_ask(browser: Browser) -> None:
    for origin in ("http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:3000", "http://app.localhost"):
        status, _, _ = browser.ask("/", "POST", ACTION, **FORM, origin=origin, sec_fetch_site="same-site")
        assert status == 200, origin


def test_health_is_told_under_any_name(browser: Browser) -> None:
    assert browser.ask("/_segue/health", host="anything.example")[0] == 200


def test_where_requests_are_signed_pages_ask_for_the_secret() -> None:
    with Segue(secret_access_key="s3cret:") as segue:
        browser = Browser(segue)
        for path in ("/_segue/", "/_segue/deliveries", "/_segue/peek?queue=x"):
            status, headers, _ = browser.ask(path)
            assert (status, headers["www-authenticate"].split()[0]) == (401, "Basic")
            for word in ("Basic dTp3cm9uZw==", "Basic !", "Basic", "Bearer dTpzM2NyZXQ6"):
                assert browser.ask(path, authorization=word)[0] == 401, word
            assert browser.ask(path, authorization="Basic dTpzM2NyZXQ6")[0] == 200
        assert browser.ask("/_segue/health")[0] == 200

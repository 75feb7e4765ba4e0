"""Identities that are verified by a link, and what may be read and set of them."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from segue.testing import Segue


@pytest.fixture
def segue() -> Iterator[Segue]:
    with Segue(ses_verification="link") as server:
        yield server


@pytest.fixture
def ses(segue: Segue) -> Any:
    return segue.client("ses")


def link_for(segue: Segue, address: str) -> str:
    found = re.search(r"http\S+", segue.outbox(to=address)[-1].text)
    assert found is not None
    return found[0]


def follow(url: str) -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def status(ses: Any, name: str) -> str:
    attributes = ses.get_identity_verification_attributes(Identities=[name])["VerificationAttributes"]
    return str(attributes[name]["VerificationStatus"])


def send(ses: Any, source: str) -> None:
    message = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hallo"}}}
    ses.send_email(Source=source, Destination={"ToAddresses": ["ann@example.com"]}, Message=message)


def test_an_address_is_verified_by_the_link_in_its_mail(segue: Segue, ses: Any) -> None:
    ses.verify_email_identity(EmailAddress="shop@example.com")
    assert status(ses, "shop@example.com") == "Pending"
    with pytest.raises(ClientError, match="Email address is not verified"):
        send(ses, "shop@example.com")
    (mail,) = segue.outbox(to="shop@example.com")
    assert mail.sender == "Amazon Web Services <no-reply-aws@amazon.com>"
    answer, page = follow(link_for(segue, "shop@example.com"))
    assert answer == 200
    assert "shop@example.com may send mail now" in page
    assert status(ses, "shop@example.com") == "Success"
    send(ses, "shop@example.com")
    ses.verify_email_identity(EmailAddress="shop@example.com")
    assert status(ses, "shop@example.com") == "Success"


def test_a_domain_by_the_one_that_its_postmaster_gets(segue: Segue, ses: Any) -> None:
    assert len(ses.verify_domain_identity(Domain="shop.example")["VerificationToken"]) == 44
    assert len(ses.verify_domain_dkim(Domain="shop.example")["DkimTokens"]) == 3
    assert follow(link_for(segue, "postmaster@shop.example"))[0] == 200
    send(ses, "any@shop.example")


def test_links_are_good_for_a_day(segue: Segue, ses: Any) -> None:
    ses.verify_email_identity(EmailAddress="shop@example.com")
    url = link_for(segue, "shop@example.com")
    segue.advance(hours=24, seconds=1)
    assert follow(url)[0] == 410
    assert follow(f"{segue.endpoint_url}/_aws/email-verification/0123/")[0] == 410
    ses.verify_email_identity(EmailAddress="shop@example.com")
    url = link_for(segue, "shop@example.com")
    ses.delete_identity(Identity="shop@example.com")
    assert follow(url)[0] == 410
    assert ses.list_identities()["Identities"] == []


def test_mail_from_domains_hold_mail_back_until_they_are_verified(segue: Segue, ses: Any) -> None:
    ses.verify_domain_identity(Domain="shop.example")
    follow(link_for(segue, "postmaster@shop.example"))
    given = {"Identity": "shop.example", "MailFromDomain": "bounce.shop.example"}
    ses.set_identity_mail_from_domain(**given, BehaviorOnMXFailure="RejectMessage")
    with pytest.raises(ClientError) as error:
        send(ses, "any@shop.example")
    assert error.value.response["Error"]["Code"] == "MailFromDomainNotVerifiedException"
    follow(link_for(segue, "postmaster@shop.example"))
    send(ses, "any@shop.example")
    with pytest.raises(ClientError, match="is not subdomain"):
        ses.set_identity_mail_from_domain(Identity="shop.example", MailFromDomain="elsewhere.org")


@pytest.mark.parametrize("name", ["", "shop", "a b.example", "@", "a@b@c d", "-.example", "shop..example", "x" * 300])
def test_what_is_neither_address_nor_domain_is_refused(ses: Any, name: str) -> None:
    with pytest.raises(ClientError) as error:
        ses.verify_domain_identity(Domain=name)
    assert error.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_policies_of_identities(ses: Any) -> None:
    ses.verify_email_identity(EmailAddress="shop@example.com")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ses:SendEmail", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    named = {"Identity": "shop@example.com", "PolicyName": "p"}
    ses.put_identity_policy(**named, Policy=policy)
    assert ses.list_identity_policies(Identity="shop@example.com")["PolicyNames"] == ["p"]
    found = ses.get_identity_policies(Identity="shop@example.com", PolicyNames=["p", "q"])
    assert found["Policies"] == {"p": policy}
    with pytest.raises(ClientError) as error:
        ses.put_identity_policy(**named, Policy="{}")
    assert error.value.response["Error"]["Code"] == "InvalidPolicy"
    ses.delete_identity_policy(**named)
    assert ses.list_identity_policies(Identity="shop@example.com")["PolicyNames"] == []

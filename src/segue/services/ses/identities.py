"""Identities: addresses and domains that may send. Kept once, for both APIs."""

from __future__ import annotations

import re
from typing import Any, Final

from segue.api import Call
from segue.api.tags import drop_tags
from segue.arn import is_arn, parse_arn
from segue.errors import AwsError
from segue.services.ses import records, verification
from segue.services.ses.addresses import checked, domain_of, invalid, unlabelled
from segue.services.ses.records import IDENTITY, Thing
from segue.services.ses.service import SERVICE, arn_of, named, page, scope_of, scope_of_arn

_DOMAIN: Final = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz234567"
MOST_IDENTITIES: Final = 10_000
_identity = named(IDENTITY, "Identity", "EmailAddress", "Domain")


def kind_of(name: str) -> str:
    """``EMAIL_ADDRESS`` or ``DOMAIN``."""
    return "EMAIL_ADDRESS" if "@" in name else "DOMAIN"


def canonical(name: str) -> str:
    """An identity's name as it is kept: domains in lower case; an ARN's own name.

    Raises:
        AwsError: ``InvalidParameterValue``: it is neither an address nor a domain.
    """
    if is_arn(name):
        name = parse_arn(name).resource.partition("/")[2]
    if "@" in name:
        try:
            return checked(name)
        except AwsError:
            raise invalid(f"Invalid email address<{name[:320]}>.") from None
    if not _DOMAIN.fullmatch(name.lower()):
        raise invalid(f"Invalid domain name {name[:320]}.")
    return name.lower()


def find(call: Call, name: str, scope: str = "") -> Thing | None:
    """The identity of that name."""
    return records.find(call.tx, scope or scope_of(call), IDENTITY, name)


def identity(call: Call, name: str) -> Thing:
    """The identity of that name, which must be there."""
    found = find(call, canonical(name))
    if found is None:
        raise AwsError("InvalidParameterValue", f"Identity <{name}> does not exist.")
    return found


def new_identity(call: Call, name: str) -> dict[str, Any]:
    """The document of an identity that is not verified yet. Of a domain DKIM is set up at once."""
    if records.count(call.tx, scope_of(call), IDENTITY) >= MOST_IDENTITIES:
        raise AwsError("LimitExceeded", f"An account has at most {MOST_IDENTITIES} identities.")
    document: dict[str, Any] = {"Verified": verification.PENDING, "Forwarding": True}
    if kind_of(name) == "DOMAIN":
        document |= {"Token": call.tx.ids.token(32), "DkimTokens": dkim_tokens(call), "DkimEnabled": True}
    return document


def dkim_tokens(call: Call) -> list[str]:
    """Three names of DNS records that AWS would have made."""
    return ["".join(call.tx.ids.random.choices(_LOWER, k=32)) for _ in range(3)]


def save(call: Call, name: str, document: dict[str, Any]) -> None:
    """Keep an identity."""
    records.save(call.tx, scope_of(call), IDENTITY, name, document)


def change(call: Call, name: str, **members: Any) -> None:
    """Keep these of an identity, which must be there; ``None`` takes a member away."""
    found = identity(call, name)
    document = {**found.document, **members}
    save(call, found.name, {key: value for key, value in document.items() if value is not None})


def verify(call: Call, name: str) -> Thing:
    """Have an identity, verified or about to be (see :mod:`segue.services.ses.verification`)."""
    found = find(call, name)
    document = new_identity(call, name) if found is None else found.document
    if document["Verified"] != verification.SUCCESS:
        document["Verified"] = verification.begin(call, name, verification.IDENTITY)
    save(call, name, document)
    kept = find(call, name)
    assert kept is not None
    return kept


def remove(call: Call, name: str) -> bool:
    """Forget an identity; whether it was there."""
    drop_tags(call.tx, arn_of(call, IDENTITY, name))
    return records.delete(call.tx, scope_of(call), IDENTITY, name)


def that_sends(call: Call, address: str, arn: str = "") -> tuple[str, Thing] | None:
    """The verified identity that allows an address to send, and its ARN: the address itself, without its label, its
    domain or one above. The one that ``arn`` names must be among them.
    """
    scope = scope_of_arn(arn) if arn else scope_of(call)
    labels = domain_of(address).split(".")
    domains = [".".join(labels[index:]) for index in range(len(labels) - 1)]
    names = [address, unlabelled(address), *domains]
    if arn:
        wanted = parse_arn(arn).resource.partition("/")[2]
        names = [name for name in names if name == wanted]
    for name in names:
        found = find(call, name, scope)
        if found is not None and found.document["Verified"] == verification.SUCCESS:
            return arn or arn_of(call, IDENTITY, name), found
    return None


@SERVICE.operation("VerifyEmailIdentity", resource=_identity)
def verify_email_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    name = canonical(params["EmailAddress"])
    if kind_of(name) != "EMAIL_ADDRESS":
        raise invalid(f"Invalid email address<{name}>.")
    verify(call, name)
    return {}


SERVICE.operation("VerifyEmailAddress", resource=_identity)(verify_email_identity)


@SERVICE.operation("VerifyDomainIdentity", resource=_identity)
def verify_domain_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    name = canonical(params["Domain"])
    if kind_of(name) != "DOMAIN":
        raise invalid(f"Invalid domain name {name}.")
    return {"VerificationToken": verify(call, name).document["Token"]}


@SERVICE.operation("VerifyDomainDkim", resource=_identity)
def verify_domain_dkim(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    name = canonical(params["Domain"])
    if kind_of(name) != "DOMAIN":
        raise invalid(f"Invalid domain name {name}.")
    return {"DkimTokens": verify(call, name).document["DkimTokens"]}


@SERVICE.operation("DeleteIdentity", resource=_identity)
def delete_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove(call, canonical(params["Identity"]))
    return {}


@SERVICE.operation("DeleteVerifiedEmailAddress", resource=_identity)
def delete_verified_email_address(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    remove(call, canonical(params["EmailAddress"]))
    return {}


@SERVICE.operation("ListIdentities", reads=True)
def list_identities(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    kind = {"EmailAddress": "EMAIL_ADDRESS", "Domain": "DOMAIN"}.get(params.get("IdentityType", ""))
    found, token = page(call, IDENTITY, params, params.get("MaxItems"), 1_000)
    names = [thing.name for thing in found if kind is None or kind_of(thing.name) == kind]
    return {"Identities": names, "NextToken": token}


@SERVICE.operation("ListVerifiedEmailAddresses", reads=True)
def list_verified_email_addresses(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    found = records.listed(call.tx, scope_of(call), IDENTITY)
    verified = [thing.name for thing in found if thing.document["Verified"] == verification.SUCCESS]
    return {"VerifiedEmailAddresses": [name for name in verified if kind_of(name) == "EMAIL_ADDRESS"]}


@SERVICE.operation("GetIdentityVerificationAttributes", reads=True)
def get_identity_verification_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Of those that are there; the others are left out."""
    found = {}
    for name in params["Identities"]:
        thing = find(call, name if "@" in name else name.lower())
        if thing is not None:
            found[name] = {
                "VerificationStatus": thing.document["Verified"],
                "VerificationToken": thing.document.get("Token"),
            }
    return {"VerificationAttributes": found}

"""The policy language by tables, from the IAM user guide's rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.languages.policy import MalformedPolicy, Request, evaluate, validate_document

QUEUE = "arn:aws:sqs:us-east-1:111111111111:orders"
ROLE = "arn:aws:iam::111111111111:role/worker"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:t"
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
SIDS = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
TRUST: dict[str, Any] = {"Action": "sts:AssumeRole", "Resource": None}
STS_ONLY = "AssumeRole policy may only specify STS AssumeRole actions."
SESSION = "arn:aws:sts::111111111111:assumed-role/worker/one"


def allow(**members: Any) -> dict[str, Any]:
    body = {"Effect": "Allow", "Action": "*", "Resource": "*", **members}
    return {"Version": "2012-10-17", "Statement": {k: v for k, v in body.items() if v is not None}}


def ask(action: str = "sqs:SendMessage", resource: str = QUEUE, **members: Any) -> Request:
    return Request(action, resource, **{"principal_arn": SESSION, "account": "111111111111", **members})


@pytest.mark.parametrize(
    ("statement", "action", "resource", "expected"),
    [
        ({"Action": "sqs:SendMessage"}, "sqs:SendMessage", QUEUE, "Allow"),
        ({"Action": "SQS:sendmessage"}, "sqs:SendMessage", QUEUE, "Allow"),
        ({"Action": ["sns:*", "sqs:Send*"]}, "sqs:SendMessage", QUEUE, "Allow"),
        ({"Action": "sqs:Send?essage"}, "sqs:SendMessage", QUEUE, "Allow"),
        ({"Action": "sqs:Receive*"}, "sqs:SendMessage", QUEUE, None),
        ({"Action": None, "NotAction": "iam:*"}, "sqs:SendMessage", QUEUE, "Allow"),
        ({"Action": None, "NotAction": "sqs:*"}, "sqs:SendMessage", QUEUE, None),
        ({"Resource": "arn:aws:sqs:*:111111111111:orders"}, "sqs:SendMessage", QUEUE, "Allow"),
        ({"Resource": "arn:aws:sqs:*:111111111111:Orders"}, "sqs:SendMessage", QUEUE, None),
        ({"Resource": ["arn:aws:sqs:*:*:a", "arn:*:orders"]}, "sqs:SendMessage", QUEUE, "Allow"),
        ({"Resource": None, "NotResource": QUEUE}, "sqs:SendMessage", QUEUE, None),
        ({"Resource": None, "NotResource": QUEUE}, "sqs:SendMessage", QUEUE + "2", "Allow"),
        ({"Effect": "Deny"}, "sqs:SendMessage", QUEUE, "Deny"),
    ],
)
def test_actions_and_resources(statement: dict[str, Any], action: str, resource: str, expected: str | None) -> None:
    assert evaluate([allow(**statement)], ask(action, resource)) == expected


def test_a_deny_beats_every_allow_whatever_the_order() -> None:
    deny = allow(Effect="Deny", Action="sqs:SendMessage")
    assert evaluate([allow(), deny], ask()) == "Deny"
    assert evaluate([deny, allow()], ask()) == "Deny"
    assert evaluate([], ask()) is None


@pytest.mark.parametrize(
    ("principal", "request_", "expected"),
    [
        ("*", ask(), "Allow"),
        ({"AWS": "*"}, ask(), "Allow"),
        ({"AWS": "111111111111"}, ask(), "Allow"),
        ({"AWS": "arn:aws:iam::111111111111:root"}, ask(), "Allow"),
        ({"AWS": "222222222222"}, ask(), None),
        ({"AWS": ROLE}, ask(context={"aws:PrincipalArn": ROLE}), "Allow"),
        ({"AWS": SESSION}, ask(context={"aws:PrincipalArn": ROLE}), "Allow"),
        ({"AWS": [ROLE + "x", SESSION]}, ask(), "Allow"),
        ({"Service": "sns.amazonaws.com"}, ask(), None),
        ({"Service": "sns.amazonaws.com"}, ask(service="sns.amazonaws.com"), "Allow"),
        ({"Service": "sns.eu-west-1.amazonaws.com"}, ask(service="sns.amazonaws.com"), "Allow"),
        ({"Service": ["a.amazonaws.com", "sns.amazonaws.com"]}, ask(service="sns.amazonaws.com"), "Allow"),
        ({"AWS": "111111111111"}, ask(service="sns.amazonaws.com"), None),
    ],
)
def test_principals(principal: Any, request_: Request, expected: str | None) -> None:
    assert evaluate([allow(Principal=principal)], request_, resource_policy=True) == expected


def test_a_resource_policy_speaks_only_of_the_principals_it_names() -> None:
    assert evaluate([allow()], ask(), resource_policy=True) is None
    spares = allow(Effect="Deny", NotPrincipal={"AWS": ROLE})
    assert evaluate([spares], ask(context={"aws:PrincipalArn": ROLE}), resource_policy=True) is None
    assert evaluate([spares], ask(), resource_policy=True) == "Deny"


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"aws:username": "ann"}}, {"aws:username": "ann"}, True),
        ({"StringEquals": {"AWS:UserName": "ann"}}, {"aws:username": "ann"}, True),
        ({"StringEquals": {"aws:username": ["bob", "ann"]}}, {"aws:username": "ann"}, True),
        ({"StringEquals": {"aws:username": "ann"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:username": "ann"}}, {}, True),
        ({"StringNotEquals": {"aws:username": ["bob", "ann"]}}, {"aws:username": "ann"}, False),
        ({"StringNotEquals": {"aws:username": "ann"}}, {}, True),
        ({"StringEqualsIgnoreCase": {"k": "ANN"}}, {"k": "ann"}, True),
        ({"StringNotEqualsIgnoreCase": {"k": "ANN"}}, {"k": "ann"}, False),
        ({"StringLike": {"k": "a*n"}}, {"k": "alan"}, True),
        ({"StringNotLike": {"k": "a?n"}}, {"k": "alan"}, True),
        ({"NumericLessThan": {"k": "10"}}, {"k": "9.5"}, True),
        ({"NumericGreaterThanEquals": {"k": 10}}, {"k": "9"}, False),
        ({"NumericNotEquals": {"k": "10"}}, {"k": "10.0"}, False),
        ({"NumericEquals": {"k": "10"}}, {"k": "ten"}, False),
        ({"DateGreaterThan": {"k": "2026-01-01T00:00:00Z"}}, {"k": "2026-01-01T00:00:01Z"}, True),
        ({"DateLessThan": {"k": "1767225600"}}, {"k": "2025-12-31"}, True),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws:SecureTransport": "true"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"BinaryEquals": {"k": "QUJD"}}, {"k": "QUJD"}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.1.2.3"}, True),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.1.2.3"}, False),
        (
            {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:111111111111:t"}},
            {"aws:SourceArn": TOPIC},
            True,
        ),
        (
            {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:t"}},
            {"aws:SourceArn": TOPIC},
            False,
        ),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, {"aws:SourceArn": "arn:aws:s3:::bucket/a:b"}, True),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, {"aws:SourceArn": "arn:aws:sns:::x"}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "true"}}, {"k": "x"}, False),
        ({"Null": {"k": False}}, {"k": "x"}, True),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "b"]}, True),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a", "c"]}, False),
        ({"ForAllValues:StringEquals": {"k": "a"}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k": ["a", "b"]}}, {"k": ["c", "b"]}, True),
        ({"ForAnyValue:StringEquals": {"k": "a"}}, {}, False),
        ({"ForAnyValue:StringNotEquals": {"k": "a"}}, {"k": ["a", "b"]}, True),
        ({"ForAllValues:StringNotLike": {"k": "a*"}}, {"k": ["ab", "b"]}, False),
        ({"StringEquals": {"a": "1"}, "StringLike": {"b": "2"}}, {"a": "1", "b": "3"}, False),
    ],
)
def test_conditions(condition: Any, context: dict[str, Any], holds: bool) -> None:
    expected = "Allow" if holds else None
    assert evaluate([allow(Condition=condition)], ask(context=context)) == expected


def test_variables_are_filled_in_and_their_wildcards_are_plain_text() -> None:
    home = allow(Resource="arn:aws:s3:::home/${aws:username}/*")
    assert evaluate([home], ask(resource="arn:aws:s3:::home/ann/x", context={"aws:username": "ann"})) == "Allow"
    assert evaluate([home], ask(resource="arn:aws:s3:::home/bob/x", context={"aws:username": "ann"})) is None
    assert evaluate([home], ask(resource="arn:aws:s3:::home/bob/x", context={"aws:username": "*"})) is None
    assert evaluate([home], ask(resource="arn:aws:s3:::home/bob/x")) is None
    default = allow(Resource="arn:aws:s3:::${aws:PrincipalTag/team, 'none'}${*}")
    assert evaluate([default], ask(resource="arn:aws:s3:::none*")) == "Allow"
    assert evaluate([default], ask(resource="arn:aws:s3:::nonesuch")) is None


def test_variables_belong_to_the_newer_version() -> None:
    old = {**allow(Resource="arn:aws:s3:::${aws:username}"), "Version": "2008-10-17"}
    assert evaluate([old], ask(resource="arn:aws:s3:::ann", context={"aws:username": "ann"})) is None
    assert evaluate([old], ask(resource="arn:aws:s3:::${aws:username}")) == "Allow"


def test_text_and_parsed_documents_say_the_same() -> None:
    document = allow(Action="sqs:*")
    assert evaluate([json.dumps(document)], ask()) == evaluate([document], ask()) == "Allow"


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("{", "identity", "This policy contains invalid Json"),
        ("[" * 100_000, "identity", "This policy contains invalid Json"),
        ("[]", "identity", "Syntax errors in policy."),
        ("{}", "identity", "Syntax errors in policy."),
        ("{}", "managed", "Policy document must be version 2012-10-17 or greater."),
        (json.dumps({**allow(), "Extra": 1}), "identity", "Syntax errors in policy."),
        (json.dumps(allow(Action=None)), "identity", "Policy statement must contain actions."),
        (json.dumps(allow(Resource=None)), "identity", "Policy statement must contain resources."),
        (json.dumps(allow(Action="SendMessage")), "identity", VENDOR),
        (json.dumps(allow(Resource="queue")), "identity", 'Resource queue must be in ARN format or "*".'),
        (json.dumps(allow(Principal="*")), "identity", "Policy document should not specify a principal."),
        (json.dumps(allow(Principal="*", Resource=None, Action="sqs:X")), "trust", STS_ONLY),
        (json.dumps(allow(Principal="*", Action="sts:AssumeRole")), "trust", "Has prohibited field Resource"),
        (json.dumps(allow(Action="sts:AssumeRole", Resource=None)), "trust", "Missing required field Principal"),
        (json.dumps(allow(**TRUST, Principal={"AWS": "me"})), "trust", 'Invalid principal in policy: "AWS":"me"'),
        (json.dumps(allow(Condition={"StringIs": {"a": "b"}})), "identity", "Invalid Condition type : StringIs."),
        (json.dumps(allow(Sid="not allowed")), "identity", SIDS),
    ],
)  # fmt: skip
def test_malformed_documents(text: str, kind: Any, message: str) -> None:
    with pytest.raises(MalformedPolicy) as raised:
        validate_document(text, kind)
    assert str(raised.value) == message


def test_well_formed_documents() -> None:
    assert validate_document(json.dumps(allow(Sid="One", Condition={"ForAnyValue:StringLikeIfExists": {"a": ["b"]}})))
    trust = allow(Action="sts:AssumeRole", Resource=None, Principal={"Service": "lambda.amazonaws.com"})
    assert validate_document(json.dumps(trust), "trust") == trust


def test_statements_are_named_once_in_policies_of_identities_alone() -> None:
    statement = {"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    with pytest.raises(MalformedPolicy, match="must be unique"):
        validate_document(json.dumps({"Version": "2012-10-17", "Statement": [statement, statement]}))
    public = {**statement, "Principal": "*"}
    assert validate_document(json.dumps({"Statement": [public, public]}), "resource")


@given(st.text(alphabet="ab:*?", max_size=12), st.text(alphabet="ab:", max_size=12))
def test_wildcards_agree_with_the_plain_definition(pattern: str, text: str) -> None:
    def matches(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "*":
            return any(matches(p[1:], t[i:]) for i in range(len(t) + 1))
        return bool(t) and p[0] in ("?", t[0]) and matches(p[1:], t[1:])

    expected = "Allow" if matches(pattern, text) else None
    assert evaluate([allow(Resource=pattern)], ask(resource=text)) == expected

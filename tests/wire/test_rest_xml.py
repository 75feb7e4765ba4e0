"""What rest-xml says beyond the round trips of test_round_trip: errors, roots, and bodies that are no XML."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import AwsError
from segue.wire.model import Protocol, load_service
from segue.wire.parse import parse
from segue.wire.request import FileBody, FilePiece, Request, StoredBody
from segue.wire.route import Route
from segue.wire.serialize import serialize, serialize_error
from segue.wire.xml_tree import NotXml, parse_xml

S3 = load_service("s3")


def found(name: str, **labels: str) -> Route:
    return Route(S3, S3.operations[name], Protocol.REST_XML, {"Bucket": "b", **labels})


@pytest.mark.parametrize(
    "body",
    [
        b"<",
        b"<a>",
        b"<a></b>",
        b"x",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * 100 + b"</a>" * 100,
        b"\xff\xfe",
        b"<Delete><Quiet>perhaps</Quiet></Delete>",
    ],
)
def test_what_is_no_document_of_ours(body: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        parse(found("DeleteObjects"), Request("POST", "/b", "delete", {}, body))
    assert caught.value.code == "MalformedXML"


@given(st.binary(max_size=60) | st.text(alphabet="<>/ab&;!\"'=? ", max_size=60).map(str.encode))
def test_any_bytes_are_a_tree_or_none(body: bytes) -> None:
    with contextlib.suppress(NotXml):
        parse_xml(body)


def test_namespaces_prefixes_and_order_do_not_matter() -> None:
    body = (
        b'<?xml version="1.0"?><x:Delete xmlns:x="http://s3.amazonaws.com/doc/2006-03-01/"> <x:Object><x:Key>a &amp; '
        b"b</x:Key></x:Object><x:Quiet> true </x:Quiet><x:Object><x:VersionId/><x:Key>c</x:Key></x:Object><z/>"
        b"</x:Delete>"
    )
    params = parse(found("DeleteObjects"), Request("POST", "/b", "delete", {}, body))
    assert params["Delete"] == {"Objects": [{"Key": "a & b"}, {"Key": "c", "VersionId": ""}], "Quiet": True}


def test_bodies_that_are_streams() -> None:
    put = found("PutObject", Key="k")
    assert parse(put, Request("PUT", "/b/k", body=b"<a>"))["Body"] == b"<a>"
    stored = StoredBody("00", 3)
    assert parse(put, Request("PUT", "/b/k", stored=stored))["Body"] is stored
    file = FileBody((FilePiece("/x", 1, 2), FilePiece("/y", 0, 5)))
    answer = serialize(found("GetObject", Key="k"), {"Body": file, "ContentRange": "bytes 0-6/9"}, "r")
    assert (answer.status, answer.file, file.size, answer.body) == (206, file, 7, b"")


def test_answers_as_s3_writes_them() -> None:
    listed = serialize(
        found("ListObjectsV2"), {"Contents": [{"Key": "<&\x01", "LastModified": 1_700_000_000_000}], "KeyCount": 1}, "r"
    )
    assert listed.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amaz')
    assert b"<Contents><Key>&lt;&amp;\xef\xbf\xbd</Key><LastModified>2023-11-14T22:13:20.000Z</Last" in listed.body
    where = serialize(found("GetBucketLocation"), {"LocationConstraint": "eu-west-1"}, "r")
    assert where.body.endswith(
        b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</Locat' + b"ionConstraint>"
    )
    assert serialize(found("DeleteBucket"), {}, "r").status == 204


def test_errors_as_s3_writes_them() -> None:
    error = AwsError(
        "NoSuchKey", "a & b", status=404, members={"Key": "<k>", "Headers": {"x-amz-delete-marker": "true"}}
    )
    answer = serialize_error(Protocol.REST_XML, S3, error, "r-1")
    assert (answer.status, answer.headers["x-amz-request-id"]) == (404, "r-1")
    assert answer.headers["x-amz-delete-marker"] == "true"
    start = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>a &amp; b</Message>'
    assert answer.body.startswith(start + b"<Key>&lt;k&gt;</Key><RequestId>r-1</RequestId><HostId>")
    denied = serialize_error(Protocol.REST_XML, S3, AwsError("AccessDeniedException", "no", status=403), "r")
    assert b"<Code>AccessDenied</Code>" in denied.body
    same = serialize_error(
        Protocol.REST_XML, S3, AwsError("304", "", status=304, members={"Headers": {"ETag": "x"}}), ""
    )
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", "x")

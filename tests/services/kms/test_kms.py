"""KMS by boto3, and its keys as templates name them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from segue.services.kms.envelope import parts, seal, unseal
from segue.testing import Segue
from tests.services.resources import Resources
from tests.services.states.machines import refusal

KEY_ID = "01234567-89ab-4def-8123-456789abcdef"
CONTEXTS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)


@pytest.fixture
def kms(segue: Segue) -> Any:
    return segue.client("kms")


def new_key(kms: Any, **params: Any) -> str:
    return str(kms.create_key(**params)["KeyMetadata"]["KeyId"])


def test_what_older_versions_sealed_can_be_unsealed() -> None:
    blob = bytes.fromhex(
        "010123456789ab4def8123456789abcdef6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e619b1657127ad507782fab77a3105f013ef58d8cf40e"
        "66d91632aaafe75dd4a0542cd6acf903fd816dfea7c2a850ab"
    )
    assert unseal(b"s" * 64, blob, {"a": "b"}) == b"kept since then"
    assert unseal(b"s" * 64, blob, {}) is None
    assert unseal(b"s" * 64, blob[:-1] + b"x", {"a": "b"}) is None


@given(st.binary(max_size=100), st.binary(min_size=16, max_size=16), CONTEXTS)
def test_what_is_sealed_can_be_unsealed(plaintext: bytes, nonce: bytes, context: dict[str, str]) -> None:
    blob = seal(b"s" * 64, KEY_ID, nonce, plaintext, context)
    found = parts(blob)
    assert found is not None
    assert found.key_id == KEY_ID
    assert unseal(b"s" * 64, blob, context) == plaintext
    assert unseal(b"t" * 64, blob, context) is None
    assert unseal(b"s" * 64, blob, {**context, "more": ""}) is None


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(at: int, by: int) -> None:
    blob = bytearray(seal(b"s" * 64, KEY_ID, b"n" * 16, b"a message", {"a": "b"}))
    blob[at % len(blob)] ^= by
    assert unseal(b"s" * 64, bytes(blob), {"a": "b"}) is None


def test_what_is_sealed_does_not_show() -> None:
    blob = seal(b"s" * 64, KEY_ID, b"n" * 16, bytes(100), {})
    assert bytes(8) not in blob


def test_a_key_encrypts_and_decrypts(kms: Any) -> None:
    key = new_key(kms, Description="d")
    kms.create_alias(AliasName="alias/app", TargetKeyId=key)
    context = {"order": "7"}
    for named in (key, "alias/app", f"arn:aws:kms:us-east-1:000000000000:key/{key}"):
        blob = kms.encrypt(KeyId=named, Plaintext=b"hush", EncryptionContext=context)["CiphertextBlob"]
        answer = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
        assert (answer["Plaintext"], answer["KeyId"].endswith(key)) == (b"hush", True)
    assert refusal(lambda: kms.decrypt(CiphertextBlob=blob))[0] == "InvalidCiphertextException"
    assert refusal(lambda: kms.decrypt(CiphertextBlob=b"nonsense"))[0] == "InvalidCiphertextException"
    other = new_key(kms)
    wrong = {"CiphertextBlob": blob, "KeyId": other, "EncryptionContext": context}
    assert refusal(lambda: kms.decrypt(**wrong))[0] == "IncorrectKeyException"
    moved = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=other)
    assert moved["KeyId"].endswith(other)
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], KeyId=other)["Plaintext"] == b"hush"


def test_data_keys_and_random_bytes(kms: Any) -> None:
    key = new_key(kms)
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    assert "Plaintext" not in kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=5)
    assert refusal(lambda: kms.generate_data_key(KeyId=key))[0] == "ValidationException"
    assert len(kms.generate_random(NumberOfBytes=9)["Plaintext"]) == 9


def test_authentication_codes(kms: Any) -> None:
    key = new_key(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    params = {"KeyId": key, "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
    code = kms.generate_mac(**params)["Mac"]
    assert kms.verify_mac(**params, Mac=code)["MacValid"]
    assert refusal(lambda: kms.verify_mac(**params, Mac=code[::-1]))[0] == "KMSInvalidMacException"
    assert refusal(lambda: kms.encrypt(KeyId=key, Plaintext=b"x"))[0] == "InvalidKeyUsageException"


def test_states_of_a_key(segue: Segue, kms: Any) -> None:
    key = new_key(kms)
    kms.disable_key(KeyId=key)
    assert refusal(lambda: kms.encrypt(KeyId=key, Plaintext=b"x"))[0] == "DisabledException"
    kms.enable_key(KeyId=key)
    assert kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["KeyState"] == "PendingDeletion"
    assert refusal(lambda: kms.encrypt(KeyId=key, Plaintext=b"x"))[0] == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    segue.advance(days=7)
    assert refusal(lambda: kms.describe_key(KeyId=key))[0] == "NotFoundException"


def test_aliases(kms: Any) -> None:
    one, two = new_key(kms), new_key(kms)
    kms.create_alias(AliasName="alias/a", TargetKeyId=one)
    assert refusal(lambda: kms.create_alias(AliasName="alias/a", TargetKeyId=two))[0] == "AlreadyExistsException"
    assert refusal(lambda: kms.create_alias(AliasName="alias/aws/a", TargetKeyId=two))[0] == "NotAuthorizedException"
    assert refusal(lambda: kms.create_alias(AliasName="a", TargetKeyId=two))[0] == "ValidationException"
    kms.update_alias(AliasName="alias/a", TargetKeyId=two)
    assert kms.list_aliases(KeyId=one)["Aliases"] == []
    assert kms.list_aliases()["Aliases"][0]["TargetKeyId"] == two
    assert len(kms.list_keys(Limit=1)["Keys"]) == 1
    kms.delete_alias(AliasName="alias/a")
    for call in (lambda: kms.describe_key(KeyId="alias/a"), lambda: kms.delete_alias(AliasName="alias/a")):
        assert refusal(call)[0] == "NotFoundException"


def test_policy_rotation_and_tags(kms: Any) -> None:
    key = new_key(kms, Tags=[{"TagKey": "k", "TagValue": "v"}])
    document = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    assert document["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::000000000000:root"}
    kms.put_key_policy(KeyId=key, Policy=json.dumps(document))
    assert refusal(lambda: kms.put_key_policy(KeyId=key, Policy="{}"))[0] == "MalformedPolicyDocumentException"
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    kms.disable_key_rotation(KeyId=key)
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    kms.untag_resource(KeyId=key, TagKeys=["k"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == []


def test_what_is_not_there_says_so(kms: Any) -> None:
    with pytest.raises(ClientError, match="Segue does not implement KeySpec RSA_4096 of kms:CreateKey"):
        kms.create_key(KeySpec="RSA_4096", KeyUsage="SIGN_VERIFY")


def test_a_key_and_an_alias_of_a_template(segue: Segue, kms: Any) -> None:
    resources = Resources(segue, team="a")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    key = resources.create("AWS::KMS::Key", "K", KeyPolicy=document, EnableKeyRotation=True, PendingWindowInDays=7)
    alias = resources.create("AWS::KMS::Alias", "A", AliasName="alias/app", TargetKeyId=key.attributes["Arn"])
    assert alias.physical_id == "alias/app"
    assert kms.describe_key(KeyId="alias/app")["KeyMetadata"]["Arn"] == key.attributes["Arn"]
    assert kms.get_key_rotation_status(KeyId=key.physical_id)["KeyRotationEnabled"]
    resources.update("K", KeyPolicy=document, Description="d", Enabled=False, PendingWindowInDays=7)
    told = kms.describe_key(KeyId=key.physical_id)["KeyMetadata"]
    assert (told["Description"], told["KeyState"]) == ("d", "Disabled")
    tags = {tag["TagKey"] for tag in kms.list_resource_tags(KeyId=key.physical_id)["Tags"]}
    assert tags == {"team", "aws:cloudformation:stack-name"}
    for logical_id in ("A", "A", "K", "K"):
        resources.delete(logical_id)
    assert kms.describe_key(KeyId=key.physical_id)["KeyMetadata"]["KeyState"] == "PendingDeletion"

"""The extension for parameters and secrets: functions ask a port of their own machine."""

from __future__ import annotations

import base64
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from segue.testing import Segue
from tests.services.lambda_.house import package

LAYER = "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension:11"
CODE = """
import json, os, urllib.error, urllib.request
def handler(event, context):
    port = os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]
    token = {"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://localhost:{port}{event}", headers=token)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]
"""
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "*"}]}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class House:
    def __init__(self, segue: Segue, port: int) -> None:
        self.segue, self.port = segue, port
        self.lambda_, self.ssm, self.secrets = map(segue.client, ("lambda", "ssm", "secretsmanager"))

    def function(self, name: str, role: str = "arn:aws:iam::000000000000:role/none", **variables: str) -> None:
        variables = {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(self.port)} | variables
        self.lambda_.create_function(
            FunctionName=name, Runtime="python3.11", Handler="index.handler", Role=role, Layers=[LAYER],
            Code={"ZipFile": package({"index.py": CODE})}, Environment={"Variables": variables}, Timeout=20,
        )  # fmt: skip

    def ask(self, name: str, path: str) -> Any:
        answer = self.lambda_.invoke(FunctionName=name, Payload=json.dumps(path))
        assert "FunctionError" not in answer
        return json.load(answer["Payload"])


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with Segue() as segue:
        house = House(segue, free_port())
        house.function("f")
        yield house


def test_parameters(house: House) -> None:
    house.ssm.put_parameter(Name="/shop/table", Type="String", Value="orders")
    house.ssm.put_parameter(Name="/shop/token", Type="SecureString", Value="hush")
    told = house.ask("f", "/systemsmanager/parameters/get?name=%2Fshop%2Ftable")
    assert (told["Parameter"]["Value"], told["Parameter"]["Version"], told["ResultMetadata"]) == ("orders", 1, {})
    assert told["Parameter"]["LastModifiedDate"].endswith("Z")
    plain = house.ask("f", "/systemsmanager/parameters/get?name=/shop/token&withDecryption=true&version=1")
    assert (plain["Parameter"]["Value"], plain["Parameter"]["Selector"]) == ("hush", ":1")
    assert house.ask("f", "/systemsmanager/parameters/get?name=/shop/token")["Parameter"]["Value"] != "hush"


def test_values_are_kept_for_a_while(house: House) -> None:
    house.secrets.create_secret(Name="shop/db", SecretString="one")
    assert house.ask("f", "/secretsmanager/get?secretId=shop/db")["SecretString"] == "one"
    house.secrets.put_secret_value(SecretId="shop/db", SecretString="two")
    assert house.ask("f", "/secretsmanager/get?secretId=shop/db")["SecretString"] == "one"
    assert house.ask("f", "/secretsmanager/get?secretId=shop/db&versionStage=AWSPREVIOUS")["SecretString"] == "one"
    house.segue.advance(301)
    assert house.ask("f", "/secretsmanager/get?secretId=shop/db")["SecretString"] == "two"
    house.function("fresh", SECRETS_MANAGER_TTL="0")
    assert house.ask("fresh", "/secretsmanager/get?secretId=shop/db")["SecretString"] == "two"
    house.secrets.put_secret_value(SecretId="shop/db", SecretString="three")
    assert house.ask("fresh", "/secretsmanager/get?secretId=shop/db")["SecretString"] == "three"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/secretsmanager/get?secretId=none", 400, "ResourceNotFoundException"),
        ("/secretsmanager/get", 400, "secretId"),
        ("/systemsmanager/parameters/get?name=/none", 400, "ParameterNotFound"),
        ("/systemsmanager/parameters/get?version=1", 400, "name"),
        ("/other", 404, "/other"),
    ],
)
def test_what_is_refused(house: House, path: str, status: int, words: str) -> None:
    code, text = house.ask("f", path)
    assert code == status
    assert words in text


def test_who_has_no_token(house: House) -> None:
    house.ask("f", "/other")
    for headers in ({}, {"X-Aws-Parameters-Secrets-Token": "guessed"}):
        asked = urllib.request.Request(f"http://127.0.0.1:{house.port}/secretsmanager/get?secretId=a", headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        assert refused.value.code == 401


def test_each_function_asks_as_its_role() -> None:
    with Segue(iam="enforce") as segue:
        house, iam = House(segue, free_port()), segue.client("iam")
        house.ssm.put_parameter(Name="/a", Type="String", Value="mine")
        allow = {"Statement": [{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}]}
        for name in ("may", "maynot"):
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
            if name == "may":
                iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(allow))
            house.function(name, role)
        assert house.ask("may", "/systemsmanager/parameters/get?name=/a")["Parameter"]["Value"] == "mine"
        code, text = house.ask("maynot", "/systemsmanager/parameters/get?name=/a")
        assert (code, "AccessDenied" in text) == (400, True)


def test_a_port_that_is_taken_is_told(house: House) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        house.function("shut", PARAMETERS_SECRETS_EXTENSION_HTTP_PORT=str(port))
        answer = house.lambda_.invoke(FunctionName="shut", Payload='"/other"', LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert f"port {port} is taken" in base64.b64decode(answer["LogResult"]).decode()

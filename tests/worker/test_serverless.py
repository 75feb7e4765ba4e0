"""Serverless templates are translated beside the server."""

from __future__ import annotations

import asyncio

from segue.api.serverless_effect import ServerlessAnswer, ServerlessRequest
from segue.worker.serverless import ServerlessEffect

TABLE = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"T": {"Type": "AWS::Serverless::SimpleTable"}}}
WRONG = {"Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./here"}}}}


def translated(*documents: dict[str, object], longest_seconds: float = 60) -> list[ServerlessAnswer]:
    async def run() -> list[ServerlessAnswer]:
        effect = ServerlessEffect(longest_seconds=longest_seconds)
        try:
            return [await effect(ServerlessRequest(document, {}, "eu-west-1")) for document in documents]
        finally:
            await effect.close()

    return asyncio.run(run())


def test_a_template_and_one_that_is_wrong_and_another() -> None:
    """The process goes on after a template that fails."""
    first, wrong, last = translated(TABLE, WRONG, TABLE)
    assert first.document is not None
    assert first.document["Resources"]["T"]["Type"] == "AWS::DynamoDB::Table"
    assert wrong.document is None
    assert wrong.error.startswith("Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application")
    assert last == first


def test_a_template_that_takes_too_long() -> None:
    (answer,) = translated(TABLE, longest_seconds=0.01)
    assert answer.document is None
    assert "more than 0.01 seconds" in answer.error

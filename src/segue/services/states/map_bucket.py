"""S3 as Map Runs use it: through the one door, on the authority of the state machine's role."""

from __future__ import annotations

from typing import Any

from segue.api import Call
from segue.api.caller import role_caller
from segue.arn import is_arn
from segue.errors import AwsError
from segue.services.states.integrations import TaskError, resolve
from segue.services.states.map_records import MapRun

WHOLE_BYTES = 64 << 20
"""The most of an object that is held in memory at once."""


class ReadingFailed(Exception):
    """The items cannot be read."""

    def __init__(self, cause: str, error: str = "States.ItemReaderFailed") -> None:
        super().__init__(cause)
        self.error = error
        self.cause = cause


class Bucket:
    """Objects and listings, for one Map Run."""

    def __init__(self, call: Call, run: MapRun) -> None:
        if not is_arn(run.role_arn):
            raise ReadingFailed(f"The role '{run.role_arn}' is not an ARN.")
        session = run.execution_arn.rsplit(":", 1)[-1][:64]
        self._blobs = call.api.blobs
        self._call = call.as_caller(role_caller(run.role_arn, session, run.arn.split(":")[3]), run.trace)

    def stretch(self, file: dict[str, Any], at: int, size: int) -> tuple[bytes, bool]:
        """Some bytes of an object, and whether they are its last."""
        try:
            answer = self._ask("getObject", {**file, "Range": f"bytes={at}-{at + size - 1}"})
        except AwsError as error:
            if error.code == "InvalidRange":  # the object is empty, or ends here
                return b"", True
            raise self._failed("getObject", error) from None
        total = int((answer.get("ContentRange") or f"/{answer.get('ContentLength', 0)}").rpartition("/")[2])
        return self._blobs.read_body(answer["Body"], size), at + size >= total

    def whole(self, file: dict[str, Any]) -> bytes:
        """All of a small object."""
        try:
            answer = self._ask("getObject", file)
        except AwsError as error:
            raise self._failed("getObject", error) from None
        if int(answer.get("ContentLength", 0)) > WHOLE_BYTES:
            raise ReadingFailed(f"The file is longer than {WHOLE_BYTES} bytes")
        return self._blobs.read_body(answer["Body"], WHOLE_BYTES)

    def page(self, parameters: dict[str, Any], token: str | None) -> dict[str, Any]:
        """A page of a listing."""
        more = {"ContinuationToken": token} if token else {}
        try:
            return self._ask("listObjectsV2", {**parameters, **more})
        except AwsError as error:
            raise self._failed("listObjectsV2", error) from None

    def put(self, name: str, key: str, content: bytes) -> None:
        """Write an object; ``AwsError`` as S3 answers."""
        self._call.perform("s3:PutObject", {"Bucket": name, "Key": key, "Body": content})

    def told(self, error: AwsError) -> str:
        """The error in the words of an integration."""
        return resolve("aws-sdk:s3", "putObject").error(error, self._call.tx.ids.uuid()).cause

    def _ask(self, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
        integration = resolve("aws-sdk:s3", action)
        try:
            answer = self._call.perform(integration.operation, integration.params(parameters))
        except TaskError as error:
            raise ReadingFailed(error.cause) from None
        assert isinstance(answer, dict), f"{action} answers at once"
        return answer

    def _failed(self, action: str, error: AwsError) -> ReadingFailed:
        return ReadingFailed(resolve("aws-sdk:s3", action).error(error, self._call.tx.ids.uuid()).cause)

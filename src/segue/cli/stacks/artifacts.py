"""The bucket that packages are uploaded to: each once, by its content."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from segue.cli.stacks.connection import Connection, code_of


@dataclass(slots=True)
class Artifacts:
    """Uploads into the bucket of an account and region, which is made when it is first needed."""

    connection: Connection
    uploaded: int = 0
    _bucket: str = ""
    _there: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bucket(self) -> str:
        """The bucket's name; it exists."""
        with self._lock:
            if not self._bucket:
                account = self.connection.client("sts").get_caller_identity()["Account"]
                self._bucket = f"segue-artifacts-{account}-{self.connection.region}"
                self._make(self._bucket)
        return self._bucket

    def _make(self, name: str) -> None:
        s3, region = self.connection.client("s3"), self.connection.region
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            s3.create_bucket(Bucket=name, **where)
        except s3.exceptions.ClientError as error:
            if code_of(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise

    def upload(self, key: str, content: Path | bytes) -> str:
        """Upload under a key that follows from the content, unless it is there; the key."""
        bucket = self.bucket
        if key in self._there or self._exists(bucket, key):
            return key
        s3 = self.connection.client("s3")
        if isinstance(content, bytes):
            s3.put_object(Bucket=bucket, Key=key, Body=content)
        else:
            with content.open("rb") as body:
                s3.put_object(Bucket=bucket, Key=key, Body=body)
        self._there.add(key)
        self.uploaded += 1
        return key

    def _exists(self, bucket: str, key: str) -> bool:
        s3 = self.connection.client("s3")
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except s3.exceptions.ClientError as error:
            if code_of(error) not in ("404", "NoSuchKey", "NotFound"):
                raise
            return False
        self._there.add(key)
        return True

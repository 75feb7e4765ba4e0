"""The service's declaration and schema."""

from __future__ import annotations

from segue.api import Service
from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE s3_buckets (
        name TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        versioning TEXT NOT NULL
    );
    CREATE INDEX s3_buckets_account ON s3_buckets (account, name);
    CREATE TABLE s3_settings (
        bucket TEXT NOT NULL,
        kind TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (bucket, kind)
    );
    CREATE TABLE s3_objects (
        id BIGINT PRIMARY KEY,
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        version_id TEXT NOT NULL,
        is_current BIGINT NOT NULL,
        is_marker BIGINT NOT NULL,
        size BIGINT NOT NULL,
        etag TEXT NOT NULL,
        modified_at BIGINT NOT NULL,
        headers TEXT NOT NULL,
        tags TEXT NOT NULL,
        parts TEXT NOT NULL,
        content BYTEA
    );
    CREATE UNIQUE INDEX s3_objects_version ON s3_objects (bucket, key, id);
    CREATE UNIQUE INDEX s3_objects_current ON s3_objects (bucket, key) WHERE is_current = 1;
    CREATE TABLE s3_pieces (
        owner BIGINT NOT NULL,
        ordinal BIGINT NOT NULL,
        sha256 TEXT NOT NULL,
        start BIGINT NOT NULL,
        size BIGINT NOT NULL,
        PRIMARY KEY (owner, ordinal)
    );
    CREATE INDEX s3_pieces_sha256 ON s3_pieces (sha256);
    CREATE TABLE s3_uploads (
        upload_id TEXT PRIMARY KEY,
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        initiated_at BIGINT NOT NULL,
        headers TEXT NOT NULL,
        tags TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        checksum_type TEXT NOT NULL
    );
    CREATE UNIQUE INDEX s3_uploads_key ON s3_uploads (bucket, key, upload_id);
    CREATE TABLE s3_parts (
        upload_id TEXT NOT NULL,
        number BIGINT NOT NULL,
        id BIGINT NOT NULL,
        size BIGINT NOT NULL,
        etag TEXT NOT NULL,
        modified_at BIGINT NOT NULL,
        checksums TEXT NOT NULL,
        content BYTEA,
        PRIMARY KEY (upload_id, number)
    );
    """,
    # A key may have very many versions; where a bucket is not versioned there is nothing to find one by.
    """
    CREATE INDEX s3_objects_version_id ON s3_objects (bucket, key, version_id) WHERE version_id <> 'null';
    """,
)

PARTITION_KEYS = {"s3_objects": "key", "s3_pieces": "owner"}


def _resource_policy(tx: Transaction, arn: str) -> str | None:
    row = tx.one("SELECT document FROM s3_settings WHERE bucket = ? AND kind = 'policy'", _bucket(arn))
    return None if row is None else str(row[0])


def _account_of(tx: Transaction, arn: str) -> str:
    row = tx.one("SELECT account FROM s3_buckets WHERE name = ?", _bucket(arn))
    return "" if row is None else str(row[0])


def _bucket(arn: str) -> str:
    """The bucket of ``arn:aws:s3:::bucket/key``."""
    return arn.rpartition(":::")[2].partition("/")[0]


SERVICE = Service(
    "s3",
    MIGRATIONS,
    partition_keys=PARTITION_KEYS,
    resource_policy=_resource_policy,
    account_of=_account_of,
    names_contents=(("s3_pieces", "sha256"),),
)

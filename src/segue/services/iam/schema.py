"""The tables of identity management. An owner is a user, a group or a role, by its ARN."""

from __future__ import annotations

MIGRATIONS = (
    """
    CREATE TABLE iam_entities (
        arn TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        lower_name TEXT NOT NULL,
        path TEXT NOT NULL,
        id TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        trust TEXT,
        details TEXT NOT NULL
    );
    CREATE UNIQUE INDEX iam_entities_name ON iam_entities (account, kind, lower_name);
    CREATE TABLE iam_members (
        group_arn TEXT NOT NULL,
        member_arn TEXT NOT NULL,
        PRIMARY KEY (group_arn, member_arn)
    );
    CREATE INDEX iam_members_of ON iam_members (member_arn);
    CREATE TABLE iam_policies (
        arn TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        id TEXT NOT NULL,
        description TEXT NOT NULL,
        default_version TEXT NOT NULL,
        next_version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX iam_policies_name ON iam_policies (account, name);
    CREATE TABLE iam_policy_versions (
        policy_arn TEXT NOT NULL,
        version TEXT NOT NULL,
        document TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (policy_arn, version)
    );
    CREATE TABLE iam_inline_policies (
        owner_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (owner_arn, name)
    );
    CREATE TABLE iam_attachments (
        owner_arn TEXT NOT NULL,
        policy_arn TEXT NOT NULL,
        PRIMARY KEY (owner_arn, policy_arn)
    );
    CREATE INDEX iam_attachments_policy ON iam_attachments (policy_arn);
    CREATE TABLE iam_access_keys (
        id TEXT PRIMARY KEY,
        user_arn TEXT NOT NULL,
        secret TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at BIGINT NOT NULL
    );
    CREATE INDEX iam_access_keys_user ON iam_access_keys (user_arn);
    """,
)

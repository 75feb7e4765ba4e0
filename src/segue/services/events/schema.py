"""The tables of EventBridge. A bus's revision changes with everything that routing depends on."""

from __future__ import annotations

MIGRATIONS = (
    """
    CREATE TABLE events_buses (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        policy TEXT,
        details TEXT NOT NULL,
        revision BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        modified_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX events_buses_name ON events_buses (scope, name);
    CREATE TABLE events_rules (
        arn TEXT PRIMARY KEY,
        bus_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        pattern TEXT,
        schedule TEXT,
        managed_by TEXT,
        created_by TEXT NOT NULL,
        details TEXT NOT NULL
    );
    CREATE UNIQUE INDEX events_rules_name ON events_rules (bus_arn, name);
    CREATE TABLE events_targets (
        rule_arn TEXT NOT NULL,
        id TEXT NOT NULL,
        bus_arn TEXT NOT NULL,
        target_arn TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (rule_arn, id)
    );
    CREATE INDEX events_targets_target ON events_targets (bus_arn, target_arn);
    CREATE TABLE events_archives (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        bus_arn TEXT NOT NULL,
        pattern TEXT,
        description TEXT,
        retention_days BIGINT NOT NULL,
        kms_key TEXT,
        created_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX events_archives_name ON events_archives (scope, name);
    CREATE INDEX events_archives_bus ON events_archives (bus_arn);
    CREATE TABLE events_archived (
        id BIGINT PRIMARY KEY,
        archive_arn TEXT NOT NULL,
        at BIGINT NOT NULL,
        event TEXT NOT NULL
    );
    CREATE INDEX events_archived_at ON events_archived (archive_arn, at, id);
    CREATE TABLE events_replays (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        archive_arn TEXT NOT NULL,
        state TEXT NOT NULL,
        document TEXT NOT NULL
    );
    CREATE UNIQUE INDEX events_replays_name ON events_replays (scope, name);
    CREATE TABLE events_connections (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        arn TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (scope, name)
    );
    CREATE TABLE events_destinations (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        arn TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (scope, name)
    );
    """,
    # Targets are listed as they were put (conformance case events__put_multiple_targets_with_same_arn_single_rule).
    """
    ALTER TABLE events_targets ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
    UPDATE events_targets SET number = (
        SELECT COUNT(*) FROM events_targets AS other
        WHERE other.rule_arn = events_targets.rule_arn AND other.id <= events_targets.id
    );
    """,
    # When the next request may go to an API destination, in microseconds.
    """
    CREATE TABLE events_destination_slots (
        arn TEXT PRIMARY KEY,
        next_at BIGINT NOT NULL
    );
    """,
)

PARTITION_KEYS = {"events_archived": "archive_arn"}

"""The declaration of the service: its schema and the register that the operations join."""

from __future__ import annotations

from segue.api import Service
from segue.api.service import Params
from segue.services.states import map_schema

MIGRATIONS = (
    """
    CREATE TABLE states_definitions (
        hash TEXT PRIMARY KEY,
        text TEXT NOT NULL
    );
    CREATE TABLE states_machines (
        arn TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        definition_hash TEXT NOT NULL,
        revision_id TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        settings TEXT NOT NULL,
        status TEXT NOT NULL
    );
    CREATE TABLE states_executions (
        arn TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        machine_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        definition_hash TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        seed BIGINT NOT NULL,
        status TEXT NOT NULL,
        start_at BIGINT NOT NULL,
        stop_at BIGINT,
        input TEXT NOT NULL,
        output TEXT,
        error TEXT,
        cause TEXT,
        trace TEXT NOT NULL,
        trace_header TEXT NOT NULL,
        parent TEXT NOT NULL,
        revision BIGINT NOT NULL,
        chunks BIGINT NOT NULL,
        snapshot_chunk BIGINT NOT NULL,
        snapshot BYTEA
    );
    CREATE INDEX states_executions_parent ON states_executions (parent) WHERE parent <> '';
    CREATE INDEX states_executions_machine ON states_executions (machine_arn, number);
    CREATE TABLE states_chunks (
        execution BIGINT NOT NULL,
        chunk BIGINT NOT NULL,
        first_event BIGINT NOT NULL,
        events BYTEA NOT NULL,
        journal BYTEA,
        PRIMARY KEY (execution, chunk)
    );
    CREATE TABLE states_tokens (
        token TEXT PRIMARY KEY,
        execution_arn TEXT NOT NULL,
        frame BIGINT NOT NULL,
        generation BIGINT NOT NULL
    );
    CREATE INDEX states_tokens_execution ON states_tokens (execution_arn);
    CREATE TABLE states_activities (
        arn TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at BIGINT NOT NULL
    );
    CREATE TABLE states_activity_tasks (
        id BIGINT PRIMARY KEY,
        activity_arn TEXT NOT NULL,
        token TEXT NOT NULL,
        execution_arn TEXT NOT NULL,
        frame BIGINT NOT NULL,
        generation BIGINT NOT NULL,
        input TEXT NOT NULL
    );
    CREATE INDEX states_activity_tasks_activity ON states_activity_tasks (activity_arn, id);
    """,
    """
    CREATE INDEX states_activity_tasks_execution ON states_activity_tasks (execution_arn);
    CREATE INDEX states_executions_ended ON states_executions (stop_at) WHERE stop_at IS NOT NULL;
    """,
    """
    ALTER TABLE states_machines ADD COLUMN last_version BIGINT NOT NULL DEFAULT 0;
    CREATE TABLE states_versions (
        arn TEXT PRIMARY KEY,
        machine_arn TEXT NOT NULL,
        number BIGINT NOT NULL,
        description TEXT NOT NULL,
        revision_id TEXT NOT NULL,
        definition_hash TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        settings TEXT NOT NULL,
        created_at BIGINT NOT NULL
    );
    CREATE INDEX states_versions_machine ON states_versions (machine_arn, number);
    CREATE TABLE states_aliases (
        arn TEXT PRIMARY KEY,
        machine_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        routing TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    );
    CREATE INDEX states_aliases_machine ON states_aliases (machine_arn, name);
    ALTER TABLE states_executions ADD COLUMN version_arn TEXT NOT NULL DEFAULT '';
    ALTER TABLE states_executions ADD COLUMN alias_arn TEXT NOT NULL DEFAULT '';
    ALTER TABLE states_executions ADD COLUMN logging TEXT NOT NULL DEFAULT '';
    CREATE INDEX states_executions_version ON states_executions (version_arn, number) WHERE version_arn <> '';
    CREATE INDEX states_executions_alias ON states_executions (alias_arn, number) WHERE alias_arn <> '';
    """,
    map_schema.MIGRATION,
    """
    CREATE TABLE states_mocks (
        execution_arn TEXT PRIMARY KEY,
        test_case TEXT NOT NULL,
        responses TEXT NOT NULL,
        used TEXT NOT NULL
    );
    """,
    map_schema.REDRIVES,
    """
    ALTER TABLE states_activities ADD COLUMN encryption TEXT NOT NULL DEFAULT '{"type": "AWS_OWNED_KEY"}';
    """,
    """
    ALTER TABLE states_activities ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE states_aliases ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
    """,
    # What housekeeping looks for, whatever else there is: how many Standard executions ended in the last 90 days is
    # nothing to Express ones.
    """
    DROP INDEX states_executions_ended;
    CREATE INDEX states_executions_over ON states_executions (kind, stop_at)
        WHERE stop_at IS NOT NULL AND (kind = 'STANDARD' OR SUBSTR(parent, 1, 4) <> 'map/');
    CREATE INDEX states_map_runs_ended ON states_map_runs (stopped_at) WHERE phase = 'ended';
    """,
    # The few that run or failed are found among a million that succeeded (which need no entry, so that what starts and
    # ends in one commit costs none).
    """
    CREATE INDEX states_executions_others ON states_executions (machine_arn, status, number)
        WHERE status <> 'SUCCEEDED';
    """,
    # Since when nothing has referred to a definition that could start an execution: see definitions.py.
    """
    ALTER TABLE states_definitions ADD COLUMN released BIGINT;
    CREATE INDEX states_machines_definition ON states_machines (definition_hash);
    CREATE INDEX states_versions_definition ON states_versions (definition_hash);
    CREATE INDEX states_map_runs_definition ON states_map_runs (definition_hash);
    """,
    # As states_executions_others, for versions and aliases: what was started by a machine's own ARN costs nothing.
    """
    CREATE INDEX states_executions_version_others ON states_executions (version_arn, status, number)
        WHERE version_arn <> '' AND status <> 'SUCCEEDED';
    CREATE INDEX states_executions_alias_others ON states_executions (alias_arn, status, number)
        WHERE alias_arn <> '' AND status <> 'SUCCEEDED';
    """,
    # Whose Express children housekeeping forgets, whatever other Map Runs have ended.
    """
    DROP INDEX states_map_runs_ended;
    CREATE INDEX states_map_runs_to_clear ON states_map_runs (stopped_at)
        WHERE kind = 'EXPRESS' AND status = 'SUCCEEDED' AND phase = 'ended';
    """,
)

PARTITION_KEYS = {
    "states_executions": "arn",
    "states_chunks": "execution",
    "states_tokens": "token",
    "states_map_items": "run",
}


def _conditions(operation: str, params: Params) -> dict[str, str]:
    """What policies may ask of an HTTP task (developer guide, "IAM permissions to run an HTTP Task")."""
    if operation != "InvokeHTTPEndpoint":
        return {}
    return {"states:HTTPEndpoint": params["ApiEndpoint"], "states:HTTPMethod": params["Method"]}


SERVICE = Service(
    "stepfunctions", MIGRATIONS, partition_keys=PARTITION_KEYS, iam_prefix="states", conditions=_conditions
)

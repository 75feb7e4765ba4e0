"""The service's declaration and schema."""

from __future__ import annotations

from segue.api import Service
from segue.api.service import Params
from segue.store import Transaction

MIGRATIONS = (
    """
    CREATE TABLE lambda_functions (
        arn TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        latest_version BIGINT NOT NULL,
        reserved_concurrency BIGINT,
        created_at BIGINT NOT NULL,
        session_role TEXT NOT NULL,
        session_key TEXT NOT NULL,
        session_secret TEXT NOT NULL,
        session_token TEXT NOT NULL,
        session_renew_at BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX lambda_functions_name ON lambda_functions (scope, name);
    CREATE TABLE lambda_versions (
        function_arn TEXT NOT NULL,
        ordinal BIGINT NOT NULL,
        revision TEXT NOT NULL,
        code_sha256 TEXT NOT NULL,
        code_size BIGINT NOT NULL,
        modified_at BIGINT NOT NULL,
        configuration TEXT NOT NULL,
        PRIMARY KEY (function_arn, ordinal)
    );
    CREATE TABLE lambda_aliases (
        function_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        description TEXT NOT NULL,
        weights TEXT NOT NULL,
        revision TEXT NOT NULL,
        PRIMARY KEY (function_arn, name)
    );
    CREATE TABLE lambda_policies (
        arn TEXT PRIMARY KEY,
        function_arn TEXT NOT NULL,
        document TEXT NOT NULL,
        revision TEXT NOT NULL
    );
    CREATE INDEX lambda_policies_function ON lambda_policies (function_arn);
    CREATE TABLE lambda_event_invoke_configs (
        arn TEXT PRIMARY KEY,
        function_arn TEXT NOT NULL,
        configuration TEXT NOT NULL,
        modified_at BIGINT NOT NULL
    );
    CREATE INDEX lambda_event_invoke_configs_function ON lambda_event_invoke_configs (function_arn, arn);
    CREATE TABLE lambda_provisioned_concurrency (
        arn TEXT PRIMARY KEY,
        function_arn TEXT NOT NULL,
        requested BIGINT NOT NULL,
        modified_at BIGINT NOT NULL
    );
    CREATE INDEX lambda_provisioned_concurrency_function ON lambda_provisioned_concurrency (function_arn, arn);
    CREATE TABLE lambda_event_source_mappings (
        uuid TEXT PRIMARY KEY,
        scope TEXT NOT NULL,
        function_arn TEXT NOT NULL,
        qualified_arn TEXT NOT NULL,
        source_arn TEXT NOT NULL,
        state TEXT NOT NULL,
        modified_at BIGINT NOT NULL,
        configuration TEXT NOT NULL
    );
    CREATE INDEX lambda_event_source_mappings_scope ON lambda_event_source_mappings (scope, uuid);
    CREATE INDEX lambda_event_source_mappings_function ON lambda_event_source_mappings (function_arn, uuid);
    CREATE INDEX lambda_event_source_mappings_source ON lambda_event_source_mappings (source_arn, uuid);
    CREATE TABLE lambda_held_messages (
        mapping TEXT NOT NULL,
        id BIGINT NOT NULL,
        held_at BIGINT NOT NULL,
        size BIGINT NOT NULL,
        record TEXT NOT NULL,
        PRIMARY KEY (mapping, id)
    );
    CREATE TABLE lambda_layers (
        arn TEXT NOT NULL,
        version BIGINT NOT NULL,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        code_sha256 TEXT NOT NULL,
        code_size BIGINT NOT NULL,
        configuration TEXT NOT NULL,
        is_deleted BIGINT NOT NULL,
        PRIMARY KEY (arn, version)
    );
    CREATE INDEX lambda_layers_scope ON lambda_layers (scope, name, version);
    """,
    """
    CREATE INDEX lambda_versions_code ON lambda_versions (code_sha256);
    CREATE INDEX lambda_layers_code ON lambda_layers (code_sha256);
    """,
    """
    CREATE TABLE lambda_stream_lanes (
        mapping TEXT NOT NULL,
        lane BIGINT NOT NULL,
        shard TEXT NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (mapping, lane)
    );
    """,
    # What readers of queues and streams have in common is below (``api/sources``).
    """
    INSERT INTO held_messages SELECT mapping, id, held_at, size, record FROM lambda_held_messages;
    DROP TABLE lambda_held_messages;
    INSERT INTO stream_lanes SELECT mapping, lane, shard, state FROM lambda_stream_lanes;
    DROP TABLE lambda_stream_lanes;
    """,
    """
    CREATE TABLE lambda_urls (
        arn TEXT PRIMARY KEY,
        function_arn TEXT NOT NULL,
        id TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        modified_at BIGINT NOT NULL,
        configuration TEXT NOT NULL
    );
    CREATE UNIQUE INDEX lambda_urls_id ON lambda_urls (id);
    CREATE INDEX lambda_urls_function ON lambda_urls (function_arn, arn);
    CREATE TABLE lambda_settings (
        arn TEXT NOT NULL,
        kind TEXT NOT NULL,
        function_arn TEXT NOT NULL,
        configuration TEXT NOT NULL,
        PRIMARY KEY (arn, kind)
    );
    CREATE INDEX lambda_settings_function ON lambda_settings (function_arn);
    CREATE TABLE lambda_layer_policies (
        arn TEXT PRIMARY KEY,
        document TEXT NOT NULL,
        revision TEXT NOT NULL
    );
    """,
)


def _resource_policy(tx: Transaction, arn: str) -> str | None:
    table = "lambda_layer_policies" if ":layer:" in arn else "lambda_policies"
    row = tx.one(f"SELECT document FROM {table} WHERE arn = ?", arn)
    return None if row is None else str(row[0])


def _conditions(operation: str, params: Params) -> dict[str, str]:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html"""
    return {"lambda:FunctionUrlAuthType": params["AuthType"]} if "AuthType" in params else {}


SERVICE = Service(
    "lambda",
    MIGRATIONS,
    resource_policy=_resource_policy,
    names_contents=(("lambda_versions", "code_sha256"), ("lambda_layers", "code_sha256")),
    conditions=_conditions,
)

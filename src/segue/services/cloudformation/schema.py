"""The tables of stacks."""

from __future__ import annotations

MIGRATIONS = (
    """
    CREATE TABLE cloudformation_stacks (
        id TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        reason TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT,
        deleted_at BIGINT,
        parent TEXT NOT NULL,
        root TEXT NOT NULL,
        settings BYTEA NOT NULL,
        operation BYTEA
    );
    CREATE UNIQUE INDEX cloudformation_stacks_name ON cloudformation_stacks (scope, name) WHERE deleted_at IS NULL;
    CREATE INDEX cloudformation_stacks_number ON cloudformation_stacks (scope, number);
    CREATE INDEX cloudformation_stacks_deleted ON cloudformation_stacks (deleted_at) WHERE deleted_at IS NOT NULL;
    CREATE TABLE cloudformation_templates (
        owner TEXT PRIMARY KEY,
        original TEXT NOT NULL,
        processed TEXT NOT NULL
    );
    CREATE TABLE cloudformation_resources (
        number BIGINT PRIMARY KEY,
        stack TEXT NOT NULL,
        logical_id TEXT NOT NULL,
        type TEXT NOT NULL,
        physical_id TEXT NOT NULL,
        status TEXT NOT NULL,
        reason TEXT NOT NULL,
        changed_at BIGINT NOT NULL,
        live BIGINT NOT NULL,
        data BYTEA NOT NULL
    );
    CREATE INDEX cloudformation_resources_stack ON cloudformation_resources (stack, logical_id);
    CREATE INDEX cloudformation_resources_physical ON cloudformation_resources (physical_id);
    CREATE TABLE cloudformation_steps (
        number BIGINT PRIMARY KEY,
        stack TEXT NOT NULL,
        logical_id TEXT NOT NULL,
        resource BIGINT NOT NULL,
        action TEXT NOT NULL,
        state TEXT NOT NULL,
        waits BIGINT NOT NULL
    );
    CREATE INDEX cloudformation_steps_stack ON cloudformation_steps (stack, state);
    CREATE TABLE cloudformation_edges (
        stack TEXT NOT NULL,
        needed BIGINT NOT NULL,
        dependent BIGINT NOT NULL
    );
    CREATE INDEX cloudformation_edges_needed ON cloudformation_edges (stack, needed);
    CREATE TABLE cloudformation_events (
        number BIGINT PRIMARY KEY,
        stack TEXT NOT NULL,
        operation TEXT NOT NULL,
        data BYTEA NOT NULL
    );
    CREATE INDEX cloudformation_events_stack ON cloudformation_events (stack, number);
    CREATE INDEX cloudformation_events_operation ON cloudformation_events (operation);
    CREATE TABLE cloudformation_exports (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        stack TEXT NOT NULL,
        PRIMARY KEY (scope, name)
    );
    CREATE INDEX cloudformation_exports_stack ON cloudformation_exports (stack);
    CREATE TABLE cloudformation_imports (
        scope TEXT NOT NULL,
        name TEXT NOT NULL,
        stack TEXT NOT NULL,
        PRIMARY KEY (scope, name, stack)
    );
    CREATE INDEX cloudformation_imports_stack ON cloudformation_imports (stack);
    CREATE TABLE cloudformation_change_sets (
        id TEXT PRIMARY KEY,
        number BIGINT NOT NULL,
        stack TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        reason TEXT NOT NULL,
        execution TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        data BYTEA NOT NULL
    );
    CREATE INDEX cloudformation_change_sets_stack ON cloudformation_change_sets (stack, number);
    CREATE TABLE cloudformation_responses (
        id TEXT PRIMARY KEY,
        stack TEXT NOT NULL,
        made_at BIGINT NOT NULL,
        body BYTEA
    );
    CREATE INDEX cloudformation_responses_stack ON cloudformation_responses (stack);
    """,
)
"""A stack's ``settings`` and ``operation``, a resource's and a change set's ``data`` are msgpack.

``live`` is 0 for what an update has replaced or taken out of the template and will remove. Steps and edges are those of
the running operation's phase. A response's ``body`` is NULL until it has come.
"""

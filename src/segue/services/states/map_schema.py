"""The schema of Map Runs and redrives."""

MIGRATION = """
    CREATE TABLE states_map_runs (
        number BIGINT PRIMARY KEY,
        arn TEXT NOT NULL UNIQUE,
        execution_arn TEXT NOT NULL,
        frame BIGINT NOT NULL,
        generation BIGINT NOT NULL,
        kind TEXT NOT NULL,
        definition_hash TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        trace TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        has_batches BIGINT NOT NULL,
        status TEXT NOT NULL,
        phase TEXT NOT NULL,
        stopped_at BIGINT,
        window BIGINT NOT NULL,
        tolerated_count BIGINT,
        tolerated_percentage DOUBLE PRECISION,
        redrive_count BIGINT NOT NULL,
        redriven_at BIGINT,
        items_known BIGINT NOT NULL,
        items_done BIGINT NOT NULL,
        next_item BIGINT NOT NULL,
        next_child BIGINT NOT NULL,
        cursor BIGINT NOT NULL,
        running BIGINT NOT NULL,
        succeeded BIGINT NOT NULL,
        failed BIGINT NOT NULL,
        timed_out BIGINT NOT NULL,
        aborted BIGINT NOT NULL,
        items_running BIGINT NOT NULL,
        items_succeeded BIGINT NOT NULL,
        items_failed BIGINT NOT NULL,
        items_timed_out BIGINT NOT NULL,
        items_aborted BIGINT NOT NULL,
        to_redrive BIGINT NOT NULL,
        items_to_redrive BIGINT NOT NULL,
        not_redrivable BIGINT NOT NULL,
        items_not_redrivable BIGINT NOT NULL,
        written BIGINT NOT NULL,
        items_written BIGINT NOT NULL,
        is_working BIGINT NOT NULL,
        error TEXT,
        cause TEXT
    );
    CREATE INDEX states_map_runs_execution ON states_map_runs (execution_arn, number);
    CREATE TABLE states_map_plans (
        run BIGINT PRIMARY KEY,
        plan BYTEA NOT NULL,
        place BYTEA
    );
    CREATE TABLE states_map_items (
        run BIGINT NOT NULL,
        first_item BIGINT NOT NULL,
        items BYTEA NOT NULL,
        PRIMARY KEY (run, first_item)
    );
    """

REDRIVES = """
    ALTER TABLE states_executions ADD COLUMN redrive_count BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE states_executions ADD COLUMN redriven_at BIGINT;
    CREATE TABLE states_redrives (
        execution BIGINT NOT NULL,
        token TEXT NOT NULL,
        redriven_at BIGINT NOT NULL,
        PRIMARY KEY (execution, token)
    );
    """

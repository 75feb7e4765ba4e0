"""Step Functions: state machines and their executions.

In: state machines (create, update, describe, list, delete, validate, tag), their versions and aliases, Standard
executions (start, describe, list, stop, redrive, history), Map Runs, single states (TestState), task tokens,
activities, Express executions (synchronous and not), logs; optimized integrations with functions, topics, queues, the
bus, tables and executions, the HTTP task over connections, the API task, and ``aws-sdk:*`` for every operation there
is. The language itself is ``segue.languages.asl``; ``advance`` is where it meets the store.
"""

from segue.services.states import (
    activities,
    aliases,
    api_endpoint,
    executions,
    history,
    http_endpoint,
    invariants,
    machines,
    map_runs,
    map_work,
    redrive,
    resource_types,
    retention,
    task_jobs,
    test_state,
    tokens,
    versions,
)
from segue.services.states.service import SERVICE

__all__ = [
    "SERVICE",
    "activities",
    "aliases",
    "api_endpoint",
    "executions",
    "history",
    "http_endpoint",
    "invariants",
    "machines",
    "map_runs",
    "map_work",
    "redrive",
    "resource_types",
    "retention",
    "task_jobs",
    "test_state",
    "tokens",
    "versions",
]

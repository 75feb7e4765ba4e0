"""The rows of task tokens: who waits behind a token. It stays known after its task, so that late answers are told."""

from __future__ import annotations

from segue import jobs
from segue.languages.asl import ScheduleTask
from segue.store import Transaction


def insert(tx: Transaction, token: str, execution_arn: str, frame: int, generation: int) -> None:
    """Keep a token."""
    tx.run("INSERT INTO states_tokens VALUES (?, ?, ?, ?)", token, execution_arn, frame, generation)


def find(tx: Transaction, token: str) -> tuple[str, tuple[int, int]] | None:
    """The execution and the task behind a token."""
    row = tx.one("SELECT execution_arn, frame, generation FROM states_tokens WHERE token = ?", token)
    return None if row is None else (row[0], (row[1], row[2]))


def queue_activity(tx: Transaction, action: ScheduleTask, execution_arn: str) -> None:
    """Let an activity's workers find a task."""
    tx.run(
        "INSERT INTO states_activity_tasks VALUES (?, ?, ?, ?, ?, ?, ?)",
        tx.ids.ordered(tx.now_ms),
        action.resource,
        action.token,
        execution_arn,
        action.frame,
        action.generation,
        action.parameters_text,
    )
    jobs.wake(tx, activity_key(action.resource))


def has_activity(tx: Transaction, arn: str) -> bool:
    """Whether there is that activity."""
    return tx.one("SELECT 1 FROM states_activities WHERE arn = ?", arn) is not None


def drop_activity_task(tx: Transaction, execution_arn: str, task: tuple[int, int]) -> None:
    """Nobody is to fetch the task any more."""
    tx.run(
        "DELETE FROM states_activity_tasks WHERE execution_arn = ? AND frame = ? AND generation = ?",
        execution_arn,
        *task,
    )


def activity_key(arn: str) -> str:
    """Woken when an activity has a task."""
    return f"states:activity:{arn}"

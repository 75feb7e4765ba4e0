"""What is promised, kind by kind."""

from tests.torture.promises import answers, data, executions, fan_out, functions, queues, timers
from tests.torture.promises.promise import Promise

KINDS: tuple[type[Promise], ...] = (
    queues.Messages,
    queues.Groups,
    queues.Dead,
    queues.Piped,
    fan_out.Copies,
    fan_out.OrderedCopies,
    fan_out.Events,
    fan_out.Mails,
    data.Items,
    data.Transfers,
    data.Objects,
    data.Versions,
    functions.Invocations,
    functions.Mapped,
    functions.Streamed,
    functions.Calls,
    executions.Executions,
    executions.Retried,
    executions.Parents,
    executions.Maps,
    executions.Express,
    executions.Stopped,
    answers.Tokens,
    answers.Activities,
    answers.Redriven,
    timers.Timers,
    timers.Stacks,
)

__all__ = ["KINDS", "Promise"]

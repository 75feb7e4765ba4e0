"""Amazon States Language: definitions compiled to programs, executions advanced by pure steps.

No I/O, no clock, no chance: time and a seed are handed in. One execution is one ``Tree``; what happens to it is a
command; a step gives what is to be saved and done::

    program = asl.compile(definition)                      # once per revision; raises NotYet, InvalidExpression
    tree = asl.start(program, ExecutionMeta(...), input_text)
    result = asl.step(program, tree, Start(), now_ms)      # Step(status, events, actions, journal, more, …)
    tree.apply(result.journal)                             # a step changes nothing itself
    while result.more:                                     # its budget of states was used up
        result = asl.step(program, tree, Continue(), now_ms)
        tree.apply(result.journal)

Save ``result.events`` and ``result.journal`` in one commit and turn ``result.actions`` into work in the same; after a
crash ``Tree.load(dump)`` and ``apply`` of the journals since, in their order, give the tree back. Dumps and journals
are plain data for msgpack or JSON. No events and an empty journal mean that the command came too late.

Commands: ``Start``, ``Continue``, ``TaskStarted(task, worker_name)``, ``TaskSubmitted(task, output_text)``,
``CompleteTask(task, output_text)``, ``FailTask(task, error, cause)``, ``Heartbeat(task)``, ``FireTimer(timer, kind)``,
``Stop(error, cause)``. A task or timer is named by its key, ``(frame id, generation)``; the timer of the whole
execution by ``EXECUTION``.

Actions: ``ScheduleTask`` (answered by TaskStarted, then for .sync and .waitForTaskToken by TaskSubmitted, then by
CompleteTask or FailTask; TaskStarted may be left out, its event is then written with what comes next), ``SetTimer``
(answered by FireTimer; replaces the timer of the same key and kind), ``CancelTimer``, ``CancelTask``; ``action.key``
names theirs. A task that cannot even be scheduled (an activity that does not exist, parameters of a wrong form) is
refused by the ``refuse`` function given to ``step``.

History: ``HistoryEvent.to_api()`` is what GetExecutionHistory answers (with timestamps in milliseconds).
"""

from segue.languages.asl.commands import (
    EXECUTION,
    Action,
    CancelTask,
    CancelTimer,
    Command,
    CompleteMapRun,
    CompleteTask,
    Continue,
    FailMapRun,
    FailTask,
    FireTimer,
    Heartbeat,
    Key,
    Redrive,
    ScheduleTask,
    SetTimer,
    Start,
    Stop,
    TaskStarted,
    TaskSubmitted,
)
from segue.languages.asl.compiler import compile
from segue.languages.asl.errors import InvalidExpression, NotYet, StatesError
from segue.languages.asl.history import MAX_EVENTS, HistoryEvent
from segue.languages.asl.program import Program
from segue.languages.asl.redrive import redriven_tree
from segue.languages.asl.step import Step, start, step
from segue.languages.asl.tree import ExecutionMeta, Journal, Tree

__all__ = [
    "EXECUTION",
    "MAX_EVENTS",
    "Action",
    "CancelTask",
    "CancelTimer",
    "Command",
    "CompleteMapRun",
    "CompleteTask",
    "Continue",
    "ExecutionMeta",
    "FailMapRun",
    "FailTask",
    "FireTimer",
    "Heartbeat",
    "HistoryEvent",
    "InvalidExpression",
    "Journal",
    "Key",
    "NotYet",
    "Program",
    "Redrive",
    "ScheduleTask",
    "SetTimer",
    "Start",
    "StatesError",
    "Step",
    "Stop",
    "TaskStarted",
    "TaskSubmitted",
    "Tree",
    "compile",
    "redriven_tree",
    "start",
    "step",
]

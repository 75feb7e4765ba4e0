"""The figures: what is measured, how much is wanted, what the best of the others reached (November 2026, same machine).

``others`` are the best figures of four in-memory emulators measured with one client on the same machine in one hour
(ministack 1.5, LocalStack 2026.3, localemu 1.3, moto server 5.2); none of them is durable.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: its key in the JSON.
        title: what is measured.
        unit: of its value; for units of time and memory less is better.
        target: the value to reach, if there is one.
        others: the best value of the others, if it was measured.
    """

    name: str
    title: str
    unit: str
    target: float | None = None
    others: float | None = None

    @property
    def less_is_better(self) -> bool:
        return self.unit in ("µs", "ms", "s", "MB", "threads", "times")

    def ratio(self, value: float | None, to: float | None) -> float | None:
        """How many times better than ``to`` a value is: above 1 is better."""
        if not to or not value:
            return None
        return to / value if self.less_is_better else value / to


FIGURES = {
    figure.name: figure
    for figure in (
        Figure("first_answer", "process start to first answered call", "s", 1.0),
        Figure("idle_memory", "idle memory, server and helper process", "MB", 120),
        Figure("chain", "StartExecution, ten-state Pass/Choice chain, 32 clients, all finished", "/s", 3_000, 389),
        Figure("chain_transitions", "the same in transitions", "/s", 30_000),
        Figure("chain_alone", "the same started alone, start to SUCCEEDED, p50", "ms", 5, 67),
        Figure("sync_express", "StartSyncExecution of the chain, 32 clients", "/s", 1_770, 177),
        Figure("long_execution", "one execution of 20,000 events alone, transitions", "/s", 20_000),
        Figure("map_1000", "Map of 1,000 Pass items, start to SUCCEEDED", "ms", 150, 612),
        Figure("children", "Map of 1,000 at concurrency 50, each a child by .sync:2, start to SUCCEEDED", "s", 3),
        Figure(
            "distributed_map", "Distributed Map of 10,000 Express children, each calls one warm function", "/s", 1_000
        ),
        Figure("distributed_crowd", "Distributed Map of 100,000 rows of a CSV file, Express children of a Pass", "/s"),
        Figure("distributed_memory", "the same: memory of the server", "MB"),
        Figure("task_token", "SendTaskSuccess to SUCCEEDED, p50", "ms", 2, 3.1),
        Figure("parked_memory", "executions parked on task tokens: server's memory", "MB", 300),
        Figure("parked_threads", "the same: threads of the server", "threads", 50),
        Figure("send_message", "SendMessage, 32 clients", "/s", 4_000, 888),
        Figure("receive_delete", "receive and delete one message, 32 clients, cycles", "/s", 1_500, 152),
        Figure("queue_cycle", "send, receive and delete one message, 32 clients, cycles", "/s", 1_500),
        Figure("queue_batches", "the same in batches of ten, messages", "/s", 6_000),
        Figure("queue_to_function", "SendMessage to the start of the function that the queue feeds, p50", "ms", 10),
        Figure("long_poll", "SendMessage to received by a waiting ReceiveMessage, p50", "ms", 3, 9.4),
        Figure("fan_out", "Publish to received from all three queues of the topic, p50", "ms", 5, 27),
        Figure("publish", "Publish to a topic with three queues, 32 clients", "/s", 1_500, 521),
        Figure("event_delivery", "PutEvents to received from the rule's queue, p50", "ms", 5, 14),
        Figure("put_events", "events in batches of ten to a rule with a queue, 8 clients", "/s", 10_000, 5_849),
        Figure("python_warm", "Python invoke, warm, one client, p50", "ms", 3, 54),
        Figure("python_warm_p99", "the same, p99", "ms"),
        Figure("python_clients", "Python invoke, warm, 8 clients", "/s", 1_000, 137),
        Figure("python_first", "Python invoke, the server's first function, cold", "ms", 150, 300),
        Figure("python_cold", "Python invoke, cold from the pre-warmed helper, p50", "ms", 50, 300),
        Figure("node_warm", "Node.js invoke, warm, one client, p50", "ms", 3),
        Figure("node_cold", "Node.js invoke, cold, p50", "ms", 150),
        Figure("http_api", "HTTP API → function → answer, one client, p50", "ms", 8),
        Figure("http_api_p99", "the same, p99", "ms"),
        Figure("http_api_clients", "HTTP API → function → answer, 8 clients", "/s"),
        Figure("put_item", "PutItem, 32 clients", "/s", 3_000, 835),
        Figure("get_item", "GetItem, 32 clients", "/s", 5_000, 994),
        Figure("put_object", "PutObject of 1 KiB, 32 clients", "/s"),
        Figure("get_object", "GetObject of 1 KiB, 32 clients", "/s"),
        Figure("loan_broker", "loan broker, warm, start to SUCCEEDED with two quotes, p50", "ms", 100),
        Figure("http_start", "HTTP API to StartExecution to answer, p50", "ms"),
        Figure("webhook_queues", "webhook to row, six functions with queues between them, warm, p50", "ms"),
        Figure("webhook_workflow", "webhook to row, an execution that the API starts, two functions, warm, p50", "ms"),
        Figure("durable_steps", "StartExecution, ten Task states in a row, each a PutItem, 32 clients, finished", "/s"),
        Figure("durable_steps_alone", "the same started alone, start to SUCCEEDED, p50", "ms"),
        Figure("recovery", "kill -9 with 10,000 open executions: process start to first answered call", "s", 2),
        Figure("recovery_timer", "the same: process start to a timer, due meanwhile, seen to have fired", "s", 2),
        Figure("timers_waits", "Wait states to the message that they send, how late, p99", "ms", 50),
        Figure("timers_delays", "delayed messages, how late they are received, p99", "ms", 50),
        Figure("timers_schedules", "one-time schedules, twenty at once, to their message, how late, p99", "ms", 50),
        Figure("timers_waits_postgresql", "Wait states on PostgreSQL, p99", "ms", 50),
        Figure("timers_delays_postgresql", "delayed messages on PostgreSQL, p99", "ms", 50),
        Figure("timers_schedules_postgresql", "one-time schedules on PostgreSQL, p99", "ms", 50),
        Figure("dbos", "DBOS, workflow of ten steps, best of 1, 8 and 32 threads, workflows", "/s"),
        Figure("ten_passes", "ours on the same PostgreSQL, ten Pass and Choice states, executions", "/s"),
        Figure("ten_items", "the same, ten tasks that each write an item", "/s"),
        Figure("ten_functions", "the same, ten calls of a Python function, 8 clients", "/s"),
        Figure("dbos_alone", "DBOS, the same workflow, one client, mean", "ms"),
        Figure("ten_passes_alone", "ours, ten Pass and Choice states, one client, p50", "ms"),
        Figure("ten_items_alone", "the same, ten tasks that each write an item", "ms"),
        Figure("ten_functions_alone", "the same, ten calls of a Python function", "ms"),
        Figure("wake_message", "SendMessage at one node to received by who waits at another, p50", "ms", 10),
        Figure("wake_token", "SendTaskSuccess at one node to SUCCEEDED at another, p50", "ms", 10),
        Figure("wake_activity", "StartExecution at one node to its task at who waits for it at another, p50", "ms", 10),
        Figure("takeover", "a node killed to the end of the executions whose functions it ran", "s", 10),
        *(
            Figure(
                f"flat_{store}_{call}",
                f"{title} in {engine}: cost with the most to with 1,000 executions",
                "times",
                1.3,
            )
            for store, engine in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))
            for call, title in (
                ("chain", "StartExecution of the chain"),
                ("send", "SendMessage"),
                ("describe", "DescribeExecution"),
                ("history", "GetExecutionHistory"),
                ("list", "ListExecutions"),
                ("list_running", "ListExecutions of those that run"),
                ("list_failed", "ListExecutions of those that failed"),
                ("list_succeeded", "ListExecutions of those that succeeded"),
                ("start", "the server's start"),
            )
        ),
        Figure("engine_chain", "the ASL engine in memory, chain of 11 states, transitions", "/s", 110_000),
        Figure("engine_pass", "the ASL engine in memory, Pass states, transitions", "/s", 200_000),
        Figure("engine_shaped", "the same with Parameters and ResultPath", "/s", 80_000),
        Figure("engine_jsonata", "the ASL engine in memory, a Pass with a JSONata expression", "µs", 50),
        Figure("engine_map", "the ASL engine in memory, Map of 1,000 Pass items", "ms"),
        Figure("engine_definition", "a definition of 500 states validated and compiled", "ms", 50),
    )
}

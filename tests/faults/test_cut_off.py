"""A node that is cut off from the database while others are not: packets vanish, nobody is told."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from botocore.exceptions import ClientError

from tests.faults.load import Sender, check_messages
from tests.faults.proxy import Proxy
from tests.faults.work import Book, call, check_history, make_function, make_machine, received, send
from tests.nodes import Nodes, until
from tests.postgres import Cluster

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_a_node_that_is_cut_off_says_so_and_others_go_on_with_its_work(
    cluster: Cluster, nodes: Nodes, book: Book
) -> None:
    with ExitStack() as stack:
        way = stack.enter_context(Proxy(cluster.directory))
        nodes = Nodes(nodes.directory, cluster.url(), stack)
        lone, other = nodes.start(url=way.url("postgres")), nodes.start()
        queues, states = other.client("sqs"), other.client("stepfunctions")
        make_function(other.client("lambda"), book)
        done, load = (queues.create_queue(QueueName=name)["QueueUrl"] for name in ("done", "load"))
        calls = make_machine(states, "calls", {"F": call(4), "S": send(done, "$$.Execution.Name")})
        time.sleep(2.5)  # until they know of each other
        start = lone.client("stepfunctions").start_execution  # whoever starts something begins with it, as a rule
        started = [start(stateMachineArn=calls, name=str(number)) for number in range(6)]
        until(lambda: lone.endpoint_url in {start.endpoint_url for start in book.starts()})
        pool = stack.enter_context(ThreadPoolExecutor(2))
        with Sender(lone, load, "lone") as cut_off, Sender(other, load, "other") as well:
            until(lambda: cut_off.acknowledged)
            poll = pool.submit(lone.client("sqs", read_timeout=90).receive_message, QueueUrl=done, WaitTimeSeconds=1)
            way.vanish()
            cut_at = time.time()
            bodies = received(queues, done, len(started), 30)
            begun = {start.id for start in book.starts() if start.endpoint_url == lone.endpoint_url}
            again = [start.at - cut_at for start in book.starts() if start.id in begun and start.at > cut_at]
            assert max(again) < 10, "the work of the node that was cut off waited for too long"
            until(lambda: cut_off.refused, 45)
            with pytest.raises(ClientError) as refused:
                poll.result()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
            assert "The database is not available" in str(refused.value)
            time.sleep(30)
            late = [
                start for start in book.starts() if start.endpoint_url == lone.endpoint_url and start.at > cut_at + 1
            ]
            assert not late, "it began what was another's"
            way.come_back()
            count = len(cut_off.acknowledged)
            took = until(lambda: len(cut_off.acknowledged) > count + 5, 40)
            assert took < 15
        assert well.longest_seconds < 10, "others waited for the node that was cut off"
        assert not well.refused
        assert cut_off.longest_seconds < 45
        assert all("ServiceUnavailable" in words for words in cut_off.refused)
        bodies += received(queues, done, 0)
        assert sorted(bodies) == [str(number) for number in range(6)]
        for execution in started:
            check_history(states, execution["executionArn"])
        check_messages(other, load, [cut_off, well])

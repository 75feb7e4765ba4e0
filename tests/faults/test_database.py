"""The database restarts, fails over, lets nobody in, takes nothing: requests wait, or are refused with words, and
everything goes on by itself."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from tests.faults.load import Sender, check_messages
from tests.nodes import Nodes, until
from tests.postgres import Cluster, execute

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
def standby(cluster: Cluster) -> Iterator[Cluster]:
    """Another server that follows the first, which acknowledges nothing before it has it, too."""
    follows = Cluster()
    cluster.stop("fast")
    follows.copy(cluster)
    cluster.start()
    follows.start()
    execute("ALTER SYSTEM SET synchronous_standby_names = '*'", cluster.url())
    execute("SELECT pg_reload_conf()", cluster.url())
    yield follows
    follows.remove()


def test_a_database_that_fails_over_is_followed_and_nothing_is_lost(
    cluster: Cluster, standby: Cluster, nodes: Nodes
) -> None:
    with ExitStack() as stack:
        both = f"postgresql://segue@/postgres?host={cluster.directory},{standby.directory}"
        nodes = Nodes(nodes.directory, both, stack)
        first, second = nodes.start(), nodes.start()
        url = first.client("sqs").create_queue(QueueName="load")["QueueUrl"]
        with Sender(first, url, "first") as one, Sender(second, url, "second") as two:
            until(lambda: len(one.acknowledged) > 20 and len(two.acknowledged) > 20)
            cluster.stop("immediate")
            standby.promote()
            counts = [len(sender.acknowledged) for sender in (one, two)]
            took = until(lambda: all(len(s.acknowledged) > n + 20 for s, n in zip((one, two), counts, strict=True)), 30)
        assert took < 15
        check_messages(first, url, [one, two])


@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_database_that_restarts_is_waited_for(cluster: Cluster, nodes: Nodes, mode: str) -> None:
    with ExitStack() as stack:
        nodes = Nodes(nodes.directory, cluster.url(), stack)
        first, second = nodes.start(), nodes.start()
        url = first.client("sqs").create_queue(QueueName="load")["QueueUrl"]
        with Sender(first, url, "first") as one, Sender(second, url, "second") as two:
            for _ in range(3):
                counts = [len(sender.acknowledged) for sender in (one, two)]
                cluster.stop(mode)
                time.sleep(0.5)
                cluster.start()
                until(
                    lambda counts=counts: all(
                        len(s.acknowledged) > n + 5 for s, n in zip((one, two), counts, strict=True)
                    ),
                    30,
                )
        assert not [*one.refused, *two.refused]
        check_messages(second, url, [one, two])


def test_who_finds_no_room_at_the_database_is_told(nodes: Nodes) -> None:
    cluster = Cluster(max_connections="14", superuser_reserved_connections="3").start()
    with ExitStack() as stack:
        stack.callback(cluster.remove)
        execute("CREATE ROLE plain LOGIN; GRANT ALL ON SCHEMA public TO plain", cluster.url())
        plain = cluster.url().replace("segue@", "plain@")
        node = Nodes(nodes.directory, plain, stack).start()
        queues = node.client("sqs", read_timeout=60)
        url = queues.create_queue(QueueName="q")["QueueUrl"]
        execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'plain'", cluster.url())
        with ExitStack() as others:
            with suppress(psycopg.OperationalError):
                while True:
                    others.enter_context(psycopg.connect(plain))
            refused_with_words(queues, url, "connection slots|too many clients")
        until(lambda: taken(queues, url), 20)


def test_a_database_that_takes_nothing_is_told_of(cluster: Cluster, nodes: Nodes) -> None:
    with ExitStack() as stack:
        node = Nodes(nodes.directory, cluster.url(), stack).start()
        queues = node.client("sqs", read_timeout=60)
        url = queues.create_queue(QueueName="q")["QueueUrl"]
        execute("ALTER SYSTEM SET default_transaction_read_only = on", cluster.url())
        execute("SELECT pg_reload_conf()", cluster.url())
        refused_with_words(queues, url, "read-only")
        execute("ALTER SYSTEM RESET default_transaction_read_only", cluster.url())
        execute("SELECT pg_reload_conf()", cluster.url())
        until(lambda: taken(queues, url), 20)
        told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        assert told["Attributes"]["ApproximateNumberOfMessages"] == "1"


def test_a_server_that_says_nothing_is_given_up(cluster: Cluster, nodes: Nodes) -> None:
    """It is stopped as a process is: its connections stand."""
    with ExitStack() as stack:
        node = Nodes(nodes.directory, cluster.url(), stack).start()
        queues = node.client("sqs", read_timeout=90)
        url = queues.create_queue(QueueName="q")["QueueUrl"]
        group = (cluster.directory / "data" / "postmaster.pid").read_text().split()[0]
        processes = [group, *subprocess.run(["pgrep", "-P", group], capture_output=True, text=True).stdout.split()]
        subprocess.run(["kill", "-STOP", *processes], check=True)
        try:
            began = time.monotonic()
            refused_with_words(queues, url, "said nothing|timeout")
            assert time.monotonic() - began < 60
        finally:
            subprocess.run(["kill", "-CONT", *processes], check=False)
        until(lambda: taken(queues, url), 30)


def taken(queues: Any, url: str) -> bool:
    """Whether a message is taken."""
    try:
        queues.send_message(QueueUrl=url, MessageBody="x")
    except ClientError:
        return False
    return True


def refused_with_words(queues: Any, url: str, words: str) -> None:
    """A message is refused as AWS refuses what it cannot do just now, and the words say why."""
    with pytest.raises(ClientError, match=f"The database is not available.*({words})") as refused:
        queues.send_message(QueueUrl=url, MessageBody="lost")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503

"""Ten nodes that start at the same time on an empty database."""

from __future__ import annotations

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.nodes import Nodes, until


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_ten_nodes_that_start_together_make_one_schema_and_know_of_each_other(nodes: Nodes) -> None:
    with ThreadPoolExecutor(10) as pool:
        started = list(pool.map(lambda _: nodes.start(), range(10)))
    url = started[0].client("sqs").create_queue(QueueName="q")["QueueUrl"]
    for node in started:
        node.client("sqs").send_message(QueueUrl=url, MessageBody=node.endpoint_url)
    with psycopg.connect(nodes.url) as connection:
        until(lambda: connection.execute("SELECT COUNT(*) FROM store_nodes WHERE seen_at > 0").fetchone() == (10,))
        repeated = connection.execute("SELECT component FROM schema_versions GROUP BY component HAVING COUNT(*) > 1")
        assert not repeated.fetchall()
    for node in started:
        with urllib.request.urlopen(f"{node.endpoint_url}/_segue/cluster", timeout=20) as answer:
            assert len(json.load(answer)["nodes"]) == 10

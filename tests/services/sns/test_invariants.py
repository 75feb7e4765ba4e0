from __future__ import annotations

from segue.api import Api
from segue.config import Settings
from segue.server import services
from segue.testing import Segue
from segue.worker.invariants import violations
from tests.services.sns.test_archive import WEEK, since
from tests.services.sns.test_publish import Fan


def found(segue: Segue) -> list[str]:
    api = Api(services(), Settings())
    return segue.transact(lambda tx: list(violations(api, tx)))


def test_topics_that_come_and_go_leave_nothing(segue: Segue) -> None:
    fan = Fan(segue, ".fifo", ContentBasedDeduplication="true", ArchivePolicy=WEEK)
    fan.publish("m", MessageGroupId="g")
    fan.queue("q", ReplayPolicy=since("2023-01-01T00:00:00Z"))
    segue.settle()
    assert found(segue) == []
    fan.sns.set_topic_attributes(TopicArn=fan.arn, AttributeName="ArchivePolicy", AttributeValue="")
    fan.sns.delete_topic(TopicArn=fan.arn)
    assert found(segue) == []


def test_what_is_not_well_is_told(segue: Segue) -> None:
    segue.transact(lambda tx: tx.run("INSERT INTO sns_archive VALUES ('gone', 1, ?)", b""))
    segue.transact(lambda tx: tx.run("INSERT INTO sns_replays VALUES ('s', 'Pending')"))
    assert found(segue) == [
        "sns: sns_archive: gone is of the topic gone, which is not there",
        "sns: s: its replay stands still",
    ]

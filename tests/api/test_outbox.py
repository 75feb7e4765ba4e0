"""The outbox: kept in the sender's transaction, found again, handed to a mail server, forgotten in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from segue.api import Call, outbox
from segue.api.mail_effect import MailOutcome, MailRequest
from segue.api.outbox import Attachment, Entry, Message
from segue.api.outbox_sending import send_again
from segue.config import Settings
from segue.jobs import Job, Outbound, queue
from segue.worker.run_job import run_job, settle_job
from tests.api.house import House
from tests.api.test_housekeeping import keep_house

HOUR_MS = 3_600_000
MAIL = Message(
    "EMAIL",
    "sqs",
    "arn:aws:ses:us-east-1:000000000000:identity/shop@example.com",
    "m-1",
    "Shop <shop@example.com>",
    ("Ann <Ann@example.com>",),
    cc=("bob_1@example.com",),
    subject="Hello",
    text="Hi",
    attachments=(Attachment("a.bin", "application/octet-stream", b"\0"),),
    headers=(("X-A", "1"),),
    attributes={"ConfigurationSetName": "main"},
)
SMS = Message("SMS", "sns", "arn:aws:sns:us-east-1:000000000000:t", "m-2", "", ("+491701234567",), text="Hi")


@pytest.fixture
def house() -> Iterator[House]:
    built = House()
    yield built
    built.store.close()


@pytest.fixture
def served(house: House) -> House:
    house.api.settings = Settings(iam="off", smtp="smtp://localhost:25")
    return house


def deposit(house: House, message: Message = MAIL) -> Entry:
    return house.run(lambda call: outbox.deposit(call, message))  # type: ignore[no-any-return]


def listed(house: House, **how: Any) -> list[Entry]:
    return house.run(lambda call: outbox.listed(call.tx, **how))  # type: ignore[no-any-return]


def test_what_is_deposited_is_there_again_whole(house: House) -> None:
    entry = deposit(house)
    assert entry.status == "CAPTURED"
    assert entry.addresses == ("ann@example.com", "bob_1@example.com")
    assert listed(house) == [entry]
    assert house.run(lambda call: outbox.content(call.tx, entry.id)) == MAIL
    assert house.run(lambda call: outbox.find_by_message_id(call.tx, "m-1")) == entry
    assert house.hops() == [("delivered", 1, "mailto:ann@example.com and 1 more", "sqs:Mail", "")]


def test_it_is_part_of_the_senders_transaction(house: House) -> None:
    def fail(call: Call) -> None:
        outbox.deposit(call, MAIL)
        raise LookupError

    with pytest.raises(LookupError):
        house.run(fail)
    assert listed(house) == []


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({}, ["m-1", "m-2", "m-3"]),
        ({"kind": "SMS"}, ["m-2"]),
        ({"service": "sns"}, ["m-2"]),
        ({"recipient": "ANN@EXAMPLE.COM"}, ["m-1", "m-3"]),
        ({"recipient": "Bob <bob_1@example.com>"}, ["m-1", "m-3"]),
        ({"recipient": "bobx1@example.com"}, []),
        ({"recipient": "example.com"}, []),
        ({"recipient": "%"}, []),
        ({"limit": 2}, ["m-1", "m-2"]),
        ({"limit": 2, "newest": True}, ["m-2", "m-3"]),
        ({"since_ms": 1_000_001}, ["m-3"]),
    ],
)
def test_messages_are_listed_by_what_they_are(house: House, how: dict[str, Any], found: list[str]) -> None:
    deposit(house)
    deposit(house, SMS)
    house.clock.advance(1)
    deposit(house, replace(MAIL, message_id="m-3"))
    assert [entry.message_id for entry in listed(house, **how)] == found


def test_they_are_deleted_one_by_one_or_by_what_they_are(house: House) -> None:
    first = deposit(house)
    deposit(house, SMS)
    deposit(house)
    assert house.run(lambda call: outbox.delete(call.tx, first.id))
    assert not house.run(lambda call: outbox.delete(call.tx, first.id))
    assert house.run(lambda call: outbox.content(call.tx, first.id)) is None
    assert house.run(lambda call: outbox.delete_all(call.tx, kind="SMS")) == 1
    assert house.run(lambda call: outbox.delete_all(call.tx)) == 1
    assert listed(house) == []


@pytest.mark.parametrize("bound", ["KEPT_MESSAGES", "KEPT_BYTES"])
def test_the_oldest_beyond_the_bound_are_forgotten(house: House, bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [deposit(house) for _ in range(5)]
    monkeypatch.setattr(outbox, bound, 2 if bound == "KEPT_MESSAGES" else 2 * entries[0].size)
    assert not house.run(lambda call: outbox.keep_bound(call.tx))
    assert listed(house) == entries[3:]


def test_the_bound_holds_between_the_hours_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "KEPT_MESSAGES", 2)
    for _ in range(600):
        deposit(house)
    assert len(listed(house)) < 600


def test_after_a_week_they_are_forgotten_but_what_waits_stays(served: House) -> None:
    deposit(served, SMS)
    waiting = deposit(served)
    served.clock.advance(outbox.KEPT_MS + 1)
    young = deposit(served, SMS)
    keep_house(served)
    assert listed(served) == [waiting, young]


class Postman:
    """Runs the sending jobs with outcomes as told."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.asked: list[tuple[str, ...]] = []

    def run(self, *outcomes: MailOutcome) -> None:
        for outcome in outcomes:
            claimed = self._do(lambda tx: [run_job(self._house.api, tx, job) for job in queue.due(tx, 9)])
            for job, outbound in filter(None, claimed):
                self._settle(job, outbound, outcome)

    def wait_for_next(self) -> int:
        due_ms = self._do(queue.next_due_ms)
        if due_ms is None:
            return 0
        waited: int = due_ms - self._house.clock.now_ms()
        self._house.clock.advance(waited)
        return waited

    def _settle(self, job: Job, outbound: Outbound, outcome: MailOutcome) -> None:
        assert isinstance(outbound.request, MailRequest)
        self.asked.append(outbound.request.recipients)
        assert self._do(lambda tx: settle_job(self._house.api, tx, job, outbound, outcome))

    def _do(self, unit: Any) -> Any:
        return self._house.store.transact(unit)[0]


def told(house: House) -> list[tuple[str, int, str]]:
    return [(entry.status, entry.attempts, entry.reason) for entry in listed(house)]


def test_mail_is_handed_to_the_mail_server_and_text_messages_are_not(served: House) -> None:
    deposit(served)
    deposit(served, SMS)
    assert [status for status, _, _ in told(served)] == ["QUEUED", "CAPTURED"]
    Postman(served).run(MailOutcome(accepted=("ann@example.com", "bob_1@example.com")))
    assert told(served) == [("SENT", 1, ""), ("CAPTURED", 0, "")]


def test_who_is_deferred_is_tried_again_who_is_refused_is_not(served: House) -> None:
    deposit(served)
    postman = Postman(served)
    postman.run(MailOutcome(refused={"bob_1@example.com": "550 who?"}, reason="451 later"))
    assert told(served) == [("DEFERRED", 1, "451 later")]
    assert postman.wait_for_next() == 10_000
    postman.run(MailOutcome(accepted=("ann@example.com",)))
    assert postman.asked == [("ann@example.com", "bob_1@example.com"), ("ann@example.com",)]
    assert told(served) == [("PARTLY_SENT", 2, "bob_1@example.com: 550 who?")]
    assert [hop[0] for hop in served.hops()] == ["retrying", "failed"]
    assert postman.wait_for_next() == 0


def test_after_fourteen_hours_it_has_failed_and_says_so(served: House) -> None:
    deposit(served)
    postman, passed_ms = Postman(served), 0
    for _ in range(100):
        postman.run(MailOutcome(reason="nobody answers"))
        waited = postman.wait_for_next()
        passed_ms += waited
        if not waited:
            break
    assert 13 * HOUR_MS < passed_ms <= 14 * HOUR_MS
    assert [told[0] for told in told(served)] == ["FAILED"]
    assert "ann@example.com: given up: nobody answers" in listed(served)[0].reason
    failed = listed(served)[0].id
    assert served.run(lambda call: send_again(call, failed))
    postman.run(MailOutcome(accepted=("ann@example.com", "bob_1@example.com")))
    assert [told[0] for told in told(served)] == ["SENT"]


def test_the_service_is_told_what_became_of_it(served: House) -> None:
    reports: list[Any] = []
    served.service.internal("MailOutcome", action=None)(lambda call, params: reports.append(params) or {})  # type: ignore[func-returns-value]
    deposit(served, replace(MAIL, report="sqs:MailOutcome", cc=()))
    Postman(served).run(MailOutcome(refused={"ann@example.com": "550 no"}))
    assert reports == [{"MessageId": "m-1", "Accepted": [], "Refused": {"ann@example.com": "550 no"}}]


def test_mail_deleted_on_its_way_is_not_missed(served: House) -> None:
    entry = deposit(served)
    postman = Postman(served)
    served.run(lambda call: outbox.delete(call.tx, entry.id))
    postman.run(MailOutcome())
    assert postman.asked == []


def test_without_a_mail_server_any_more_it_stays(served: House) -> None:
    deposit(served)
    served.api.settings = Settings(iam="off")
    Postman(served).run(MailOutcome())
    assert told(served) == [("CAPTURED", 0, "There is no mail server any more.")]
    stays = listed(served)[0].id
    assert not served.run(lambda call: send_again(call, stays))

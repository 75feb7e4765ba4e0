"""The job that hands the outbox's mail to a mail server: tried again while it is deferred, its end written down.

A mail server that defers (4xx), or cannot be reached, is asked again with growing delays for fourteen hours; what it
refuses (5xx) is not sent again. Each recipient is counted for itself. A crash between the server's word and its record
sends that mail twice rather than never.

Source: https://docs.aws.amazon.com/ses/latest/dg/send-email-concepts-deliverability.html (soft bounces are retried for
a while), https://docs.aws.amazon.com/ses/latest/dg/monitor-using-event-publishing.html.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from segue import jobs
from segue.api import outbox
from segue.api.call import Call
from segue.api.caller import service_caller
from segue.api.deliveries import record
from segue.api.mail_effect import MAIL, MailOutcome, MailRequest
from segue.api.outbox import Entry, Message, Status
from segue.errors import AwsError
from segue.jobs import Again, Job, Outbound

TRIED_FOR_MS: Final = 14 * 3_600_000
_DELAYS_SECONDS: Final = (10, 30, 60, 300, 900, 1_800)


def run_sending(call: Call, job: Job) -> Outbound | None:
    """Hand a mail to the mail server, for the recipients that have not got it yet."""
    entry, message = outbox.find(call.tx, job.payload["id"]), outbox.content(call.tx, job.payload["id"])
    if entry is None or message is None:
        return None
    if not call.api.settings.smtp:
        outbox.mark(call.tx, entry._replace(status="CAPTURED", reason="There is no mail server any more."))
        return None
    recipients = tuple(job.payload["left"])
    request = MailRequest(message, recipients, entry.at_ms)
    return Outbound(MAIL, request, partial(_settle, job, message, recipients))


def send_again(call: Call, entry_id: int) -> bool:
    """Send a mail that was captured, or has failed, to all its recipients now; ``False`` where that cannot be: there is
    no such mail, it is waiting already, or no mail server is configured.
    """
    entry = outbox.find(call.tx, entry_id)
    if entry is None or entry.kind != "EMAIL" or not call.api.settings.smtp:
        return False
    if jobs.exists(call.tx, outbox.JOB, outbox.job_key(entry_id)):
        return False
    outbox.mark(call.tx, entry._replace(status="QUEUED", attempts=0, reason=""))
    outbox.enqueue_sending(call.tx, entry_id, entry.addresses, call.trace)
    return True


def _settle(job: Job, message: Message, recipients: tuple[str, ...], call: Call, outcome: MailOutcome) -> Again | None:
    entry = outbox.find(call.tx, job.payload["id"])
    if entry is None:  # deleted while it was on its way
        return None
    accepted = [*job.payload.get("accepted", ()), *outcome.accepted]
    refused = {**job.payload.get("refused", {}), **outcome.refused}
    left = [recipient for recipient in recipients if recipient not in refused and recipient not in accepted]
    entry = entry._replace(attempts=entry.attempts + 1)
    at_ms = call.now_ms + 1_000 * _DELAYS_SECONDS[min(entry.attempts, len(_DELAYS_SECONDS)) - 1]
    if left and at_ms - job.created_at_ms <= TRIED_FOR_MS:
        _end(call, entry, "DEFERRED", outcome.reason)
        again = {"id": entry.id, "left": left, "accepted": accepted, "refused": refused}
        return Again(at_ms, payload=again, reason=outcome.reason)
    refused |= dict.fromkeys(left, f"given up: {outcome.reason}")
    reason = "; ".join(f"{recipient}: {why}" for recipient, why in refused.items())
    _end(call, entry, "SENT" if not refused else "PARTLY_SENT" if accepted else "FAILED", reason)
    if message.report:
        _report(call, entry, message, {"MessageId": message.message_id, "Accepted": accepted, "Refused": refused})
    return None


def _report(call: Call, entry: Entry, message: Message, told: dict[str, Any]) -> None:
    """Tell the service. Its trouble is written down, not raised: else the mail would be sent again."""
    caller = service_caller(f"{message.service}.amazonaws.com", message.source)
    try:
        with call.tx.savepoint():
            call.as_caller(caller).perform(message.report, told)
    except AwsError as error:
        record(call, outbox.hop(entry, "failed", f"{message.report}: {error}"))


_HOPS: Final[dict[Status, str]] = {
    "DEFERRED": "retrying",
    "SENT": "delivered",
    "PARTLY_SENT": "failed",
    "FAILED": "failed",
}


def _end(call: Call, entry: Entry, status: Status, reason: str) -> None:
    outbox.mark(call.tx, entry._replace(status=status, reason=reason))
    record(call, outbox.hop(entry, _HOPS[status], reason))

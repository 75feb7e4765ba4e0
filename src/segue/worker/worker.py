"""The worker of one node: claims what is due, performs what leaves the building, renews its leases, settles."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from segue.api import Api
from segue.jobs import Job, Outbound, queue
from segue.store import Transaction
from segue.store.blobs import MOVE, ContentElsewhere
from segue.store.patience import at_last
from segue.store.store import Store
from segue.worker.lateness import Lateness
from segue.worker.run_job import fail_job, handler_of, run_job, settle_job

log = logging.getLogger(__name__)

T = TypeVar("T")
Effect = Callable[[Any], Awaitable[Any]]
Claim = tuple[list[tuple[Job, Outbound]], list[Job], int | None, int]

_JOBS_PER_UNIT = 32
_CLAIM_SECONDS = 0.01
_MOST_TURNS = 10.0
_AFTER_FAILURE_SECONDS = 1.0
_LOOK_AFTER_OTHERS_SECONDS = 1.0
_AHEAD = 16
# A node that was stopped for longer may have been taken for dead: what it claimed before is another's by then.
_CERTAIN_SECONDS = 3.0
_PRIVATE = frozenset({queue.DUE})
"""What a node that takes its own jobs need not tell the others."""

TOLD = "begun"
"""What a node calls how many jobs it has begun that leave the building, when it tells of itself."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A claim under way: since when, by the clock's elapsed seconds, and of how many jobs at most."""

    since: float
    most: int
    claim: asyncio.Future[Claim]


class Worker:
    """Runs jobs until it is stopped.

    Args:
        api: whose handlers run.
        store: where the jobs are.
        effects: how to perform each kind of :class:`~segue.jobs.Outbound`.
    """

    def __init__(self, api: Api, store: Store, effects: Mapping[str, Effect]) -> None:
        self._api = api
        self._store = store
        self._effects = effects
        self.lateness = Lateness()
        self._turns = 1.0
        self._next: _Look | None = None
        self._parked: asyncio.Future[bool] | None = None  # while there is nothing to claim
        self._leased: dict[int, Job] = {}
        self._unknown: frozenset[str] = frozenset()
        self._leaving: frozenset[str] = frozenset()  # kinds of which some have left the building
        self._tasks: set[asyncio.Task[None]] = set()
        self._claiming: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take over what an earlier process had leased, and begin."""
        if not self._store.shared:
            await self._store.write(queue.release_leases)
        self._claiming = asyncio.create_task(self._claim_forever(), name="worker: claim")
        self._renewing = asyncio.create_task(self._renew_forever(), name="worker: renew leases")

    def claim_no_more(self) -> None:
        """From now on only finish what is running."""
        if self._claiming is not None:
            self._claiming.cancel()
        self._store.private = frozenset()  # others hear of what comes

    async def stop(self, grace_seconds: float = 0) -> None:
        """Claim nothing more, give what is running so long to end, and let go of the rest. Its leases are released when
        the node leaves the others, or at the next start."""
        self.claim_no_more()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        tasks = [task for task in (self._claiming, self._renewing, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def busy(self) -> bool:
        """Whether something that left the building is still out there."""
        return bool(self._leased)

    @property
    def begun(self) -> int | None:
        """How many of those there are; ``None`` where it takes no more."""
        return None if self._claiming is None or self._claiming.cancelling() else len(self._leased)

    def _for_others(self) -> frozenset[str]:
        """Kinds of jobs that others may take first. What leaves the building is quickly taken and long under way: so
        that one node does not run all functions while others rest, one that is far ahead of the least busy lets the
        others know of what comes, and gives them a start."""
        least = min((begun for told in self._store.others if (begun := told.get(TOLD)) is not None), default=None)
        is_ahead = least is not None and len(self._leased) >= _AHEAD + 2 * least
        self._store.private = frozenset() if is_ahead else _PRIVATE
        return self._leaving if is_ahead else frozenset()

    async def _claim_forever(self) -> None:
        while True:
            look, self._next = self._next or self._look(), None
            try:
                claimed, begun, next_due_ms, seq = await look.claim
                took = self._store.clock.elapsed_seconds() - look.since
                # whatever floods in, half of the time goes to what was begun
                self._turns = min(max(took / _CLAIM_SECONDS - self._turns, 1.0), _MOST_TURNS)
                if self._store.shared and took > _CERTAIN_SECONDS:
                    claimed = await self._store.write(partial(_still_held, claimed))
            except Exception:
                log.exception("could not claim jobs; trying again")
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
                continue
            self._leave_unknown(begun)
            self.lateness.add(self._store.clock.now_ms(), (job.due_at_ms for job in begun))
            for job, outbound in claimed:
                self._begin(job, outbound)
            if len(begun) == look.most:
                continue
            # every job that is new or earlier wakes this key: nothing else needs to be looked for
            parked = self._parked = self._store.wakes.park((queue.DUE, queue.LEFT), seq, next_due_ms)
            # but what another node has left
            await asyncio.wait((parked,), timeout=_LOOK_AFTER_OTHERS_SECONDS if self._store.shared else None)
            parked.cancel()

    def _look(self) -> _Look:
        most = int(_JOBS_PER_UNIT * self._turns)
        claim = self._store.write(partial(self._claim, most, self._for_others()))
        return _Look(self._store.clock.elapsed_seconds(), most, claim)

    def _look_with(self, settled: asyncio.Future[T]) -> asyncio.Future[T]:
        """Claim in the transaction of what was handed in just now, if nothing is claimed meanwhile: then what goes on
        after it waits for one commit, not for two."""
        if self._parked is not None and not self._parked.done() and self.begun is not None:
            self._next = self._look()
            self._parked.cancel()
        return settled

    def _claim(self, most: int, for_others: Collection[str], tx: Transaction) -> Claim:
        """One unit: run the due jobs of one transaction in it, lease those that leave."""
        tx.saw(queue.DUE)
        due = queue.due(tx, most, self._unknown, for_others)
        # After a sleep of the machine what is still running here may look abandoned: it is not.
        queue.renew(tx, [self._leased[job.id] for job in due if job.id in self._leased])
        claimed, begun = self._run(tx, due)
        if without := {*self._unknown, *for_others}:
            until_ms = tx.now_ms + queue.HEAD_START_MS
            return claimed, begun, queue.next_due_without_ms(tx, without, until_ms), tx.seq
        return claimed, begun, queue.next_due_ms(tx), tx.seq

    def _run(self, tx: Transaction, due: list[Job]) -> tuple[list[tuple[Job, Outbound]], list[Job]]:
        """Run them, for as long as a unit may take: requests want their turn, too. What leaves, and what was begun."""
        elapsed, claimed, begun = self._store.clock.elapsed_seconds, [], []
        until = elapsed() + _CLAIM_SECONDS * self._turns
        for job in due:
            begun.append(job)
            left = run_job(self._api, tx, job) if handler_of(self._api, job.kind) is not None else None
            if left is not None:
                claimed.append(left)
            if elapsed() > until:
                break
        return claimed, begun

    def _leave_unknown(self, due: list[Job]) -> None:
        """Jobs that a newer node has made are for those who know what to do."""
        unknown = {job.kind for job in due if handler_of(self._api, job.kind) is None}
        if unknown:
            log.warning("jobs of kinds that a newer Segue knows are left to it: %s", ", ".join(sorted(unknown)))
            self._unknown |= unknown

    def _begin(self, job: Job, outbound: Outbound) -> None:
        self._leased[job.id] = job
        if job.kind not in self._leaving:
            self._leaving |= {job.kind}
        task = asyncio.create_task(self._perform(job, outbound), name=f"job {job.kind} {job.key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _perform(self, job: Job, outbound: Outbound) -> None:
        try:
            await self._perform_and_settle(job, outbound)
        except Exception:  # its lease runs out, and it is run again
            log.exception("job %s of %s could not be settled", job.kind, job.key)
        finally:
            if self._leased.get(job.id) is job:
                del self._leased[job.id]

    async def _perform_and_settle(self, job: Job, outbound: Outbound) -> None:
        try:
            outcome = await self._effects[outbound.effect](outbound.request)
        except Exception as error:
            failed = partial(_fail, job, error)
            await at_last(partial(self._store.write, failed))
            return
        held = await at_last(partial(self._settle, job, outbound, outcome))
        if not held:
            log.info("job %s of %s was cancelled or taken over while it ran", job.kind, job.key)

    async def _settle(self, job: Job, outbound: Outbound, outcome: Any) -> bool:
        while True:
            try:
                settled = self._store.write(lambda tx: settle_job(self._api, tx, job, outbound, outcome))
                return await self._look_with(settled)
            except ContentElsewhere as away:
                await self._effects[MOVE](away)

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(queue.LEASE_MS / 3000)
            leased = list(self._leased.values())
            if not leased:
                continue
            try:
                await self._store.write(partial(_renew, leased))
            except Exception:
                log.exception("could not renew leases; trying again")


def _still_held(claimed: list[tuple[Job, Outbound]], tx: Transaction) -> list[tuple[Job, Outbound]]:
    return [(job, outbound) for job, outbound in claimed if queue.holds(tx, job)]


def _fail(job: Job, error: Exception, tx: Transaction) -> None:
    fail_job(tx, job, error)


def _renew(leased: list[Job], tx: Transaction) -> None:
    queue.renew(tx, leased)

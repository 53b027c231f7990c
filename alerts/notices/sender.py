"""Sending what waits: claimed under a lease, sent, and the outcome written; at least once, with the same id every time.

A sender that dies between sending and writing leaves its notice to the next one when the lease runs out: the peer then gets
it twice, with the same id. A lease is held in the machine's own time; when a notice is due is business time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Select, and_, insert, or_, select, update

from alerts.alarms import AlarmService
from alerts.channels.base import DETAIL_MAX, Message
from alerts.channels.outlets import Outlets
from alerts.notices.models import notice_attempts, notices
from alerts.notices.rows import Notice, from_row
from alerts.notices.words import NoticeState
from alerts.roster.contacts import Channel
from core.clock import Clock
from core.errors import UpstreamError
from core.instants import SECOND_US, from_us
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

log = logging.getLogger(__name__)
DEAD_CODE = "notices_dead"
CLAIMS_MAX = 100  # a notice that kills its sender every time must end as well


@dataclass(frozen=True, slots=True)
class SenderRules:
    """Times in seconds."""

    batch: int = 50
    senders: int = 4
    lease_s: float = 120.0
    attempts_max: int = 8
    backoff_s: float = 10.0
    backoff_max_s: float = 3600.0

    def wait_us(self, attempts: int) -> int:
        """How long to wait after so many failures: doubled each time, up to the longest."""
        return int(min(self.backoff_s * 2 ** min(attempts - 1, 30), self.backoff_max_s) * SECOND_US)


@dataclass(frozen=True, slots=True)
class _Outcome:
    notice: Notice
    outcome: str  # sent, failed, refused
    detail: str
    took_ms: int


class Sender:
    """One sender. Several may run, in one process or in many. `machine` is the machine's own clock."""

    def __init__(self, units: UnitOfWorkFactory, machine: Clock, outlets: Outlets, alarms: AlarmService,
                 rules: SenderRules, zone: tzinfo) -> None:
        self._units, self._machine, self._outlets, self._alarms = units, machine, outlets, alarms
        self._rules, self._zone = rules, zone

    def send_due(self) -> int:
        """Send everything that is due now. Returns how many notices were tried."""
        tried = 0
        while claimed := self.claim():
            with ThreadPoolExecutor(self._rules.senders) as pool:
                self._write_as_they_end({pool.submit(self._tried, notice) for notice in claimed})
            tried += len(claimed)
        return tried

    def _write_as_they_end(self, under_way: set[Future[_Outcome]]) -> None:
        """What ends while the last outcomes are written is written together: ways out that answer at once do not take the
        writer's turn for each notice, and a slow one holds up none."""
        while under_way:
            ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            self._finish([one.result() for one in ended])

    def claim(self) -> list[Notice]:
        """Take up the notices that wait longest, and those whose sender has died, under a lease of our own."""
        if not self._is_any_due():
            return []
        lease = uuid4().hex
        with self._units() as uow:
            until = self._machine.now_us() + int(self._rules.lease_s * SECOND_US)
            rows = uow.conn.execute(self._due(uow.now_us).limit(self._rules.batch)).mappings().all()
            uow.conn.execute(update(notices).where(notices.c.id.in_([row["id"] for row in rows])).values(
                state=NoticeState.SENDING, lease=lease, leased_until=until, claims=notices.c.claims + 1))
        return [msgspec.structs.replace(from_row(row), lease=lease, claims=row["claims"] + 1) for row in rows]

    def deliver(self, notice: Notice) -> None:
        """Try a claimed notice and write what became of it."""
        self._finish([self._tried(notice)])

    def _tried(self, notice: Notice) -> _Outcome:
        """What is not an answer of the peer is a failure of ours."""
        begun = time.perf_counter()
        try:
            outcome, detail = "sent", self._try(notice)
        except UpstreamError as refusal:
            outcome = "refused" if refusal.permanent else "failed"
            detail = str(refusal.details.get("detail", refusal.code))
        except Exception as error:  # a fault in one way out must not hold up the others; it counts as a failed attempt
            log.exception("notice %s by %s", notice.id, notice.channel)
            outcome, detail = "failed", type(error).__name__
        return _Outcome(notice, outcome, detail[:DETAIL_MAX], round((time.perf_counter() - begun) * 1000))

    def _try(self, notice: Notice) -> str:
        outlet = self._outlets.get(Channel(notice.channel))
        if outlet is None:
            raise UpstreamError("notice_not_delivered", detail="channel off")
        return outlet.send(Message(
            uid=notice.uid, what=notice.what, card_id=notice.card_id, paper=notice.paper,
            subject=notice.subject, body=notice.body, address=notice.address, name=notice.name,
            data=msgspec.json.decode(notice.data),
            at=from_us(notice.created_at).astimezone(self._zone).isoformat(timespec="seconds")))

    def _finish(self, results: Sequence[_Outcome]) -> None:
        with self._units() as uow:
            states = [self._write(uow, result) for result in results]
            if NoticeState.DEAD in states:
                tell_dead(uow, self._alarms)

    def _write(self, uow: UnitOfWork, result: _Outcome) -> NoticeState | None:
        """The state of the notice now; None where another sender has it."""
        notice, values = result.notice, self._after(result, uow.now_us)
        ours = and_(notices.c.id == notice.id, notices.c.lease == notice.lease, notices.c.state == NoticeState.SENDING)
        if not uow.conn.execute(update(notices).where(ours).values(values)).rowcount:
            if result.outcome != "sent":
                return None  # our lease had run out: only a success of ours still counts
            uow.conn.execute(update(notices).where(notices.c.id == notice.id, notices.c.state != NoticeState.SENT)
                             .values(values))
        uow.conn.execute(insert(notice_attempts).values(
            notice_id=notice.id, number=notice.claims, at=uow.now_us, took_ms=result.took_ms, outcome=result.outcome,
            detail=result.detail))
        return NoticeState(values["state"])

    def _after(self, result: _Outcome, now_us: int) -> dict[str, Any]:
        notice = result.notice
        freed = {"lease": "", "leased_until": None}
        if result.outcome == "sent":
            return {**freed, "state": NoticeState.SENT, "ended_at": now_us, "next_at": None, "error": ""}
        failures = notice.attempts + 1
        is_given_up = result.outcome == "refused" or failures >= self._rules.attempts_max or notice.claims >= CLAIMS_MAX
        if is_given_up:
            return {**freed, "state": NoticeState.DEAD, "ended_at": now_us, "next_at": None, "attempts": failures,
                    "error": result.detail}
        return {**freed, "state": NoticeState.QUEUED, "next_at": now_us + self._rules.wait_us(failures),
                "attempts": failures, "error": result.detail}

    def _due(self, now_us: int) -> Select[Any]:
        waiting = and_(notices.c.state == NoticeState.QUEUED, notices.c.next_at <= now_us)
        abandoned = and_(notices.c.state == NoticeState.SENDING, notices.c.leased_until < self._machine.now_us())
        return select(notices).where(or_(waiting, abandoned)).order_by(notices.c.next_at, notices.c.id)

    def _is_any_due(self) -> bool:
        """Looked at without the writer's lock: most looks find nothing."""
        with self._units.database.read() as conn:
            return conn.execute(self._due(self._units.clock.now_us()).limit(1)).first() is not None


def tell_dead(uow: UnitOfWork, alarms: AlarmService) -> None:
    """One alarm for the dead-letter list, with how many stand on it; cleared when it is empty."""
    dead: Sequence[Any] = uow.conn.execute(select(notices.c.id).where(notices.c.state == NoticeState.DEAD)).all()
    if dead:
        alarms.renew_alarm(uow.conn, DEAD_CODE, "", uow.now_us, n=len(dead))
    else:
        alarms.clear_alarm(uow.conn, DEAD_CODE, "", uow.now_us)

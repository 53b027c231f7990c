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
from functools import cache
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, and_, bindparam, or_, select, update

from alerts.alarms import AlarmService
from alerts.channels.base import DETAIL_MAX, Message
from alerts.channels.outlets import Outlets
from alerts.notices.models import WAITING, notice_attempts, notices
from alerts.notices.rows import COLUMNS, Notice
from alerts.notices.words import NoticeState
from alerts.roster.contacts import Channel
from core.clock import Clock
from core.database import bulk_insert, bulk_update
from core.errors import UpstreamError
from core.instants import SECOND_US, from_us
from core.statements import Statement
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

log = logging.getLogger(__name__)
DEAD_CODE = "notices_dead"
CLAIMS_MAX = 100  # a notice that kills its sender every time must end as well
_N = notices.c
_QUEUED, _SENDING, _SENT = NoticeState.QUEUED.value, NoticeState.SENDING.value, NoticeState.SENT.value
# WAITING is the very condition of the index: without it every notice there ever was is looked at.
_DUE = Statement(select(*_N[COLUMNS]).where(WAITING, or_(
    and_(_N.state == _QUEUED, _N.next_at <= bindparam("now")),
    and_(_N.state == _SENDING, _N.leased_until < bindparam("machine_now"))
)).order_by(_N.next_at, _N.id).limit(bindparam("most")))
_IS_OURS = and_(_N.lease == bindparam("of_lease"), _N.state == _SENDING)
_CLAIM = ("state", "lease", "leased_until", "claims", "id")
_ATTEMPT = ("notice_id", "number", "at", "took_ms", "outcome", "detail")


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
        with self._units(together=True) as uow:
            until = self._machine.now_us() + int(self._rules.lease_s * SECOND_US)
            claimed = [msgspec.structs.replace(notice, lease=lease, claims=notice.claims + 1)
                       for notice in self._due(uow.conn, uow.now_us, self._rules.batch)]
            bulk_update(uow.conn, notices, _CLAIM, [(_SENDING, lease, until, one.claims, one.id) for one in claimed],
                        key=("id",))
        return claimed

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
        with self._units(together=True) as uow:
            written = [(result, state) for result in results if (state := self._write(uow, result)) is not None]
            bulk_insert(uow.conn, notice_attempts, _ATTEMPT, [
                (result.notice.id, result.notice.claims, uow.now_us, result.took_ms, result.outcome, result.detail)
                for result, _ in written])
            if any(state == NoticeState.DEAD for _, state in written):
                tell_dead(uow, self._alarms)

    def _write(self, uow: UnitOfWork, result: _Outcome) -> str | None:
        """The state of the notice now; None where another sender has it."""
        notice, values = result.notice, self._after(result, uow.now_us)
        given = {"of_id": notice.id, **{_new(name): value for name, value in values.items()}}
        if not _writing(tuple(values)).run(uow.conn, of_lease=notice.lease, **given):
            if result.outcome != "sent":
                return None  # our lease had run out: only a success of ours still counts
            _writing(tuple(values), is_late=True).run(uow.conn, **given)
        return str(values["state"])

    def _after(self, result: _Outcome, now_us: int) -> dict[str, Any]:
        notice = result.notice
        freed = {"lease": "", "leased_until": None}
        if result.outcome == "sent":
            return {**freed, "state": _SENT, "ended_at": now_us, "next_at": None, "error": ""}
        failures = notice.attempts + 1
        is_given_up = result.outcome == "refused" or failures >= self._rules.attempts_max or notice.claims >= CLAIMS_MAX
        if is_given_up:
            return {**freed, "state": NoticeState.DEAD.value, "ended_at": now_us, "next_at": None, "attempts": failures,
                    "error": result.detail}
        return {**freed, "state": _QUEUED, "next_at": now_us + self._rules.wait_us(failures),
                "attempts": failures, "error": result.detail}

    def _due(self, conn: Connection, now_us: int, most: int) -> list[Notice]:
        return [Notice(**row._asdict()) for row in _DUE.rows(conn, now=now_us, machine_now=self._machine.now_us(), most=most)]

    def _is_any_due(self) -> bool:
        """Looked at without the writer's lock: most looks find nothing."""
        with self._units.database.read() as conn:
            return bool(self._due(conn, self._units.clock.now_us(), 1))


@cache
def _writing(columns: tuple[str, ...], *, is_late: bool = False) -> Statement:
    """Writes these columns of a notice that is ours; `is_late`: of one that nobody else has sent."""
    whose = _N.state != _SENT if is_late else _IS_OURS
    return Statement(update(notices).where(_N.id == bindparam("of_id"), whose).values(
        {name: bindparam(_new(name)) for name in columns}))


def _new(column: str) -> str:
    """The value of a column in a statement: its own name is taken there."""
    return f"new_{column}"


def tell_dead(uow: UnitOfWork, alarms: AlarmService) -> None:
    """One alarm for the dead-letter list, with how many stand on it; cleared when it is empty."""
    dead: Sequence[Any] = uow.conn.execute(select(notices.c.id).where(notices.c.state == NoticeState.DEAD)).all()
    if dead:
        alarms.renew_alarm(uow.conn, DEAD_CODE, "", uow.now_us, n=len(dead))
    else:
        alarms.clear_alarm(uow.conn, DEAD_CODE, "", uow.now_us)

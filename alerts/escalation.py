"""Escalation: who is told next when nobody acts on a card, step by step in working time.

A chain is copied into the card's run when the run begins, so a later edit of the policy changes no card that is on its way.
Each step is claimed by a unique insert and bears its theoretical instant: a program that slept over a step takes it late but
once, and the step after it is counted from when it should have been. Waits are working time of the card's area.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from alerts import events as ev
from alerts.alarms import AlarmService
from alerts.card_rows import by_id
from alerts.cards import Card
from alerts.events import CardBrief, CardEvent
from alerts.notices.models import escalation_steps, escalations
from alerts.notices.service import Notifier, Telling
from cases.areas import Areas
from config.escalation import Chain, Chains
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from core.working_calendar import CalendarNotPublished

log = logging.getLogger(__name__)
UNHEARD_CODE = "escalation_unheard"
BATCH = 200
# What begins a run (anew), and what ends one. A reply does not: a department's words are no signature, and nobody may be
# silenced by them.
STARTS = (ev.CardOpened, ev.CardWorsened, ev.CardAskedAgain, ev.CardUnshelved, ev.ReplyRejected)
STOPS: Mapping[type[CardEvent], str] = {
    ev.CardAcknowledged: "acknowledged", ev.ConditionEnded: "condition_ended",
    ev.CardShelved: "shelved", ev.CardKeptQuiet: "quiet", ev.CardClosed: "closed", ev.CardRevoked: "revoked"}
RESTARTED = "restarted"


class Escalation:
    """Begins, ends and steps through the chains of cards."""

    def __init__(self, units: UnitOfWorkFactory, areas: Areas, chains: Chains, notifier: Notifier, alarms: AlarmService,
                 brief_of: Callable[[Card], CardBrief]) -> None:
        self._units, self._areas, self._chains, self._notifier, self._alarms = units, areas, chains, notifier, alarms
        self._brief_of = brief_of

    # Reactions, inside the caller's transaction -----------------------------------------------------------------------

    def start(self, uow: UnitOfWork, batch: Sequence[CardEvent]) -> None:
        """A run per card whose level has a chain; one that was under way ends."""
        cards = {event.card.id: event.card for event in batch if event.card.state in ("unack", "rtn_unack")}
        if isinstance(batch[0], ev.ReplyRejected):  # a worthless reply must not set back the run that it did not stop
            cards = {number: cards[number] for number in cards.keys() - self._running(uow, list(cards))}
        self._end(uow, list(cards), RESTARTED)
        runs = self._runs_of(uow, list(cards))
        rows = [row for card in cards.values() if (row := self._run(card, runs.get(card.id, 0) + 1, uow.now_us))]
        if rows:
            uow.conn.execute(insert(escalations), rows)

    def stop(self, uow: UnitOfWork, batch: Sequence[CardEvent]) -> None:
        """End the runs of these cards."""
        reasons: dict[str, list[int]] = {}
        for event in batch:
            reasons.setdefault(STOPS[type(event)], []).append(event.card.id)
        for reason, numbers in reasons.items():
            self._end(uow, numbers, reason)

    # The job ----------------------------------------------------------------------------------------------------------

    def step_due(self) -> int:
        """Take every step whose instant has come, oldest first. Returns how many were taken."""
        taken = 0
        while self._is_any_due():
            with self._units() as uow:
                taken += self._take_batch(uow)
        return taken

    def _take_batch(self, uow: UnitOfWork) -> int:
        due = uow.conn.execute(_due(uow.now_us).limit(BATCH)).all()
        cards = by_id(uow.conn, [row.card_id for row in due])
        taken = 0
        for row in due:
            card = cards.get(row.card_id)
            if card is None or card.closed_at is not None:
                self._end(uow, [row.card_id], "closed")
            elif self._take(uow, row, self._brief_of(card)):
                taken += 1
        return taken

    def _take(self, uow: UnitOfWork, row: Row[Any], card: CardBrief) -> bool:
        """Claim the step, tell its addressees, and set the next one. False when somebody else had claimed it."""
        chain = Chain.model_validate_json(row.chain)
        step = chain.step(row.step)
        if not _claim(uow, row, step.to):
            self._advance(uow, row, chain)
            return False
        name = f"{row.card_id}:{row.run}:{row.step}"
        told = self._notifier.tell(uow, [Telling("step", card, step.to, name)])[name]
        uow.conn.execute(update(escalation_steps).where(
            escalation_steps.c.card_id == row.card_id, escalation_steps.c.run == row.run,
            escalation_steps.c.step == row.step).values(told=told))
        self._tell_unheard(uow, card, told)
        self._advance(uow, row, chain)
        return True

    def _tell_unheard(self, uow: UnitOfWork, card: CardBrief, told: int) -> None:
        """A step that reached nobody is a fault of the installation: people think somebody has been told."""
        if told:
            self._alarms.clear_alarm(uow.conn, UNHEARD_CODE, str(card.id), uow.now_us)
        else:
            self._alarms.set_alarm(uow.conn, UNHEARD_CODE, str(card.id), uow.now_us, detail=card.case_no or str(card.id))

    def _advance(self, uow: UnitOfWork, row: Row[Any], chain: Chain) -> None:
        number = row.step + 1
        next_at = self._after(row.area, row.next_at, chain, number) if number < chain.length else None
        uow.conn.execute(update(escalations).where(
            escalations.c.card_id == row.card_id, escalations.c.run == row.run, escalations.c.step == row.step)
            .values(step=number, next_at=next_at))

    # Inside -----------------------------------------------------------------------------------------------------------

    def _run(self, card: CardBrief, run: int, now_us: int) -> dict[str, Any] | None:
        chain = self._chains.for_level(card.level)
        if chain is None:
            return None
        return {"card_id": card.id, "run": run, "area": card.area, "level": card.level, "chain": chain.model_dump_json(),
                "started_at": now_us, "step": 0, "next_at": self._after(card.area, now_us, chain, 0), "stopped_at": None,
                "stopped_by": ""}

    def _after(self, area: str, since_us: int, chain: Chain, number: int) -> int:
        """The instant of a step (microseconds UTC). In a year whose holidays are not published plain time runs: too early
        is better than never."""
        calendar, wait = self._areas.for_area(area), chain.step(number).wait_us
        try:
            return calendar.to_utc(calendar.advance(calendar.to_local(since_us), wait))
        except CalendarNotPublished:
            return since_us + wait

    @staticmethod
    def _end(uow: UnitOfWork, numbers: Sequence[int], reason: str) -> None:
        if numbers:
            uow.conn.execute(update(escalations).where(
                escalations.c.card_id.in_(numbers), escalations.c.stopped_at.is_(None))
                .values(stopped_at=uow.now_us, stopped_by=reason, next_at=None))

    @staticmethod
    def _running(uow: UnitOfWork, numbers: Sequence[int]) -> set[int]:
        """The cards with a run that has a step to come."""
        e = escalations.c
        return set(uow.conn.scalars(select(e.card_id).where(e.card_id.in_(numbers), e.stopped_at.is_(None),
                                                            e.next_at.is_not(None))))

    @staticmethod
    def _runs_of(uow: UnitOfWork, numbers: Sequence[int]) -> dict[int, int]:
        if not numbers:
            return {}
        rows = uow.conn.execute(select(escalations.c.card_id, func.max(escalations.c.run)).where(
            escalations.c.card_id.in_(numbers)).group_by(escalations.c.card_id))
        return {row[0]: row[1] for row in rows}

    def _is_any_due(self) -> bool:
        with self._units.database.read() as conn:
            return conn.execute(_due(self._units.clock.now_us()).limit(1)).first() is not None


def _due(now_us: int) -> Any:
    return select(escalations).where(escalations.c.stopped_at.is_(None), escalations.c.next_at <= now_us).order_by(
        escalations.c.next_at, escalations.c.card_id)


def _claim(uow: UnitOfWork, row: Row[Any], to: Sequence[str]) -> bool:
    """Whether the step was still free. The ledger's lock orders the writers; the key is what holds if that ever fails."""
    try:
        with uow.conn.begin_nested():
            uow.conn.execute(insert(escalation_steps).values(
                card_id=row.card_id, run=row.run, step=row.step, due_at=row.next_at, fired_at=uow.now_us,
                addressees=" ".join(to), told=0))
    except IntegrityError:
        log.warning("step %s of card %s was taken before", row.step, row.card_id)
        return False
    return True

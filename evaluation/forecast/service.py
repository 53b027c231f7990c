"""Trains and refreshes, outside every recording: the record never waits for a forecast.

A training learns from the newest cases, tries itself on the past and keeps both. A refresh follows the journal: only cases
something happened to are foretold anew, all of them when a day begins, a model is new or the configuration changed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from cases.areas import Areas
from cases.models import case_table
from config.forecast_settings import ForecastSettings
from core.database import bulk_delete, bulk_upsert
from core.instants import HOUR_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from evaluation.forecast.backtest import Backtest, Left, Plan, Replay, Report, Story
from evaluation.forecast.calibration import Correction
from evaluation.forecast.lives import JudgedLimits, Life, Limits, Silence, Silent, calendar_days, known_until, life_of
from evaluation.forecast.model import Model, Rules, learn
from evaluation.forecast.models import forecast_models, forecasts
from evaluation.forecast.stories import OpenCase, changed_since, journal_head, newest_stories, open_cases, stored
from evaluation.forecast.summary import summary_of

log = logging.getLogger(__name__)
FOLLOW_MOST = 20_000  # events followed in one look
COLUMNS = ("area", "org", "item", "case_no", "model", "at", "chance", "reason", "due_at", "due_day", "days_used", "days_left",
           "is_stopped", "step", "level", "ended", "overran", "days_low", "days_mid", "days_high", "case_id")
_m = forecast_models.c


# Foretold once, and over or gone since: what a look at the open cases does not meet.
_OVER = select(forecasts.c.case_id).outerjoin(case_table, case_table.c.case_id == forecasts.c.case_id).where(
    case_table.c.case_id.is_(None) | case_table.c.closed_at.is_not(None))


class InForce(msgspec.Struct, gc=False):
    """The model cases are foretold by, and how far they are."""

    id: int
    trained_at: int
    model: Model
    correction: Correction
    day: int | None
    revision: str
    seq: int


class Forecasting:
    """The one writer of both tables."""

    def __init__(self, units: UnitOfWorkFactory, areas: Areas, catalogue: Any, settings: ForecastSettings) -> None:
        self._units, self._areas, self._settings = units, areas, settings
        self._limits = JudgedLimits(areas, catalogue)
        self._kept: InForce | None = None
        self._is_leaving, self._rests_until = threading.Event(), 0

    def leave(self) -> None:
        """Whoever learns stops at the next day of the past; nothing is kept of it."""
        self._is_leaving.set()

    @property
    def limits(self) -> Limits:
        """Which limit is foretold here."""
        return self._limits

    @property
    def plan(self) -> Plan:
        """How the past is gone through by these settings."""
        return plan_of(self._settings)

    # Training -----------------------------------------------------------------------------------------------------

    def train_if_due(self) -> bool:
        """Learn anew when the model in force has become old, or there is none. Learning that failed is tried again after an
        hour: it reads and tries the whole past each time."""
        current, now = self._in_force(), self._units.clock.now_us()
        is_young = current is not None and 0 <= now - current.trained_at < self._settings.train_every_h * HOUR_US
        if is_young or now < self._rests_until:
            return False
        self._rests_until = now + HOUR_US
        try:
            self.train()
        except Left:
            return False
        self._rests_until = 0
        return True

    def train(self) -> tuple[int, Report]:
        """Learn from the newest cases, try it on the past, keep both. Returns (the model's number, the report). Raises Left."""
        now = self._units.clock.now_us()
        with self._units.database.snapshot() as conn:
            self._areas.refresh(conn)
            stories = newest_stories(conn, self._settings.cases_max)
        today, plan = self._areas.default.calendar.today(now), self.plan
        report, correction = self._tried(stories, today, plan)
        lives = [life for story in stories if (life := self._life(story, now)) and life.opened >= today - plan.train_days]
        model = learn(lives, today, plan.rules)
        with self._units() as uow:
            number = self._keep(uow, model, lives, report, correction)
        self._kept = None
        log.info("forecast: model %d learnt from %d cases, %d trials, Brier %s", number, len(lives), report.trials,
                 report.brier)
        return number, report

    def _tried(self, stories: Sequence[Story], today: int, plan: Plan) -> tuple[Report, Correction]:
        calendar = self._areas.default.calendar
        days = calendar_days(calendar, today - self._settings.backtest_days, today, plan.every_days)
        return Backtest(Replay(stories, self._limits, calendar), plan).run(days, today, self._is_leaving.is_set)

    def _life(self, story: Story, now: int) -> Life | None:
        try:
            return life_of(known_until(story.case_id, story.events, now), self._limits)
        except Silent:
            return None

    def _keep(self, uow: UnitOfWork, model: Model, lives: Sequence[Life], report: Report, correction: Correction) -> int:
        number = uow.conn.execute(insert(forecast_models).values(
            trained_at=uow.now_us, cases=len(lives), ended=sum(life.is_ended for life in lives), groups=len(model.groups),
            report=msgspec.json.encode(report).decode(), correction=msgspec.json.encode(correction).decode(),
            body=model.to_bytes(), day=None, seq=0, summary=_last_summary(uow)).returning(_m.id)).scalar_one()
        kept = list(uow.conn.scalars(select(_m.id).order_by(_m.id.desc()).limit(self._settings.keep_models)))
        uow.conn.execute(delete(forecast_models).where(_m.id < kept[-1]))
        return int(number)

    # Refreshing ---------------------------------------------------------------------------------------------------

    def refresh(self) -> int:
        """Bring the table to the present; returns how many cases were looked at. Without a model nothing is foretold."""
        current, now = self._in_force(), self._units.clock.now_us()
        if current is None:
            return 0
        with self._units.database.read() as conn:
            self._areas.refresh(conn)
        today, revision = self._areas.default.calendar.today(now), self._areas.versions.revision
        if (current.day, current.revision) != (today, revision):
            return self._all(current, today, revision)
        return self._changed(current)

    def _all(self, current: InForce, today: int, revision: str) -> int:
        with self._units.database.read() as conn:
            seq, case_ids = journal_head(conn), [case_id for part in open_cases(conn) for case_id in part]
        self._look(current, case_ids)
        with self._units.database.read() as conn:
            over = [(case_id,) for case_id in conn.scalars(_OVER)]
        for start in range(0, len(over), self._settings.batch):
            with self._units() as uow:
                bulk_delete(uow.conn, forecasts, ("case_id",), over[start:start + self._settings.batch])
        self._followed(current, today, revision, seq)
        return len(case_ids)

    def _changed(self, current: InForce) -> int:
        with self._units.database.read() as conn:
            case_ids, seq = changed_since(conn, current.seq, FOLLOW_MOST)
        if not case_ids:
            return 0
        self._look(current, case_ids)
        self._followed(current, current.day, current.revision, seq)
        return len(case_ids)

    def _look(self, current: InForce, case_ids: Sequence[int]) -> None:
        """Slice by slice: read and foretold outside any transaction, written in one of its own."""
        for start in range(0, len(case_ids), self._settings.batch):
            now = self._units.clock.now_us()
            with self._units.database.read() as conn:
                found = stored(conn, case_ids[start:start + self._settings.batch], now)
            looked = [(case.case_id, self._row(case, current, now)) for case in found]
            rows = [row for _, row in looked if row is not None]
            gone = [(case_id,) for case_id, row in looked if row is None]
            with self._units() as uow:
                bulk_upsert(uow.conn, forecasts, COLUMNS, rows, key=("case_id",))
                bulk_delete(uow.conn, forecasts, ("case_id",), gone)

    def _row(self, case: OpenCase, current: InForce, now: int) -> tuple[Any, ...] | None:
        """None for a case that is over, or whose limit is: decided in time, some are open until their papers are served."""
        if case.known is None:
            return None
        place = (case.area, case.org, case.item, case.case_no, current.id, now)
        life: Life | None = None
        try:
            life = life_of(case.known, self._limits)
            if life.is_ended:
                return None
            found = current.model.forecast(life)
        except Silent as silent:
            return (*place, None, silent.reason.value, *_standing(life), 0, 0, 0, None, None, None, case.case_id)
        chance = current.correction(found.chance)
        return (*place, chance, "", *_standing(life), len(found.learnt), found.ended, found.overran, *found.days, case.case_id)

    def _followed(self, current: InForce, day: int | None, revision: str, seq: int) -> None:
        """How far it came, and the sums of the city: added up before the writers' lock is asked for, nobody waits for them."""
        with self._units.database.read() as conn:
            summary = msgspec.json.encode(summary_of(conn, self._settings.likely, self._units.clock.now_us())).decode()
        with self._units() as uow:
            uow.conn.execute(update(forecast_models).where(_m.id == current.id).values(
                day=day, revision=revision, seq=seq, summary=summary))
        current.day, current.revision, current.seq = day, revision, seq

    def _in_force(self) -> InForce | None:
        """The newest model; its tables are read once. What another process followed meanwhile is followed here too."""
        with self._units.database.read() as conn:
            row = conn.execute(select(_m.id, _m.trained_at, _m.correction, _m.day, _m.revision, _m.seq)
                               .order_by(_m.id.desc()).limit(1)).first()
            if row is None:
                return None
            if self._kept is None or self._kept.id != row.id:
                body = conn.scalar(select(_m.body).where(_m.id == row.id))
                model = Model.from_bytes(bytes(body or b""), self._settings.cases_min)
                correction = msgspec.json.decode(row.correction, type=Correction)
                self._kept = InForce(row.id, row.trained_at, model, correction, row.day, row.revision, row.seq)
        self._kept.day, self._kept.revision, self._kept.seq = row.day, row.revision, row.seq
        return self._kept


def _last_summary(uow: UnitOfWork) -> str:
    """What walls show until the new model has looked at every case: what the one before said."""
    return str(uow.conn.scalar(select(_m.summary).order_by(_m.id.desc()).limit(1)) or "")


def plan_of(settings: ForecastSettings) -> Plan:
    """The settings of a back-test."""
    return Plan(settings.snapshot_days, settings.retrain_days, settings.train_days, settings.correct_from,
                Rules(settings.half_life_days, settings.cases_min))


def _standing(life: Life | None) -> tuple[Any, ...]:
    if life is None:
        return (None, None, None, None, False, "")
    return (life.due_at, life.due, life.last, max(life.days_left, 0), life.is_stopped, life.stages[-1][1][:160])


__all__ = ["Forecasting", "InForce", "Silence", "plan_of"]

"""Reading notices: the delivery log with its attempts, an inbox, and who was told of a card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, select

from alerts.notices.models import escalation_steps, escalations, notice_attempts, notices
from alerts.notices.words import NoticeState
from alerts.roster.contacts import Channel
from core.database import Database

PAGE_MAX = 200
_SHOWN = ("id", "uid", "what", "card_id", "card_rev", "level", "area", "org", "addressee", "username", "name", "channel",
          "address", "state", "reason", "step", "subject", "body", "created_at", "next_at", "attempts", "claims", "error",
          "ended_at", "read_at", "paper", "case_no")


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the delivery log. Instants are microseconds UTC; `address` is covered but for its ends. `paper` is
    the number of the paper it is of; of a card's it is ""."""

    id: int
    uid: str
    what: str
    card_id: int
    card_rev: int
    level: int
    area: str
    org: str
    addressee: str
    username: str
    name: str
    channel: str
    address: str
    state: str
    reason: str
    step: str
    subject: str
    body: str
    created_at: int
    next_at: int | None
    attempts: int
    claims: int
    error: str
    ended_at: int | None
    read_at: int | None
    paper: str
    case_no: str


class Attempt(msgspec.Struct, frozen=True):
    """One try at a notice. `outcome`: sent, failed, refused."""

    number: int
    at: int
    took_ms: int
    outcome: str
    detail: str


class StepTaken(msgspec.Struct, frozen=True):
    """A step of a card's escalation: when it was due and when it was taken (microseconds UTC), and how many were told."""

    run: int
    step: int
    due_at: int
    fired_at: int
    addressees: tuple[str, ...]
    told: int


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What of the delivery log is asked for; empty values ask for everything. `before` is a notice id. `area` and `org`
    are the limits of whoever asks."""

    state: str = ""
    channel: str = ""
    card_id: int | None = None
    before: int | None = None
    area: str = ""
    org: str | None = None
    paper: str = ""
    case_no: str = ""


@dataclass(frozen=True, slots=True)
class EscalationNow:
    """Where a card's escalation stands: the next step and its instant, or why it stopped."""

    run: int
    next_step: int
    next_at: int | None
    stopped_at: int | None
    stopped_by: str
    steps: list[StepTaken]


class NoticeQueries:
    """The reading side of notices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def log(self, asked: LogFilter, limit: int = 50) -> list[NoticeView]:
        """The newest lines that fit, newest first."""
        statement = select(*(notices.c[name] for name in _SHOWN)).order_by(notices.c.id.desc()).limit(min(limit, PAGE_MAX))
        for column, wanted in ((notices.c.state, asked.state), (notices.c.channel, asked.channel),
                               (notices.c.area, asked.area), (notices.c.paper, asked.paper),
                               (notices.c.case_no, asked.case_no)):
            if wanted:
                statement = statement.where(column == wanted)
        if asked.org is not None:
            statement = statement.where(notices.c.org == asked.org)
        if asked.card_id is not None:
            statement = statement.where(notices.c.card_id == asked.card_id)
        if asked.before is not None:
            statement = statement.where(notices.c.id < asked.before)
        return self._views(statement)

    def counts(self, area: str = "") -> dict[str, int]:
        """How many notices (of an area) stand in each state that still asks for something: queued, sending, dead."""
        asked = (NoticeState.QUEUED, NoticeState.SENDING, NoticeState.DEAD)
        with self._database.read() as conn:
            rows = conn.execute(select(notices.c.state, func.count()).where(notices.c.state.in_(asked), *_of_area(area))
                                .group_by(notices.c.state)).all()
        found = {row[0]: row[1] for row in rows}
        return {state.value: found.get(state.value, 0) for state in asked}

    def attempts(self, notice_id: int, area: str = "") -> list[Attempt]:
        """Every try at a notice (of an area); of another area's none, as of one that does not exist."""
        ours = select(notices.c.id).where(notices.c.id == notice_id, *_of_area(area))
        with self._database.read() as conn:
            rows = conn.execute(select(notice_attempts).where(notice_attempts.c.notice_id.in_(ours))
                                .order_by(notice_attempts.c.number)).all()
        return [Attempt(row.number, row.at, row.took_ms, row.outcome, row.detail) for row in rows]

    def inbox(self, username: str, limit: int = 50, before: int | None = None) -> list[NoticeView]:
        """What somebody was told inside the site, newest first."""
        statement = select(*(notices.c[name] for name in _SHOWN)).where(*_in_box(username))
        if before is not None:
            statement = statement.where(notices.c.id < before)
        return self._views(statement.order_by(notices.c.id.desc()).limit(min(limit, PAGE_MAX)))

    def unread(self, username: str) -> int:
        with self._database.read() as conn:
            return int(conn.execute(select(func.count()).select_from(notices)
                                    .where(*_in_box(username), notices.c.read_at.is_(None))).scalar_one())

    def of_card(self, card_id: int) -> list[NoticeView]:
        """Everybody who was told of a card, when and how, and everybody who was not, and why; oldest first."""
        return self._views(select(*(notices.c[name] for name in _SHOWN)).where(notices.c.card_id == card_id)
                           .order_by(notices.c.id).limit(1000))

    def of_case(self, case_no: str) -> list[NoticeView]:
        """What the applicant of a hosted case was told, when and how, and what he was not, and why; oldest first. Whoever asks
        has seen the case."""
        return self._views(select(*(notices.c[name] for name in _SHOWN)).where(notices.c.case_no == case_no)
                           .order_by(notices.c.id).limit(1000))

    def escalation_of(self, card_id: int) -> EscalationNow | None:
        """The card's present or last run with the steps of all its runs; None when it was never escalated."""
        with self._database.read() as conn:
            run = conn.execute(select(escalations).where(escalations.c.card_id == card_id)
                               .order_by(escalations.c.run.desc()).limit(1)).first()
            rows = conn.execute(select(escalation_steps).where(escalation_steps.c.card_id == card_id)
                                .order_by(escalation_steps.c.run, escalation_steps.c.step)).all()
        if run is None:
            return None
        steps = [StepTaken(row.run, row.step, row.due_at, row.fired_at, tuple(row.addressees.split()), row.told)
                 for row in rows]
        return EscalationNow(run.run, run.step, run.next_at, run.stopped_at, run.stopped_by, steps)

    def _views(self, statement: Any) -> list[NoticeView]:
        with self._database.read() as conn:
            rows = conn.execute(statement).mappings().all()
        return [NoticeView(**{**row, "address": covered(row["address"], row["channel"])}) for row in rows]


def _of_area(area: str) -> list[Any]:
    """The limit of whoever is bound to an area."""
    return [notices.c.area == area] if area else []


def _in_box(username: str) -> tuple[Any, ...]:
    return (notices.c.username == username, notices.c.channel == Channel.IN_SITE.value,
            notices.c.state == NoticeState.SENT.value)


def covered(address: str, channel: str) -> str:
    """A phone number or mail address as a log may show it."""
    if channel == Channel.SMS and len(address) > 7:
        return f"{address[:3]}****{address[-4:]}"
    if channel == Channel.EMAIL and "@" in address:
        name, _, host = address.partition("@")
        return f"{name[:2]}***@{host}"
    return address

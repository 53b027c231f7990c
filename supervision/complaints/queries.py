"""Reads of complaints. Nothing here can open a seal: who reported is asked of the service, with a reason."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, func, or_, select

from config.follow_up import ComplaintRules
from core.access import OF_ONE_UNIT, Actor, Role
from core.database import Database
from core.errors import NotFound
from core.instants import DAY_US
from supervision.complaints.matters import ALLOWED, OFFICERS, ComplaintAction, ComplaintState
from supervision.complaints.service import UNIT
from supervision.models import complaint_log, complaints, reporters

PAGE_MAX = 200
NEAR_US = 2 * DAY_US  # a term that ends so soon is shown as near (domain: warning two days before)
OPEN = (ComplaintState.RECEIVED.value, ComplaintState.HANDLING.value)
_HEAD: Any = complaints.c["no", "kind", "category", "channel", "route", "state", "rev", "area", "org", "about_case", "title",
                          "is_named", "filed_at", "accept_due_at", "accepted_at", "due_at", "answered_at", "finding",
                          "satisfaction", "closed_at"]


@dataclass(frozen=True, slots=True)
class ComplaintRow:
    """A complaint in a list. Instants are microseconds UTC."""

    no: str
    kind: str
    category: str
    channel: str
    route: str
    state: str
    rev: int
    area: str
    org: str
    about_case: str
    title: str
    is_named: bool
    filed_at: int
    accept_due_at: int | None
    accepted_at: int | None
    due_at: int | None
    answered_at: int | None
    finding: str
    satisfaction: str
    closed_at: int | None

    def term(self) -> int | None:
        """The instant that counts now: of the acceptance, else of the answer; None when nothing is owed."""
        if self.state not in OPEN:
            return None
        return self.accept_due_at if self.state == ComplaintState.RECEIVED else self.due_at

    def light(self, now_us: int) -> str:
        """late, near, running or done."""
        term = self.term()
        if term is None:
            return "done"
        return "late" if now_us >= term else "near" if now_us >= term - NEAR_US else "running"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing done: when, by whom, in which words."""

    at: int
    actor: str
    actor_name: str
    action: str
    words: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """An answer and what the reporter said of it when he was called back ("" while nobody has asked him). A matter opened again
    has another round before it."""

    n: int
    answered_at: int
    answer: str
    finding: str
    satisfaction: str = ""


@dataclass(frozen=True, slots=True)
class ComplaintDetail:
    """Everything about one but who reported; `has_reporter` says whether that is known, `may` what this person may do. `answer`
    is that of the round that counts, `earlier` are the rounds before it."""

    head: ComplaintRow
    content: str
    answer: str
    extra_days: int
    asked_days: int
    asked_by: str
    has_reporter: bool
    log: list[LogEntry] = field(default_factory=list)
    may: list[str] = field(default_factory=list)
    earlier: list[Round] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WantedComplaints:
    """Empty means every one. `standing` is open, late or done."""

    kind: str = ""
    standing: str = ""
    text: str = ""


class ComplaintQueries:
    """A person sees what his area and unit let him see, decided in the query."""

    def __init__(self, database: Database, rules: ComplaintRules) -> None:
        self._database, self._rules = database, rules

    def listed(self, actor: Actor, wanted: WantedComplaints, now_us: int, limit: int = 100,
               offset: int = 0) -> tuple[list[ComplaintRow], int]:
        """Rows, what is owed soonest first, and how many there are."""
        conditions = [*self._seen_by(actor), *_asked(wanted, now_us)]
        order = (complaints.c.state.not_in(OPEN), func.coalesce(complaints.c.accept_due_at, complaints.c.due_at),
                 complaints.c.no.desc())
        with self._database.read() as conn:
            total = int(conn.scalar(select(func.count()).select_from(complaints).where(*conditions)) or 0)
            rows = conn.execute(select(*_HEAD).where(*conditions).order_by(*order).limit(min(limit, PAGE_MAX))
                                .offset(offset)).all()
        return [ComplaintRow(*row) for row in rows], total

    def counts(self, actor: Actor, now_us: int) -> dict[str, int]:
        """How many are open, late and waiting for a call-back."""
        c, seen = complaints.c, self._seen_by(actor)
        with self._database.read() as conn:
            def count(*conditions: Any) -> int:
                return int(conn.scalar(select(func.count()).select_from(complaints).where(*seen, *conditions)) or 0)

            return {"open": count(c.state.in_(OPEN)), "late": count(*_asked(WantedComplaints(standing="late"), now_us)),
                    "to_call": count(c.state == ComplaintState.ANSWERED.value), "all": count()}

    def find(self, no: str, actor: Actor) -> ComplaintDetail:
        """Raises NotFound, also for one this person may not see."""
        with self._database.read() as conn:
            row = conn.execute(select(complaints).where(complaints.c.no == no, *self._seen_by(actor))).first()
            if row is None:
                raise NotFound("complaint_not_found", no=no[:40])
            known = conn.scalar(select(reporters.c.no).where(reporters.c.no == no)) is not None
            log = _log_of(conn, no)
        head = ComplaintRow(*(getattr(row, column.name) for column in _HEAD))
        is_unit = not actor.roles - OF_ONE_UNIT
        return ComplaintDetail(head, row.content, _current(row), row.extra_days, row.asked_days, row.asked_by,
                               known and not is_unit, log if not is_unit else [one for one in log if _for_units(one)],
                               may_do(actor, row), _earlier(row, log))

    def of_reporter(self, no: str, hashed: str) -> tuple[ComplaintRow, str, list[Round]]:
        """What whoever filed it with that password is told: its head, its answer, and those of the rounds before. Raises
        NotFound, whichever is wrong."""
        with self._database.read() as conn:
            row = conn.execute(select(complaints).where(complaints.c.no == no)).first()
            if row is None or not row.password_hash or not hmac.compare_digest(hashed, row.password_hash):
                raise NotFound("letter_or_password_wrong")
            log = _log_of(conn, no)
        return ComplaintRow(*(getattr(row, column.name) for column in _HEAD)), _current(row), _earlier(row, log)

    def _seen_by(self, actor: Actor) -> list[Any]:
        """The same as ComplaintService.may_see, as conditions."""
        c, conditions = complaints.c, []
        area = actor.area
        if area:
            conditions.append(c.area == area)
        if not actor.has(*OFFICERS, Role.ADMINISTRATOR):
            routes = [code for code, org in self._rules.bodies.items() if code != UNIT and org == actor.org]
            conditions.append(or_((c.route == UNIT) & (c.org == actor.org), c.route.in_(routes)))
        return conditions


def may_do(actor: Actor, row: Any) -> list[str]:
    """The actions this person may take on it as it stands."""
    allowed = [action for action, (states, roles) in ALLOWED.items() if row.state in states and actor.has(*roles)]
    asked = bool(row.asked_days)
    if not asked or row.asked_by == actor.name:
        allowed = [one for one in allowed if one not in (ComplaintAction.GRANT_EXTENSION, ComplaintAction.DENY_EXTENSION)]
    if asked:
        allowed = [one for one in allowed if one is not ComplaintAction.ASK_EXTENSION]
    return [one.value for one in allowed]


def _log_of(conn: Connection, no: str) -> list[LogEntry]:
    entries = conn.execute(select(complaint_log).where(complaint_log.c.no == no).order_by(complaint_log.c.rev))
    return [LogEntry(one.at, one.actor, one.actor_name, one.action, one.words, msgspec.json.decode(one.detail))
            for one in entries]


def _current(row: Any) -> str:
    """While an answer is owed there is none: what was said before belongs to the round before."""
    return "" if row.state in OPEN else str(row.answer)


def _earlier(row: Any, log: Sequence[LogEntry]) -> list[Round]:
    """The rounds that are over, as the log has them."""
    rounds = _rounds(log)
    return rounds if row.state in OPEN else rounds[:-1]


def _rounds(log: Sequence[LogEntry]) -> list[Round]:
    found: list[Round] = []
    for entry in log:
        if entry.action == ComplaintAction.ANSWER:
            found.append(Round(len(found) + 1, entry.at, entry.words, entry.detail.get("finding", "")))
        elif entry.action == ComplaintAction.CALL_BACK and found:
            found[-1] = replace(found[-1], satisfaction=entry.detail.get("satisfaction", ""))
    return found


def _for_units(entry: LogEntry) -> bool:
    """A unit is not told when the reporter was called or looked up."""
    return entry.action not in (ComplaintAction.IDENTITY_READ, ComplaintAction.CALL_BACK)


def _asked(wanted: WantedComplaints, now_us: int) -> list[Any]:
    c, conditions = complaints.c, []
    if wanted.kind:
        conditions.append(c.kind == wanted.kind)
    if wanted.standing == "open":
        conditions.append(c.state.in_(OPEN))
    elif wanted.standing == "late":
        received = c.state == ComplaintState.RECEIVED.value
        handling = c.state == ComplaintState.HANDLING.value
        conditions.append(or_(received & (c.accept_due_at <= now_us), handling & (c.due_at <= now_us)))
    elif wanted.standing == "done":
        conditions.append(c.state.not_in(OPEN))
    elif wanted.standing == "to_call":
        conditions.append(c.state == ComplaintState.ANSWERED.value)
    if wanted.text:
        conditions.append(c.no.contains(wanted.text, autoescape=True) | c.title.contains(wanted.text, autoescape=True))
    return conditions

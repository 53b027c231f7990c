"""审计: who looked at what, and who did what, as one list: the read log, the change log, acts on hosted cases and on cards.

Each part is asked for its newest lines that fit and the parts are merged, so a list costs as much as what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, or_, select, text

from alerts.models import card_log, cards
from cases.models import journal
from config.models import config_log
from core.access import Actor, Role, require
from core.database import Database
from core.models import accounts, read_log

READ, CHANGE, CASE, CARD = "read", "change", "case", "card"
PARTS = (READ, CHANGE, CASE, CARD)
AUDITORS = frozenset({Role.ADMINISTRATOR, Role.INSPECTOR})
SHOWN_MAX, EXPORT_MAX = 200, 20_000
_HOSTED: Any = text("journal.source = 'hosted'")  # written out: only then the partial index serves


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is asked for; empty values ask for everything. `since` and `until` are microseconds UTC, the second excluded."""

    part: str = ""
    person: str = ""
    subject: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """`what` is a code of its part: of the look, the change, the event or the act. `detail`: address, reason, station."""

    at: int
    part: str
    actor: str
    actor_name: str
    what: str
    subject: str
    detail: str


class AuditQueries:
    """For administrators and inspectors. Who is bound to an area sees what people of that area did."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lines(self, asked: AuditFilter, actor: Actor, limit: int = SHOWN_MAX) -> list[AuditLine]:
        """The newest that fit, newest first. Raises NotPermitted."""
        require(actor, *AUDITORS)
        statements = {READ: _reads, CHANGE: _changes, CASE: _acts_on_cases, CARD: _acts_on_cards}
        found: list[AuditLine] = []
        with self._database.read() as conn:
            for part in PARTS:
                if asked.part in ("", part):
                    wanted = statements[part](asked, actor.area).limit(min(limit, EXPORT_MAX))
                    found += [AuditLine(row.at, part, *(value or "" for value in row[1:])) for row in conn.execute(wanted)]
        return sorted(found, key=lambda line: line.at, reverse=True)[:limit]


NAMES = tuple(field.name for field in fields(AuditLine))


def _reads(asked: AuditFilter, area: str) -> Select[Any]:
    r = read_log.c
    subject = r.subject + r.rest
    return _fitting(select(r.at, r.actor, r.actor_name, r.what, subject, r.address), asked, r.at, (r.actor, r.actor_name),
                    subject, _of_people(r.actor, area)).order_by(r.id.desc())


def _changes(asked: AuditFilter, area: str) -> Select[Any]:
    c = config_log.c
    what = c.kind + literal("/") + c.action
    return _fitting(select(c.at, c.actor, c.actor_name, what, c.subject, c.reason), asked, c.at, (c.actor, c.actor_name),
                    c.subject, _of_people(c.actor, area)).order_by(c.seq.desc())


def _acts_on_cases(asked: AuditFilter, area: str) -> Select[Any]:
    """The journal names a person `name account` in one column."""
    j = journal.c
    ours: list[Any] = [_HOSTED, *([j.area == area] if area else [])]
    return _fitting(select(j.received_at.label("at"), j.actor, j.actor, j.kind, j.case_no, j.station), asked, j.received_at,
                    (j.actor,), j.case_no, ours).order_by(j.seq.desc())


def _acts_on_cards(asked: AuditFilter, area: str) -> Select[Any]:
    """What people did; what the program noted by itself has no actor."""
    c = card_log.c
    subject = cards.c.case_no
    ours: list[Any] = [c.actor.not_in(["", "system"]), *([cards.c.area == area] if area else [])]
    statement = select(c.at, c.actor, c.actor_name, c.action, subject, c.reason).join(cards, cards.c.id == c.card_id)
    return _fitting(statement, asked, c.at, (c.actor, c.actor_name), subject, ours).order_by(c.seq.desc())


def _fitting(statement: Select[Any], asked: AuditFilter, at: Any, people: Sequence[Any], subject: Any,
             more: Sequence[ColumnElement[bool]]) -> Select[Any]:
    conditions: list[Any] = list(more)
    if asked.person:
        conditions.append(or_(*(column.contains(asked.person, autoescape=True) for column in people)))
    if asked.subject:
        conditions.append(subject.contains(asked.subject, autoescape=True))
    if asked.since is not None:
        conditions.append(at >= asked.since)
    if asked.until is not None:
        conditions.append(at < asked.until)
    return statement.where(*conditions)


def _of_people(actor: Any, area: str) -> list[Any]:
    return [actor.in_(select(accounts.c.username).where(accounts.c.area == area))] if area else []

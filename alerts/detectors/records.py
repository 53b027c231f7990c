"""What other tables know that detectors ask for: cards and who revoked them, edits of the configuration, roster, volumes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from alerts.detectors.base import Period
from alerts.detectors.models import reported_volumes
from alerts.models import card_log, cards
from alerts.roster.plan import DutyException, Shift, covers_area, turns_at
from alerts.roster.rows import exceptions_between, shifts_of
from config.models import config_log
from core.database import Database
from core.errors import InvalidInput
from core.instants import DAY_US, MINUTE_US, date_of
from core.limits import Unit, parse_limit
from core.models import accounts
from core.working_calendar import WorkingCalendar

REVOKED, CLOCK = "revoked", "clock"
CONFIRMED = "confirmed"
_LONGEST_RAISE = 60  # days; a limit taken away altogether counts as this


class CardFact(NamedTuple):
    """A card as the detectors see it. `revoked_at` and `reviewer` are set once it was revoked."""

    card_id: int
    area: str
    org: str
    case_id: int
    case_no: str
    raised_at: int
    issued_at: int
    revoked_at: int | None
    reviewer: str


class Relaxation(NamedTuple):
    """A change of the rules that gave cases more time. `item` and `area` "" stand for all; `days` is how much more."""

    at: int
    actor: str
    what: str       # limit, calendar, rules
    subject: str
    version: int
    item: str
    area: str
    days: int


class Volume(NamedTuple):
    """What a unit reported of itself."""

    org: str
    first_day: int
    last_day: int
    kind: str
    amount: int


class Records:
    """Reads for one run, each table once."""

    def __init__(self, database: Database, period: Period, calendar: WorkingCalendar) -> None:
        self._database, self._period, self._calendar = database, period, calendar
        with database.read() as conn:
            self._shifts, self._exceptions = _roster(conn, period)
            self._usernames = _usernames(conn) if self._shifts else {}
        self._on_roster = {shift.username for shift in self._shifts}

    def cards_of(self, case_id: int) -> list[CardFact]:
        """The cards of one case, oldest first."""
        with self._database.read() as conn:
            return list(_cards(conn, cards.c.case_id == case_id))

    def cards_issued(self, area: str, since: int, until: int) -> list[CardFact]:
        """The cards of an area issued in [since, until): those clocks and acts raised, not what people wrote by hand."""
        with self._database.read() as conn:
            return list(_cards(conn, cards.c.area == area, cards.c.issued_at >= since, cards.c.issued_at < until,
                               cards.c.origin.in_((CLOCK, "act"))))

    def relaxations(self, since: int, until: int) -> list[Relaxation]:
        """Confirmed edits of the configuration in [since, until) that give cases more time."""
        c = config_log.c
        statement = select(config_log).where(c.at >= since, c.at < until, c.action == CONFIRMED).order_by(c.seq)
        with self._database.read() as conn:
            found = [relaxation_of(row._mapping) for row in conn.execute(statement)]
        return [change for change in found if change is not None]

    def is_off_duty(self, area: str, actor: str, at: int) -> bool:
        """Whether a person of the roster did something while it says he is not on duty. False for everybody else."""
        username = self._usernames.get(actor, actor)
        if username not in self._on_roster:
            return False
        day, in_day = divmod(self._calendar.to_local(at), DAY_US)
        date, shifts = date_of(day), [shift for shift in self._shifts if shift.username == username]
        if not any(shift.valid_from <= date and (shift.valid_until is None or date <= shift.valid_until)
                   and covers_area(shift.area, area) for shift in shifts):
            return False
        turns = turns_at(date, in_day // MINUTE_US, area, self._shifts, self._exceptions)
        return all(turn.username != username for turn in turns)

    def volumes(self, area: str, first_day: int, last_day: int) -> list[Volume]:
        """What the area's units reported for spans within these days."""
        c = reported_volumes.c
        statement = select(c.org, c.first_day, c.last_day, c.kind, c.amount).where(
            c.area == area, c.first_day >= first_day, c.last_day <= last_day).order_by(c.org, c.first_day, c.kind)
        with self._database.read() as conn:
            return [Volume(*row) for row in conn.execute(statement)]


def areas_reporting(conn: Connection, period: Period) -> set[str]:
    """The areas whose units reported volumes of the period: one that handles everything outside has no case to be found by."""
    c = reported_volumes.c
    return set(conn.scalars(select(c.area).where(c.first_day >= period.first, c.last_day <= period.last).distinct()))


def relaxation_of(row: Any) -> Relaxation | None:
    """The more time an edit gives; None when it gives none."""
    before, after = json.loads(row["before"]) or {}, json.loads(row["after"]) or {}
    days = {"item": _days_of_limit, "calendar": _days_of_calendar, "rules": _days_of_rules}.get(row["kind"])
    more = days(before, after) if days is not None else 0
    if more <= 0:
        return None
    what = {"item": "limit"}.get(row["kind"], row["kind"])
    return Relaxation(row["at"], row["actor"], what, row["subject"], row["version"],
                      row["subject"] if row["kind"] == "item" else "", "", more)


def _days_of_limit(before: dict[str, Any], after: dict[str, Any]) -> int:
    return max(_amount(after.get(name)) - _amount(before.get(name)) for name in ("promised", "statutory"))


def _amount(text: Any) -> int:
    """Days of a limit as written, such as 7wd; no limit is the longest there is."""
    if not text:
        return _LONGEST_RAISE
    try:
        limit = parse_limit(str(text))
    except InvalidInput:
        return 0
    return limit.amount if limit.unit is not Unit.WORKING_HOUR else limit.amount // 7


def _days_of_calendar(before: dict[str, Any], after: dict[str, Any]) -> int:
    """Days off that were none before."""
    return len(_days_off(after) - _days_off(before))


def _days_off(calendar: dict[str, Any]) -> set[str]:
    years = calendar.get("years")
    if not isinstance(years, dict):
        return set()
    return {f"{year}/{span}" for year, notice in years.items() if isinstance(notice, dict)
            for spans in (notice.get("off") or {}).values() for span in spans}


def _days_of_rules(before: dict[str, Any], after: dict[str, Any]) -> int:
    """A ladder taken away, or its first rung of a level put later."""
    kept = {rule.get("id"): rule for rule in after.get("rules", ())}
    raised = 0
    for rule in before.get("rules", ()):
        now = kept.get(rule.get("id"))
        raised = max(raised, _LONGEST_RAISE if now is None else _later(rule, now))
    return raised


def _later(before: dict[str, Any], after: dict[str, Any]) -> int:
    offsets = [{rung.get("code"): rung.get("offset_days") for rung in rule.get("rungs", ())} for rule in (before, after)]
    return max((later - earlier for code, earlier in offsets[0].items()
                if earlier is not None and (later := offsets[1].get(code)) is not None), default=0)


def _cards(conn: Connection, *conditions: Any) -> Iterator[CardFact]:
    c = cards.c
    columns = (c.id, c.area, c.org, c.case_id, c.case_no, c.raised_at, c.issued_at, c.disposition)
    rows = conn.execute(select(*columns).where(*conditions).order_by(c.raised_at, c.id)).all()
    revoked = _revocations(conn, [row.id for row in rows if row.disposition == REVOKED])
    for row in rows:
        at, reviewer = revoked.get(row.id, (None, ""))
        yield CardFact(row.id, row.area, row.org, row.case_id, row.case_no, row.raised_at,
                       row.issued_at if row.issued_at is not None else row.raised_at, at, reviewer)


def _revocations(conn: Connection, ids: list[int]) -> dict[int, tuple[int | None, str]]:
    """When each card was revoked and by whom: the second of the two persons answers for it."""
    found: dict[int, tuple[int | None, str]] = {}
    for start in range(0, len(ids), 1_000):
        statement = select(card_log.c.card_id, card_log.c.at, card_log.c.actor).where(
            card_log.c.card_id.in_(ids[start:start + 1_000]), card_log.c.action == REVOKED)
        found |= {row.card_id: (row.at, row.actor) for row in conn.execute(statement)}
    return found


def _roster(conn: Connection, period: Period) -> tuple[list[Shift], list[DutyException]]:
    return shifts_of(conn), exceptions_between(conn, date_of(period.first - 1), date_of(period.last))


def _usernames(conn: Connection) -> dict[str, str]:
    """Feeds name people as they are called, the roster by account; a name two people share stands for neither."""
    known: dict[str, set[str]] = defaultdict(set)
    for username, shown in conn.execute(select(accounts.c.username, accounts.c.display_name)):
        known[shown].add(username)
    return {shown: min(usernames) for shown, usernames in known.items() if len(usernames) == 1}

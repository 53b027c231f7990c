"""Reads of the record: the board and key figures from the counters, a case with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, func, select

from cases.acts import evidence_of, kept_faults
from cases.areas import Areas
from cases.changes import LIGHTS
from cases.events import CaseEvent, LateEvent
from cases.fold import Fold
from cases.journal import read_event
from cases.judging import judge
from cases.models import case_table, counter_days, counter_lights, journal
from cases.projection import ClockState, Light
from cases.tally import MEASURES
from cases.watches import ItemLimits, item_of
from core.database import Database

RATE_DAYS = 30
_unpack = msgspec.msgpack.Decoder(Fold).decode


class NamedThing(Protocol):
    """An organisation or item of the catalogue, as far as queries name it."""

    @property
    def name(self) -> str: ...


class NamedOrganisation(NamedThing, Protocol):
    @property
    def short(self) -> str: ...


class NamedItem(NamedThing, ItemLimits, Protocol):
    """An item with its name and limits."""


class Directory(Protocol):
    """What queries ask of the catalogue."""

    def find_item(self, code: str) -> NamedItem | None: ...
    def find_organisation(self, code: str) -> NamedOrganisation | None: ...


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A department on the heat map: its open cases, each counted in its worst light only."""

    org: str
    name: str
    short: str
    open: int
    suspended: int
    warning: int
    yellow: int
    red: int
    unjudgeable: int


@dataclass(frozen=True, slots=True)
class Board:
    """The heat map as of an instant (microseconds UTC), worst department first."""

    as_of: int
    rows: list[BoardRow]


@dataclass(frozen=True, slots=True)
class Figures:
    """The key figures. Rates are of cases concluded in the last 30 days, None when there were none."""

    open: int
    accepted_today: int
    concluded_today: int
    warning: int
    yellow: int
    red: int
    suspended: int
    unjudgeable: int
    ontime_rate: float | None
    early_rate: float | None
    overdue: int


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as claimed and as received."""

    seq: int
    received_at: int
    event: CaseEvent


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list."""

    case_id: int
    area: str
    case_no: str
    org: str
    org_name: str
    item_name: str
    state: str
    light: str
    opened_at: int | None
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class ActFault:
    """A fault of an act as people read it: its code, what it is about in words, its instant, what it follows from, and where
    data came late the events it is made up of."""

    code: str
    about: str
    at: int
    evidence: dict[str, object]
    late: tuple[LateEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """Everything known of one case. `clocks` are derived at `as_of`, not read."""

    case_id: int
    area: str
    case_no: str
    org: str
    org_name: str
    item: str
    item_name: str
    title: str
    applicant: str
    state: str
    light: str
    opened_at: int | None
    closed_at: int | None
    as_of: int
    fold: Fold
    events: list[RecordedEvent] = field(default_factory=list)
    clocks: list[ClockState] = field(default_factory=list)
    violations: list[tuple[str, int]] = field(default_factory=list)
    faults: list[ActFault] = field(default_factory=list)


class CaseQueries:
    """Reads; opens its own connection for each question."""

    def __init__(self, database: Database, areas: Areas, directory: Directory) -> None:
        self._database, self._areas, self._directory = database, areas, directory

    def board(self, now_us: int) -> Board:
        """Open cases per department and light, from the counters: its cost is that of the departments, not the cases."""
        with self._database.read() as conn:
            counted = _lights_by_org(conn)
        rows = [self._board_row(org, counts) for org, counts in counted.items()]
        rows.sort(key=lambda row: (-row.red, -row.yellow, -row.warning, -row.open, row.org))
        return Board(now_us, rows)

    def figures(self, now_us: int) -> Figures:
        """The city's key figures, from the counters."""
        today = self._areas.default.calendar.today(now_us)
        with self._database.read() as conn:
            lights = [sum(column) for column in zip(*_lights_by_org(conn).values(), strict=True)] or [0] * len(LIGHTS)
            day = _measures(conn, today, today)
            month = _measures(conn, today - RATE_DAYS + 1, today)
        count = dict(zip(LIGHTS, lights, strict=True))
        judged = month["closed_early"] + month["closed_on_due_day"] + month["closed_late"]
        return Figures(
            open=sum(lights), accepted_today=day["accepted"], concluded_today=day["closed"],
            warning=count[Light.WARNING], yellow=count[Light.YELLOW], red=count[Light.RED],
            suspended=count[Light.SUSPENDED], unjudgeable=count[Light.UNJUDGEABLE],
            ontime_rate=(judged - month["closed_late"]) / judged if judged else None,
            early_rate=month["closed_early"] / judged if judged else None,
            overdue=count[Light.YELLOW] + count[Light.RED])

    def find_case(self, case_no: str, now_us: int, area: str | None = None) -> CaseDetail | None:
        """The case of that number; when several areas have it and none is named, the one last touched."""
        with self._database.read() as conn:
            self._areas.refresh(conn)
            found = conn.execute(_case_by_number(case_no, area)).first()
            events = _recorded_events(conn, found.case_id) if found else []
        return self._detail(found, events, now_us) if found else None

    def areas_of(self, case_no: str) -> list[str]:
        """The areas in which a case of that number exists."""
        with self._database.read() as conn:
            return list(conn.scalars(select(case_table.c.area).where(case_table.c.case_no == case_no)
                                     .order_by(case_table.c.area)))

    def search(self, text: str, limit: int = 50, org: str | None = None, area: str = "") -> list[CaseRow]:
        """Cases whose number begins with `text`, the one that is it before all others, then the open ones; of one department or
        area when asked."""
        c = case_table.c
        statement = select(*c["case_id", "area", "case_no", "org", "item", "state", "light", "opened_at", "closed_at"])
        with self._database.read() as conn:
            rows = conn.execute(statement.where(c.case_no.startswith(text, autoescape=True),
                                                *([c.org == org] if org is not None else []),
                                                *([c.area == area] if area else []))
                                .order_by(c.case_no != text, c.closed_at.is_not(None), c.case_no).limit(limit)).all()
        return [self._case_row(row) for row in rows]

    def list_cases(self, org: str, lights: Sequence[str], limit: int = 200, area: str = "") -> list[CaseRow]:
        """The open cases of a department (and of one area when asked) that show one of these lights, oldest first."""
        c = case_table.c
        statement = select(*c["case_id", "area", "case_no", "org", "item", "state", "light", "opened_at", "closed_at"])
        with self._database.read() as conn:
            rows = conn.execute(statement.where(c.org == org, c.light.in_(lights), *([c.area == area] if area else []))
                                .order_by(c.opened_at).limit(limit)).all()
        return [self._case_row(row) for row in rows]

    def org_name(self, org: str) -> str:
        """The department's full name; a log's own department is called as the log calls it."""
        known = self._directory.find_organisation(org)
        return known.name if known is not None else org

    def item_name(self, item: str) -> str:
        """The item's name, else its code."""
        known = self._directory.find_item(item) if item else None
        return known.name if known is not None else item

    def _board_row(self, org: str, counts: Sequence[int]) -> BoardRow:
        count = dict(zip(LIGHTS, counts, strict=True))
        known = self._directory.find_organisation(org)
        return BoardRow(org, self.org_name(org), known.short if known else org, sum(counts), count[Light.SUSPENDED],
                        count[Light.WARNING], count[Light.YELLOW], count[Light.RED], count[Light.UNJUDGEABLE])

    def _case_row(self, row: Any) -> CaseRow:
        return CaseRow(row.case_id, row.area, row.case_no, row.org, self.org_name(row.org), self.item_name(row.item),
                       row.state, row.light, row.opened_at, row.closed_at)

    def _detail(self, row: Any, events: list[RecordedEvent], now_us: int) -> CaseDetail:
        fold = _unpack(row.fold)
        clocks = judge(fold, row.case_id, self._areas, self._directory, now_us)
        return CaseDetail(row.case_id, row.area, row.case_no, row.org, self.org_name(row.org), row.item,
                          self.item_name(row.item), fold.title, fold.applicant, row.state, row.light, row.opened_at,
                          row.closed_at, now_us, fold, events, clocks, fold.violations,
                          self._faults(row.acts, fold))

    def _faults(self, text: str, fold: Fold) -> list[ActFault]:
        """The faults told of a case, each with the name of what it is about and the facts it follows from."""
        item = item_of(self._areas.catalogue_of(fold, self._directory), fold.item) if fold.item else None
        told = [(fault, evidence_of(fault, fold, item)) for fault in kept_faults(text)]
        return [ActFault(fault.code, str(evidence.get("subject_name") or fault.subject), fault.at, evidence, fault.late)
                for fault, evidence in told]


def _lights_by_org(conn: Connection) -> dict[str, tuple[int, ...]]:
    sums = [func.sum(counter_lights.c[light.value]) for light in LIGHTS]
    rows = conn.execute(select(counter_lights.c.org, *sums).group_by(counter_lights.c.org)).all()
    return {row[0]: tuple(int(value or 0) for value in row[1:]) for row in rows}


def _measures(conn: Connection, first_day: int, last_day: int) -> dict[str, int]:
    sums = [func.sum(counter_days.c[name]) for name in MEASURES]
    row = conn.execute(select(*sums).where(counter_days.c.day.between(first_day, last_day))).one()
    return {name: int(value or 0) for name, value in zip(MEASURES, row, strict=True)}


def _case_by_number(case_no: str, area: str | None) -> Any:
    statement = select(case_table).where(case_table.c.case_no == case_no)
    if area is not None:
        statement = statement.where(case_table.c.area == area)
    return statement.order_by(case_table.c.last_event_at.desc()).limit(1)


def _recorded_events(conn: Connection, case_id: int) -> list[RecordedEvent]:
    rows = conn.execute(select(journal).where(journal.c.case_id == case_id).order_by(journal.c.seq)).mappings().all()
    events = [RecordedEvent(row["seq"], row["received_at"], read_event(row)) for row in rows]
    return sorted(events, key=lambda recorded: recorded.event.sort_key)

"""What the detectors found, kept: one row per detector, subject and period, and what a person decided about it.

A finding accuses nobody. It becomes a card that waits for confirmation (Occasion with needs_confirmation); a person confirms
it or dismisses it with a reason, here or on the duty desk, and a dismissed finding does not come back for its period.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from alerts.card_commands import CardCommand, CardRef, CommandResult
from alerts.detectors.base import Finding, Kind, Period
from alerts.detectors.models import detector_runs, findings, reported_volumes
from alerts.detectors.records import Volume
from alerts.models import KEY_MAX, cards
from alerts.occasions import Occasion, Origin
from cases.events import CaseFacts
from core.access import Actor, Role, require
from core.database import bulk_insert, bulk_upsert
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import date_of
from core.models import marks
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

JUDGES = (Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER)
REASON_MAX = 500
DONE = "detectors_done_on"
CHANGED = "detector_no_longer_finds_it"
_RUN_COLUMNS = ("run_id", "detector", "area", "first_day", "last_day", "started_at", "milliseconds", "cases", "rows_read",
                "findings", "error")
_KEY = ("detector", "area", "org", "subject_kind", "subject")
_encode = msgspec.json.Encoder(order="deterministic").encode


class State(StrEnum):
    """What a person decided about a finding."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class RunLine(NamedTuple):
    """One detector in one area: what it cost and found."""

    detector: str
    area: str
    milliseconds: int
    cases: int
    rows_read: int
    findings: int
    error: str


class CardDesk(Protocol):
    """What findings ask of the cards."""

    def raise_occasions(self, uow: UnitOfWork, occasions: Sequence[Occasion]) -> None: ...
    def withdraw_occasions(self, uow: UnitOfWork, reasons: dict[str, str]) -> None: ...
    def execute_in(self, uow: UnitOfWork, command: CardCommand, actor: Actor | None) -> CommandResult: ...


class CardWords(Protocol):
    """The words of a card, in both languages, as members of an occasion's evidence."""

    def card_words(self, finding: Finding, parameters: dict[str, object]) -> dict[str, str]: ...


class FindingService:
    """The writing side."""

    def __init__(self, units: UnitOfWorkFactory, desk: CardDesk, words: CardWords) -> None:
        self._units, self._desk, self._words = units, desk, words

    def save(self, period: Period, started_at: int, found: Sequence[Finding], lines: Sequence[RunLine], ran: Collection[str],
             parameters: Callable[[Finding], dict[str, object]]) -> tuple[int, int, int]:
        """Write a run: (new, changed, ended) findings. `ran` are the detectors whose silence about a subject counts."""
        with self._units() as uow:
            take_over_decisions(uow)
            known = {_key_of(row): row for row in _of_period(uow.conn, period)}
            saving = _Saving(uow, period, known, parameters)
            for finding in found:
                saving.take(finding)
            ended = saving.end({key for key, row in known.items() if key[0] in ran and row.holds} - saving.seen)
            self._desk.withdraw_occasions(uow, dict.fromkeys(ended, CHANGED))
            self._desk.raise_occasions(uow, [self._occasion(finding, row, parameters(finding))
                                             for finding, row in saving.open])
            _log_run(uow.conn, period, started_at, lines)
        return saving.new, saving.changed, len(ended)

    def confirm(self, finding_id: int, actor: Actor | None, note: str = "") -> None:
        """A person finds it justified: its card is issued. Raises NotPermitted, NotFound, InvalidInput, Conflict."""
        self._decide(finding_id, actor, State.CONFIRMED, note.strip())

    def dismiss(self, finding_id: int, actor: Actor | None, reason: str) -> None:
        """A person finds it explained. Raises NotPermitted, NotFound, InvalidInput (no reason), Conflict."""
        if not reason.strip():
            raise InvalidInput("finding_reason_missing", field="reason")
        self._decide(finding_id, actor, State.DISMISSED, reason.strip())

    def note(self, finding_id: int, actor: Actor | None, text: str) -> None:
        """Write down what was found out; whoever may judge may note. Raises NotPermitted, NotFound, InvalidInput."""
        person = require(actor, *JUDGES, Role.ADMINISTRATOR)
        _check_length(text)
        with self._units() as uow:
            row = _row(uow.conn, finding_id, person)
            uow.conn.execute(update(findings).where(findings.c.id == row.id).values(note=text.strip(), rev=row.rev + 1))

    def done_on(self) -> int | None:
        """The epoch day of the last nightly run that was finished."""
        with self._units.database.read() as conn:
            value = conn.scalar(select(marks.c.value).where(marks.c.name == DONE))
        return int(value) if value is not None else None

    def remember_done(self, day: int) -> None:
        with self._units() as uow:
            bulk_upsert(uow.conn, marks, ("name", "value"), [(DONE, str(day))], key=("name",))

    def take_volumes(self, area: str, rows: Iterable[Volume], actor: Actor | None) -> int:
        """Store what units report of their own volume, replacing what they said of the same days before."""
        person = require(actor, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR)
        with self._units() as uow:
            values = [(area, *one[:5], uow.now_us, person.name) for one in rows]
            bulk_upsert(uow.conn, reported_volumes, [column.name for column in reported_volumes.c], values,
                        key=("area", "org", "first_day", "last_day", "kind"))
        return len(values)

    def _decide(self, finding_id: int, actor: Actor | None, state: State, reason: str) -> None:
        person = require(actor, *JUDGES)
        _check_length(reason)
        with self._units() as uow:
            take_over_decisions(uow)
            row = _row(uow.conn, finding_id, person)
            if row.state != State.OPEN:
                raise Conflict("finding_decided", state=row.state, by=row.decided_name or "")
            self._decide_card(uow, row, person, state, reason)
            uow.conn.execute(update(findings).where(findings.c.id == row.id).values(
                state=state.value, decided_by=person.name, decided_name=person.display_name or person.name,
                decided_at=uow.now_us, reason=reason, rev=row.rev + 1))

    def _decide_card(self, uow: UnitOfWork, row: Row[Any], person: Actor, state: State, reason: str) -> None:
        card = uow.conn.execute(select(cards.c.id, cards.c.rev).where(
            cards.c.key == key_of(row), cards.c.closed_at.is_(None), cards.c.disposition == "to_confirm")).first()
        if card is None:
            return  # no longer true: the card was withdrawn, but what a person thinks of it is still remembered
        kind = "confirm" if state is State.CONFIRMED else "dismiss"
        command = CardCommand(command_id=str(uuid.uuid4()), type=kind, cards=[CardRef(card.id, card.rev)], reason=reason)
        result = self._desk.execute_in(uow, command, person)
        if not result.ok:
            raise Conflict(result.results[0].error or "finding_decided")

    def _occasion(self, finding: Finding, row: Any, parameters: dict[str, object]) -> Occasion:
        words = self._words.card_words(finding, parameters)
        return Occasion(
            key=key_of(row), origin=Origin.FINDING, case=_facts_of(finding, words["title"]), rule=finding.detector,
            rule_version=finding.version, level=finding.level, at=row.found_at, needs_confirmation=True,
            evidence={**words, "finding": row.id, "figures": msgspec.to_builtins(finding.figures),
                      "period": [date_of(row.first_day).isoformat(), date_of(row.last_day).isoformat()],
                      "seqs": sorted({seq for one in finding.evidence for seq in one.seqs})[:200],
                      "rows": finding.evidence_count})


class _Stored(NamedTuple):
    """What an occasion needs of a row just written."""

    id: int
    detector: str
    area: str
    org: str
    subject_kind: str
    subject: str
    first_day: int
    last_day: int
    found_at: int


class _Saving:
    """One run on its way into the table."""

    def __init__(self, uow: UnitOfWork, period: Period, known: dict[tuple[str, ...], Row[Any]],
                 parameters: Callable[[Finding], dict[str, object]]) -> None:
        self._uow, self._period, self._known, self._parameters = uow, period, known, parameters
        self._next = (uow.conn.scalar(select(func.max(findings.c.id))) or 0) + 1
        self.seen: set[tuple[str, ...]] = set()
        self.open: list[tuple[Finding, _Stored]] = []
        self.new = self.changed = 0

    def take(self, finding: Finding) -> None:
        key = tuple(getattr(finding, name) for name in _KEY)
        self.seen.add(key)
        row, values = self._known.get(key), self._values(finding)
        stored = self._insert(finding, values) if row is None else self._update(row, values)
        if row is None or row.state == State.OPEN:
            self.open.append((finding, stored))

    def end(self, keys: set[tuple[str, ...]]) -> list[str]:
        """Mark these as no longer true; gives the keys of their cards that nobody has decided about."""
        ended = [self._known[key] for key in sorted(keys)]
        for row in ended:
            self._uow.conn.execute(update(findings).where(findings.c.id == row.id).values(
                holds=False, ended_at=self._uow.now_us, changed_at=self._uow.now_us, rev=row.rev + 1))
        return [key_of(row) for row in ended if row.state == State.OPEN]

    def _values(self, finding: Finding) -> dict[str, Any]:
        return {"version": finding.version, "level": finding.level, "figures": _encode(finding.figures).decode(),
                "evidence": _encode(finding.evidence).decode(), "evidence_count": finding.evidence_count,
                "peers": _encode(finding.peers).decode(),
                "parameters": _encode(self._parameters(finding)).decode(), "holds": True}

    def _insert(self, finding: Finding, values: dict[str, Any]) -> _Stored:
        head = {name: getattr(finding, name) for name in _KEY}
        period, now = self._period, self._uow.now_us
        stored = _Stored(self._next, **head, first_day=period.first, last_day=period.last, found_at=now)
        self._uow.conn.execute(insert(findings).values(**stored._asdict(), **values, state=State.OPEN.value, rev=1,
                                                       changed_at=now))
        self._next, self.new = self._next + 1, self.new + 1
        return stored

    def _update(self, row: Row[Any], values: dict[str, Any]) -> _Stored:
        if any(getattr(row, name) != value for name, value in values.items()):
            self._uow.conn.execute(update(findings).where(findings.c.id == row.id).values(
                **values, ended_at=None, changed_at=self._uow.now_us, rev=row.rev + 1))
            self.changed += 1
        return _Stored(*(getattr(row, name) for name in _Stored._fields))


def take_over_decisions(uow: UnitOfWork) -> None:
    """What was decided on the duty desk about a finding's card is a decision about the finding."""
    f = findings.c
    for row in uow.conn.execute(select(findings).where(f.state == State.OPEN.value)).all():
        card = uow.conn.execute(select(cards.c.disposition, cards.c.closed_reason, cards.c.closed_at).where(
            cards.c.key == key_of(row)).order_by(cards.c.id.desc()).limit(1)).first()
        state = decided_by_card(card.disposition) if card is not None else State.OPEN
        if state is not State.OPEN and card is not None:
            uow.conn.execute(update(findings).where(f.id == row.id).values(
                state=state.value, decided_at=uow.now_us, reason=card.closed_reason or "", rev=row.rev + 1))


def decided_by_card(disposition: str) -> State:
    """What a card's disposition says about its finding; a card that was withdrawn says nothing."""
    if disposition in ("to_confirm", "cancelled"):
        return State.OPEN
    return State.DISMISSED if disposition == "dismissed" else State.CONFIRMED


def key_of(row: Any) -> str:
    """The card's key: detector, subject and period, so that every period's finding is decided for itself."""
    who = {Kind.UNIT: row.org, Kind.PERSON: f"{row.org}/{row.subject}"}.get(row.subject_kind, row.subject)
    key = f"finding:{row.detector}:{row.area}/{who}:{row.first_day}-{row.last_day}"
    return key if len(key) <= KEY_MAX else f"finding:{row.detector}:{blake2b(key.encode(), digest_size=16).hexdigest()}"


def _facts_of(finding: Finding, title: str) -> CaseFacts:
    case = next((one for one in finding.evidence if finding.subject_kind == Kind.CASE), None)
    source = finding.subject if finding.subject_kind == Kind.SOURCE else ""
    return CaseFacts(case.case_id if case else 0, case.case_no if case else "", finding.area, finding.org, "", title, source)


def _row(conn: Connection, finding_id: int, actor: Actor) -> Row[Any]:
    row = conn.execute(select(findings).where(findings.c.id == finding_id)).first()
    if row is None or not actor.may_see(row.area, row.org):
        raise NotFound("finding_unknown", id=finding_id)
    return row


def _of_period(conn: Connection, period: Period) -> Sequence[Row[Any]]:
    return conn.execute(select(findings).where(findings.c.first_day == period.first,
                                               findings.c.last_day == period.last).order_by(findings.c.id)).all()


def _key_of(row: Row[Any]) -> tuple[str, ...]:
    return tuple(getattr(row, name) for name in _KEY)


def _check_length(text: str) -> None:
    if len(text) > REASON_MAX:
        raise InvalidInput("finding_reason_too_long", length=len(text), max=REASON_MAX)


def _log_run(conn: Connection, period: Period, started_at: int, lines: Sequence[RunLine]) -> None:
    run_id = (conn.scalar(select(func.max(detector_runs.c.run_id))) or 0) + 1
    rows = [(run_id, line.detector, line.area, period.first, period.last, started_at, line.milliseconds, line.cases,
             line.rows_read, line.findings, line.error or None) for line in lines]
    bulk_insert(conn, detector_runs, _RUN_COLUMNS, rows)

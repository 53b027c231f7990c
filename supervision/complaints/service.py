"""The writing side of complaints: every change is one row, one entry of its log, and what the record and the cards need.

A consultation or complaint is a case of its own in the journal, so its clocks and cards are those of every other case. The
journal is told kind, category, unit and instants; never the text, never who reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import func, insert, select, text, update

from cases.events import CaseEvent, EventData, EventKind
from cases.service import Recorder
from config.follow_up import ComplaintRules
from core.access import SYSTEM, Actor, Role, require
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, TooLarge
from core.sealing import Sealer
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from papers.numbering import take_number
from supervision.complaints.filing import LETTERS, WORDS_MAX, check_filing
from supervision.complaints.matters import (
    ALLOWED,
    OFFICERS,
    ComplaintAction,
    ComplaintState,
    Filing,
    Finding,
    Reporter,
    Satisfaction,
    check_state,
    without_identity,
)
from supervision.due_dates import DueDates
from supervision.models import complaint_log, complaints, reporters

SOURCE = "complaints"          # of the journal's events
UNIT = "unit"                  # the body that is the unit itself
_NUMBERED_IN = "complaints"
_INSERT_REPORTER = text("INSERT INTO reporters (no, sealed, at) VALUES (:no, :sealed, :at)")
Finished = Callable[[UnitOfWork, Any, str], None]


@dataclass(frozen=True, slots=True)
class Wordings:
    """Titles for the journal, in words without the reporter's: (kind, category, unit) → text."""

    title: Callable[[str, str, str], str]


class ComplaintService:
    """Each call is one transaction. `on_verified(uow, row, finding)` is what a true complaint leads to."""

    def __init__(self, units: UnitOfWorkFactory, recorder: Recorder, rules: ComplaintRules, dates: DueDates, sealer: Sealer,
                 default_area: str, wordings: Wordings) -> None:
        self._units, self._recorder, self._rules, self._dates = units, recorder, rules, dates
        self._sealer, self._area, self._words = sealer, default_area, wordings
        self.on_verified: list[Finished] = []
        self.on_answered: list[Finished] = []

    # Intake -------------------------------------------------------------------------------------------------------

    def file(self, filing: Filing, reporter: Reporter, actor: Actor, hash_for: Callable[[str], str] | None = None) -> str:
        """Take it in. Returns its number; the same `source_ref` of a source again gives the first number. `hash_for` makes of
        the number what is kept of the password by which whoever filed it may look it up.

        Raises InvalidInput naming the field, TooLarge, or SealUnavailable when who reported could not be sealed.
        """
        with self._units() as uow:
            return self.file_in(uow, filing, reporter, actor, hash_for)

    def file_in(self, uow: UnitOfWork, filing: Filing, reporter: Reporter, actor: Actor,
                hash_for: Callable[[str], str] | None = None) -> str:
        """The same within the caller's transaction."""
        check_filing(self._rules, filing, reporter)
        earlier = _filed_before(uow, filing)
        if earlier is not None:
            return earlier
        area = filing.area or self._area
        year = self._dates.day(area, uow.now_us).year
        letters = LETTERS[filing.kind]
        no = f"{letters}{year}-{take_number(uow.conn, _NUMBERED_IN, letters, year):06d}"
        row = self._row(uow, no, area, filing, reporter) | {"password_hash": "" if hash_for is None else hash_for(no)}
        uow.conn.execute(insert(complaints).values(**row))
        self._keep_reporter(uow, no, filing, reporter)
        self._log(uow, row, actor, ComplaintAction.FILED, "", {"category": filing.category, "route": row["route"]})
        kind = EventKind.CONSULTED if filing.kind == "consultation" else EventKind.COMPLAINED
        self._tell_journal(uow, row, kind, "1", promised_limit=self._rules.kinds[filing.kind].limit)  # type: ignore[index]
        return no

    def _row(self, uow: UnitOfWork, no: str, area: str, filing: Filing, reporter: Reporter) -> dict[str, Any]:
        """A consultation and a rating need no acceptance: they are handled from the first moment."""
        waits = filing.kind == "complaint"
        limit = self._rules.kinds[filing.kind].limit  # type: ignore[index]
        return {
            "no": no, "kind": filing.kind, "category": filing.category, "channel": filing.channel,
            "route": self._route(filing), "state": (ComplaintState.RECEIVED if waits else ComplaintState.HANDLING).value,
            "rev": 0, "area": area, "org": filing.org, "about_case": filing.about_case,
            "title": without_identity(filing.title.strip(), reporter),
            "content": without_identity(filing.content.strip(), reporter),
            "is_named": bool(reporter.name), "source": filing.source, "source_ref": filing.source_ref or no,
            "filed_at": uow.now_us, "accept_due_at": self._due(area, self._rules.accept_limit, uow.now_us) if waits else None,
            "accepted_at": None if waits else uow.now_us, "due_at": self._due(area, limit, uow.now_us),
            "extra_days": 0, "asked_days": 0, "asked_by": "", "answered_at": None, "answer": "", "finding": "",
            "called_back_at": None, "satisfaction": "", "closed_at": None, "card_raised": False}

    def _due(self, area: str, limit: str, from_us: int, extra_days: int = 0) -> int:
        return self._dates.due(area, limit, from_us, extra_days)

    def _route(self, filing: Filing) -> str:
        """By what it is about; never to the unit complained of, when that is one of the handling bodies."""
        route = self._rules.categories[filing.category].route
        is_judge_in_own_cause = filing.kind == "complaint" and route != UNIT and self._rules.bodies[route] == filing.org
        return self._rules.appeal_body if is_judge_in_own_cause else route

    def _keep_reporter(self, uow: UnitOfWork, no: str, filing: Filing, reporter: Reporter) -> None:
        if not reporter.is_known:
            return
        written = f"{filing.title.strip()}\n{filing.content.strip()}"
        told = written if without_identity(written, reporter) != written else ""
        sealed = self._sealer.seal(msgspec.json.encode(msgspec.structs.replace(reporter, original=told)), no)
        uow.conn.execute(_INSERT_REPORTER, {"no": no, "sealed": sealed, "at": uow.now_us})

    # What is done about it ----------------------------------------------------------------------------------------

    def accept(self, no: str, rev: int, actor: Actor | None, words: str = "") -> None:
        with self._changing(no, rev, actor, ComplaintAction.ACCEPT) as change:
            change.set(state=ComplaintState.HANDLING.value, accepted_at=change.uow.now_us)
            change.done(words)
            change.journal(EventKind.COMPLAINT_ACCEPTED)

    def refuse(self, no: str, rev: int, actor: Actor | None, reason: str) -> None:
        """不予受理: ends it, with the reason the reporter is told in writing."""
        with self._changing(no, rev, actor, ComplaintAction.REFUSE) as change:
            change.need(reason=reason)
            change.set(state=ComplaintState.REFUSED.value, closed_at=change.uow.now_us, answer=change.told(reason))
            change.done(reason)
            change.journal(EventKind.NOT_ACCEPTED, reason=change.row["category"])

    def transfer(self, no: str, rev: int, actor: Actor | None, route: str, reason: str) -> None:
        """转办: another body handles it, never the unit complained of; the term runs on."""
        with self._changing(no, rev, actor, ComplaintAction.TRANSFER) as change:
            change.need(reason=reason)
            if route not in self._rules.bodies or route == change.row["route"]:
                raise InvalidInput("complaint_route_invalid", route=route[:32], accepted=", ".join(self._rules.bodies))
            self._check_not_accused(change.row, route)
            before = change.row["route"]
            change.set(route=route)
            change.done(reason, {"from": before, "to": route})
            change.journal(EventKind.REASSIGNED)

    def _check_not_accused(self, row: dict[str, Any], route: str) -> None:
        """A unit that handled what is complained of it would read it and clear itself; a consultation is its own to answer."""
        if row["kind"] == "complaint" and self.handler(route, row["org"]) == row["org"]:
            others = [one for one in self._rules.bodies if self.handler(one, row["org"]) != row["org"]]
            raise InvalidInput("complaint_route_accused", route=route, accepted=", ".join(others))

    def ask_extension(self, no: str, rev: int, actor: Actor | None, days: int, reason: str) -> None:
        """Asked before the term is over, for at most what the rules leave; granted by somebody else."""
        with self._changing(no, rev, actor, ComplaintAction.ASK_EXTENSION) as change:
            change.need(reason=reason)
            most = self._rules.kinds[change.row["kind"]].extension_most - change.row["extra_days"]
            if not 1 <= days <= most:
                raise InvalidInput("extension_out_of_range", days=days, most=max(0, most))
            if change.uow.now_us >= change.row["due_at"]:
                raise Conflict("extension_too_late", no=no)
            change.set(asked_days=days, asked_by=change.actor.name)
            change.done(reason, {"days": days})

    def decide_extension(self, no: str, rev: int, actor: Actor | None, *, grant: bool, reason: str = "") -> None:
        """By a second person; what is granted moves the due instant, in the journal too."""
        action = ComplaintAction.GRANT_EXTENSION if grant else ComplaintAction.DENY_EXTENSION
        with self._changing(no, rev, actor, action) as change:
            days = change.row["asked_days"]
            if not days:
                raise Conflict("extension_not_asked", no=no)
            if change.row["asked_by"] == change.actor.name:
                raise NotPermitted("approval_by_another")
            change.set(asked_days=0, asked_by="")
            if grant:
                self._extend(change, days)
            change.done(reason, {"days": days})

    def _extend(self, change: Any, days: int) -> None:
        row, extra = change.row, change.row["extra_days"] + days
        limit = self._rules.kinds[row["kind"]].limit
        since = row["called_back_at"] or row["filed_at"]  # called back and still open: it was opened again then
        change.set(extra_days=extra, due_at=self._due(row["area"], limit, since, extra))
        change.journal(EventKind.COMPLAINT_EXTENDED if row["kind"] == "complaint" else EventKind.EXTENDED, approved_days=days)

    def answer(self, no: str, rev: int, actor: Actor | None, answer: str, finding: str = "") -> None:
        """答复. A complaint's answer says what was found; what proved true raises a card against the unit."""
        with self._changing(no, rev, actor, ComplaintAction.ANSWER) as change:
            change.need(answer=answer)
            if change.row["kind"] == "complaint" and finding not in list(Finding):
                raise InvalidInput("complaint_finding_unknown", finding=finding[:32], accepted=", ".join(Finding))
            if change.row["asked_days"]:
                change.set(asked_days=0, asked_by="")
            change.set(state=ComplaintState.ANSWERED.value, answered_at=change.uow.now_us, answer=change.told(answer),
                       finding=finding)
            change.done(answer, {"finding": finding} if finding else {})
            change.journal(EventKind.ANSWERED if change.row["kind"] == "consultation" else EventKind.COMPLAINT_ANSWERED)
            for react in self.on_answered:
                react(change.uow, change.row, finding)
            if finding in (Finding.VERIFIED, Finding.PARTLY):
                for react in self.on_verified:
                    react(change.uow, change.row, finding)

    def call_back(self, no: str, rev: int, actor: Actor | None, satisfaction: str, words: str) -> None:
        """回访: the result; dissatisfaction opens it again, whoever cannot be reached is noted and it ends."""
        with self._changing(no, rev, actor, ComplaintAction.CALL_BACK) as change:
            if satisfaction not in list(Satisfaction):
                raise InvalidInput("satisfaction_unknown", satisfaction=satisfaction[:32], accepted=", ".join(Satisfaction))
            change.need(words=words)
            change.set(called_back_at=change.uow.now_us, satisfaction=satisfaction)
            if satisfaction == Satisfaction.DISSATISFIED:
                self._open_again(change, words)
            else:
                change.set(state=ComplaintState.CLOSED.value, closed_at=change.uow.now_us)
                change.done(words, {"satisfaction": satisfaction})

    def _open_again(self, change: _Changing, words: str) -> None:
        """A new term from now, and a new case in the journal: there an answered matter has ended for good. The answer of before
        stays in the log."""
        row = change.row
        due_at = self._due(row["area"], self._rules.kinds[row["kind"]].limit, change.uow.now_us)
        change.set(state=ComplaintState.HANDLING.value, due_at=due_at, extra_days=0, answered_at=None, answer="",
                   finding="", card_raised=False)
        change.done(words, {"satisfaction": Satisfaction.DISSATISFIED.value, "due_at": due_at})
        is_question = row["kind"] == "consultation"
        change.journal(EventKind.CONSULTED if is_question else EventKind.COMPLAINED,
                       promised_limit=self._rules.kinds[row["kind"]].limit)
        if not is_question:
            change.journal(EventKind.COMPLAINT_ACCEPTED)

    def note(self, no: str, rev: int, actor: Actor | None, words: str) -> None:
        with self._changing(no, rev, actor, ComplaintAction.NOTE) as change:
            change.need(words=words)
            change.done(words)

    def read_identity(self, no: str, actor: Actor | None, reason: str) -> Reporter:
        """Who reported, for somebody who may and says why; the look is committed before the answer is given."""
        officer = require(actor, Role.INSPECTOR, Role.LEADER)
        _needed("reason", reason)
        with self._units() as uow:
            row = self._seen(uow, no, officer)
            sealed = uow.conn.scalar(select(reporters.c.sealed).where(reporters.c.no == no))
            if sealed is None:
                raise NotFound("reporter_not_known", no=no)
            row["rev"] += 1
            uow.conn.execute(update(complaints).where(complaints.c.no == no).values(rev=row["rev"]))
            self._log(uow, row, officer, ComplaintAction.IDENTITY_READ, reason, {})
        return msgspec.json.decode(self._sealer.open(bytes(sealed), no), type=Reporter)

    def _without_reporter(self, uow: UnitOfWork, no: str, words: str) -> str:
        sealed = uow.conn.scalar(select(reporters.c.sealed).where(reporters.c.no == no)) if words else None
        if sealed is None:
            return words
        return without_identity(words, msgspec.json.decode(self._sealer.open(bytes(sealed), no), type=Reporter))

    # Inside -------------------------------------------------------------------------------------------------------

    def _changing(self, no: str, rev: int, actor: Actor | None, action: ComplaintAction) -> Any:
        person = require(actor, *ALLOWED[action][1])
        return _Changing(self, self._units, no, rev, person, action)

    def _seen(self, uow: UnitOfWork, no: str, actor: Actor) -> dict[str, Any]:
        """The row, if this person may see it. Raises NotFound either way."""
        found = uow.conn.execute(select(complaints).where(complaints.c.no == no).with_for_update()).mappings().first()
        if found is None or not self.may_see(actor, found["area"], found["route"], found["org"]):
            raise NotFound("complaint_not_found", no=no[:40])
        return dict(found)

    def may_see(self, actor: Actor, area: str, route: str, org: str) -> bool:
        """Officers see their area's; a department user only what his own unit is to handle: what is complained about it and
        handled by somebody else is not for its eyes."""
        if actor.area not in ("", area):
            return False
        return actor.has(*OFFICERS, Role.ADMINISTRATOR) or actor.org == self.handler(route, org)

    def handler(self, route: str, org: str) -> str:
        """The unit that handles it: the body's, or the unit asked."""
        return org if route == UNIT else self._rules.bodies.get(route) or route

    def _log(self, uow: UnitOfWork, row: dict[str, Any], actor: Actor, action: ComplaintAction, words: str,
             detail: dict[str, Any]) -> None:
        uow.conn.execute(insert(complaint_log).values(
            no=row["no"], rev=row["rev"], at=uow.now_us, actor=actor.name, actor_name=actor.display_name or actor.name,
            action=action.value, words=words.strip(), detail=msgspec.json.encode(detail).decode()))

    def _tell_journal(self, uow: UnitOfWork, row: dict[str, Any], kind: EventKind, mark: str, **data: Any) -> None:
        """Whoever handles it answers for its clocks; a rating is no case (its duty is watched by `watch`)."""
        if row["kind"] == "rating":
            return
        handler = self.handler(row["route"], row["org"])
        attributes = {"kind": row["kind"], "route": row["route"], "about_org": row["org"], "about_case": row["about_case"]}
        title = self._words.title(row["kind"], row["category"], row["org"])
        self._recorder.record_in(uow, [CaseEvent(
            source=SOURCE, source_event_id=f"{row['no']}-{mark}", kind=kind, case_no=_case_no(uow, row["no"]), area=row["area"],
            claimed_at=uow.now_us, utc_offset=self._dates.offset(row["area"], uow.now_us), order=row["rev"], org=handler,
            data=EventData(title=title, topic=row["category"], attributes=attributes, **data))])

    # The duty after a bad rating ----------------------------------------------------------------------------------

    def has_late_rating(self, now_us: int) -> bool:
        """Whether `watch` has anything to do."""
        c = complaints.c
        with self._units.database.read() as conn:
            return conn.scalar(select(c.no).where(
                c.state == ComplaintState.HANDLING.value, c.due_at <= now_us, c.kind == "rating", c.card_raised.is_(False))
                .limit(1)) is not None

    def watch(self, uow: UnitOfWork, raise_card: Finished, most: int = 100) -> int:
        """Bad ratings not rectified in time: a card each, once. Returns how many."""
        c = complaints.c
        late = uow.conn.execute(select(complaints).where(
            c.kind == "rating", c.state == ComplaintState.HANDLING.value, c.due_at <= uow.now_us, c.card_raised.is_(False))
            .limit(most)).mappings().all()
        for found in late:
            row = dict(found) | {"rev": found["rev"] + 1}
            raise_card(uow, row, "")
            uow.conn.execute(update(complaints).where(c.no == row["no"]).values(card_raised=True, rev=row["rev"]))
            self._log(uow, row, SYSTEM, ComplaintAction.OVERDUE, "", {"due_at": row["due_at"]})
        return len(late)


class _Changing:
    """One change: checked when entered, written and logged by `done`. The context commits."""

    def __init__(self, service: ComplaintService, units: UnitOfWorkFactory, no: str, rev: int, actor: Actor,
                 action: ComplaintAction) -> None:
        self._service, self._units, self._no, self._rev = service, units, no, rev
        self.actor, self.action = actor, action

    def __enter__(self) -> _Changing:
        self._context = self._units()
        self.uow = self._context.__enter__()
        try:
            self.row = self._service._seen(self.uow, self._no, self.actor)
            check_state(self.action, ComplaintState(self.row["state"]), self._no)
            if self.row["rev"] != self._rev:
                raise Conflict("complaint_changed", no=self._no, rev=self.row["rev"])
        except BaseException as failure:
            self._context.__exit__(type(failure), failure, failure.__traceback__)
            raise
        return self

    def __exit__(self, *failure: Any) -> Any:
        return self._context.__exit__(*failure)

    def told(self, words: str) -> str:
        """The words as they are kept: an officer who names the reporter is read by the unit, too."""
        return self._service._without_reporter(self.uow, self._no, words.strip())

    def need(self, **texts: str) -> None:
        for name, value in texts.items():
            _needed(name, value)

    def set(self, **values: Any) -> None:
        self.row.update(values)
        self.uow.conn.execute(update(complaints).where(complaints.c.no == self._no).values(**values))

    def done(self, words: str, detail: dict[str, Any] | None = None) -> None:
        if len(words) > WORDS_MAX:
            raise TooLarge("complaint_field_too_long", field="words", most=WORDS_MAX)
        self.set(rev=self.row["rev"] + 1)
        self._service._log(self.uow, self.row, self.actor, self.action, self.told(words), detail or {})

    def journal(self, kind: EventKind, **data: Any) -> None:
        self._service._tell_journal(self.uow, self.row, kind, f"{self.row['rev']}-{kind.value}", **data)


def _case_no(uow: UnitOfWork, no: str) -> str:
    """Its case in the journal: its own number, and one more for every time a call-back opened it again (TS2026-000001-2)."""
    times = uow.conn.scalar(select(func.count()).select_from(complaint_log).where(
        complaint_log.c.no == no, complaint_log.c.action == ComplaintAction.CALL_BACK.value))
    return f"{no}-{times + 1}" if times else no


def _needed(name: str, value: str) -> None:
    if len(value.strip()) < 2:
        raise InvalidInput("complaint_field_missing", field=name)


def _filed_before(uow: UnitOfWork, filing: Filing) -> str | None:
    if not filing.source_ref:
        return None
    found = uow.conn.scalar(select(complaints.c.no).where(
        complaints.c.source == filing.source, complaints.c.source_ref == filing.source_ref))
    return None if found is None else str(found)

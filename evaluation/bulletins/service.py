"""The writing side of the bulletins: figures frozen, submitted, issued as a numbered paper, published, withdrawn.

Issuing is one transaction: number, register, state, or none. The files are drawn after it (papers.service), from what the
register keeps; nothing of an issued bulletin is ever changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec
from sqlalchemy import insert, select, update

from core.access import SYSTEM, Actor, Role, require
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, TooLarge
from core.instants import date_of
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from evaluation.bulletins.contents import Composer
from evaluation.bulletins.corrections import Correction, corrections
from evaluation.bulletins.events import BulletinPublished
from evaluation.bulletins.figures import Figures, as_json, digest, month_before, month_of
from evaluation.bulletins.gathering import Gathering
from evaluation.bulletins.matters import ALLOWED, DRAFTERS, ISSUED, BulletinAction, BulletinState, check_state, may_see
from evaluation.bulletins.models import bulletin_log, bulletins
from evaluation.bulletins.phrases import Telling
from evaluation.bulletins.queries import BulletinQueries, BulletinRow, Detail, writers_of
from evaluation.bulletins.workbook import workbook
from papers.official import OfficialPaper
from papers.queries import PaperQueries
from papers.service import Issue, PaperService, Series

log = logging.getLogger(__name__)
KIND = "bulletin"  # of its series and in the register
REASON_MAX = 500
FileName = Literal["pdf", "docx", "xlsx"]
FILES: tuple[FileName, ...] = ("pdf", "docx", "xlsx")
_c = bulletins.c
_figures = msgspec.json.Decoder(Figures)
_EVERYBODY = Actor("everybody", frozenset({Role.DEPARTMENT_USER}))  # reads what was issued, as departments do


@dataclass(frozen=True, slots=True)
class ServiceParts:
    """What the bulletins stand on. `area_name("")` is what everything is called, `calendar_of` the calendar of an area."""

    units: UnitOfWorkFactory
    queries: BulletinQueries
    papers: PaperService
    register: PaperQueries
    gathering: Gathering
    composer: Composer
    area_name: Callable[[str], str]
    calendar_of: Callable[[str], WorkingCalendar]


class BulletinService:
    """Each call is one transaction."""

    def __init__(self, parts: ServiceParts, prefix: str) -> None:
        self._parts, self._prefix = parts, prefix

    # Made and thrown away -----------------------------------------------------------------------------------------

    def produce(self, area: str, month: str, actor: Actor | None) -> int:
        """A draft with the figures of now; a draft there is takes them. Returns its id.

        Raises NotPermitted (`bulletin_area_not_yours`), InvalidInput (a month nobody can read), NotFound (an area nobody
        knows), Conflict (`bulletin_month_not_over`, `bulletin_month_empty`, `bulletin_exists`,
        `figures_counted_anew`).
        """
        drafter = require(actor, *DRAFTERS) if actor is not SYSTEM else SYSTEM
        if drafter.area not in ("", area):
            raise NotPermitted("bulletin_area_not_yours", area=area[:64], own=drafter.area)
        name = self._parts.area_name(area)
        figures = self._parts.gathering.figures(area, name, month, self._parts.units.clock.now_us())
        with self._parts.units() as uow:
            row = uow.conn.execute(select(bulletins).where(_c.slot == _slot(area, month)).with_for_update()).mappings().first()
            if row is not None and row["state"] != BulletinState.DRAFT.value:
                raise Conflict("bulletin_exists", id=row["id"], month=month, area=name)
            return self._keep(uow, figures, None if row is None else row["id"], drafter)

    def _keep(self, uow: UnitOfWork, figures: Figures, number: int | None, drafter: Actor) -> int:
        by = drafter.display_name or drafter.name
        values: dict[str, Any] = {
            "figures": as_json(figures).decode(), "figures_sha256": digest(figures), "made_by": drafter.name, "made_name": by,
            "made_at": uow.now_us, "title": self._parts.composer.title(figures)}
        if number is None:
            made = uow.conn.execute(insert(bulletins).values(
                area=figures.area, month=figures.month, slot=_slot(figures.area, figures.month), rev=1,
                state=BulletinState.DRAFT.value, **values))
            number = int(made.inserted_primary_key[0])  # type: ignore[index]
            _log(uow, number, 1, drafter, BulletinAction.PRODUCE)
            return number
        rev = uow.conn.scalar(update(bulletins).where(_c.id == number).values(rev=_c.rev + 1, **values).returning(_c.rev))
        _log(uow, number, int(rev or 0), drafter, BulletinAction.PRODUCE)
        return number

    def discard(self, number: int, rev: int, actor: Actor | None) -> None:
        """A draft nobody needs; nothing of it was ever a paper."""
        with self._parts.units() as uow:
            row = self._looked_at(uow, number, rev, actor, BulletinAction.DISCARD)
            self._set(uow, row, BulletinAction.DISCARD, actor, state=BulletinState.DISCARDED, slot=None, ended_at=uow.now_us)

    # Issued -------------------------------------------------------------------------------------------------------

    def submit(self, number: int, rev: int, actor: Actor | None) -> None:
        """To the leader who signs. Who submits what was made by itself answers for it."""
        with self._parts.units() as uow:
            row = self._looked_at(uow, number, rev, actor, BulletinAction.SUBMIT)
            self._set(uow, row, BulletinAction.SUBMIT, actor, state=BulletinState.SUBMITTED)

    def reject(self, number: int, rev: int, actor: Actor | None, reason: str) -> None:
        """Back to whoever made it, with what is wrong."""
        words = _needed(reason)
        with self._parts.units() as uow:
            row = self._looked_at(uow, number, rev, actor, BulletinAction.REJECT)
            self._set(uow, row, BulletinAction.REJECT, actor, words, state=BulletinState.DRAFT)

    def issue(self, number: int, rev: int, actor: Actor | None) -> str:
        """签发 by a leader who had no hand in it: number and paper. Returns the number.

        Raises NotPermitted (`approval_by_another`), NotFound, Conflict.
        """
        with self._parts.units() as uow:
            row = self._looked_at(uow, number, rev, actor, BulletinAction.ISSUE)
            leader = require(actor, *ALLOWED[BulletinAction.ISSUE][1])
            if leader.name in writers_of(uow.conn, number):
                raise NotPermitted("approval_by_another")
            paper = self._issued(uow, row)
            self._set(uow, row, BulletinAction.ISSUE, actor, paper.number, state=BulletinState.ISSUED, number=paper.number,
                      issued_name=leader.display_name or leader.name, issued_at=uow.now_us)
        self._enclose(paper, _figures.decode(row.figures))
        return paper.number

    def _enclose(self, paper: OfficialPaper, figures: Figures) -> None:
        """At once, for the workbook is made of formulas that may be edited tomorrow; where it fails the first reader makes
        it."""
        try:
            self._parts.papers.enclosure(paper.number, "xlsx", lambda: self._workbook(figures, paper))
        except Exception:  # it is issued: who pressed the button must not be told otherwise
            log.exception("the workbook of %s could not be made", paper.number)

    def _issued(self, uow: UnitOfWork, row: Any) -> OfficialPaper:
        figures, composer = _figures.decode(row.figures), self._parts.composer
        series = Series(composer.letterhead.issuer, KIND, self._prefix)
        day = self._day(row.area, uow.now_us)
        return self._parts.papers.issue(uow, series, Issue(row.area, "", f"bulletin:{row.id}"), day,
                                        lambda number: composer.compose(figures, number, day))

    def publish(self, number: int, rev: int, actor: Actor | None) -> None:
        """On the public site from now on."""
        with self._parts.units() as uow:
            row = self._looked_at(uow, number, rev, actor, BulletinAction.PUBLISH)
            if row.published_at is not None:
                raise Conflict("bulletin_published", id=number)
            self._set(uow, row, BulletinAction.PUBLISH, actor, published_at=uow.now_us)
            uow.publish([BulletinPublished(row.id, row.area, row.month, row.number, row.title)])

    def withdraw(self, number: int, rev: int, actor: Actor | None, reason: str) -> None:
        """It stays in the register and on record; the public site says that it was withdrawn and why, another may be made."""
        words = _needed(reason)
        with self._parts.units() as uow:
            row = self._looked_at(uow, number, rev, actor, BulletinAction.WITHDRAW)
            self._set(uow, row, BulletinAction.WITHDRAW, actor, words, state=BulletinState.WITHDRAWN, slot=None, reason=words,
                      ended_at=uow.now_us)
            if row.published_at is not None:
                uow.publish([BulletinPublished(row.id, row.area, row.month, row.number, row.title, words)])

    # Read ---------------------------------------------------------------------------------------------------------

    def paper(self, detail: Detail) -> OfficialPaper:
        """What it says: of an issued one as the register keeps it, of a draft as it would be issued today."""
        if detail.head.number is not None:
            return self._parts.register.content(detail.head.number)
        day = self._day(detail.head.area, self._parts.units.clock.now_us())
        return self._parts.composer.compose(detail.figures, "", day)

    def file(self, detail: Detail, kind: FileName) -> bytes:
        """A file of it; of a draft a copy to read, without number. Raises FontsMissing, Unavailable."""
        number = detail.head.number
        if number is None:
            return self._drawn(detail, kind)
        if kind == "xlsx":
            return self._parts.papers.enclosure(number, kind, lambda: self._workbook(detail.figures, self.paper(detail)))
        return self._parts.papers.file(number, kind)

    def published_file(self, number: int, kind: FileName) -> tuple[str, bytes]:
        """(number of the paper, the file) of what everybody may read. Raises NotFound, also for what was withdrawn."""
        head, _ = self._parts.queries.find_published(number)
        if head.number is None or head.state != BulletinState.ISSUED.value:
            raise NotFound("bulletin_not_found", id=number)
        return head.number, self.file(self._parts.queries.find(number, _EVERYBODY), kind)

    def _drawn(self, detail: Detail, kind: FileName) -> bytes:
        paper, fonts = self.paper(detail), self._parts.papers.fonts
        if kind == "xlsx":
            return self._workbook(detail.figures, paper)
        return paper.as_pdf(fonts) if kind == "pdf" else paper.as_docx(None, fonts)

    def _workbook(self, figures: Figures, paper: OfficialPaper) -> bytes:
        composer = self._parts.composer
        return workbook(Telling(figures, composer.indicators, composer.say), paper)

    def hashes(self, head: BulletinRow) -> dict[str, str]:
        """SHA-256 of each file made so far, by its kind."""
        if head.number is None:
            return {}
        row = next(iter(self._parts.register.about(f"bulletin:{head.id}")), None)
        own = {} if row is None else {"pdf": row.pdf_sha256, "docx": row.docx_sha256}
        made = {**own, **self._parts.register.enclosures(head.number)}
        return {kind: made[kind] or "" for kind in FILES if made.get(kind)}

    def corrected(self, detail: Detail) -> list[Correction]:
        """What the record says otherwise now, of an issued bulletin."""
        if detail.head.state not in [state.value for state in ISSUED]:
            return []
        return self._differences(detail.figures) or []

    # Compared with the record -------------------------------------------------------------------------------------

    def compare(self, months: int) -> int:
        """Compare what was issued for the last months with the figures of now. Returns how many were corrected since the last
        look."""
        changed = 0
        for number, figures, known in self._parts.queries.issued_since(self._month_ago(months)):
            differences = self._differences(figures)
            if differences is None:
                continue
            found = msgspec.json.encode(differences).decode()
            changed += found != known
            with self._parts.units() as uow:
                uow.conn.execute(update(bulletins).where(_c.id == number).values(corrections=found, checked_at=uow.now_us))
        return changed

    def _differences(self, figures: Figures) -> list[Correction] | None:
        """None where there is nothing to compare with: the whole record of that month is gone, or being counted anew."""
        try:
            present = self._parts.gathering.counted(figures.area, figures.area_name, figures.month, figures.as_of)
        except Conflict:
            return None
        return corrections(figures, present)

    def _month_ago(self, months: int) -> str:
        day = self._day("", self._parts.units.clock.now_us())
        for _ in range(months):
            day = month_of(month_before(day)).first
        return f"{day.year:04d}-{day.month:02d}"

    # Inside -------------------------------------------------------------------------------------------------------

    def _day(self, area: str, us: int) -> date:
        return date_of(self._parts.calendar_of(area).today(us))

    def _looked_at(self, uow: UnitOfWork, number: int, rev: int, actor: Actor | None, action: BulletinAction) -> Any:
        """The row as this person saw it. Raises NotPermitted, NotFound, Conflict."""
        person = require(actor, *ALLOWED[action][1])
        row = uow.conn.execute(select(bulletins).where(_c.id == number).with_for_update()).first()
        if row is None or not may_see(person, row.area, BulletinState(row.state)):
            raise NotFound("bulletin_not_found", id=number)
        if person.area not in ("", row.area):
            raise NotPermitted("bulletin_area_not_yours", area=row.area, own=person.area)
        check_state(action, BulletinState(row.state), number)
        if row.rev != rev:
            raise Conflict("bulletin_changed", id=number, rev=row.rev)
        return row

    def _set(self, uow: UnitOfWork, row: Any, action: BulletinAction, actor: Actor | None, words: str = "",
             **values: Any) -> None:
        assert actor is not None
        rev = row.rev + 1
        uow.conn.execute(update(bulletins).where(_c.id == row.id).values(rev=rev, **values))
        _log(uow, row.id, rev, actor, action, words)


def _slot(area: str, month: str) -> str:
    return f"{area}|{month}"


def _log(uow: UnitOfWork, number: int, rev: int, actor: Actor, action: BulletinAction, words: str = "") -> None:
    uow.conn.execute(insert(bulletin_log).values(
        bulletin=number, rev=rev, at=uow.now_us, actor=actor.name, actor_name=actor.display_name or actor.name,
        action=action.value, words=words))


def _needed(reason: str) -> str:
    words = reason.strip()
    if not words:
        raise InvalidInput("bulletin_reason_missing", key="words")
    if len(words) > REASON_MAX:
        raise TooLarge("bulletin_reason_too_long", key="words", most=REASON_MAX)
    return words

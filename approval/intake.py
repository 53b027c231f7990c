"""From the application to the acceptance: filing on the web or at a window, the check of the papers, the first answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from approval.corrections import FIELDS, Answer, Notice, amendments, check_fields, notice_of, with_fields
from approval.desk import Desk, Hosted, told_so_far
from approval.drafts import use_up
from approval.events import ApplicantConcerned, Occasion
from approval.flow import Flow, flow_of
from approval.materials import Upload
from approval.matters import (
    Act,
    Application,
    Channel,
    Filed,
    check_state,
    checked_words,
)
from approval.models import hosted_cases, hosted_papers
from approval.numbering import made_up_password, password_hash, take_case_number
from approval.posts import post_for
from approval.promises import promise_of
from approval.receipts import About, ReceiptKind, due_text
from cases.events import Due, EventKind, case_id_of
from cases.fold import CORRECTION, Fold
from config.catalogue import Item
from config.item_form import check_form
from core.access import Actor
from core.errors import Conflict, InvalidInput, NotPermitted
from core.instants import DAY_US, written_day
from core.statements import Statement, inserting
from core.unit_of_work import UnitOfWork

APPLICANT = Actor("applicant", frozenset(), display_name="申请人")
_json = msgspec.json.Encoder().encode
_FILE = inserting(hosted_cases, *hosted_cases.c.keys())
_HERE = Statement(select(hosted_papers.c.code).where(
    hosted_papers.c.case_id == bindparam("of_case"), hosted_papers.c.state == "received"))
_DEFERRED = Statement(select(hosted_papers.c.code).where(
    hosted_papers.c.case_id == bindparam("of_case"), hosted_papers.c.state == "deferred").order_by(hosted_papers.c.code))


class Intake:
    """The acts up to 受理. Each is one transaction."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def file(self, application: Application, channel: Channel, actor: Actor | None = None, station: str = "",
             draft_key: str = "", sent_at: int | None = None) -> Filed:
        """File an application: by the applicant himself (`actor` None), by a clerk on his behalf, or by the unit ex officio
        (then `applicant` is the party, who gets no password). The draft of that key is used up in the same transaction, so that
        one draft is filed once; a second time raises NotFound. `sent_at` is when the applicant handed it in, where that was at
        a public site of its own.

        Returns number and password; the password cannot be seen again. Raises InvalidInput naming the field, NotPermitted.
        """
        application.check()
        self._desk.check_room(application.uploads)
        password = "" if channel == "office" else made_up_password()
        with self._desk.units(together=True) as uow:
            self._desk.areas.refresh_in(uow)  # a version confirmed by another process holds for this case too
            item = self._desk.item_in_service(application.item)
            self._check_opener(item, channel)
            check_form(item.details.form, application.fields)
            self._check_papers(item, application.codes)
            if draft_key:
                use_up(uow, draft_key)
            flow = flow_of(item)
            if actor is not None:
                self._may_file(uow, item, flow, actor)
            case = self.open(uow, application, channel, item, flow, password, actor)
            kind = EventKind.SUBMITTED if channel == "web" else EventKind.RECEIVED
            self._desk.tell(uow, case, kind, actor or APPLICANT, station=station, at=sent_at, channel=channel,
                            title=application.title or item.name, applicant=application.applicant.name,
                            applicant_kind=application.applicant.kind, materials=application.codes or None, pinned=item.number)
            self._note_papers(uow, case, application.papers, actor or APPLICANT, application.uploads)
            self._desk.flush(uow, case)
            self._give(uow, case, ReceiptKind.RECEIVED, entries=self._names(item, application.codes))
            self._desk.save(uow, case)
            return Filed(case.case_no, password)

    def _may_file(self, uow: UnitOfWork, item: Item, flow: Flow, actor: Actor) -> None:
        """A clerk files for the units in which he holds the post, within the area he is bound to."""
        if actor.area not in ("", self._desk.catalogue.organisations[item.org].area):
            raise NotPermitted("not_permitted", needs=[])
        post_for(uow, actor, item.org, flow.posts_of_acceptance())

    def open(self, uow: UnitOfWork, application: Application, channel: Channel, item: Item, flow: Flow, password: str,
             actor: Actor | None, case_no: str = "", part: tuple[int, str] | None = None) -> Hosted:
        """The row of a new case. `part` names the project and node it belongs to."""
        area = self._desk.catalogue.organisations[item.org].area
        number = case_no or take_case_number(uow.conn, area, item.org, self._desk.today(area, uow.now_us))
        hashed = password_hash(self._desk.password_key, number, password) if password else ""
        project, node = part or (None, None)
        values = {
            "case_id": case_id_of(area, number), "case_no": number, "area": area, "org": item.org, "item": item.code,
            "item_version": item.version, "channel": channel, "title": application.title or item.name,
            "applicant": application.applicant.name, "particulars": _particulars(application, item),
            "flow": _json(flow).decode(), "step": "", "password_hash": hashed, "rev": 0, "events": 0, "filed_at": uow.now_us,
            "filed_by": actor.name if actor is not None else "", "project_id": project, "node": node}
        _FILE.run(uow.conn, **values)
        return Hosted(SimpleNamespace(**values), "none", Fold(), flow, "", 0)

    def pre_accept(self, case_no: str, rev: int, actor: Actor, station: str = "") -> None:
        """预受理: the online filing is complete at first sight; the papers are awaited."""
        with self._desk.acting(Act.PRE_ACCEPT, case_no, rev) as (uow, case):
            self._by_window(uow, case, actor)
            self._desk.tell(uow, case, EventKind.PRE_ACCEPTED, actor, station=station)

    def receive(self, case_no: str, rev: int, papers: Collection[str], actor: Actor, station: str = "") -> None:
        """收件: the papers of an online filing came to the window."""
        with self._desk.acting(Act.RECEIVE, case_no, rev) as (uow, case):
            self._by_window(uow, case, actor)
            item = self._desk.own_item(case)
            self._check_papers(item, papers)
            self._note_papers(uow, case, papers, actor)
            self._desk.tell(uow, case, EventKind.RECEIVED, actor, station=station, materials=tuple(papers) or None)
            self._give(uow, case, ReceiptKind.RECEIVED, entries=self._names(item, papers))

    def accept(self, case_no: str, rev: int, actor: Actor, station: str = "", deferred: Collection[str] = (),
               until: date | None = None) -> None:
        """受理: every required paper is here, or may follow (`deferred`, 容缺) by the end of the day `until` on the wall clock
        of the area: at the latest, and where nothing is said, when the promised limit ends.

        Raises InvalidInput naming the papers that are missing, or the last day there is.
        """
        with self._desk.acting(Act.ACCEPT, case_no, rev) as (uow, case):
            post = self._by_window(uow, case, actor)
            item = self._desk.own_item(case)
            here = self._papers_here(uow, case)
            self._check_complete(item, here, deferred)
            due = promise_of(self._desk, case.row.area, item, until, uow.now_us) if deferred else None
            self._desk.tell(uow, case, EventKind.ACCEPTED, actor, station=station, post=post,
                            materials=tuple(sorted(here)) or None, deferred=tuple(deferred) or None, deferred_due=due)
            self._desk.open_step(uow, case, case.following(""))
            self._desk.flush(uow, case)
            self._note_deferred(uow, case, deferred, due, actor)
            self._give(uow, case, ReceiptKind.ACCEPTED, told={"due": self._due(uow, case)},
                       entries=[*self._names(item, sorted(here)), *self._to_follow(item, deferred, due)])

    def refuse(self, case_no: str, rev: int, reason: str, actor: Actor, station: str = "") -> None:
        """不予受理, with its reason (行政许可法 Art. 32, 38)."""
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.REFUSE, case_no, rev) as (uow, case):
            post = self._by_window(uow, case, actor)
            self._desk.tell(uow, case, EventKind.NOT_ACCEPTED, actor, station=station, post=post, reason=told, result="refused")
            self._give(uow, case, ReceiptKind.REFUSED, told={"reason": told})

    def ask_correction(self, case_no: str, rev: int, papers: Collection[str], reason: str, actor: Actor,
                       station: str = "", amend: Collection[str] = ()) -> None:
        """补正告知: once, and everything at once: papers, fields of the form to `amend`, or what `reason` asks to be explained.

        Raises Conflict for a second one (行政许可法 Art. 32).
        """
        told = checked_words(reason, "reason")
        with self._desk.acting(Act.ASK_CORRECTION, case_no, rev) as (uow, case):
            post = self._by_window(uow, case, actor)
            if any(stop.kind == CORRECTION for stop in case.fold.stops):
                raise Conflict("correction_once", case_no=case_no)
            item = self._desk.own_item(case)
            self._check_papers(item, papers)
            amend = tuple(dict.fromkeys(amend))
            check_fields(item.details, amend)
            self._desk.tell(uow, case, EventKind.CORRECTION_NOTIFIED, actor, station=station, post=post, reason=told,
                            materials=tuple(papers) or None, attributes={FIELDS: ",".join(amend)} if amend else None)
            self._give(uow, case, ReceiptKind.CORRECTION, told={"reason": told}, entries=self._wanted(item, papers, amend))

    def correct(self, case_no: str, papers: Collection[str], actor: Actor | None = None, station: str = "",
                rev: int | None = None, uploads: Sequence[Upload] = (), *, rest_withheld: bool = False,
                fields: Mapping[str, str] | None = None, words: str = "") -> None:
        """补正: what was asked for came in, from the applicant (`actor` None) or at a window, all of it at once, since nothing
        can be asked for a second time: papers, what `fields` of the form say now, `words` that explain. `rest_withheld`: he
        knows what still lacks and will not bring it.

        Raises InvalidInput naming the field that is wrong, or what lacks.
        """
        with self._desk.acting(Act.CORRECT, case_no, rev) as (uow, case):
            if actor is not None:
                self._by_window(uow, case, actor)
            codes = tuple(dict.fromkeys((*papers, *(one.code for one in uploads))))
            item = self._desk.own_item(case)
            self._check_papers(item, codes)
            notice = notice_of(told_so_far(uow, case), item.details, case.fields_of_form)
            answer = Answer(codes, dict(fields or {}), words, rest_withheld)
            answer.check(notice)
            self._note_papers(uow, case, papers, actor or APPLICANT, uploads)
            self._amend(uow, case, item, answer.amended(notice))
            self._desk.tell(uow, case, EventKind.CORRECTION_RECEIVED, actor or APPLICANT, station=station,
                            materials=codes or None, attributes=_answered(notice, answer))

    def keep_file(self, case_no: str, upload: Upload, actor: Actor) -> None:
        """A file digitised at the window, or anywhere on the way, is put with the case. No event: no paper came in by it,
        and one that is to follow still is until somebody notes that it came (`supply`).

        Raises Conflict for a case that has ended."""
        with self._desk.units() as uow:
            case = self._desk.load(uow, case_no)
            check_state(Act.KEEP_FILE, case.state, case_no)
            self._desk.any_post(uow, case, actor)
            self._check_papers(self._desk.own_item(case), [upload.code])
            c = hosted_papers.c
            kept = [Upload(*row) for row in uow.conn.execute(
                select(c.code, c.sha256, c.file_name, c.media_type, c.size).where(
                    c.case_id == case.row.case_id, c.sha256.is_not(None)))]
            if (upload.code, upload.sha256) not in [(one.code, one.sha256) for one in kept]:
                self._desk.check_room((*kept, upload))
                self._note_papers(uow, case, (), actor, (upload,), settles=False)

    def supply(self, case_no: str, papers: Collection[str], actor: Actor, station: str = "", rev: int | None = None) -> None:
        """容缺补齐: papers that were to follow came in."""
        with self._desk.acting(Act.SUPPLY, case_no, rev) as (uow, case):
            self._desk.any_post(uow, case, actor)
            waiting = set(deferred_of(uow, case))
            if not papers or not waiting.issuperset(papers):
                raise InvalidInput("papers_not_deferred", key="papers", papers="、".join(sorted(papers)))
            self._note_papers(uow, case, papers, actor)
            self._desk.tell(uow, case, EventKind.SUPPLEMENTED, actor, station=station, materials=tuple(papers))

    # Inside -------------------------------------------------------------------------------------------------------

    def _by_window(self, uow: UnitOfWork, case: Hosted, actor: Actor) -> str:
        return self._desk.post(uow, case, actor, case.flow.posts_of_acceptance())

    def _check_opener(self, item: Item, channel: Channel) -> None:
        """Raises InvalidInput when cases of this power are not opened that way."""
        opener = {"web": "citizen", "office": "office"}.get(channel, "window")
        if opener not in item.power.opened_by:
            raise InvalidInput("not_opened_so", key="item", item=item.name, channel=channel)

    def _check_papers(self, item: Item, papers: Collection[str]) -> None:
        """Nobody may be asked for, or have noted, a paper that is not on the item's list (增设材料)."""
        unlisted = [code for code in papers if code not in item.details.materials]
        if unlisted:
            raise InvalidInput("papers_unlisted", key="papers", papers="、".join(unlisted)[:200])

    def _wanted(self, item: Item, papers: Collection[str], amend: Collection[str]) -> list[str]:
        """What the notice lists: papers, fields to amend; or that an answer in words is asked for."""
        word, form = self._desk.receipts.word, item.details.form
        listed = [*self._names(item, papers), *(word("receipt.amend", name=form[code].label) for code in amend)]
        return listed or [word("receipt.explain")]

    def _amend(self, uow: UnitOfWork, case: Hosted, item: Item, amended: Mapping[str, str]) -> None:
        """From now on the form says that; the event tells what it said before."""
        if amended:
            labels = {code: item.details.form[code].label for code in amended}
            uow.conn.execute(update(hosted_cases).where(hosted_cases.c.case_id == case.row.case_id).values(
                particulars=with_fields(case.row.particulars, amended, labels)))

    def _check_complete(self, item: Item, here: Collection[str], deferred: Collection[str]) -> None:
        listed = item.details.materials
        wrong = [code for code in deferred if code not in listed or not listed[code].deferrable]
        if wrong:
            raise InvalidInput("papers_not_deferrable", key="deferred", papers="、".join(self._names(item, wrong)))
        missing = [code for code, paper in listed.items() if paper.required and code not in here and code not in deferred]
        if missing:
            raise InvalidInput("papers_missing", key="papers", papers="、".join(self._names(item, missing)))

    def _papers_here(self, uow: UnitOfWork, case: Hosted) -> set[str]:
        return {code for (code,) in _HERE.rows(uow.conn, of_case=case.row.case_id)}

    def _note_papers(self, uow: UnitOfWork, case: Hosted, papers: Collection[str], actor: Actor,
                     uploads: Sequence[Upload] = (), *, settles: bool = True) -> None:
        """Papers in hand at the window, and files. Of one paper there may be several files. `settles`: an event tells that
        they came in, so that none of them is to follow any more."""
        if not papers and not uploads:
            return
        known = self._papers_here(uow, case)
        on_paper = [code for code in dict.fromkeys(papers) if code not in known]
        if settles:
            _forget_deferred(uow, case, [*papers, *(one.code for one in uploads)])
        same: dict[str, Any] = {"case_id": case.row.case_id, "state": "received", "at": uow.now_us,
                                "by_name": actor.display_name or actor.name}
        rows = [{**same, "code": code, "place": 0, "form": "paper"} for code in on_paper]
        rows += [{**same, **msgspec.structs.asdict(one), "place": place,
                  "form": "reused" if one.source_case else "file"}
                 for place, one in enumerate(uploads, start=self._next_place(uow, case))]
        for row in rows:
            uow.conn.execute(insert(hosted_papers).values(**row))

    def _next_place(self, uow: UnitOfWork, case: Hosted) -> int:
        c = hosted_papers.c
        return 1 + int(uow.conn.scalar(select(func.max(c.place)).where(c.case_id == case.row.case_id)) or 0)

    def _to_follow(self, item: Item, deferred: Collection[str], due: Due | None) -> list[str]:
        """Those papers as the receipt lists them, with the day they are promised for."""
        if due is None:
            return self._names(item, deferred)
        day = written_day(due.at + DAY_US, due.utc_offset)
        return [self._desk.receipts.word("receipt.to_follow", name=name, day=day) for name in self._names(item, deferred)]

    def _note_deferred(self, uow: UnitOfWork, case: Hosted, deferred: Collection[str], due: Due | None, actor: Actor) -> None:
        if deferred:
            promised_at = None if due is None else due.at
            uow.conn.execute(insert(hosted_papers), [
                {"case_id": case.row.case_id, "code": code, "place": 0, "state": "deferred", "form": "paper", "at": uow.now_us,
                 "promised_at": promised_at, "by_name": actor.display_name or actor.name} for code in deferred])

    def _names(self, item: Item, papers: Sequence[str] | Collection[str]) -> list[str]:
        listed = item.details.materials
        return [listed[code].name if code in listed else code for code in papers]

    def _due(self, uow: UnitOfWork, case: Hosted) -> str:
        return due_text(uow.conn, case.row.case_id, "promised", self._desk.offset(case.row.area, uow.now_us))

    def _give(self, uow: UnitOfWork, case: Hosted, kind: ReceiptKind, *, told: Mapping[str, Any] | None = None,
              entries: Sequence[str] = ()) -> None:
        give(self._desk, uow, case, kind, told=told, entries=entries)


def give(desk: Desk, uow: UnitOfWork, case: Hosted, kind: ReceiptKind, *, told: Mapping[str, Any] | None = None,
         entries: Sequence[str] = ()) -> str:
    """Issue a paper about a case; returns its number."""
    row = case.row
    about = About(row.case_no, row.case_id, row.area, row.org, row.item, desk.own_item(case).kind, row.applicant, row.title)
    number = desk.receipts.issue(uow, kind, about, desk.today(row.area, uow.now_us), told=told, entries=entries).number
    occasion = _occasion(kind, case)
    if occasion is not None:
        uow.publish([ApplicantConcerned(case, occasion, number, {"papers": "、".join(entries), **(told or {})})])
    return number


def _occasion(kind: ReceiptKind, case: Hosted) -> Occasion | None:
    """Of which the applicant is told by that paper; of some he is told otherwise, or has it in his hand."""
    if kind in (ReceiptKind.RECEIVED, ReceiptKind.DECISION, ReceiptKind.LICENCE, ReceiptKind.PAYMENT):
        return None
    if kind is ReceiptKind.CONCLUDED and case.fold.refused is None:
        return Occasion.COLLECT
    return Occasion(kind.value)


def _answered(notice: Notice, answer: Answer) -> dict[str, str] | None:
    """What the journal keeps of an answer beside the papers that came."""
    told = {"words": answer.words.strip(), "amended": amendments(notice, answer.amended(notice)),
            "withheld": "、".join(answer.lacking(notice))}
    return {name: value for name, value in told.items() if value} or None


def deferred_of(uow: UnitOfWork, case: Hosted) -> list[str]:
    """The papers that are still to follow."""
    return [code for (code,) in _DEFERRED.rows(uow.conn, of_case=case.row.case_id)]


def _forget_deferred(uow: UnitOfWork, case: Hosted, papers: Collection[str]) -> None:
    c = hosted_papers.c
    if papers:
        uow.conn.execute(delete(hosted_papers).where(
            c.case_id == case.row.case_id, c.code.in_(list(papers)), c.state == "deferred"))


def _particulars(application: Application, item: Item) -> str:
    """What the fields were called is kept with what they say: the form may ask something else tomorrow."""
    labels = {code: item.details.form[code].label for code in application.fields if code in item.details.form}
    return _json({"applicant": application.applicant, "fields": dict(application.fields), "form": labels}).decode()


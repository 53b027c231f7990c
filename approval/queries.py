"""What pages and interfaces ask of hosted cases: work lists, one case with what may be done to it, the applicant's view."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, bindparam, exists, func, literal, or_, select

from approval.desk import told_of
from approval.detail import (
    HostedDetail,
    Licence,
    Paper,
    PartSeen,
    PaymentKept,
    PaymentState,
    Receipt,
    StepPaperKept,
    Waiting,
    earlier_requests,
)
from approval.flow import JOIN, Flow, Part, depths, read_flow
from approval.licences import licence_of, of_case
from approval.models import (
    hosted_cases,
    hosted_extensions,
    hosted_fees,
    hosted_licences,
    hosted_nodes,
    hosted_papers,
    hosted_payments,
    hosted_receipts,
    hosted_step_papers,
    hosted_tasks,
)
from approval.numbering import password_hash
from approval.permitted import Deciding, behind, permitted
from approval.posts import EVERY_UNIT, holds, posts_of
from approval.signatures import cosigners_of, signatures_of, still_asked
from cases.events import CaseEvent
from cases.fold import Fold, State
from cases.journal import events_by_id
from cases.models import case_table, clocks, journal
from cases.states import fold_all
from core.access import Actor, Role
from core.database import Database
from core.errors import NotFound
from core.statements import Statement

READERS = frozenset({Role.APPROVAL_STAFF, Role.INSPECTOR, Role.LEADER, Role.DEPARTMENT_USER})
LIST_MAX = 200  # lines of a work list; the page says when there are more
_BEFORE = ("submitted", "pre_accepted", "received", "correcting")
_fold = msgspec.msgpack.Decoder(Fold).decode


class HostedQueries:
    """Lists go by the flow each case is pinned to."""

    def __init__(self, database: Database, deciding: Deciding, password_key: bytes) -> None:
        self._database, self._deciding = database, deciding
        self._password_key = password_key

    # Work lists ---------------------------------------------------------------------------------------------------

    def work(self, actor: Actor, limit: int = LIST_MAX) -> list[Waiting]:
        """The open steps this person's posts entitle him to, the nearest end first; those others have taken come last. What
        several sign waits for those whose signature is not there."""
        with self._database.read() as conn:
            held = posts_of(conn, actor.name)
            t = hosted_tasks.c
            found = self._entitled(
                conn, _waiting(t.step, t.opened_at, t.claimed_by, t.claimed_name, t.id.label("task_id"))
                .join(hosted_tasks, (t.case_id == hosted_cases.c.case_id) & t.ended_at.is_(None)).where(_in_units(held, actor))
                .order_by(_is_others(t.claimed_by, actor), clocks.c.due_at.is_(None), clocks.c.due_at, hosted_cases.c.case_no),
                held, lambda flow, row: still_asked(conn, flow.find(row.at_step), row.task_id, actor), limit)
            projects = _held_projects(conn, [row.case_no for row in found if row.at_step == JOIN])
        return [replace(line, is_held=True) if line.case_no in projects else line for line in map(_line, found)]

    def intake(self, actor: Actor, limit: int = LIST_MAX) -> list[Waiting]:
        """What waits at the windows of this person's units: filed, received, or waiting for corrections."""
        with self._database.read() as conn:
            held = posts_of(conn, actor.name)
            c = hosted_cases.c
            found = self._entitled(conn, _waiting(c.step, c.filed_at, c.step, c.step).where(
                _in_units(held, actor), case_table.c.state.in_(_BEFORE)).order_by(c.filed_at), held,
                lambda flow, _row: flow.posts_of_acceptance(), limit)
        return [_line(row, taken=False) for row in found]

    def decided(self, actor: Actor, limit: int = LIST_MAX) -> list[Waiting]:
        """What waits for its conclusion (待办结)."""
        with self._database.read() as conn:
            held = posts_of(conn, actor.name)
            c = hosted_cases.c
            found = self._entitled(conn, _waiting(c.step, case_table.c.last_event_at, c.step, c.step).where(
                _in_units(held, actor), c.step == "", case_table.c.state.in_(("decided", "accepted"))).order_by(
                    case_table.c.last_event_at), held, lambda flow, _row: flow.posts_of_conclusion(), limit)
        return [_line(row, taken=False) for row in found]

    def search(self, actor: Actor, text: str, limit: int = 50) -> list[Waiting]:
        """Cases of this person's sight by number, applicant or title; the newest first."""
        c = hosted_cases.c
        like = f"%{_escaped(text.strip())}%"
        with self._database.read() as conn:
            rows = conn.execute(_waiting(c.step, c.filed_at, c.step, c.step).where(
                self.sight(conn, actor), or_(c.case_no.like(like, escape="\\"), c.applicant.like(like, escape="\\"),
                                              c.title.like(like, escape="\\")))
                .order_by(c.filed_at.desc()).limit(limit)).all()
        return [_line(row, taken=False) for row in rows]

    # One case -----------------------------------------------------------------------------------------------------

    def find(self, case_no: str, actor: Actor) -> HostedDetail:
        """Raises NotFound, also for one this person may not see."""
        with self._database.snapshot() as conn:
            held = posts_of(conn, actor.name)
            row = _BY_NUMBER.first(conn, of_number=case_no)
            if row is None or not _sees(actor, held, row):
                raise NotFound("hosted_case_not_found", case_no=case_no[:60])
            detail = _detail(conn, row)
        mine = tuple(post for unit, post in held if unit in (detail.head.org, EVERY_UNIT))
        return replace(detail, may=permitted(detail, held, actor, self._deciding), earlier=behind(detail), held_posts=mine,
                       takes_money=not set(mine).isdisjoint(self._deciding.cashiers),
                       reads_project=_reaches(actor, held, row.area, row.lead_org))

    def may_read(self, case_id: int, actor: Actor) -> bool:
        """Whether that case of the record is a hosted one this person may see."""
        with self._database.read() as conn:
            found = select(hosted_cases.c.case_id).where(hosted_cases.c.case_id == case_id, self.sight(conn, actor))
            return actor.has(*READERS) and conn.scalar(found) is not None

    def as_it_stood(self, case_no: str, at_us: int, actor: Actor) -> tuple[Fold, list[CaseEvent]]:
        """The case as it stood at an instant: what had been recorded by then, folded (the time machine of one case).

        Raises NotFound, also when there was nothing yet.
        """
        with self._database.snapshot() as conn:
            c = hosted_cases.c
            case_id = conn.scalar(select(c.case_id).where(c.case_no == case_no, self.sight(conn, actor)))
            rows = conn.execute(select(journal.c.event_id).where(
                journal.c.case_id == case_id, journal.c.received_at <= at_us)).scalars().all() if case_id is not None else []
            if not rows:
                raise NotFound("hosted_case_not_found", case_no=case_no[:60])
            events = list(events_by_id(conn, list(rows)).values())
        return fold_all(events), sorted(events, key=lambda event: event.sort_key)

    def file_of(self, case_no: str, sha256: str, actor: Actor) -> Paper:
        """What is known of a file of a case this person may see. Raises NotFound."""
        detail = self.find(case_no, actor)
        kept = (*detail.papers, *map(_as_paper, detail.step_papers), *(_slip(one) for one in detail.payments))
        found = next((paper for paper in kept if paper.sha256 == sha256), None)
        if found is None:
            raise NotFound("material_not_found", name=sha256[:12])
        return found

    def progress(self, case_no: str, password: str) -> HostedDetail:
        """What the applicant sees with number and password. One answer for a wrong number and a wrong password."""
        with self._database.snapshot() as conn:
            row = conn.execute(select(hosted_cases.c.case_id, hosted_cases.c.password_hash).where(
                hosted_cases.c.case_no == case_no)).first()
            given = password_hash(self._password_key, case_no, password)
            if row is None or not row.password_hash or not hmac.compare_digest(given, row.password_hash):
                raise NotFound("case_or_password_wrong")
            return _detail(conn, _BY_ID.first(conn, of_case=row.case_id))

    def of_applicant(self, case_no: str) -> HostedDetail:
        """The same for a browser whose session was opened by number and password. Raises NotFound."""
        with self._database.snapshot() as conn:
            case_id = conn.scalar(select(hosted_cases.c.case_id).where(
                hosted_cases.c.case_no == case_no, hosted_cases.c.password_hash != ""))
            if case_id is None:
                raise NotFound("case_or_password_wrong")
            return _detail(conn, _BY_ID.first(conn, of_case=case_id))

    def receipt(self, code: str) -> tuple[Receipt, str, str, str]:
        """(paper, case number, unit, item) of a code, for whoever checks it. Raises NotFound."""
        r, c = hosted_receipts.c, hosted_cases.c
        with self._database.read() as conn:
            row = conn.execute(select(r.code, r.kind, r.number, r.issued_at, c.case_no, c.org, c.item).join(
                hosted_cases, c.case_id == r.case_id).where(r.code == code)).first()
        if row is None:
            raise NotFound("receipt_not_found")
        return Receipt(*row[:4]), row.case_no, row.org, row.item

    def code_of(self, number: str) -> str | None:
        """The code of the paper of that number; None for one that no case gave out."""
        r = hosted_receipts.c
        with self._database.read() as conn:
            return conn.scalar(select(r.code).where(r.number == number))

    def licence(self, code: str) -> Licence | None:
        """The licence whose paper bears that code; None for another paper."""
        r, licences = hosted_receipts.c, hosted_licences.c
        with self._database.read() as conn:
            row = conn.execute(select(hosted_licences).join(hosted_receipts, (r.case_id == licences.case_id) & (
                r.number == licences.number)).where(r.code == code, r.kind == "licence")).first()
        return None if row is None else licence_of(row)

    def reversed_at(self, code: str) -> int | None:
        """When the payment was taken back whose receipt bears that code; None for one that stands."""
        r, p = hosted_receipts.c, hosted_payments.c
        with self._database.read() as conn:
            return conn.scalar(select(p.reversed_at).join(hosted_receipts, (r.case_id == p.case_id) & (
                r.number == p.receipt_no)).where(r.code == code, p.state == PaymentState.REVERSED))

    # Inside -------------------------------------------------------------------------------------------------------

    def _entitled(self, conn: Connection, statement: Any, held: Sequence[tuple[str, str]],
                  posts_of: Callable[[Flow, Any], Sequence[str]], limit: int) -> list[Any]:
        """The first rows his posts entitle him to. Cut after that, not before: what waits for others hides nothing of his."""
        with conn.execute(statement.add_columns(hosted_cases.c.flow), execution_options={"yield_per": 500}) as rows:
            mine = (row for row in rows if holds(held, row.org, posts_of(read_flow(row.flow), row)))
            return list(islice(mine, limit))

    def sight(self, conn: Connection, actor: Actor) -> ColumnElement[bool]:
        """The condition of the cases this person may see, as `_sees` says it."""
        c, units = hosted_cases.c, _units_of(actor, posts_of(conn, actor.name))
        conditions = [c.area == actor.area] if actor.area else []
        if actor.only_org is not None and EVERY_UNIT not in units:
            lead = hosted_cases.alias("lead").c
            conditions.append(c.org.in_(sorted(units)) | exists().where(
                lead.case_id == c.project_id, lead.org.in_(sorted(units))))
        return _all(conditions)


def _sees(actor: Actor, held: Sequence[tuple[str, str]], row: Any) -> bool:
    """Staff see the units they hold posts in, a department user his own, inspectors and leaders all of their area. Who sees
    the cases of a unit sees the parts of the projects it leads: a project is one picture."""
    return _reaches(actor, held, row.area, row.org, row.lead_org)


def _reaches(actor: Actor, held: Sequence[tuple[str, str]], area: str, *orgs: str | None) -> bool:
    """Whether the cases of one of these units of the area are in this person's sight."""
    units = _units_of(actor, held)
    return actor.area in ("", area) and (actor.only_org is None or EVERY_UNIT in units or not units.isdisjoint(orgs))


def _units_of(actor: Actor, held: Sequence[tuple[str, str]]) -> set[str]:
    units = {unit for unit, _ in held} if actor.has(Role.APPROVAL_STAFF) else set()
    return units if actor.only_org is None else units | {actor.only_org}


def _waiting(step: Any, since: Any, claimed_by: Any, claimed_name: Any, *more: Any) -> Any:
    """The columns of `Waiting`, in its order, and which project it belongs to."""
    c, s = hosted_cases.c, case_table.c
    return select(c.case_no, c.rev, c.title, c.item, c.org, c.applicant, c.channel, s.state, s.light, step.label("at_step"),
                  since.label("since"), claimed_by.label("by_name"), claimed_name.label("of_name"), clocks.c.due_at,
                  c.project_id, *more).select_from(hosted_cases).join(case_table, s.case_id == c.case_id).outerjoin(
                      clocks, (clocks.c.case_id == c.case_id) & (clocks.c.kind == "promised") & (clocks.c.ordinal == 0)
                      & clocks.c.ended_at.is_(None))  # the promise of a power that ends with the decision is kept by then


def _detail(conn: Connection, row: Any) -> HostedDetail:
    """The whole of a case, whose head was read. Signatures are those of the open step, where it has several signers."""
    flow, fold, case_id, head = read_flow(row.flow), _fold(row.fold), row.case_id, _line(row)
    signs = bool(head.step) and bool(flow.find(head.step).signers)
    return HostedDetail(
        head, flow, fold, msgspec.json.decode(row.particulars), _papers(conn, case_id) if row.has_papers else [],
        _fees(conn, case_id) if row.has_fees else [], _extension(conn, case_id) if row.has_extension else None,
        _receipts(conn, case_id),
        _parts(conn, case_id) if flow.is_joint else [], signatures_of(conn, case_id) if signs else [],
        of_case(conn, case_id) if row.has_licences else [], _step_papers(conn, case_id) if row.has_step_papers else [],
        _number(conn, row.project_id), told_of(conn, case_id) if head.state == State.CORRECTING else None,
        _payments(conn, case_id) if row.has_fees else (), cosigners_of(conn, case_id, flow, fold))


def _line(row: Any, *, taken: bool = True) -> Waiting:
    """`taken` False: the columns of who has it hold something else."""
    values: list[Any] = list(row)[:15]
    values[14] = values[14] is not None
    if not taken:
        values[11:13] = "", ""
    return Waiting(*values)


def _is_others(claimed_by: Any, actor: Actor) -> Any:
    """Sorts what others have taken behind the rest."""
    return claimed_by.not_in(["", actor.name])


def _in_units(held: Sequence[tuple[str, str]], actor: Actor) -> ColumnElement[bool]:
    """The units in which he holds a post, within the area he is bound to."""
    units = {unit for unit, _ in held}
    return _all([*([] if EVERY_UNIT in units else [hosted_cases.c.org.in_(sorted(units))]),
                 *([hosted_cases.c.area == actor.area] if actor.area else [])])


def _all(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    whole: ColumnElement[bool] = hosted_cases.c.case_id.is_not(None)
    for one in conditions:
        whole = whole & one
    return whole


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _papers(conn: Connection, case_id: int) -> list[Paper]:
    return [Paper(**row._asdict()) for row in _PAPERS_OF.rows(conn, of_case=case_id)]


def _step_papers(conn: Connection, case_id: int) -> list[StepPaperKept]:
    rows = _STEP_PAPERS_OF.rows(conn, of_case=case_id)
    return [StepPaperKept(**{**row._asdict(), "is_current": bool(row.is_current)}) for row in rows]


def _as_paper(kept: StepPaperKept) -> Paper:
    return Paper(kept.code, 0, "received", "file", kept.sha256, kept.file_name, kept.media_type, kept.size, kept.at,
                 kept.by_name)


def _slip(kept: PaymentKept) -> Paper:
    return Paper("payment", 0, "received", "file", kept.sha256, kept.file_name, kept.media_type, kept.size, kept.entered_at,
                 kept.entered_name)


def _payments(conn: Connection, case_id: int) -> tuple[PaymentKept, ...]:
    return tuple(PaymentKept(**{**row._asdict(), "fees": tuple(msgspec.json.decode(row.fees)),
                                "earlier_requests": earlier_requests(row)}) for row in _PAYMENTS_OF.rows(conn, of_case=case_id))


def _fees(conn: Connection, case_id: int) -> list[dict[str, Any]]:
    return [row._asdict() for row in _FEES_OF.rows(conn, of_case=case_id)]


def _extension(conn: Connection, case_id: int) -> dict[str, Any] | None:
    row = _EXTENSION_OF.first(conn, of_case=case_id)
    return row._asdict() if row is not None else None


def _receipts(conn: Connection, case_id: int) -> list[Receipt]:
    return [Receipt(*row) for row in _RECEIPTS_OF.rows(conn, of_case=case_id)]


def _parts(conn: Connection, case_id: int) -> list[PartSeen]:
    n, c, s = hosted_nodes.c, hosted_cases.c, case_table.c
    rows = conn.execute(
        select(n.node, n.stage, n.item, n.org, n.after, n.silent, n.state, c.case_no, s.opened_at, s.closed_at)
        .select_from(hosted_nodes).outerjoin(hosted_cases, c.case_id == n.case_id)
        .outerjoin(case_table, s.case_id == n.case_id).where(n.project_id == case_id).order_by(n.stage, n.node))
    seen = [PartSeen(**{**row._mapping, "after": tuple(msgspec.json.decode(row.after))}) for row in rows]
    depth = depths([Part(one.node, one.item, one.org, one.stage, one.after) for one in seen])
    return sorted(seen, key=lambda one: (depth.get(one.node, 0), one.stage, one.node))


def _held_projects(conn: Connection, numbers: Sequence[str]) -> set[str]:
    """Those with a part that came to nothing."""
    if not numbers:
        return set()
    n, c = hosted_nodes.c, hosted_cases.c
    return set(conn.scalars(select(c.case_no).join(hosted_nodes, n.project_id == c.case_id).where(
        c.case_no.in_(numbers), n.state == "void").distinct()))


def _number(conn: Connection, case_id: int | None) -> str | None:
    return None if case_id is None else _NUMBER_OF.value(conn, of_case=case_id)


# One case, read again after every act: statements made once. ----------------------------------------------------------

def _of_case(table: Table, *columns: str, by: str) -> Statement:
    """These columns of what belongs to a case, in that order."""
    return Statement(select(*table.c[columns]).where(table.c.case_id == bindparam("of_case")).order_by(
        *(table.c[name] for name in by.split())))


_C, _T = hosted_cases.c, hosted_tasks.c
_IS_OPEN = (_T.case_id == bindparam("of_case")) & _T.ended_at.is_(None)
_NOBODY = literal("")
# Most cases have none of most of these: nobody need ask each table.
_THERE_IS = [exists().where(table.c.case_id == _C.case_id).label(f"has_{name}") for name, table in (
    ("papers", hosted_papers), ("fees", hosted_fees), ("extension", hosted_extensions), ("licences", hosted_licences),
    ("step_papers", hosted_step_papers))]
_LEAD = hosted_cases.alias("lead").c
_LEAD_ORG = select(_LEAD.org).where(_LEAD.case_id == _C.project_id).scalar_subquery().label("lead_org")
_HEAD = _waiting(_C.step, func.coalesce(_T.opened_at, _C.filed_at), func.coalesce(_T.claimed_by, _NOBODY),
                 func.coalesce(_T.claimed_name, _NOBODY), _C.case_id, _C.area, _C.flow, _C.particulars,
                 case_table.c.fold, _LEAD_ORG, *_THERE_IS).outerjoin(
                     hosted_tasks, (_T.case_id == _C.case_id) & _T.ended_at.is_(None))
_BY_NUMBER = Statement(_HEAD.where(_C.case_no == bindparam("of_number")))
_BY_ID = Statement(_HEAD.where(_C.case_id == bindparam("of_case")))
_PAPERS_OF = _of_case(hosted_papers, "code", "place", "state", "form", "sha256", "file_name", "media_type", "size", "at",
                      "by_name", "promised_at", "source_case", "consent", by="code place")
_D = hosted_step_papers.c
_STEP_PAPERS_OF = Statement(select(
    _D.step, _D.code, _D.sha256, _D.file_name, _D.media_type, _D.size, _D.at, _D.by_name,
    (_T.ended_at.is_(None) & _D.dropped_at.is_(None)).label("is_current"), _D.dropped_by).join(
        hosted_tasks, _T.id == _D.task_id).where(_D.case_id == bindparam("of_case")).order_by(_D.id))
_FEES_OF = _of_case(hosted_fees, "id", "code", "quantity", "amount_fen", "state", "receipt_no", "ground", "charged_at",
                    "settled_at", by="id")
_PAYMENTS_OF = _of_case(hosted_payments, *(one.name for one in fields(PaymentKept)), by="id")
_EXTENSION_OF = Statement(select(hosted_extensions).where(hosted_extensions.c.case_id == bindparam("of_case")))
_RECEIPTS_OF = _of_case(hosted_receipts, "code", "kind", "number", "issued_at", by="id")
_NUMBER_OF = Statement(select(_C.case_no).where(_C.case_id == bindparam("of_case")))

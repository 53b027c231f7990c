"""What every act on a hosted case shares: read it as it stands, check who and from where, tell the journal, note what waits.

One act is one transaction: events, state, clocks, counters and cards (cases.service), the work that waits, and the paper given
out, or none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select, update

from approval.corrections import Told, told_in
from approval.flow import Flow, read_flow
from approval.materials import Upload
from approval.matters import Act, check_state, name_of
from approval.models import hosted_cases, hosted_tasks
from approval.posts import post_for
from approval.receipts import Receipts
from cases.areas import Areas
from cases.changes import StoredCase
from cases.events import HOSTED, CaseEvent, EventData, EventKind, Status
from cases.fold import Fold
from cases.journal import events_of_cases, events_so_far
from cases.loading import stored_case, wakes_at
from cases.models import case_table
from cases.service import Recorder
from cases.states import CLOSED
from config.catalogue import Catalogue, Item
from core.access import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import MINUTE_US, date_of
from core.statements import Statement, inserting
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

_fold = msgspec.msgpack.Decoder(Fold).decode

# Every act needs them.
_FACTS = (case_table.c.light, case_table.c.tally, case_table.c.org.label("recorded_org"),
          case_table.c.item.label("recorded_item"), case_table.c.acts, case_table.c.marks)
_T = hosted_tasks.c
_LOAD = Statement(select(
    hosted_cases, case_table.c.state, case_table.c.fold, *_FACTS, wakes_at(hosted_cases.c.case_id), _T.id.label("task_id"),
    _T.claimed_by, _T.claimed_name).join(case_table, case_table.c.case_id == hosted_cases.c.case_id).outerjoin(
        hosted_tasks, (_T.case_id == hosted_cases.c.case_id) & _T.ended_at.is_(None)).where(
            hosted_cases.c.case_no == bindparam("no")))
_RUNNING = select(hosted_cases, case_table.c.state, case_table.c.fold).join(
    case_table, case_table.c.case_id == hosted_cases.c.case_id).where(
        hosted_cases.c.item == bindparam("of_item"), case_table.c.state.not_in([state.value for state in CLOSED])).order_by(
            hosted_cases.c.case_no)
_SAVE = Statement(update(hosted_cases).where(
    hosted_cases.c.case_id == bindparam("of_case"), hosted_cases.c.rev == bindparam("seen")).values(
    rev=bindparam("seen") + 1, events=bindparam("told"), step=bindparam("at_step")))
_IS_OPEN = (hosted_tasks.c.case_id == bindparam("of_case")) & hosted_tasks.c.ended_at.is_(None)
_END_TASKS = Statement(update(hosted_tasks).where(_IS_OPEN).values(ended_at=bindparam("at"), outcome=bindparam("how")))
_TASK = Statement(select(hosted_tasks.c.id, hosted_tasks.c.claimed_by, hosted_tasks.c.claimed_name).where(_IS_OPEN))
_OPEN_TASK = inserting(hosted_tasks, "case_id", "step", "org", "opened_at", "claimed_by", "claimed_name", "outcome")


@dataclass(frozen=True, slots=True)
class OpenTask:
    """The step of a case that waits, and who has taken it."""

    id: int
    claimed_by: str
    claimed_name: str


@dataclass(slots=True)
class Hosted:
    """A case during one act: as it stood when the act began, and what the act adds."""

    row: Any  # of hosted_cases
    state: str
    fold: Fold
    flow: Flow
    step: str
    events: int
    told: list[CaseEvent] = field(default_factory=list)
    item_version: str = ""  # where this act moves it to another version of its item
    item: Item | None = None  # in the version that is its own, once somebody asked (Desk.own_item)
    stored: StoredCase | None = None  # its record as read with it, until something is written to that
    tasks: tuple[OpenTask, ...] | None = None  # what waits, as read with it, until the act changes that

    @property
    def case_no(self) -> str:
        return str(self.row.case_no)

    def following(self, step: str) -> str:
        """The step after that one, as the fields of this application have it."""
        return self.flow.following(step, self.fields)

    @property
    def decides(self) -> bool:
        """Whether the decision falls with the open step."""
        return self.flow.decides_at(self.step, self.fields)

    @property
    def fields(self) -> Mapping[str, str]:
        """What the form says; read only where a step asks for it."""
        if all(step.when is None for step in self.flow.steps):
            return {}
        return self.fields_of_form

    @property
    def fields_of_form(self) -> Mapping[str, str]:
        """The same, whether a step asks or not."""
        return fields_of(self.row.particulars)

    @property
    def org(self) -> str:
        return str(self.row.org)


class Desk:
    """Shared by the services of this package."""

    def __init__(self, units: UnitOfWorkFactory, recorder: Recorder, areas: Areas, catalogue: Catalogue,
                 receipts: Receipts, password_key: bytes,
                 check_room: Callable[[Sequence[Upload]], None]) -> None:
        self.units, self.areas, self.catalogue, self.receipts = units, areas, catalogue, receipts
        self.password_key = password_key
        self.check_room = check_room  # of the files of a case (approval.materials)
        self._recorder = recorder

    @contextmanager
    def acting(self, act: Act, case_no: str, rev: int | None) -> Iterator[tuple[UnitOfWork, Hosted]]:
        """The case, ready for that act. `rev` is what the person saw; None for the applicant and the program, who see none.

        Raises NotFound, or Conflict: it changed meanwhile, or does not stand where that can be done.
        """
        with self.units(together=True) as uow:
            case = self.load(uow, case_no)
            if rev is not None and case.row.rev != rev:
                raise Conflict("case_changed", case_no=case_no, rev=case.row.rev)
            check_state(act, case.state, case_no)
            yield uow, case
            self.save(uow, case)

    def load(self, uow: UnitOfWork, case_no: str) -> Hosted:
        """Raises NotFound."""
        row = _LOAD.first(uow.conn, no=case_no)
        if row is None:
            raise NotFound("hosted_case_not_found", case_no=case_no[:60])
        case = _hosted(row)
        case.stored = stored_case(case.fold, row.light, row.tally, row.recorded_org, row.recorded_item, row.acts,
                                  row.marks, row.wakes_at)
        case.tasks = () if row.task_id is None else (OpenTask(row.task_id, row.claimed_by, row.claimed_name),)
        return case

    def running(self, conn: Connection, item: str) -> list[Hosted]:
        """The cases of an item that have not ended, by number."""
        return [_hosted(row) for row in conn.execute(_RUNNING, {"of_item": item})]

    def item(self, code: str) -> Item:
        """The item as it holds today, which is what a new case is filed under. Raises InvalidInput for one the catalogue does
        not list."""
        item = self.catalogue.find_item(code)
        if item is None:
            raise InvalidInput("item_unknown", key="item", item=code[:60])
        return item

    def item_in_service(self, code: str) -> Item:
        """The item a new case may be filed under. Raises InvalidInput for one that takes none, by itself or for its unit."""
        item = self.item(code)
        if item.retired:
            raise InvalidInput("item_retired", key="item", item=item.name)
        self.check_unit(item)
        return item

    def check_unit(self, item: Item) -> None:
        """Raises InvalidInput where the unit of an item was abolished."""
        unit = self.catalogue.organisations[item.org]
        if unit.abolished:
            raise InvalidInput("item_org_unknown", key="item", org=unit.name)

    def item_of(self, fold: Fold, code: str) -> Item:
        """The item in the version a case goes by: its steps, papers and fees stay those it was filed under."""
        item: Item | None = self.areas.catalogue_of(fold, self.catalogue).find_item(code)
        if item is None:
            raise InvalidInput("item_unknown", key="item", item=code[:60])
        return item

    def own_item(self, case: Hosted) -> Item:
        """The item of a case, in the version that is its own: the same throughout an act."""
        if case.item is None:
            case.item = self.item_of(case.fold, case.row.item)
        return case.item

    def tell(self, uow: UnitOfWork, case: Hosted, kind: EventKind, actor: Actor, *, step: str | None = None, station: str = "",
             at: int | None = None, **data: Any) -> None:
        """Note an event of this act. It is written with the others by `flush`, at the latest when the act ends. `at` is when it
        happened, where that was before now: at a public site of its own, whose applications come in later."""
        case.events += 1
        told = EventData(**{name: value for name, value in data.items() if value not in (None, "")})
        at = uow.now_us if at is None else min(at, uow.now_us)
        case.told.append(CaseEvent(
            source=HOSTED, source_event_id=f"{case.case_no}/{case.events}", kind=kind, case_no=case.case_no, area=case.row.area,
            claimed_at=at, utc_offset=self.offset(case.row.area, at), order=case.events, org=case.org, item=case.row.item,
            item_version=case.item_version or case.row.item_version, actor=name_of(actor), station=station or None, step=step,
            data=told))

    def flush(self, uow: UnitOfWork, *cases: Hosted) -> None:
        """Write what was told of these cases; afterwards clocks and state are those of now."""
        events = [event for case in cases for event in case.told]
        known = {case.row.case_id: case.stored for case in cases if case.told and case.stored is not None}
        for outcome in self._recorder.record_in(uow, events, known=known, numbered=True) if events else ():
            if outcome.status is not Status.OK:
                raise Conflict("event_refused", reason=outcome.code)
        for case in cases:
            case.told.clear()
            case.stored = None

    def save(self, uow: UnitOfWork, *cases: Hosted) -> None:
        """Write the cases back: what was told, the open step, the next revision."""
        self.flush(uow, *cases)
        for case in cases:
            if _SAVE.run(uow.conn, of_case=case.row.case_id, seen=case.row.rev, told=case.events, at_step=case.step) != 1:
                raise Conflict("case_changed", case_no=case.case_no, rev=case.row.rev)

    # Who ----------------------------------------------------------------------------------------------------------

    def post(self, uow: UnitOfWork, case: Hosted, actor: Actor, wanted: Sequence[str]) -> str:
        """The post by which this person acts on this case. Raises NotPermitted; NotFound for a case
        outside the area he is bound to, which does not exist for him."""
        if actor.area not in ("", case.row.area):
            raise NotFound("hosted_case_not_found", case_no=case.case_no)
        return "" if actor is SYSTEM else post_for(uow, actor, case.org, wanted)

    def any_post(self, uow: UnitOfWork, case: Hosted, actor: Actor) -> str:
        """Any post of the case's flow."""
        return self.post(uow, case, actor, case.flow.every_post)

    # What waits ---------------------------------------------------------------------------------------------------

    def open_step(self, uow: UnitOfWork, case: Hosted, step: str, claimed_by: str = "", claimed_name: str = "") -> None:
        """From now on that step waits ("": none does). A person may be given who had it before; nobody what several sign."""
        case.step = step
        if step and case.flow.find(step).signers:
            claimed_by = claimed_name = ""
        case.tasks = None
        if step:
            _OPEN_TASK.run(uow.conn, case_id=case.row.case_id, step=step, org=case.org, opened_at=uow.now_us,
                           claimed_by=claimed_by, claimed_name=claimed_name, outcome="")

    def end_tasks(self, uow: UnitOfWork, case: Hosted, outcome: str) -> None:
        """What was open of this case is done, or withdrawn."""
        if case.tasks != ():
            _END_TASKS.run(uow.conn, of_case=case.row.case_id, at=uow.now_us, how=outcome)
        case.tasks = ()

    def task(self, uow: UnitOfWork, case: Hosted) -> OpenTask | None:
        """The open task of a case."""
        if case.tasks is None:
            case.tasks = tuple(OpenTask(*row) for row in _TASK.rows(uow.conn, of_case=case.row.case_id))
        return case.tasks[0] if case.tasks else None

    # When ---------------------------------------------------------------------------------------------------------

    def offset(self, area: str, us: int) -> int:
        """Minutes east of UTC on the area's wall clock."""
        return (self.areas.for_area(area).to_local(us) - us) // MINUTE_US

    def today(self, area: str, us: int) -> Any:
        """The date of an instant on the area's wall clock."""
        return date_of(self.areas.for_area(area).today(us))


def _hosted(row: Row[Any]) -> Hosted:
    return Hosted(row, row.state, _fold(row.fold), read_flow(row.flow), row.step, row.events)


def fields_of(particulars: str) -> dict[str, str]:
    """The fields of the form, of the stored particulars."""
    fields: dict[str, str] = msgspec.json.decode(particulars)["fields"]
    return fields


def told_of(conn: Connection, case_id: int) -> Told | None:
    """The correction notice of a case."""
    return told_in(events_of_cases(conn, [case_id])[case_id])


def told_so_far(uow: UnitOfWork, case: Hosted) -> Told | None:
    """The same within an act."""
    case_id = case.row.case_id
    return told_in(events_so_far(uow, [case_id])[case_id])

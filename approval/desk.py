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
from sqlalchemy import Row, bindparam, insert, select, update

from approval.flow import Flow
from approval.materials import Upload
from approval.matters import SOURCE, Act, check_state, name_of
from approval.models import hosted_cases, hosted_tasks
from approval.posts import post_for
from approval.receipts import Receipts
from cases.areas import Areas
from cases.events import CaseEvent, EventData, EventKind, Status
from cases.fold import Fold
from cases.models import case_table
from cases.service import Recorder
from config.catalogue import Catalogue, Item
from core.access import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import MINUTE_US, date_of
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

_fold = msgspec.msgpack.Decoder(Fold).decode
_flow = msgspec.json.Decoder(Flow).decode

# Made once: every act needs them, and putting a statement together costs more than running it.
_LOAD = select(hosted_cases, case_table.c.state, case_table.c.fold).join(
    case_table, case_table.c.case_id == hosted_cases.c.case_id).where(hosted_cases.c.case_no == bindparam("no"))
_SAVE = update(hosted_cases).where(
    hosted_cases.c.case_id == bindparam("of_case"), hosted_cases.c.rev == bindparam("seen")).values(
    rev=bindparam("seen") + 1, events=bindparam("told"), step=bindparam("at_step"))
_IS_OPEN = (hosted_tasks.c.case_id == bindparam("of_case")) & hosted_tasks.c.ended_at.is_(None)
_END_TASKS = update(hosted_tasks).where(_IS_OPEN).values(ended_at=bindparam("at"), outcome=bindparam("how"))
_TASK = select(hosted_tasks).where(_IS_OPEN)
_OPEN_TASK = insert(hosted_tasks)


@dataclass(slots=True)
class Hosted:
    """A case during one act: as it stood when the act began, and what the act adds."""

    row: Row[Any]
    state: str
    fold: Fold
    flow: Flow
    step: str
    events: int
    told: list[CaseEvent] = field(default_factory=list)

    @property
    def case_no(self) -> str:
        return str(self.row.case_no)

    def following(self, step: str) -> str:
        """The step after that one, as the fields of this application have it."""
        return self.flow.following(step, self.fields)

    @property
    def fields(self) -> Mapping[str, str]:
        """What the form says; read only where a step asks for it."""
        if all(step.when is None for step in self.flow.steps):
            return {}
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
        with self.units() as uow:
            case = self.load(uow, case_no)
            if rev is not None and case.row.rev != rev:
                raise Conflict("case_changed", case_no=case_no, rev=case.row.rev)
            check_state(act, case.state, case_no)
            yield uow, case
            self.save(uow, case)

    def load(self, uow: UnitOfWork, case_no: str) -> Hosted:
        """Raises NotFound."""
        row = uow.conn.execute(_LOAD, {"no": case_no}).first()
        if row is None:
            raise NotFound("hosted_case_not_found", case_no=case_no[:60])
        return Hosted(row, row.state, _fold(row.fold), _flow(row.flow), row.step, row.events)

    def item(self, code: str) -> Item:
        """Raises InvalidInput for an item the catalogue does not list."""
        item = self.catalogue.find_item(code)
        if item is None:
            raise InvalidInput("item_unknown", key="item", item=code[:60])
        return item

    def tell(self, uow: UnitOfWork, case: Hosted, kind: EventKind, actor: Actor, *, step: str | None = None, station: str = "",
             **data: Any) -> None:
        """Note an event of this act. It is written with the others by `flush`, at the latest when the act ends."""
        case.events += 1
        told = EventData(**{name: value for name, value in data.items() if value not in (None, "")})
        case.told.append(CaseEvent(
            source=SOURCE, source_event_id=f"{case.case_no}/{case.events}", kind=kind, case_no=case.case_no, area=case.row.area,
            claimed_at=uow.now_us, utc_offset=self.offset(case.row.area, uow.now_us), order=case.events, org=case.org,
            item=case.row.item, item_version=case.row.item_version, actor=name_of(actor), station=station or None, step=step,
            data=told))

    def flush(self, uow: UnitOfWork, *cases: Hosted) -> None:
        """Write what was told of these cases; afterwards clocks and state are those of now."""
        events = [event for case in cases for event in case.told]
        for outcome in self._recorder.record_in(uow, events) if events else ():
            if outcome.status is not Status.OK:
                raise Conflict("event_refused", reason=outcome.code)
        for case in cases:
            case.told.clear()

    def save(self, uow: UnitOfWork, *cases: Hosted) -> None:
        """Write the cases back: what was told, the open step, the next revision."""
        self.flush(uow, *cases)
        for case in cases:
            done = uow.conn.execute(_SAVE, {"of_case": case.row.case_id, "seen": case.row.rev, "told": case.events,
                                            "at_step": case.step})
            if done.rowcount != 1:
                raise Conflict("case_changed", case_no=case.case_no, rev=case.row.rev)

    # Who ----------------------------------------------------------------------------------------------------------

    def post(self, uow: UnitOfWork, case: Hosted, actor: Actor, wanted: Sequence[str]) -> str:
        """The post by which this person acts on this case. Raises NotPermitted."""
        return "" if actor is SYSTEM else post_for(uow.conn, actor, case.org, wanted)

    def any_post(self, uow: UnitOfWork, case: Hosted, actor: Actor) -> str:
        """Any post of the case's flow."""
        return self.post(uow, case, actor, case.flow.every_post)

    # What waits ---------------------------------------------------------------------------------------------------

    def open_step(self, uow: UnitOfWork, case: Hosted, step: str, claimed_by: str = "", claimed_name: str = "") -> None:
        """From now on that step waits ("": none does). A person may be given who had it before."""
        case.step = step
        if step:
            uow.conn.execute(_OPEN_TASK, {"case_id": case.row.case_id, "step": step, "org": case.org, "opened_at": uow.now_us,
                                          "claimed_by": claimed_by, "claimed_name": claimed_name, "outcome": ""})

    def end_tasks(self, uow: UnitOfWork, case: Hosted, outcome: str) -> None:
        """What was open of this case is done, or withdrawn."""
        uow.conn.execute(_END_TASKS, {"of_case": case.row.case_id, "at": uow.now_us, "how": outcome})

    def task(self, uow: UnitOfWork, case: Hosted) -> Row[Any] | None:
        """The open task of a case."""
        return uow.conn.execute(_TASK, {"of_case": case.row.case_id}).first()

    # When ---------------------------------------------------------------------------------------------------------

    def offset(self, area: str, us: int) -> int:
        """Minutes east of UTC on the area's wall clock."""
        return (self.areas.for_area(area).to_local(us) - us) // MINUTE_US

    def today(self, area: str, us: int) -> Any:
        """The date of an instant on the area's wall clock."""
        return date_of(self.areas.for_area(area).today(us))


def fields_of(particulars: str) -> dict[str, str]:
    """The fields of the form, of the stored particulars."""
    fields: dict[str, str] = msgspec.json.decode(particulars)["fields"]
    return fields

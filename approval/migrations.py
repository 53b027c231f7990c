"""Moving running cases to another version of their item: only by plan, with a preview, and one event in the journal per case.

1. `preview` says of every running case of the old version what would become of it, or why it cannot be moved.
2. `propose` keeps the plan with what its author saw; `confirm`, by a second administrator where two are needed, begins it.
3. `carry_out` moves case after case, each in a transaction of its own. A case that changed since the preview is left out and
   named. After a crash it goes on where it stopped: a case that was moved goes by the new version and is not moved again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from approval.desk import Desk, Hosted
from approval.flow import flow_of
from approval.matters import Act
from approval.migration_preview import (
    Foreseen,
    MigrationPlan,
    PlanCase,
    PlanState,
    Renaming,
    Target,
    foresee,
    plan_of,
    read_renaming,
)
from approval.models import hosted_cases, hosted_migrations, hosted_tasks
from approval.signatures import signatures_of
from cases.areas import NEWEST
from cases.events import EventKind
from cases.service import Recorder
from config.catalogue import Item
from config.changelog import Action, ChangeLog
from config.service import checked_reason
from core.access import Actor, Role, require
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, SupervisionError
from core.unit_of_work import UnitOfWork

KIND = "migration"  # of the lines in the change log
_json = msgspec.json.encode


class _AlreadyMoved(Exception):
    """A plan that goes on after a crash meets a case it has moved."""


class Migrations:
    """Plans, and carrying them out."""

    def __init__(self, desk: Desk, recorder: Recorder, changes: ChangeLog, needs_two: Callable[[Connection], bool],
                 cases_max: int) -> None:
        """`cases_max` are the most running cases one plan takes; another plan takes the next."""
        self._desk, self._recorder, self._changes, self._needs_two = desk, recorder, changes, needs_two
        self.cases_max = cases_max

    # Before ---------------------------------------------------------------------------------------------------------

    def running(self, item: str) -> dict[int, int]:
        """How many running cases go by which version of an item."""
        found: dict[int, int] = {}
        with self._desk.units.database.read() as conn:
            self._desk.areas.refresh(conn)
            for case in self._desk.running(conn, item):
                number = self._desk.own_item(case).number
                found[number] = found.get(number, 0) + 1
        return dict(sorted(found.items()))

    def version(self, item: str, number: int) -> Item:
        """An item in one of its versions. Raises NotFound."""
        if number == 0:
            shipped = self._desk.catalogue.as_shipped.find_item(item)
            if shipped is not None:
                return shipped
        found = self._desk.areas.item_at(item, NEWEST, number)
        if found is None:
            raise NotFound("version_not_found", kind="item", subject=item, version=number)
        return found.over(item, self._desk.catalogue.as_shipped.find_item(item))

    def preview(self, item: str, from_version: int, to_version: int, steps: Renaming) -> list[Foreseen]:
        """What the plan does with every running case of the old version. Changes nothing.

        Raises InvalidInput naming the step whose counterpart is missing, NotFound for an unknown version.
        """
        with self._desk.units.database.snapshot() as conn:
            self._desk.areas.refresh(conn)
            target = self._target(item, from_version, to_version, steps)
            return [self._foresee(conn, case, target) for case in self._of_version(conn, item, from_version)]

    # The plan -------------------------------------------------------------------------------------------------------

    def propose(self, item: str, from_version: int, to_version: int, steps: Renaming, cases: Sequence[tuple[str, int]], *,
                reason: str, actor: Actor) -> MigrationPlan:
        """Keep a plan for the cases (number, revision) its author saw; confirmed at once where one administrator is enough.

        Raises InvalidInput for a plan without cases, Conflict when another plan of the item waits.
        """
        require(actor, Role.ADMINISTRATOR)
        told = checked_reason(reason)
        if not cases:
            raise InvalidInput("migration_without_cases", key="cases")
        with self._desk.units() as uow:
            self._desk.areas.refresh_in(uow)
            self._target(item, from_version, to_version, steps)
            m = hosted_migrations.c
            if uow.conn.scalar(select(m.id).where(m.item == item, m.state == PlanState.PROPOSED)) is not None:
                raise Conflict("proposal_waits", kind=KIND, subject=item)
            number = 1 + int(uow.conn.scalar(select(func.max(m.id))) or 0)
            uow.conn.execute(insert(hosted_migrations).values(
                id=number, item=item, from_version=from_version, to_version=to_version, steps=_json(dict(steps)).decode(),
                cases=_json(list(cases)).decode(), state=PlanState.PROPOSED, reason=told, made_by=actor.name,
                made_at=uow.now_us, decided_by=None, decided_at=None, result="{}"))
            plan = self._plan(uow.conn, number)
            self._log(uow, actor, plan, Action.PROPOSED, told)
            if not self._needs_two(uow.conn):
                self._decide(uow, plan, PlanState.CONFIRMED, actor, told)
            return self._plan(uow.conn, number)

    def confirm(self, plan_id: int, *, actor: Actor, reason: str = "") -> MigrationPlan:
        """Begin a plan. Raises NotPermitted when its author confirms it and two are needed."""
        require(actor, Role.ADMINISTRATOR)
        with self._desk.units() as uow:
            plan = self._plan(uow.conn, plan_id)
            if plan.made_by == actor.name and self._needs_two(uow.conn):
                raise NotPermitted("second_administrator_needed", made_by=plan.made_by)
            self._decide(uow, plan, PlanState.CONFIRMED, actor, reason.strip() or plan.reason)
            return self._plan(uow.conn, plan_id)

    def reject(self, plan_id: int, *, actor: Actor, reason: str) -> MigrationPlan:
        """Turn a plan down, or take one's own back."""
        require(actor, Role.ADMINISTRATOR)
        told = checked_reason(reason)
        with self._desk.units() as uow:
            self._decide(uow, self._plan(uow.conn, plan_id), PlanState.REJECTED, actor, told)
            return self._plan(uow.conn, plan_id)

    def carry_out(self, plan_id: int, *, actor: Actor) -> MigrationPlan:
        """Move the cases of a confirmed plan, one transaction each. Done again it goes on with what is left."""
        require(actor, Role.ADMINISTRATOR)
        with self._desk.units.database.read() as conn:
            plan = self._plan(conn, plan_id)
        if plan.state is not PlanState.CONFIRMED:
            raise Conflict("proposal_decided", subject=plan.item, version=plan.id, state=plan.state.value)
        result = {case.case_no: self._move(plan, case, actor) for case in plan.cases}
        with self._desk.units() as uow:
            uow.conn.execute(update(hosted_migrations).where(hosted_migrations.c.id == plan_id).values(
                state=PlanState.DONE, result=_json(result).decode()))
            return self._plan(uow.conn, plan_id)

    def plans(self, item: str = "", limit: int = 20) -> list[MigrationPlan]:
        """The newest first."""
        m = hosted_migrations.c
        statement = select(hosted_migrations).order_by(m.id.desc()).limit(limit)
        with self._desk.units.database.read() as conn:
            return [plan_of(row) for row in conn.execute(statement.where(m.item == item) if item else statement)]

    # One case -------------------------------------------------------------------------------------------------------

    def _move(self, plan: MigrationPlan, planned: PlanCase, actor: Actor) -> tuple[str, str]:
        """(code, detail) of why the case was left out; empty when it goes by the new version now."""
        try:
            with self._desk.acting(Act.MIGRATE, planned.case_no, None) as (uow, case):
                self._desk.areas.refresh_in(uow)
                if self._is_there(case, plan):
                    raise _AlreadyMoved
                target = self._target(plan.item, plan.from_version, plan.to_version, plan.steps)
                self._check_unchanged(uow, case, planned, target)
                self._write(uow, case, target, plan, actor)
        except _AlreadyMoved:
            return "", ""
        except SupervisionError as refusal:
            return str(refusal.details.get("why") or refusal.code), str(refusal.details.get("detail") or "")
        return "", ""

    def _is_there(self, case: Hosted, plan: MigrationPlan) -> bool:
        return self._desk.own_item(case).number == plan.to_version

    def _check_unchanged(self, uow: UnitOfWork, case: Hosted, planned: PlanCase, target: Target) -> None:
        if case.row.rev != planned.rev or self._desk.own_item(case).number != target.before.number:
            raise Conflict("case_changed", case_no=case.case_no, rev=case.row.rev)
        foreseen = self._foresee(uow.conn, case, target)
        if foreseen.why:
            raise Conflict("migration_not_possible", case_no=case.case_no, why=foreseen.why,
                           detail=foreseen.detail)

    def _write(self, uow: UnitOfWork, case: Hosted, target: Target, plan: MigrationPlan, actor: Actor) -> None:
        """The event, the pinned flow, and the step that waits under its new name; its holder keeps it if his post may."""
        before, after = case.step, target.steps.get(case.step, "")
        case.item_version = target.after.version
        self._desk.tell(uow, case, EventKind.MIGRATED, actor, step=after or None, reason=plan.reason, from_step=before,
                        pinned=target.after.number, renamed=dict(target.steps), plan=plan.id)
        case.flow, case.step = target.flow, after
        uow.conn.execute(update(hosted_cases).where(hosted_cases.c.case_id == case.row.case_id).values(
            flow=_json(target.flow).decode(), item_version=target.after.version))
        if after:
            t = hosted_tasks.c
            kept = {} if _same_posts(target, before, after) else {"claimed_by": "", "claimed_name": ""}
            uow.conn.execute(update(hosted_tasks).where(t.case_id == case.row.case_id, t.ended_at.is_(None)).values(
                step=after, **kept))

    # Inside ---------------------------------------------------------------------------------------------------------

    def _target(self, item: str, from_version: int, to_version: int, steps: Renaming) -> Target:
        if from_version == to_version:
            raise InvalidInput("migration_to_itself", key="to", version=to_version)
        before, after = self.version(item, from_version), self.version(item, to_version)
        return Target(before, after, flow_of(after), read_renaming(before, after, steps))

    def _foresee(self, conn: Connection, case: Hosted, target: Target) -> Foreseen:
        signed = len(signatures_of(conn, case.row.case_id))
        return foresee(case, target, self._recorder, self._desk.units.clock.now_us(), signed)

    def _of_version(self, conn: Connection, item: str, number: int) -> list[Hosted]:
        mine = (case for case in self._desk.running(conn, item) if self._desk.own_item(case).number == number)
        return list(islice(mine, self.cases_max))

    def _plan(self, conn: Connection, plan_id: int) -> MigrationPlan:
        row: Row[tuple[object, ...]] | None = conn.execute(
            select(hosted_migrations).where(hosted_migrations.c.id == plan_id)).first()
        if row is None:
            raise NotFound("migration_not_found", plan=plan_id)
        return plan_of(row)

    def _decide(self, uow: UnitOfWork, plan: MigrationPlan, state: PlanState, actor: Actor, reason: str) -> None:
        """The conditional update is the claim: of two who decide at once, one is told that it is decided."""
        m = hosted_migrations.c
        done = uow.conn.execute(update(hosted_migrations).where(m.id == plan.id, m.state == PlanState.PROPOSED).values(
            state=state, decided_by=actor.name, decided_at=uow.now_us))
        if done.rowcount != 1:
            raise Conflict("proposal_decided", subject=plan.item, version=plan.id, state=plan.state.value)
        self._log(uow, actor, plan, Action.CONFIRMED if state is PlanState.CONFIRMED else Action.REJECTED, reason)

    def _log(self, uow: UnitOfWork, actor: Actor, plan: MigrationPlan, action: Action, reason: str) -> None:
        self._changes.append(uow, actor, KIND, plan.item, plan.id, action, reason, {"version": plan.from_version},
                             {"version": plan.to_version, "steps": dict(plan.steps), "cases": len(plan.cases)})


def _same_posts(target: Target, before: str, after: str) -> bool:
    """Whether whoever may do the old step may do the new one, alone."""
    old, new = target.before.details, target.flow.find(after)
    return not new.signers and set(old.signers.get(before) or old.posts.get(before, ())) <= set(new.entitled)

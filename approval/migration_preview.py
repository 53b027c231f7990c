"""What a migration would make of one running case: its step, its due date, its cards, or why it stays. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row

from approval.desk import Hosted
from approval.flow import Flow
from cases.events import HOSTED, CaseEvent, EventData, EventKind
from cases.fold import Fold
from cases.projection import ClockState
from cases.service import Recorder
from cases.states import folded_on
from config.catalogue import Item
from core.errors import InvalidInput

Renaming = Mapping[str, str]


class PlanState(StrEnum):
    """The life of a plan: proposed → confirmed → done, or rejected."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DONE = "done"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class PlanCase:
    """A case as the author of the plan saw it."""

    case_no: str
    rev: int


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """A plan as stored. `result` says of every case (code, detail) why it was left out; ("", "") of one that was moved."""

    id: int
    item: str
    from_version: int
    to_version: int
    steps: Renaming
    cases: tuple[PlanCase, ...]
    state: PlanState
    reason: str
    made_by: str
    made_at: int
    decided_by: str | None
    decided_at: int | None
    result: Mapping[str, tuple[str, str]]

    @property
    def left_out(self) -> dict[str, tuple[str, str]]:
        """The cases that were not moved, and why."""
        return {case_no: why for case_no, why in self.result.items() if why[0]}


@dataclass(frozen=True, slots=True)
class Target:
    """Where cases go: from which item to which, its flow, and what each step of the old flow is called there."""

    before: Item
    after: Item
    flow: Flow
    steps: Renaming


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A case in the preview. Due instants are microseconds UTC; `raised` and `dropped` are (clock, rung) of cards; `why` is the
    code of what stands in the way, "" for nothing, `detail` what it is about."""

    case_no: str
    rev: int
    title: str
    state: str
    step_before: str
    step_after: str
    due_before: int | None = None
    due_after: int | None = None
    raised: tuple[tuple[str, str], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    why: str = ""
    detail: str = ""


def plan_of(row: Row[Any]) -> MigrationPlan:
    """A plan from its row."""
    cases = tuple(PlanCase(*one) for one in msgspec.json.decode(row.cases))
    result = {case_no: tuple(why) for case_no, why in msgspec.json.decode(row.result).items()}
    return MigrationPlan(row.id, row.item, row.from_version, row.to_version, msgspec.json.decode(row.steps), cases,
                         PlanState(row.state), row.reason, row.made_by, row.made_at, row.decided_by, row.decided_at, result)


def read_renaming(before: Item, after: Item, steps: Renaming) -> dict[str, str]:
    """What every inner step of the old flow is called in the new one; a name both have stands for itself.

    Raises InvalidInput naming the step without a counterpart.
    """
    known, found = after.steps[1:-1], dict[str, str]()
    for step in before.steps[1:-1]:
        name = steps.get(step) or (step if step in known else "")
        if name not in known:
            raise InvalidInput("migration_step_unmapped", key=f"step.{step}", step=step)
        found[step] = name
    return found


def foresee(case: Hosted, target: Target, recorder: Recorder, now_us: int, signed: int) -> Foreseen:
    """The case as it would stand. `signed` are the signatures its open step has."""
    step = target.steps.get(case.step, "")
    base = Foreseen(case.case_no, case.row.rev, case.row.title, case.state, case.step, step)
    why, detail = _in_the_way(case, target, step, signed)
    after = folded_on(case.fold, [event_of(case, target, step, now_us)])
    why, detail = (why, detail) if why else _new_faults(case.fold, after, recorder)
    if why:
        return replace(base, why=why, detail=detail)
    clocks = [recorder.judged(now_us, case.row.case_id, fold) for fold in (case.fold, after)]
    passed = [_passed(one) for one in clocks]
    return replace(base, due_before=_due(clocks[0]), due_after=_due(clocks[1]), raised=tuple(sorted(passed[1] - passed[0])),
                   dropped=tuple(sorted(passed[0] - passed[1])))


def event_of(case: Hosted, target: Target, step: str, now_us: int) -> CaseEvent:
    """The event the migration would tell, for a look ahead."""
    row = case.row
    return CaseEvent(source=HOSTED, source_event_id=f"{row.case_no}/preview", kind=EventKind.MIGRATED, case_no=row.case_no,
                     area=row.area, claimed_at=max(now_us, case.fold.last_key[0]), order=case.events + 1, org=row.org,
                     item=row.item, item_version=target.after.version, step=step or None,
                     data=EventData(pinned=target.after.number, renamed=dict(target.steps), from_step=case.step or None))


# What stands in the way ---------------------------------------------------------------------------------------------

def _in_the_way(case: Hosted, target: Target, step: str, signed: int) -> tuple[str, str]:
    if target.after.org != target.before.org:
        return "other_unit", target.after.org
    if case.flow.is_joint or target.flow.is_joint:
        return "joint", ""
    if signed and step and target.flow.find(step).signers != case.flow.find(case.step).signers:
        return "signed", case.step
    return _steps_missing(case, target, step)


def _steps_missing(case: Hosted, target: Target, step: str) -> tuple[str, str]:
    """What was done must be the beginning of the new way, up to the step that is open there: nothing may be skipped."""
    if case.fold.accepted is None:
        return "", ""
    taken = target.flow.taken(case.fields_of_form)
    if step and step not in taken:
        return "step_not_taken", step
    due = taken[:taken.index(step)] if step else taken
    done = _merged([target.steps.get(one.step, one.step) for one in case.fold.path], step)
    missing = [name for name in due if name not in done]
    if missing:
        return "steps_missing", "、".join(missing)
    return ("", "") if list(due) == done else ("order_differs", " → ".join(done))


def _merged(names: Sequence[str], step: str) -> list[str]:
    """Several steps that became one count once; what became the open step is open again."""
    return [name for place, name in enumerate(names) if name not in (step, *names[place + 1:place + 2])]


def _new_faults(before: Fold, after: Fold, recorder: Recorder) -> tuple[str, str]:
    """Nobody may be made faulty by a migration: papers, fees, posts and procedures there must fit what was done."""
    known = {(fault.code, fault.subject) for fault in recorder.faults(before)}
    fresh = [fault for fault in recorder.faults(after) if (fault.code, fault.subject) not in known]
    return ("faults", fresh[0].code) if fresh else ("", "")


def _passed(clocks: Sequence[ClockState]) -> set[tuple[str, str]]:
    return {(clock.name or clock.ref.kind.value, rung) for clock in clocks for rung in clock.passed}


def _due(clocks: Sequence[ClockState]) -> int | None:
    return next((clock.due_at for clock in clocks if clock.ref.kind.value == "promised"), None)

"""What a step asks of whoever does it (config/item_steps.py): files kept with its visit, and the check when it is done.

What the form says, and which documents there are by their digests, is told to the journal with the step, so that it is under
the same seal. Files belong to the visit, as signatures do: a step sent back is documented anew, what was there before stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update

from approval.desk import Desk, Hosted
from approval.materials import Upload
from approval.matters import Act, check_state
from approval.models import hosted_papers, hosted_step_papers, hosted_tasks
from config.item_form import check_form
from config.item_steps import form_of, papers_of
from core.access import Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.unit_of_work import UnitOfWork

_P = hosted_step_papers.c


class StepRecords:
    """The documents of the open step. Keeping one is no event: the step tells of it when it is done."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def keep(self, case_no: str, upload: Upload, actor: Actor) -> None:
        """A file for a document of the open step, by who may do it. Raises InvalidInput for a document it does not ask for."""
        with self._desk.units() as uow:
            case, task = self._open(uow, case_no, actor)
            self._check_listed(case, upload.code)
            if (upload.code, upload.sha256) in [(row.code, row.sha256) for row in _of_open_visit(uow, case)]:
                return
            self._desk.check_room((*_every_file(uow, case.row.case_id), upload))
            uow.conn.execute(insert(hosted_step_papers).values(
                case_id=case.row.case_id, task_id=task.id, step=case.step, code=upload.code, sha256=upload.sha256,
                file_name=upload.file_name, media_type=upload.media_type, size=upload.size, at=uow.now_us,
                by_name=actor.display_name or actor.name))

    def drop(self, case_no: str, rev: int, sha256: str, actor: Actor) -> None:
        """A file of the open step was a wrong one: it counts no more, and stays to be seen as taken back. Raises NotFound."""
        with self._desk.units() as uow:
            case, task = self._open(uow, case_no, actor)
            if case.row.rev != rev:
                raise Conflict("case_changed", case_no=case_no, rev=case.row.rev)
            gone = uow.conn.execute(update(hosted_step_papers).where(
                _P.task_id == task.id, _P.sha256 == sha256, _P.dropped_at.is_(None)).values(
                    dropped_at=uow.now_us, dropped_by=actor.display_name or actor.name))
            if gone.rowcount == 0:
                raise NotFound("material_not_found", name=sha256[:12])

    def _open(self, uow: UnitOfWork, case_no: str, actor: Actor) -> tuple[Hosted, Any]:
        case = self._desk.load(uow, case_no)
        check_state(Act.DROP_STEP_PAPER, case.state, case_no)
        task = self._desk.task(uow, case)
        if task is None:
            raise Conflict("no_step_open", case_no=case_no)
        step = case.flow.find(case.step)
        self._desk.post(uow, case, actor, step.entitled)
        if task.claimed_by not in ("", actor.name) and not step.signers:
            raise Conflict("task_taken", case_no=case_no, by=task.claimed_name or task.claimed_by)
        return case, task

    def _check_listed(self, case: Hosted, code: str) -> None:
        listed = papers_of(self._desk.own_item(case).details.step_papers, case.step)
        if code not in listed:
            raise InvalidInput("step_paper_unlisted", key="code", paper=code[:40], step=case.step,
                               accepted="、".join(listed) or "—")


def taken(desk: Desk, uow: UnitOfWork, case: Hosted, fields: Mapping[str, str]) -> dict[str, str]:
    """What the journal keeps of form and documents of the open step, by the names they go by.

    Raises InvalidInput naming the field, Conflict naming the documents that are missing.
    """
    details = desk.own_item(case).details
    if not details.step_fields and not details.step_papers and not fields:
        return {}
    form, listed = form_of(details.step_fields, case.step), papers_of(details.step_papers, case.step)
    check_form(form, fields)
    kept = _of_open_visit(uow, case)
    missing = [paper.name for code, paper in listed.items() if paper.required and code not in [row.code for row in kept]]
    if missing:
        raise Conflict("step_papers_missing", case_no=case.case_no, step=case.step, papers="、".join(missing))
    told = {form[code].label: value.strip() for code, value in fields.items() if value.strip()}
    for code, paper in listed.items():
        digests = [row.sha256 for row in kept if row.code == code]
        if digests:
            told[paper.name] = " ".join(digests)  # no field has that name (config/item_steps.py)
    return told


def _of_open_visit(uow: UnitOfWork, case: Hosted) -> list[Any]:
    t = hosted_tasks.c
    return list(uow.conn.execute(select(_P.code, _P.sha256).join(hosted_tasks, t.id == _P.task_id).where(
        _P.case_id == case.row.case_id, t.ended_at.is_(None), _P.dropped_at.is_(None)).order_by(_P.id)))


def _every_file(uow: UnitOfWork, case_id: int) -> list[Upload]:
    """Those of the case and of its steps: they share its room."""
    names = ("code", "sha256", "file_name", "media_type", "size")
    of_steps = select(*hosted_step_papers.c[names]).where(_P.case_id == case_id)
    of_case = select(*hosted_papers.c[names]).where(hosted_papers.c.case_id == case_id, hosted_papers.c.sha256.is_not(None))
    return [Upload(*row) for statement in (of_case, of_steps) for row in uow.conn.execute(statement)]

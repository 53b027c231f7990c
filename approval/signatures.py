"""会签: who has signed what several posts sign together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from approval.flow import Flow, Step
from approval.models import hosted_signatures, hosted_tasks
from cases.fold import Fold
from core.access import Actor
from core.statements import Statement

_S, _T = hosted_signatures.c, hosted_tasks.c
_OF_CASE = (_T.case_id == bindparam("of_case")) & (_T.id == _S.task_id)
_OPEN = Statement(select(_S.post, _S.username, _S.display_name, _S.opinion, _S.at).where(
    _OF_CASE, _T.ended_at.is_(None)).order_by(_S.at))
_DONE = Statement(select(_S.username, _T.ended_at).where(_OF_CASE, _T.outcome == "done"))


def signatures_of(conn: Connection, case_id: int) -> list[dict[str, Any]]:
    """Who has signed the open step so far."""
    return [row._asdict() for row in _OPEN.rows(conn, of_case=case_id)]


def still_asked(conn: Connection, step: Step, task_id: int, actor: Actor) -> Sequence[str]:
    """The posts whose act an open step still waits for; none for who has signed it."""
    if not step.signers:
        return step.posts
    signed = {row.post: row.username for row in conn.execute(select(_S.post, _S.username).where(_S.task_id == task_id))}
    return () if actor.name in signed.values() else [post for post in step.signers if post not in signed]


def cosigners_of(conn: Connection, case_id: int, flow: Flow, fold: Fold) -> frozenset[str]:
    """Who signed the steps that stand, beside whoever signed last and is named in the journal as having done them."""
    if not any(step.signers for step in flow.steps):
        return frozenset()
    stand = {done.at for done in fold.path}
    return frozenset(row.username for row in _DONE.rows(conn, of_case=case_id) if row.ended_at in stand)

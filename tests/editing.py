"""What tests of editing do again and again: publish a version of an item, and plan the migration of its cases."""

from __future__ import annotations

from datetime import date
from typing import Any

from config.versions import Kind
from core.access import Actor, Role
from tests.hosting import ITEM, Hall

ANNA = Actor("anna", frozenset({Role.ADMINISTRATOR}), display_name="安娜")
BEN = Actor("ben", frozenset({Role.ADMINISTRATOR}), display_name="本")


def content_of(hall: Hall, item: str = ITEM) -> dict[str, Any]:
    return hall.services.editing.present(Kind.ITEM, item)[1]


def published(hall: Hall, content: dict[str, Any], item: str = ITEM, since: date = date(2020, 1, 1), **more: Any) -> int:
    """In force for every case there ever was, if dates alone decided."""
    version = hall.services.editing.propose(Kind.ITEM, item, content, effective_from=since, reason="改革", actor=ANNA, **more)
    hall.services.rejudger.work()
    return version.number


def shorter(hall: Hall) -> dict[str, Any]:
    """8 instead of 10 working days; 核查 before 审核, one paper less, a dearer fee."""
    content = content_of(hall)
    accept, handle, review, approve, end = content["steps"]
    check = {**review, "name": "核查", "posts": ["审核人"], "limit": "1wd"}
    steps = [accept, {**handle, "limit": "4wd"}, check, {**review, "limit": "1wd"}, approve, end]
    return {**content, "promised": "8wd", "steps": steps,
            "materials": content["materials"][:3], "fees": [{**content["fees"][0], "standard_fen": 20000}]}


def seen(hall: Hall, to: int, steps: dict[str, str], frm: int = 0) -> dict[str, Any]:
    return {one.case_no: one for one in hall.approval.migrations.preview(ITEM, frm, to, steps)}


def carried_out(hall: Hall, to: int, steps: dict[str, str], cases: Any) -> Any:
    plan = hall.approval.migrations.propose(ITEM, 0, to, steps, [(one.case_no, one.rev) for one in cases], reason="流程再造",
                                            actor=ANNA)
    return hall.approval.migrations.carry_out(plan.id, actor=ANNA)


def with_check_last(hall: Hall) -> dict[str, Any]:
    """审核 is called 复核 and has a step 会商 behind it; 9 working days."""
    content = content_of(hall)
    accept, handle, review, approve, end = content["steps"]
    steps = [accept, handle, {**review, "name": "复核", "limit": "1wd"}, {**review, "name": "会商", "limit": None}, approve,
             end]
    return {**content, "promised": "9wd", "steps": steps}

"""Acts on hosted cases that share a commit, where one of them is undone after what it left to the end."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from alerts.notices.models import notices
from approval.desk import Hosted
from approval.models import hosted_receipts
from core.unit_of_work import UnitOfWork
from papers.models import papers
from tests.hosting import APPROVER, HALL, HANDLER, REVIEWER, Hall
from tests.services import wait_until

SIMPLE = "gongxin-04"


class Interrupted(BaseException):
    """As a signal would: unlike a refusal it does not end the sharing."""


def test_an_act_undone_after_its_papers_takes_them_back_from_a_shared_commit(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paper, receipt and notice are left to the end; the number they had goes to the next."""
    hall = Hall(tmp_path)
    first, second, third = (hall.accepted(SIMPLE) for _ in range(3))
    for case_no in (first, second, third):
        for rev, person in enumerate((HANDLER, REVIEWER, APPROVER), start=2):
            hall.approval.handling.complete(case_no, rev, "同意", person)

    order, said, rings = (first, second, third), dict[str, BaseException | None](), list[int]()
    writer = hall.services.database._writer
    assert writer is not None

    def after_end(_uow: UnitOfWork, case: Hosted) -> None:
        """Each goes on when the next one waits for it, so that they share a commit."""
        if case.case_no != third:
            threads[order.index(case.case_no) + 1].start()
            wait_until(lambda: writer._waiting >= 1, timeout_s=60, what="an act in the queue")
        if case.case_no == second:
            raise Interrupted

    def conclude(case_no: str) -> None:
        try:
            hall.approval.ending.conclude(case_no, 5, "", HALL)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test wants to see it
            said[case_no] = error
        else:
            said[case_no] = None

    threads = [threading.Thread(target=conclude, args=[case_no]) for case_no in order]
    hall.approval.ending.after_end.append(after_end)
    monkeypatch.setattr(hall.services.uow.doorbell, "ring", rings.append)
    threads[0].start()
    wait_until(lambda: len(said) == len(order), timeout_s=60, what="the answer of each")
    assert {case_no: type(error) for case_no, error in said.items()} == {
        first: type(None), second: Interrupted, third: type(None)}
    assert len(rings) == 1, "one commit for both"

    def concluded(case_no: str) -> list[str]:
        return [one.number for one in hall.detail(case_no).receipts if one.kind == "concluded"]

    assert concluded(second) == []
    assert sorted(int(number[number.index("〕") + 1:-1]) for no in (first, third) for number in concluded(no)) == [1, 2]
    with hall.services.database.read() as conn:
        told = conn.execute(select(notices.c.case_no).where(notices.c.what == "case_collect")).scalars().all()
        entered = set(conn.execute(select(papers.c.number)).scalars())
        given = set(conn.execute(select(hosted_receipts.c.number)).scalars())
    assert sorted(told) == sorted((first, third))
    assert entered == given

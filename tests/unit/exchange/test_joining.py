"""What services do within a transaction that is joined is committed with it, or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.errors import Conflict
from core.models import marks
from tests.hosting import HALL, Hall


@pytest.fixture
def hall(tmp_path) -> Hall:
    return Hall(tmp_path)


def noted(hall: Hall) -> list[str]:
    with hall.services.database.read() as conn:
        return list(conn.scalars(select(marks.c.value).where(marks.c.name == "joined")))


def test_an_act_and_what_is_noted_beside_it_are_one_commit(hall: Hall):
    case_no = hall.file()
    units = hall.services.uow
    with units() as uow, units.joining(uow):
        hall.approval.ending.withdraw(case_no)
        uow.conn.execute(marks.insert().values(name="joined", value="yes"))
        assert hall.case(case_no).state == "received", "nobody else sees it before the commit"
    assert (hall.case(case_no).state, noted(hall)) == ("withdrawn", ["yes"])


def test_a_refused_act_takes_what_was_noted_before_with_it(hall: Hall):
    case_no = hall.accepted()
    units, seen = hall.services.uow, hall.rev(case_no)

    def both() -> None:
        with units() as uow, units.joining(uow):
            uow.conn.execute(marks.insert().values(name="joined", value="yes"))
            hall.approval.intake.accept(case_no, seen, HALL)
    with pytest.raises(Conflict):
        both()
    assert noted(hall) == []


def test_afterwards_services_have_transactions_of_their_own_again(hall: Hall):
    units = hall.services.uow
    with units() as uow, units.joining(uow):
        pass
    assert hall.case(hall.file()).state == "received"

"""Numbers without gaps or doubles whoever issues, and files that can be made after the transaction or again."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, update

from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.errors import NotFound
from core.unit_of_work import UnitOfWorkFactory
from papers.fonts import Fonts
from papers.models import paper_files, paper_numbers, papers
from papers.numbering import take_number, written
from papers.official import OfficialPaper
from papers.service import Issue, PaperService, Series
from tests.ground import font_folder
from tests.unit.papers.specimen import PAPER

SERIES = Series("新余市行政审批电子监察中心", "order", "新监督")
ABOUT = Issue("360500", "fagai", "order:1")
DAY = date(2026, 3, 16)


@pytest.fixture
def database(fresh_database_url: str) -> Database:
    made = Database(fresh_database_url)
    made.create_all()
    yield made
    made.dispose()


def units_on(database: Database, frozen_clock: FrozenClock) -> UnitOfWorkFactory:
    return UnitOfWorkFactory(database, frozen_clock, InProcessDoorbell())


@pytest.fixture
def units(database: Database, frozen_clock: FrozenClock) -> UnitOfWorkFactory:
    return units_on(database, frozen_clock)


def compose(number: str) -> OfficialPaper:
    return msgspec.structs.replace(PAPER, number=number)


def test_the_number_is_written_as_the_standard_wants():
    assert written("新监督", 2026, 3) == "新监督〔2026〕3号"


def test_each_series_and_year_counts_for_itself(units: UnitOfWorkFactory):
    with units() as uow:
        taken = [take_number(uow.conn, series, kind, year) for series, kind, year in (
            ("A", "order", 2026), ("A", "order", 2026), ("A", "proposal", 2026), ("A", "order", 2027), ("B", "order", 2026))]

    assert taken == [1, 2, 1, 1, 1]


def test_a_rollback_gives_the_number_back(units: UnitOfWorkFactory):
    service = PaperService(units, Fonts(folder=font_folder()))
    with units() as uow:
        service.issue(uow, SERIES, ABOUT, DAY, compose)
    with suppress(RuntimeError), units() as uow:
        assert service.issue(uow, SERIES, ABOUT, DAY, compose).number == "新监督〔2026〕2号"
        raise RuntimeError("the order could not be written")
    with units() as uow:
        second = service.issue(uow, SERIES, ABOUT, DAY, compose)

    assert second.number == "新监督〔2026〕2号"


def test_many_who_issue_at_once_leave_no_gap_and_no_double(database: Database, frozen_clock: FrozenClock):
    """Each writer has a factory of its own, as processes have; a third of the transactions fail."""
    got: list[int] = []

    def issue(writer: int) -> None:
        units = units_on(database, frozen_clock)
        for turn in range(12):
            try:
                with units() as uow:
                    number = take_number(uow.conn, "A", "order", 2026)
                    if (writer + turn) % 3 == 0:
                        raise RuntimeError("given back")
                got.append(number)
            except RuntimeError:
                continue

    writers = [threading.Thread(target=issue, args=(writer,)) for writer in range(6)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()

    assert sorted(got) == list(range(1, 6 * 8 + 1))
    with database.read() as conn:
        assert conn.scalar(select(paper_numbers.c.last)) == 48


def test_two_without_the_ledgers_lock_still_wait_for_each_other(database: Database):
    """The counter row itself is locked: numbering does not lean on there being one writer at a time."""
    got: list[int] = []

    def take() -> None:
        for _ in range(20):
            with database.transaction() as conn:
                got.append(take_number(conn, "A", "order", 2026))

    takers = [threading.Thread(target=take) for _ in range(4)]
    for thread in takers:
        thread.start()
    for thread in takers:
        thread.join()

    assert sorted(got) == list(range(1, 81))


def test_files_are_made_after_the_transaction_and_kept_by_hash(units: UnitOfWorkFactory, database: Database):
    service = PaperService(units, Fonts(folder=font_folder()))
    with units() as uow:
        number = service.issue(uow, SERIES, ABOUT, DAY, compose).number

    docx = service.file(number, "docx")
    with database.read() as conn:
        row = conn.execute(select(papers)).one()
        kept = conn.execute(select(paper_files)).one()

    assert row.docx_sha256 == kept.sha256 == hashlib.sha256(docx).hexdigest()
    assert kept.content == docx == service.file(number, "docx")


def test_a_file_that_was_lost_is_made_again_with_the_same_hash(units: UnitOfWorkFactory, database: Database):
    service = PaperService(units, Fonts(folder=font_folder()))
    with units() as uow:
        number = service.issue(uow, SERIES, ABOUT, DAY, compose).number
    first = service.file(number, "docx")
    with units() as uow:
        uow.conn.execute(delete(paper_files))

    assert service.file(number, "docx") == first


def test_without_fonts_the_docx_is_made_and_the_register_says_what_is_missing(units: UnitOfWorkFactory, database: Database,
                                                                              tmp_path):
    service = PaperService(units, Fonts(places=(tmp_path,)))
    with units() as uow:
        service.issue(uow, SERIES, ABOUT, DAY, compose)

    assert service.make_files() == 0
    with database.read() as conn:
        row = conn.execute(select(papers)).one()
    assert row.docx_sha256 is not None
    assert row.pdf_sha256 is None
    assert "fonts-noto-cjk" in row.problem


def test_drawing_ends_with_the_paper_at_hand_when_it_is_left(units: UnitOfWorkFactory):
    service, answers = PaperService(units, Fonts(folder=font_folder())), iter([False, True])
    with units() as uow:
        for _ in range(3):
            service.issue(uow, SERIES, ABOUT, DAY, compose)
    assert service.make_files(is_left=lambda: next(answers)) == 1
    assert service.make_files() == 2


def test_papers_that_cannot_be_drawn_keep_no_other_waiting(units: UnitOfWorkFactory, database: Database):
    service = PaperService(units, Fonts(folder=font_folder()))
    with units() as uow:
        numbers = [service.issue(uow, SERIES, ABOUT, DAY, compose).number for _ in range(3)]
    with units() as uow:
        uow.conn.execute(update(papers).where(papers.c.number.in_(numbers[:2])).values(problem="cannot be drawn"))

    assert service.make_files(most=1) == 1
    with database.read() as conn:
        drawn = list(conn.scalars(select(papers.c.number).where(papers.c.pdf_sha256.is_not(None))))
    assert drawn == [numbers[2]]


def test_of_papers_that_failed_the_one_tried_longest_ago_comes_first(units: UnitOfWorkFactory, database: Database,
                                                                     frozen_clock: FrozenClock,
                                                                     monkeypatch: pytest.MonkeyPatch):
    """As many undrawable ones as a look takes never starve one that failed for a passing reason (a full disk)."""
    service = PaperService(units, Fonts(folder=font_folder()))
    with units() as uow:
        numbers = [service.issue(uow, SERIES, ABOUT, DAY, compose).number for _ in range(3)]
    real, failing = service._drawn, set(numbers)

    def drawn(row: Any, kind: Any) -> bytes:
        if row.number in failing:
            raise OSError(28, "No space left on device")
        return real(row, kind)

    monkeypatch.setattr(service, "_drawn", drawn)
    assert service.make_files() == 0
    failing.discard(numbers[2])
    made = []
    for _ in range(3):
        frozen_clock.advance(timedelta(seconds=30))
        made.append(service.make_files(most=1))
    assert sum(made) == 1
    with database.read() as conn:
        row = conn.execute(select(papers.c.problem, papers.c.tried_at).where(papers.c.number == numbers[2])).one()
    assert tuple(row) == (None, None)


def test_a_paper_that_does_not_exist_is_not_found(units: UnitOfWorkFactory):
    with pytest.raises(NotFound):
        PaperService(units, Fonts(folder=font_folder())).file("新监督〔2026〕9号", "docx")

"""Threads that hand over to each other do so on one processor, and run anywhere before and after."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.database import Database
from core.processors import OneProcessor

HERE = os.sched_getaffinity(0)
several = pytest.mark.skipif(len(HERE) < 2, reason="this machine has one processor")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'y.db'}")
    yield database
    database.dispose()


@several
def test_acts_that_may_share_a_commit_are_on_one_processor_and_anywhere_else_on_any(database: Database) -> None:
    found: list[set[int]] = []

    def act() -> None:
        with database.transaction(together=True):
            found.append(os.sched_getaffinity(0))
        found.append(os.sched_getaffinity(0))
        with database.transaction():
            found.append(os.sched_getaffinity(0))

    for _ in range(2):
        thread = threading.Thread(target=act)
        thread.start()
        thread.join(60)
    one, *others = found
    assert len(one) == 1
    assert others == [HERE, HERE, one, HERE, HERE], "the same for each thread"
    assert os.sched_getaffinity(0) == HERE, "those who wrote nothing were never moved"


@several
def test_an_act_that_is_undone_and_one_that_cannot_begin_leave_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), database.transaction(together=True):
        fail()
    assert os.sched_getaffinity(0) == HERE
    assert database._writer is not None
    monkeypatch.setattr(database._writer, "begin_part", fail)
    with pytest.raises(ZeroDivisionError), database.transaction(together=True):
        pass
    assert os.sched_getaffinity(0) == HERE


@pytest.mark.parametrize("wanted", [True, False])
def test_with_one_processor_or_unwanted_nothing_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    if wanted:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    processor = OneProcessor(is_wanted=wanted)
    monkeypatch.setattr(os, "sched_setaffinity", None)
    processor.enter()
    processor.leave()


@several
@pytest.mark.parametrize("refused", [1, 2], ids=["to enter", "to leave"])
def test_an_act_does_not_fail_where_the_system_refuses(database: Database, monkeypatch: pytest.MonkeyPatch, refused: int,
                                                       caplog: pytest.LogCaptureFixture) -> None:
    """As it does when the process was given other processors meanwhile."""
    asked, really = list[set[int]](), os.sched_setaffinity

    def refuse(thread: int, processors: set[int]) -> None:
        asked.append(processors)
        if len(asked) == refused:
            raise OSError(22, "Invalid argument")
        really(thread, processors)

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    try:
        for _ in range(2):
            with database.transaction(together=True) as conn:
                assert conn.exec_driver_sql("SELECT 1").scalar() == 1
    finally:
        really(0, HERE)
    assert len(asked) == refused, "it is not tried again"
    assert caplog.text.count("no longer keep to one processor") == 1


def test_where_the_system_cannot_be_asked_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    processor = OneProcessor()
    processor.enter()
    processor.leave()

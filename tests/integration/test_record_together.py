"""Acts that wait for one another share a commit (SQLite): each as a whole or not at all, and answered after the commit."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, event, select
from sqlalchemy.exc import OperationalError

from core.database import Database
from core.turns import Turns
from tests.services import wait_until

notes = Table("notes", MetaData(), Column("n", Integer, primary_key=True))
Act = Callable[[Connection], None]


class Room:
    """A database and who writes into it at once."""

    def __init__(self, path: Path, most: int = 16) -> None:
        self.database = Database(f"sqlite:///{path}", together_max=most)
        notes.create(self.database.engine)
        self.commits = 0
        event.listen(self.database.engine, "commit", self._count)
        self.said: dict[int, BaseException | None] = {}

    def kept(self) -> set[int]:
        with self.database.read() as conn:
            return set(conn.scalars(select(notes.c.n)))

    def write(self, n: int, act: Act | None = None, *, together: bool = True) -> None:
        """Write a number, then `act`; what it raised is kept in `said` once the caller would have his answer."""
        try:
            with self.database.transaction(together=together) as conn:
                conn.execute(notes.insert().values(n=n))
                if act is not None:
                    act(conn)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test wants to see it
            self.said[n] = error
        else:
            self.said[n] = None

    @contextmanager
    def queued(self, first: Act | None = None, *writers: Callable[[], None]) -> Iterator[None]:
        """Within the block the act numbered 0 is under way and those writers wait for it; then all of them end."""
        begun, go = threading.Event(), threading.Event()

        def under_way(conn: Connection) -> None:
            begun.set()
            go.wait(60)
            if first is not None:
                first(conn)

        threads = [threading.Thread(target=self.write, args=(0, under_way))]
        threads[0].start()
        begun.wait(60)
        threads += [threading.Thread(target=writer) for writer in writers]
        for place, thread in enumerate(threads[1:], start=1):
            thread.start()
            wait_until(lambda place=place: self._waiting() >= place, timeout_s=60, what="a writer in the queue")
        yield
        go.set()
        for thread in threads:
            thread.join(60)

    def _count(self, _conn: Connection) -> None:
        self.commits += 1

    def _waiting(self) -> int:
        writer = self.database._writer
        assert writer is not None
        return writer._waiting


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path / "room.db")
    yield made
    made.database.dispose()


def fail(_conn: Connection) -> None:
    raise ZeroDivisionError


def undone_by_the_database(conn: Connection) -> None:
    """What SQLite does by itself when the disk is full."""
    driver = conn.connection.dbapi_connection
    assert driver is not None
    driver.execute("ROLLBACK")  # type: ignore[attr-defined]
    raise OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full"))


def test_acts_that_wait_share_one_commit_and_none_is_answered_before_it(room):
    with room.queued(None, *(lambda n=n: room.write(n) for n in (1, 2, 3))):
        assert room.said == {}
        assert room.kept() == set()

    assert room.kept() == {0, 1, 2, 3}
    assert room.said == dict.fromkeys(range(4))
    assert room.commits == 1


def test_an_act_that_nobody_follows_is_committed_at_once(room):
    room.write(1)

    assert (room.kept(), room.commits) == ({1}, 1)


@pytest.mark.parametrize("spoilt", [0, 1, 2])
def test_what_one_raises_undoes_its_own_writes_and_nothing_else(room, spoilt):
    acts: list[Act | None] = [fail if n == spoilt else None for n in range(3)]
    with room.queued(acts[0], *(lambda n=n: room.write(n, acts[n]) for n in (1, 2))):
        pass

    assert room.kept() == {0, 1, 2} - {spoilt}
    assert [n for n, error in room.said.items() if isinstance(error, ZeroDivisionError)] == [spoilt]
    assert sum(error is None for error in room.said.values()) == 2


def test_where_the_database_undoes_all_of_it_every_one_is_told(room):
    with room.queued(None, lambda: room.write(1, undone_by_the_database)):
        pass

    assert room.kept() == set()
    assert {n: type(error) for n, error in room.said.items()} == dict.fromkeys(range(2), OperationalError)
    room.write(7)
    assert room.kept() == {7}


def test_a_commit_that_fails_is_told_to_every_one(room, monkeypatch):
    def full(_conn: Connection) -> None:
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))

    with room.queued(None, lambda: room.write(1)):
        event.listen(room.database.engine, "commit", full)
    event.remove(room.database.engine, "commit", full)

    assert room.kept() == set()
    assert {n: type(error) for n, error in room.said.items()} == {0: OperationalError, 1: OperationalError}
    room.write(7)
    assert room.kept() == {7}


def test_who_is_refused_finds_committed_what_refused_him(room):
    """Though a third waits already: he may look by another connection, and must not take it for missing."""
    seen: list[set[int]] = []

    def refused() -> None:
        room.write(1, fail)
        seen.append(room.kept())

    def third(_conn: Connection) -> None:
        if 1 in room.said:
            wait_until(lambda: seen != [], timeout_s=60, what="the look of who was refused")

    with room.queued(None, refused, lambda: room.write(2, third)):
        pass

    assert 0 in seen[0]
    assert room.kept() == {0, 2}


def test_who_is_refused_by_what_is_not_committed_is_told_that_it_failed(room):
    tries: list[int] = []

    def full_once(_conn: Connection) -> None:
        tries.append(len(tries))
        if tries == [0]:
            raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk I/O error"))

    with room.queued(None, lambda: room.write(1, fail), lambda: room.write(2)):
        event.listen(room.database.engine, "commit", full_once)

    assert 0 not in room.kept()
    assert [type(room.said[n]) for n in (0, 1)] == [OperationalError] * 2


def test_what_may_not_be_shared_waits_for_the_commit_and_stands_alone(room):
    with room.queued(None, lambda: room.write(1)):
        batch = threading.Thread(target=room.write, args=(2, fail), kwargs={"together": False})
        batch.start()
    batch.join(60)

    assert room.kept() == {0, 1}
    assert isinstance(room.said[2], ZeroDivisionError)


def test_no_more_share_a_commit_than_may(tmp_path):
    room = Room(tmp_path / "room.db", most=2)
    with room.queued(None, *(lambda n=n: room.write(n) for n in (1, 2, 3))):
        pass
    room.database.dispose()

    assert room.commits == 2
    assert room.said == dict.fromkeys(range(4))


def test_a_transaction_within_another_is_refused_instead_of_waiting_for_ever(room):
    def again(_conn: Connection) -> None:
        with room.database.transaction():
            raise AssertionError("never")

    room.write(1, again)
    assert isinstance(room.said[1], RuntimeError)
    room.write(2)

    assert room.kept() == {2}


def test_an_act_is_committed_though_whoever_was_to_follow_it_never_came(room, monkeypatch):
    """Interrupted while it waited: the first has counted on it, and looks again."""
    writer = room.database._writer
    with room.queued(lambda _conn: setattr(writer, "_waiting", writer._waiting + 1)):
        pass
    writer._waiting = 0

    assert (room.kept(), room.said) == ({0}, {0: None})


def test_requests_that_take_turns_still_share_a_commit(tmp_path: Path) -> None:
    """Who waits to write lets the next request work, so that it comes to wait, too."""
    room, turns = Room(tmp_path / "turns.db"), Turns(60)

    def request(n: int) -> None:
        with turns.taken():
            room.write(n)

    with room.queued(None, *(lambda n=n: request(n) for n in range(1, 6))):
        pass
    assert room.kept() == {0, 1, 2, 3, 4, 5}
    assert room.commits == 1


def test_who_writes_alone_and_who_shares_do_not_wait_for_each_others_turn(tmp_path: Path) -> None:
    room, turns = Room(tmp_path / "mixed.db"), Turns(60)

    def request(n: int) -> None:
        with turns.taken():
            room.write(n, together=bool(n % 3))
            room.kept()

    threads = [threading.Thread(target=request, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert room.kept() == set(range(60))
    assert set(room.said.values()) == {None}

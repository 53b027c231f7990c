"""One transaction or nothing, and numbers that are dense and in the order of the commits, whoever writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from core import outbox
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.models import ledger, tokens
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from tests.unit.cases.record import emptied, made_database

WRITERS, EACH = 8, 25


class Doorbell(InProcessDoorbell):
    """Remembers how far it was rung."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[int] = []

    def ring(self, head: int) -> None:
        self.heads.append(head)
        super().ring(head)


@dataclass(frozen=True)
class Opened:
    what: str


@dataclass(frozen=True)
class Closed:
    what: str


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("units")) as database:
        yield database


@pytest.fixture
def database(shared: Database) -> Database:
    return emptied(shared)


@pytest.fixture
def doorbell() -> Doorbell:
    return Doorbell()


@pytest.fixture
def uow(database: Database, frozen_clock: FrozenClock, doorbell: Doorbell) -> UnitOfWorkFactory:
    return UnitOfWorkFactory(database, frozen_clock, doorbell)


def told(database: Database, after: int = 0, limit: int = 10_000, topics: Sequence[str] = ()) -> list[outbox.Message]:
    with database.read() as conn:
        return outbox.read_after(conn, after, limit, topics)


def head(database: Database) -> tuple[str, int]:
    with database.read() as conn:
        return outbox.head(conn)


def keep_token(work: UnitOfWork, name: str) -> None:
    work.conn.execute(insert(tokens).values(token_hash=name, kind="probe", name=name, created_at=work.now_us))


def spoil(uow: UnitOfWorkFactory) -> None:
    """Do and tell something, then fail."""
    with uow() as work:
        keep_token(work, "t")
        work.outbox("card", "2", 1, {})
        work.next_journal_seq()
        raise ZeroDivisionError


def publish_opened(uow: UnitOfWorkFactory) -> None:
    with uow() as work:
        keep_token(work, "t")
        work.publish([Opened("a")])


# One transaction --------------------------------------------------------------------------------------------------

def test_what_was_done_and_what_is_told_are_there_together_and_the_doorbell_rings_after(uow, database, doorbell):
    with uow() as work:
        keep_token(work, "t")
        assert work.outbox("card", "7", 1, {"level": "red", "名": "红"}) == 1
        assert work.outbox("gauge", "", 0, [1, 2]) == 2
        assert doorbell.heads == []
    first, second = told(database)
    assert (first.seq, first.topic, first.subject, first.rev, first.at) == (1, "card", "7", 1, uow.clock.now_us())
    assert first.payload == '{"level":"red","名":"红"}'
    assert second.payload == "[1,2]"
    assert doorbell.heads == [2]


def test_a_rollback_leaves_nothing_takes_no_number_and_rings_nobody(uow, database, doorbell):
    with uow() as work:
        work.outbox("card", "1", 1, {})
    with pytest.raises(ZeroDivisionError):
        spoil(uow)
    with database.read() as conn:
        assert conn.execute(select(tokens)).all() == []
        assert conn.execute(select(ledger.c.journal_head)).scalar_one() == 0
    assert doorbell.heads == [1]
    with uow() as work:
        assert work.outbox("card", "3", 1, {}) == 2
    assert [(message.seq, message.subject) for message in told(database)] == [(1, "1"), (2, "3")]


def test_one_unit_of_work_has_one_now(uow, frozen_clock):
    with uow() as work:
        before = work.now_us
        frozen_clock.advance(timedelta(hours=1))
        work.outbox("card", "1", 1, {})
        assert work.now_us == before
    assert told(uow.database)[0].at == before


def test_reactions_get_runs_of_one_type_together_and_in_order_inside_the_transaction(uow, database):
    heard: list[tuple[str, list[str]]] = []

    def hear(kind: str) -> Any:
        return lambda work, batch: heard.append((kind, [event.what for event in batch]))

    uow.reactions.update({Opened: [hear("opened"), hear("also")], Closed: [hear("closed")]})
    with uow() as work:
        work.publish([Opened("a"), Opened("b"), Closed("c"), Opened("d"), "nobody listens to strings"])
    assert heard == [("opened", ["a", "b"]), ("also", ["a", "b"]), ("closed", ["c"]), ("opened", ["d"]), ("also", ["d"])]


def test_a_reaction_that_raises_takes_the_facts_with_it(uow, database, doorbell):
    def refuse(work: UnitOfWork, batch: Sequence[Any]) -> None:
        raise ZeroDivisionError

    uow.reactions[Opened] = [refuse]
    with pytest.raises(ZeroDivisionError):
        publish_opened(uow)
    with database.read() as conn:
        assert conn.execute(select(tokens)).all() == []
    assert doorbell.heads == []


# Reading the outbox -----------------------------------------------------------------------------------------------

def test_nothing_was_ever_told_in_an_empty_installation(database):
    assert head(database) == ("", 0)
    assert told(database) == []


def test_a_reader_goes_on_where_it_was_and_may_ask_for_topics(uow, database):
    with uow() as work:
        for n in range(6):
            work.outbox("card" if n % 2 else "gauge", str(n), n, {})
    assert [message.seq for message in told(database, after=2, limit=3)] == [3, 4, 5]
    assert [message.subject for message in told(database, topics=["card"])] == ["1", "3", "5"]
    with database.read() as conn:
        assert [message.rev for message in outbox.history_of(conn, "gauge", "4")] == [4]


def test_a_new_epoch_keeps_the_numbers_and_tells_every_client_to_start_afresh(uow, database):
    with uow() as work:
        work.outbox("card", "1", 1, {})
    before = head(database)
    with database.transaction() as conn:
        epoch = outbox.new_epoch(conn)
    assert head(database) == (epoch, 1)
    assert epoch != before[0]


# Many writers -----------------------------------------------------------------------------------------------------

def write_all(factories: Sequence[UnitOfWorkFactory], spoil_every: int) -> list[BaseException]:
    """Every factory in a thread of its own writes EACH transactions; each `spoil_every`-th one is rolled back."""
    failures: list[BaseException] = []
    begin = threading.Barrier(len(factories))

    def write(writer: int, factory: UnitOfWorkFactory) -> None:
        begin.wait()
        for n in range(EACH):
            try:
                with factory() as work:
                    work.outbox("card", f"{writer}/{n}", work.outbox("gauge", f"{writer}/{n}", 0, {}), {})
                    if n % spoil_every == 0:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                continue
            except Exception as failure:  # noqa: BLE001 - whatever it is, the test wants to see it
                failures.append(failure)

    threads = [threading.Thread(target=write, args=pair) for pair in enumerate(factories)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def check_numbers(messages: list[outbox.Message]) -> None:
    """Dense from 1, and the two of one transaction side by side: the numbers of no two transactions interleave."""
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
    assert len(messages) == 2 * WRITERS * (EACH - len(range(0, EACH, 5)))
    for first, second in zip(messages[::2], messages[1::2], strict=True):
        assert (first.topic, second.topic, first.subject) == ("gauge", "card", second.subject)
        assert second.rev == first.seq
    for writer in range(WRITERS):
        order = [int(message.subject.split("/")[1]) for message in messages
                 if message.topic == "card" and message.subject.startswith(f"{writer}/")]
        assert order == sorted(order)


def test_eight_writers_get_dense_numbers_in_the_order_of_their_commits(uow, database, doorbell):
    seen: list[int] = []
    stop = threading.Event()

    def follow() -> None:
        """A reader that trusts "seen n means seen everything up to n": it never looks back."""
        while not stop.is_set() or len(seen) < head(database)[1]:
            doorbell.wait(0.01)
            seen.extend(message.seq for message in told(database, after=seen[-1] if seen else 0))

    reader = threading.Thread(target=follow)
    reader.start()
    failures = write_all([uow] * WRITERS, spoil_every=5)
    stop.set()
    reader.join(timeout=30)
    assert failures == []
    messages = told(database)
    check_numbers(messages)
    assert seen == [message.seq for message in messages]
    assert max(doorbell.heads) == len(messages)


def test_eight_processes_worth_of_engines_agree_from_the_very_first_row(database, frozen_clock):
    databases = [Database(database.url.render_as_string(hide_password=False), pool_size=1) for _ in range(WRITERS)]
    failures = write_all([UnitOfWorkFactory(one, frozen_clock, InProcessDoorbell()) for one in databases], spoil_every=5)
    assert failures == []
    check_numbers(told(databases[0]))
    for one in databases:
        one.dispose()



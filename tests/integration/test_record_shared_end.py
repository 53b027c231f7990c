"""What acts that share a commit leave to its end is written once, of those that stand and of no other."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError, OperationalError

from approval.events import ApplicantConcerned
from cases.anchoring import verify_database
from cases.changes import Counters
from cases.events import OK, CaseEvent, CasesMarked, EventKind
from cases.fold import Fold
from cases.journal import Heads
from cases.models import case_table, journal
from cases.states import fold_all
from core import outbox
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.errors import Conflict
from core.instants import DAY_US
from core.models import ledger
from core.models import outbox as outbox_rows
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory, _Ledgered
from tests.hosting import APPROVER, HALL, HANDLER, REVIEWER, Hall
from tests.services import wait_until

GROUPS, LIVES, SIMPLE = 6, 6, "gongxin-04"
Act = Callable[[UnitOfWork], None]


class Interrupted(BaseException):
    """As a signal would: unlike a refusal it does not end the sharing."""


class Sum:
    """Numbers, in the order in which they were added."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def include(self, other: Sum) -> None:
        self.numbers += other.numbers


class Room:
    """Units of work on a database of their own, and what was written at the end of each transaction."""

    def __init__(self, url: str, clock: FrozenClock) -> None:
        self.database = Database(url)
        self.database.create_all()
        self.units, self.written = UnitOfWorkFactory(self.database, clock, InProcessDoorbell()), list[list[int]]()
        self.said: dict[int, BaseException | None] = {}

    def act(self, n: int, then: Act | None = None) -> None:
        """Take a number of each kind, add to the sum, keep something; then `then`."""
        try:
            with self.units(together=True) as uow:
                uow.outbox("card", str(n), 0, {})
                uow.next_journal_seq()
                uow.gathered(self, Sum, self._write).numbers.append(n)
                uow.kept[f"of {n}"] = n
                if then is not None:
                    then(uow)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test wants to see it
            self.said[n] = error
        else:
            self.said[n] = None

    def queue(self, *acts: Act | None) -> None:
        """One after another in this order: none goes on before the next waits for it."""
        threads = [threading.Thread(target=self.act, args=(n, lambda uow, n=n: go_on(uow, n))) for n in range(len(acts))]

        def go_on(uow: UnitOfWork, n: int) -> None:
            if n + 1 < len(acts):
                threads[n + 1].start()
                wait_until(lambda: self.waiting() >= 1, timeout_s=60, what="an act in the queue")
            act = acts[n]
            if act is not None:
                act(uow)

        threads[0].start()
        wait_until(lambda: len(self.said) == len(acts), timeout_s=60, what="the answer of each act")

    def waiting(self) -> int:
        assert self.database._writer is not None
        return self.database._writer._waiting

    def told(self) -> list[tuple[int, int]]:
        """(number, act) of every message."""
        with self.database.read() as conn:
            return [(message.seq, int(message.subject)) for message in outbox.read_after(conn, 0, 1000)]

    def heads(self) -> tuple[int, int]:
        with self.database.read() as conn:
            return tuple(conn.execute(select(ledger.c.journal_head, ledger.c.outbox_head)).one())  # type: ignore[return-value]

    def _write(self, uow: UnitOfWork, total: Sum) -> None:
        self.written.append(total.numbers)


@pytest.fixture
def room(tmp_path: Path, frozen_clock: FrozenClock) -> Iterator[Room]:
    made = Room(f"sqlite:///{tmp_path / 'room.db'}", frozen_clock)
    yield made
    made.database.dispose()


def refuse(_uow: UnitOfWork) -> None:
    raise ZeroDivisionError


def interrupt(_uow: UnitOfWork) -> None:
    raise Interrupted


def test_what_several_acts_add_up_is_written_once(room):
    room.queue(None, None, None)

    assert room.written == [[0, 1, 2]]
    assert room.told() == [(1, 0), (2, 1), (3, 2)]
    assert room.heads() == (3, 3)


@pytest.mark.parametrize("spoil", [refuse, interrupt])
@pytest.mark.parametrize("spoilt", range(4))
def test_who_is_undone_leaves_neither_a_sum_nor_a_number(room, spoil, spoilt):
    room.queue(*[spoil if n == spoilt else None for n in range(4)])

    standing = [n for n in range(4) if n != spoilt]
    assert [n for written in room.written for n in written] == standing
    assert room.told() == list(enumerate(standing, start=1))
    assert room.heads() == (3, 3)
    assert [n for n, error in room.said.items() if error is not None] == [spoilt]


def test_who_is_interrupted_in_the_middle_leaves_the_others_in_one_commit(room):
    room.queue(None, interrupt, None)

    assert room.written == [[0, 2]]


def test_nothing_is_kept_of_who_is_undone(room):
    kept: list[set[object]] = []
    room.queue(None, interrupt, lambda uow: kept.append(set(uow.kept)))

    assert kept == [{"of 2"}]
    with room.units() as uow:
        assert set(uow.kept) == {"of 2"}


def test_what_acts_kept_that_shared_a_commit_is_kept_for_the_next(room):
    room.queue(None, None)

    with room.units() as uow:
        assert set(uow.kept) == {"of 0", "of 1"}


def test_a_later_act_may_know_what_is_not_written_yet(room):
    seen: list[list[list[int]]] = []
    room.queue(None, interrupt, lambda uow: seen.append([list(one.numbers) for one in uow.unwritten(room)]))

    assert seen == [[[0], [2]]]


def test_a_write_at_the_end_that_fails_is_told_to_every_one(room):
    def fail(_uow: UnitOfWork, _total: Sum) -> None:
        raise ZeroDivisionError

    def add(uow: UnitOfWork) -> None:
        uow.gathered("failing", Sum, fail)

    room.queue(None, add, None)

    assert {n: type(error) for n, error in room.said.items()} == dict.fromkeys(range(3), ZeroDivisionError)
    assert room.told() == []
    with room.units() as uow:
        assert uow.kept == {}
    room.act(7)
    assert room.told() == [(1, 7)]


def test_an_act_that_cannot_be_taken_fails_all_of_them(room, monkeypatch):
    """Nobody knows how much of it was: its savepoint is gone."""
    take, taken = _Ledgered.take, list[int]()

    def fail_the_second(ledgered: _Ledgered) -> None:
        taken.append(1)
        take(ledgered)
        if len(taken) == 2:
            raise ZeroDivisionError

    monkeypatch.setattr(_Ledgered, "take", fail_the_second)
    room.queue(None, None)

    assert {n: type(error) for n, error in room.said.items()} == dict.fromkeys(range(2), ZeroDivisionError)
    assert (room.told(), room.written) == ([], [])
    room.act(7)
    assert room.told() == [(1, 7)]


def test_an_act_undone_by_the_database_at_the_end_of_others_fails_them_all(room):
    """A full disk is found when the sums are written: SQLite gives up the whole transaction by itself."""
    def full(uow: UnitOfWork, _total: Sum) -> None:
        uow.conn.connection.dbapi_connection.execute("ROLLBACK")  # type: ignore[union-attr, attr-defined]
        raise OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full"))

    room.queue(None, lambda uow: uow.gathered("full", Sum, full) and None)

    assert {n: type(error) for n, error in room.said.items()} == dict.fromkeys(range(2), OperationalError)
    assert room.told() == []
    room.act(7)
    assert room.told() == [(1, 7)]


def test_what_is_written_at_the_end_may_add_to_another_sum_and_tell(room):
    def tell(uow: UnitOfWork, _total: Sum) -> None:
        uow.outbox("card", "9", 0, {})
        uow.gathered("second", Sum, lambda _uow, total: room.written.append(total.numbers)).numbers.append(9)

    room.queue(lambda uow: uow.gathered("first", Sum, tell) and None, None)

    assert room.written == [[0, 1], [9]]
    assert room.told() == [(1, 0), (2, 1), (3, 9)]
    assert room.heads() == (2, 3)


def test_the_doorbell_rings_once_for_a_commit_and_tells_of_all_of_it(room, monkeypatch):
    rings: list[int] = []
    monkeypatch.setattr(room.units.doorbell, "ring", rings.append)
    room.queue(None, interrupt, None)
    assert rings == [2]
    room.act(7)
    assert rings == [2, 3]


@pytest.mark.parametrize("spoil", [refuse, interrupt])
@pytest.mark.parametrize("spoilt", range(3))
def test_rows_left_to_the_end_are_those_of_the_acts_that_stand_in_their_order(room, spoil, spoilt):
    """Nothing of them can be read before, and nobody's are lost with another's."""
    seen: list[int] = []

    def leave(uow: UnitOfWork, n: int) -> None:
        for part in range(2):
            uow.later(outbox_rows, ("seq", "topic", "subject", "rev", "at", "payload"),
                      (1000 + 10 * n + part, "left", str(n), 0, 0, ""))
        seen.append(len(uow.conn.execute(select(outbox_rows)).all()))
        if n == spoilt:
            spoil(uow)

    room.queue(*[lambda uow, n=n: leave(uow, n) for n in range(3)])
    assert [(seq, n) for seq, n in room.told() if seq >= 1000] == [
        (1000 + 10 * n + part, n) for n in range(3) if n != spoilt for part in range(2)]
    # Who is refused ends the transaction he shared; who is interrupted leaves it open to those after him.
    assert (seen[:spoilt + 1], len(seen)) == ([0] * (spoilt + 1), 3)
    assert spoil is refuse or seen == [0, 0, 0]


def test_nothing_left_to_the_end_is_counted_twice_while_it_is_written(room):
    counted: list[int] = []

    def write(uow: UnitOfWork, _total: Sum) -> None:
        counted.extend(len(left.rows) for left in uow.unwritten(outbox_rows))

    def add(uow: UnitOfWork) -> None:
        uow.gathered("first", Sum, write)
        uow.later(outbox_rows, ("seq", "topic", "subject", "rev", "at", "payload"), (1000, "left", "0", 0, 0, ""))

    room.act(0, add)
    assert (room.said, counted) == ({0: None}, [1])


def test_a_doorbell_that_fails_is_rung_by_the_next_of_the_commit(room, monkeypatch):
    rings: list[int] = []

    def ring(seq: int) -> None:
        rings.append(seq)
        if len(rings) == 1:
            raise Interrupted

    monkeypatch.setattr(room.units.doorbell, "ring", ring)
    room.queue(None, None)
    assert rings == [2, 2]


def test_those_of_another_factory_begin_a_transaction_of_their_own(room, frozen_clock):
    """Its heads and its sums are others."""
    other = UnitOfWorkFactory(room.database, frozen_clock, InProcessDoorbell())
    commits: list[int] = []
    event.listen(room.database.engine, "commit", lambda _conn: commits.append(1))

    def act_elsewhere() -> None:
        with other(together=True) as uow:
            uow.outbox("card", "5", 0, {})

    def wait_for_the_other(_uow: UnitOfWork) -> None:
        thread.start()
        wait_until(lambda: room.waiting() >= 1, timeout_s=60, what="an act of the other factory")

    thread = threading.Thread(target=act_elsewhere)
    room.act(0, wait_for_the_other)
    thread.join(60)

    assert (len(commits), room.told()) == (2, [(1, 0), (2, 5)])


# Hosted cases -----------------------------------------------------------------------------------------------------

class Hazard:
    """A reaction that fails some of the acts, after what they wrote and added up."""

    def __init__(self) -> None:
        self._chance = random.Random(7)

    def __call__(self, _uow: UnitOfWork, _batch: object) -> None:
        fate = self._chance.random()
        if fate < 0.12:
            raise Interrupted
        if fate < 0.2:
            raise Conflict("case_changed", case_no="", rev=0)


def at_last(act: Callable[[], object]) -> None:
    """As often as it takes."""
    while True:
        try:
            act()
        except (Interrupted, Conflict):
            continue
        return


def live(hall: Hall, numbers: list[str]) -> None:
    def file() -> None:
        numbers.append(hall.file(SIMPLE))

    at_last(file)
    case_no = numbers[-1]
    at_last(lambda: hall.approval.intake.accept(case_no, 1, HALL))
    for rev, person in enumerate((HANDLER, REVIEWER, APPROVER), start=2):
        at_last(lambda rev=rev, person=person: hall.approval.handling.complete(case_no, rev, "同意", person))
    at_last(lambda: hall.approval.ending.conclude(case_no, 5, "", HALL))


def test_lives_at_once_with_failures_between_leave_sums_as_a_recount_has_them(fresh_database_url: str, tmp_path: Path) -> None:
    hall, commits = Hall(tmp_path, fresh_database_url), list[int]()
    database, done = hall.services.database, [list[str]() for _ in range(GROUPS)]
    for kind in (CasesMarked, ApplicantConcerned):
        hall.services.uow.reactions[kind] = [*hall.services.uow.reactions[kind], Hazard()]
    event.listen(database.engine, "commit", lambda _conn: commits.append(1))

    def work(numbers: list[str]) -> None:
        for _ in range(LIVES):
            live(hall, numbers)

    threads = [threading.Thread(target=work, args=(numbers,)) for numbers in done]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    numbers = [number for some in done for number in some]
    assert len(set(numbers)) == GROUPS * LIVES
    if database.dialect == "sqlite":
        assert len(commits) < 6 * len(numbers)
    found = hall.services.recounter.recount(repair=False)
    assert (found.cases, found.differences) == (len(numbers), [])
    assert verify_database(database, hall.services.keys, tmp_path / "anchors") == (7 * len(numbers), [])
    with database.read() as conn:
        told = [message.seq for message in outbox.read_after(conn, 0, 100_000)]
        assert told == list(range(1, outbox.head(conn)[1] + 1))
    assert sorted(int(number.split("-")[3]) for number in numbers) == list(range(1, len(numbers) + 1))
    database.dispose()


def test_a_chain_whose_head_was_forgotten_goes_on_from_what_is_not_written_yet(tmp_path: Path) -> None:
    """In one transaction: a confirmed version takes out all that is kept, and the next events follow."""
    hall = Hall(tmp_path)
    with hall.services.uow() as uow, hall.services.uow.joining(uow):
        hall.file(SIMPLE)
        uow.kept.clear()
        hall.file(SIMPLE)
        assert [heads.by_chain["gongxin"][0] for heads in uow.unwritten(Heads)] == [2]
    assert verify_database(hall.services.database, hall.services.keys, tmp_path / "anchors") == (2, [])


def test_an_act_reads_the_events_its_transaction_has_not_written_yet(tmp_path: Path) -> None:
    """A correction answers the notice of an act that shares its commit."""
    hall = Hall(tmp_path)
    case_no = hall.file(SIMPLE)
    with hall.services.uow() as uow, hall.services.uow.joining(uow):
        hall.approval.intake.ask_correction(case_no, 1, [], "请说明用途", HALL)
        hall.approval.intake.correct(case_no, (), HALL, words="作通信基站用")
    assert hall.kinds(case_no)[-2:] == ["correction_notified", "correction_received"]
    assert hall.services.recounter.recount(repair=False).differences == []


def test_what_is_older_than_events_not_written_yet_is_judged_with_them(fresh_database_url: str, tmp_path: Path) -> None:
    hall = Hall(tmp_path, fresh_database_url)
    with hall.services.uow() as uow, hall.services.uow.joining(uow):
        case_no = hall.file(SIMPLE)
        hall.approval.intake.accept(case_no, 1, HALL)
        [left] = uow.unwritten(journal)
        assert len(left.rows) == 2
        older = CaseEvent(source="window", source_event_id="1", kind=EventKind.SUBMITTED, case_no=case_no, area="360500",
                          claimed_at=uow.now_us - DAY_US, org="gongxin", item=SIMPLE)
        assert hall.services.recorder.record_in(uow, [older]) == [OK]
    assert sorted(hall.kinds(case_no)) == ["accepted", "received", "submitted"]
    with hall.services.database.read() as conn:
        fold = msgspec.msgpack.decode(conn.scalar(select(case_table.c.fold)), type=Fold)
    assert fold == fold_all(hall.events(case_no))
    assert (fold.submitted is not None, fold.accepted is not None) == (True, True)
    assert hall.services.recounter.recount(repair=False).differences == []
    assert verify_database(hall.services.database, hall.services.keys, tmp_path / "anchors") == (3, [])
    hall.services.database.dispose()


def test_an_event_that_is_there_already_fails_the_transaction_it_was_left_to(tmp_path: Path) -> None:
    """Numbered events are not looked up; the journal refuses the same one twice, and nothing of the transaction is there."""
    hall = Hall(tmp_path)
    case_no = hall.file(SIMPLE)
    [filed] = hall.events(case_no)
    with pytest.raises(IntegrityError), hall.services.uow() as uow:
        hall.services.recorder.record_in(uow, [filed], numbered=True)
    assert hall.events(case_no) == [filed]
    hall.approval.intake.accept(case_no, 1, HALL)
    assert verify_database(hall.services.database, hall.services.keys, tmp_path / "anchors") == (2, [])


def test_a_step_that_moves_no_counter_adds_to_none(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    case_no = hall.accepted(SIMPLE)
    with hall.services.uow() as uow, hall.services.uow.joining(uow):
        hall.approval.handling.complete(case_no, 2, "同意", HANDLER)
        assert (len(uow.unwritten(Heads)), uow.unwritten(Counters)) == (1, [])

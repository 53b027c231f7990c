"""What is worked out ahead of its turn is taken only where it is what the record itself would say, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, text

from alerts.models import cards
from cases.areas import Area
from cases.case_judge import CaseJudge
from cases.drafting import Drafter, Drafts
from cases.events import CaseEvent, Due, EventKind, Outcome, Status
from cases.models import case_table, clock_rungs, clocks, counter_days, counter_lights, journal
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.instants import SECOND_US, from_us
from core.unit_of_work import UnitOfWorkFactory
from evaluation.marks import CaseMarker
from evaluation.models import figure_days
from tests.services import wait_until
from tests.unit.cases.record import AREA, Record, case_id, city_areas, emptied, event, made_database, rows_of, us
from tests.unit.evaluation.counted import Counted

K = EventKind
STANDS_US = 60 * SECOND_US
NOW = "11-05 10:00"
_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Drafts).decode


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("drafts")) as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Record:
    return begun(shared)


def begun(database: Database) -> Record:
    """An empty record whose process has written before, so that it knows what was written since."""
    record = Counted(emptied(database))
    record.at(NOW).take(event(K.ACCEPTED, "11-05 09:00", case_no="first"))
    return record


def drafter(record: Record) -> Drafter:
    """As the second process makes it: with areas of its own."""
    areas = city_areas()
    judge = CaseJudge(areas, record.city, CaseMarker(areas, record.city), raises=True)
    return Drafter(record.database, areas, judge, STANDS_US)


def drafted(record: Record, events: Sequence[CaseEvent | None]) -> Drafts:
    """What comes from there."""
    return _decode(_encode(drafter(record).drafts(events, record.clock.now_us())))


def taken(record: Record, events: Sequence[CaseEvent], drafts: Drafts) -> int | None:
    """Record them, and say of how many cases the draft was taken."""
    assert {one.status for one in record.recorder.record(events, drafts=drafts)} == {Status.OK}
    return drafts.taken


def contents(database: Database) -> dict[str, list[Any]]:
    """All the record says and what is counted of it."""
    found = {table.name: rows_of(database, table) for table in (case_table, clocks, clock_rungs, journal, figure_days)}
    for table in (counter_lights, counter_days):
        found[table.name] = [row for row in rows_of(database, table) if any(row[2:])]
    return found | {"cards": rows_of(database, cards, "id")}


def accepted(case_no: str, at: str = "11-05 09:30", **more: Any) -> CaseEvent:
    return event(K.ACCEPTED, at, case_no=case_no, **more)


# Many at once -----------------------------------------------------------------------------------------------------

def lives(random: Random, count: int) -> list[CaseEvent]:
    """Events of a day: most cases quiet, some overdue on arrival, stopped, corrected, not judgeable, told twice or anew."""
    events = []
    for number in range(count):
        org, item = random.choice(["Land", "Water", None]), random.choice(["permit", "long", "permit", "unlimited", ""])
        due = {"own_due": Due(us(random.choice(["11-01 00:00", "11-30 00:00"])))} if random.random() < 0.3 else {}
        steps = [(K.RECEIVED, {}), (K.ACCEPTED, due), (K.STEP, {"step": "审核"}), (K.SPECIAL_STARTED, {"approved_days": 3}),
                 (K.SPECIAL_ENDED, {}), (K.CORRECTION_NOTIFIED, {}), (K.STEP, {"step": "批准"}), (K.CONCLUDED, {})]
        chosen = sorted(random.sample(range(len(steps)), random.randint(1, len(steps))))
        life = [event(steps[at][0], f"11-05 0{at}:{random.randint(10, 59)}", case_no=f"c{number}", id=f"{number}.{at}",
                      org=org, item=item, **steps[at][1]) for at in chosen]
        events += life
        if random.random() < 0.1:
            events.append(random.choice(life))
        if random.random() < 0.1:
            events.append(msgspec.structs.replace(random.choice(life), source_version=2, kind=K.STEP))
    return events


def deliveries(random: Random) -> list[list[CaseEvent]]:
    """A few at a time, a case's events mostly in their order, some far from each other."""
    events = sorted(lives(random, 60), key=lambda one: (one.claimed_at + random.randint(-3, 3) * 1_800_000_000))
    sizes, found = [3, 17, 40, 8], list[list[CaseEvent]]()
    while events:
        size = sizes[len(found) % len(sizes)]
        found.append(events[:size])
        events = events[size:]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("behind", [0, 1, 2], ids=["at once", "one behind", "two behind"])
def test_whatever_is_taken_the_record_says_what_it_would_have_said(shared: Database, behind: int, seed: int) -> None:
    plain, batches = begun(shared), deliveries(Random(seed))
    said = [plain.recorder.record(batch) for batch in batches]
    without = contents(shared)

    ahead, waiting, held = begun(shared), list[Drafts](), list[int]()
    outcomes: list[list[Outcome]] = []
    for number, batch in enumerate(batches):
        while len(waiting) <= number + behind and len(waiting) < len(batches):
            waiting.append(drafted(ahead, batches[len(waiting)]))
        outcomes.append(ahead.recorder.record(batch, drafts=waiting[number]))
        held.append(waiting[number].taken or 0)
    assert outcomes == said
    with_drafts = contents(shared)
    for table, rows in without.items():
        assert with_drafts[table] == rows, table
    assert without["cards"], "some of the lives are overdue"
    assert sum(held) > 20, "most cases are quiet"
    assert ahead.recounter.recount().differences == []


# When it does not hold --------------------------------------------------------------------------------------------

def test_a_case_written_since_is_worked_out_anew_and_the_others_are_taken(record: Record) -> None:
    record.take(accepted("a"), accepted("b"))
    steps = [event(K.STEP, "11-05 09:40", case_no=number, step="审核") for number in "ab"]
    drafts = drafted(record, steps)
    record.take(event(K.STEP, "11-05 09:35", case_no="a", step="承办"))
    assert set(drafts.cases) == {one for _, one in drafts.numbers}
    assert taken(record, steps, drafts) == 1
    assert record.recounter.recount().differences == []


def test_what_another_process_has_written_is_not_known_here_so_that_nothing_is_taken(record: Record) -> None:
    drafts = drafted(record, [accepted("a")])
    another = Record(record.database).at(NOW)
    another.take(accepted("elsewhere"))
    assert taken(record, [accepted("a")], drafts) == 0


def test_a_process_that_has_just_begun_takes_what_was_drafted_since(record: Record) -> None:
    fresh = Record(record.database).at(NOW)
    drafts = drafted(fresh, [accepted("a")])
    assert taken(fresh, [accepted("a")], drafts) == 0, "it cannot know what was written between the two"
    assert taken(fresh, [accepted("b")], drafted(fresh, [accepted("b")])) == 1


def test_a_delivery_recorded_meanwhile_is_a_duplicate(record: Record) -> None:
    events = [accepted("a"), accepted("b")]
    drafts = drafted(record, events)
    record.take(*events)
    assert {one.status for one in record.recorder.record(events, drafts=drafts)} == {Status.DUPLICATE}
    again = drafted(record, events)
    assert again.cases == {}
    assert {one.status for one in record.recorder.record(events, drafts=again)} == {Status.DUPLICATE}


def test_a_number_used_meanwhile_for_another_case_is_told(record: Record) -> None:
    mine, theirs = accepted("a", id="7"), accepted("b", id="7")
    drafts = drafted(record, [mine, accepted("c")])
    record.take(theirs)
    outcomes = record.recorder.record([mine, accepted("c")], drafts=drafts)
    assert [one.code for one in outcomes] == ["content_differs", ""]
    assert drafts.taken == 1


def test_one_number_twice_in_a_delivery_is_left_to_the_record(record: Record) -> None:
    events = [accepted("a", id="7"), accepted("b", id="7"), accepted("c")]
    drafts = drafted(record, events)
    assert len(drafts.cases) == 1
    assert [one.code for one in record.recorder.record(events, drafts=drafts)] == ["", "content_differs", ""]


def test_records_that_were_refused_take_the_drafts_of_their_cases_with_them(record: Record) -> None:
    step = event(K.STEP, "11-05 09:40", case_no="a", step="审核")
    drafts = drafted(record, [accepted("a"), None, step, accepted("b")])
    drafts.keep_only([0, 3])
    assert taken(record, [accepted("a"), accepted("b")], drafts) == 1
    assert record.recounter.recount().differences == []


def test_after_a_transaction_that_was_undone_nothing_is_relied_on(record: Record) -> None:
    drafts = drafted(record, [accepted("a")])
    with suppress(ZeroDivisionError), record.uow() as uow:
        record.recorder.record_in(uow, [accepted("b")])
        raise ZeroDivisionError
    assert taken(record, [accepted("a")], drafts) == 0
    assert taken(record, [accepted("b")], drafted(record, [accepted("b")])) == 1


def test_after_an_act_of_a_shared_commit_was_undone_nothing_drafted_before_it_is_taken(record: Record) -> None:
    """With what the act itself wrote, what those before it in the commit wrote is forgotten."""
    if record.database._writer is None:
        pytest.skip("acts share their commits on SQLite only")
    writer, steps = record.database._writer, [event(K.STEP, "11-05 09:40", case_no=number, step="审核") for number in "ab"]
    record.take(accepted("a"), accepted("b"))
    drafts = drafted(record, steps)

    def undone() -> None:
        with suppress(ZeroDivisionError), record.uow(together=True):
            raise ZeroDivisionError

    follower = threading.Thread(target=undone)
    with record.uow(together=True) as uow:
        follower.start()
        wait_until(lambda: writer._waiting >= 1, timeout_s=60, what="the act that is undone")
        record.recorder.record_in(uow, [event(K.STEP, "11-05 09:35", case_no="a", step="承办")])
    follower.join(60)
    assert taken(record, steps, drafts) == 0
    assert record.recounter.recount().differences == []


def test_drafts_are_not_taken_once_their_time_is_over(record: Record) -> None:
    drafts = drafted(record, [accepted("a")])
    record.clock.move_to(from_us(record.clock.now_us() + STANDS_US + 1))
    assert taken(record, [accepted("a")], drafts) == 0


def test_a_case_of_which_a_clock_passes_within_that_time_is_not_drafted(record: Record) -> None:
    due = Due(us("11-05 10:00") + STANDS_US // 2, granularity="instant")
    later = Due(us("11-05 10:00") + 100 * STANDS_US, granularity="instant")
    drafts = drafted(record, [accepted("soon", item="", own_due=due), accepted("later", item="", own_due=later)])
    assert set(drafts.cases) == {case_id("later")}
    record.take(accepted("soon", item="", own_due=due))
    assert drafted(record, [event(K.STEP, "11-05 09:50", case_no="soon", item="", step="审核")]).cases == {}


def test_what_somebody_is_told_of_is_not_drafted(record: Record) -> None:
    overdue = accepted("overdue", item="", own_due=Due(us("11-01 00:00")))
    assert drafted(record, [overdue, accepted("unjudgeable", item="mystery"), accepted("late", at="11-03 09:00")]).cases == {}
    drafts = drafted(record, [overdue])
    assert taken(record, [overdue], drafts) == 0
    assert record.light("overdue") == "red"
    assert record.cards() != []


def test_what_does_not_go_on_from_the_case_before_is_not_drafted(record: Record) -> None:
    record.take(event(K.ACCEPTED, "11-05 09:00", case_no="a", id="x"), event(K.STEP, "11-05 09:30", case_no="a", step="审核"))
    earlier = event(K.STEP, "11-05 09:10", case_no="a", step="承办")
    anew = event(K.ACCEPTED, "11-05 08:00", case_no="a", id="x", version=2)
    assert drafted(record, [earlier]).cases == drafted(record, [anew]).cases == {}


def test_rules_that_were_changed_meanwhile_leave_nothing_of_it(record: Record) -> None:
    drafts = drafted(record, [accepted("a")])
    with record.uow() as uow:
        record.areas.save(uow, Area(AREA, "新余", "cn", "Asia/Shanghai", "chengdu"))
    assert taken(record, [accepted("a")], drafts) == 0
    assert taken(record, [accepted("b")], drafted(record, [accepted("b")])) == 1, "the drafts know them from then on"


def test_a_record_nobody_ever_wrote_to_gives_drafts_of_no_use(shared: Database) -> None:
    record = Record(emptied(shared)).at(NOW)
    drafts = drafted(record, [accepted("a")])
    assert drafts.stamp == ""
    assert taken(record, [accepted("a")], drafts) == 0


def test_a_case_that_raises_is_left_to_the_record_and_spoils_no_other(record: Record) -> None:
    record.city.broken.add("permit")
    events = [accepted("a"), accepted("b", item="long")]
    drafts = drafted(record, events)
    assert len(drafts.cases) == 1
    with pytest.raises(RuntimeError, match="permit is broken"):
        record.recorder.record(events, drafts=drafts)
    assert taken(record, events[1:], drafts=drafted(record, events[1:])) == 0, "what was undone is not known exactly"


def test_what_cannot_be_counted_or_judged_over_there_alone_is_left_to_the_record(record: Record) -> None:
    """Here it would be passed over aloud; over there nobody would hear of it, and nothing would look wrong."""
    def fail(*_: object) -> str:
        raise MemoryError

    ahead = drafter(record)
    ahead._judge._marker = fail
    assert ahead.drafts([accepted("a")], record.clock.now_us()).cases == {}
    ahead = drafter(record)
    ahead._judge._act_judge.standing = fail  # type: ignore[assignment,method-assign]
    assert ahead.drafts([accepted("a")], record.clock.now_us()).cases == {}


def test_history_is_judged_as_of_its_own_time_whatever_was_drafted(record: Record) -> None:
    drafts = drafted(record, [accepted("a")])
    record.recorder.record([accepted("a")], us("11-05 09:30"), drafts=drafts)
    assert drafts.taken is None
    assert record.recounter.recount().differences == []


def test_a_case_that_was_pushed_ahead_is_worked_out_anew(record: Record) -> None:
    """Its clocks say another instant than they would."""
    record.take(accepted("a"))
    step = event(K.STEP, "11-05 09:40", case_no="a", step="审核")
    drafts = drafted(record, [step])
    assert len(drafts.cases) == 1
    record.sweeper._apart([case_id("a")], ZeroDivisionError())
    assert taken(record, [step], drafts) == 0


def test_the_drafter_writes_nothing(record: Record) -> None:
    def state() -> tuple[Any, ...]:
        with record.database.read() as conn:
            return (*conn.execute(text("SELECT journal_head, outbox_head, stamp FROM ledger")).one(),
                    conn.execute(select(func.count()).select_from(case_table)).scalar_one())

    before = state()
    assert len(drafted(record, [accepted("a")]).cases) == 1
    assert state() == before


# The places of transactions ---------------------------------------------------------------------------------------

def test_a_stamp_has_a_place_as_long_as_this_process_alone_writes(shared: Database) -> None:
    clock = FrozenClock(Record(emptied(shared)).clock.now())
    mine, others = (UnitOfWorkFactory(shared, clock, InProcessDoorbell()) for _ in range(2))
    stamps = [_stamp_after(mine, shared) for _ in range(3)]
    with mine() as uow:
        places = [uow.place_of(stamp) for stamp in stamps]
        assert places == [uow.place - 3, uow.place - 2, uow.place - 1]
        assert uow.place_of("unknown") is None
    _stamp_after(others, shared)
    with mine() as uow:
        assert [uow.place_of(stamp) for stamp in stamps] == [None] * 3


def _stamp_after(units: UnitOfWorkFactory, database: Database) -> str:
    with units():
        pass
    with database.read() as conn:
        return str(conn.execute(text("SELECT stamp FROM ledger")).scalar_one())

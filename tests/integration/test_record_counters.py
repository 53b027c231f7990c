"""The counters of the heat map and the key figures always say what the journal says, and are repaired when they do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from types import SimpleNamespace

import msgspec
import pytest
from sqlalchemy import delete, func, insert, select, update

import cases.recount
from cases.events import CaseEvent, Due, EventKind
from cases.fold import Fold
from cases.models import case_table, counter_days, counter_lights
from cases.recount import Recounter
from core.database import Database
from core.instants import DAY_US, HOUR_US, to_us
from jobs import recount
from tests.unit.cases.record import Record, emptied, event, made_database, us

K = EventKind


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("counters")) as database:
        yield database


@pytest.fixture
def record(shared: Database) -> Record:
    return Record(emptied(shared)).at("10-15 10:00")


class Workload:
    """A city that reports at random: orders mixed, corrections, repetitions, time passing between the batches."""

    def __init__(self, seed: int, record: Record) -> None:
        self.random, self.record = Random(seed), record
        self.sent: list[CaseEvent] = []

    def live(self, rounds: int) -> None:
        for _ in range(rounds):
            batch = [self._one() for _ in range(self.random.randint(1, 30))]
            self.record.recorder.record(batch)
            self.sent.extend(batch)
            self.record.clock.advance(timedelta(hours=self.random.randint(0, 30)))
            if self.random.random() < 0.5:
                self.record.sweeper.sweep_all()

    def _one(self) -> CaseEvent:
        if self.sent and self.random.random() < 0.1:
            return self.random.choice(self.sent)
        now = to_us(self.record.clock.now())
        number, case_no = len(self.sent) + self.random.randint(0, 9) * 1_000_000, str(self.random.randint(1, 40))
        made = event(self._kind(), "10-15 10:00", case_no=case_no, id=f"{case_no}/{number}",
                     item=self.random.choice(["permit", "permit", "long", "unlimited", "mystery"]),
                     org=self.random.choice(["Land", "Water", "Fire", None]), step="s",
                     approved_days=self.random.choice([None, 2, 5]), document_no=self.random.choice([None, "1"]),
                     own_due=Due(now + 3 * DAY_US) if self.random.random() < 0.1 else None)
        claimed = now - self.random.randint(0, 12 * 24) * HOUR_US
        if self.sent and self.random.random() < 0.1:
            corrected = self.random.choice(self.sent)
            return msgspec.structs.replace(made, case_no=corrected.case_no, source_event_id=corrected.source_event_id,
                                           source_version=corrected.source_version + 1, claimed_at=claimed)
        return msgspec.structs.replace(made, claimed_at=claimed)

    def _kind(self) -> EventKind:
        likely = [K.ACCEPTED] * 6 + [K.CONCLUDED] * 3 + [K.STEP] * 3 + [K.SPECIAL_STARTED, K.SPECIAL_ENDED] * 2
        return self.random.choice(likely + list(K))


def board(record: Record) -> dict[str, tuple[int, ...]]:
    return {row.org: (row.open, row.suspended, row.warning, row.yellow, row.red, row.unjudgeable)
            for row in record.queries.board(record.clock.now_us()).rows}


# Tests ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("seed", range(4))
def test_the_counters_equal_the_recount_after_a_random_life(record, seed):
    Workload(seed, record).live(rounds=25)
    result = record.recounter.recount()
    assert result.differences == []
    assert result.cases == 40
    record.clock.advance(timedelta(days=20))
    assert record.recounter.recount().differences == [], "the recount sweeps first, so that both look at the same instant"


def test_the_board_counts_each_open_case_once_in_its_worst_light(record):
    record.at("10-26 10:00").take(
        event(K.ACCEPTED, "10-25 10:00", case_no="normal"), event(K.ACCEPTED, "10-18 10:00", case_no="warning"),
        event(K.ACCEPTED, "10-15 10:00", case_no="yellow"), event(K.ACCEPTED, "10-08 10:00", case_no="red"),
        event(K.ACCEPTED, "10-25 10:00", case_no="stopped"), event(K.ACCEPTED, "10-25 10:00", case_no="odd", item="?"),
        event(K.SPECIAL_STARTED, "10-26 09:00", case_no="stopped", approved_days=9),
        event(K.ACCEPTED, "10-08 10:00", case_no="closed"), event(K.CONCLUDED, "10-26 09:00", case_no="closed"),
        event(K.ACCEPTED, "10-25 10:00", case_no="elsewhere", org="Water"))
    assert board(record) == {"Land": (6, 1, 1, 1, 1, 1), "Water": (1, 0, 0, 0, 0, 0)}
    assert [row.org for row in record.queries.board(0).rows] == ["Land", "Water"], "the worst first"


def test_a_case_that_changes_its_department_moves_with_everything_it_counts_for(record):
    record.at("10-26 10:00").take(event(K.ACCEPTED, "10-15 10:00"))
    assert board(record)["Land"] == (1, 0, 0, 1, 0, 0)
    record.take(event(K.STEP, "10-26 09:00", org="Water"))
    assert board(record) == {"Land": (0, 0, 0, 0, 0, 0), "Water": (1, 0, 0, 1, 0, 0)}
    assert record.recounter.recount().differences == []


def test_the_figures_of_the_day_are_by_the_dates_as_written(record):
    record.at("10-24 18:00").take(
        event(K.ACCEPTED, "10-24 00:00", case_no="first"), event(K.ACCEPTED, "10-23 23:59", case_no="yesterday"),
        event(K.ACCEPTED, "10-15 10:00", case_no="early"), event(K.CONCLUDED, "10-23 17:00", case_no="early"),
        event(K.ACCEPTED, "10-15 10:00", case_no="just"), event(K.CONCLUDED, "10-24 17:00", case_no="just"),
        event(K.ACCEPTED, "10-11 10:00", case_no="late"), event(K.CONCLUDED, "10-24 10:00", case_no="late"),
        event(K.ACCEPTED, "10-15 10:00", case_no="given up"), event(K.WITHDRAWN, "10-24 10:00", case_no="given up"))
    figures = record.queries.figures(record.clock.now_us())
    assert (figures.open, figures.accepted_today, figures.concluded_today) == (2, 1, 2)
    assert figures.ontime_rate == pytest.approx(2 / 3)
    assert figures.early_rate == pytest.approx(1 / 3)


def test_no_conclusion_is_no_rate(record):
    record.take(event(K.ACCEPTED, "10-15 09:00"))
    figures = record.queries.figures(record.clock.now_us())
    assert (figures.ontime_rate, figures.early_rate) == (None, None)


def test_nothing_was_ever_recorded_and_everything_is_zero(record):
    figures = record.queries.figures(record.clock.now_us())
    assert (figures.open, figures.overdue, figures.ontime_rate) == (0, 0, None)
    assert record.queries.board(0).rows == []
    assert record.recounter.recount().cases == 0


# Tampered ---------------------------------------------------------------------------------------------------------

@pytest.fixture
def tampered(record: Record) -> Record:
    """Two cases of Land, one of them yellow; then somebody writes into the counters."""
    record.at("10-26 10:00").take(event(K.ACCEPTED, "10-15 10:00", case_no="1"), event(K.ACCEPTED, "10-25 10:00", case_no="2"))
    with record.database.transaction() as conn:
        conn.execute(update(counter_lights).values(yellow=0, normal=2))
        conn.execute(delete(counter_days).where(counter_days.c.day == us("10-15 10:00") // DAY_US))
        conn.execute(insert(counter_lights).values(org="Ghost", item="x", normal=7, suspended=0, warning=0, yellow=0, red=0,
                                                   unjudgeable=0))
    return record


def test_a_tampered_counter_is_found_and_named(tampered):
    found = {(one.counter, one.place): (one.kept, one.true) for one in tampered.recounter.recount().differences}
    day = us("10-15 10:00") // DAY_US
    assert found == {("counter_lights", "Land/permit/yellow"): (0, 1), ("counter_lights", "Land/permit/normal"): (2, 1),
                     ("counter_lights", "Ghost/x/normal"): (7, 0),
                     ("counter_days", f"Land/{day}/received"): (0, 1), ("counter_days", f"Land/{day}/accepted"): (0, 1)}


def test_a_recount_that_only_looks_repairs_nothing(tampered):
    before = tampered.recounter.recount()
    assert not before.repaired
    assert tampered.recounter.recount().differences == before.differences


def test_a_repaired_counter_is_right_and_goes_on_counting(tampered):
    assert tampered.recounter.recount(repair=True).repaired
    assert tampered.recounter.recount().differences == []
    assert board(tampered) == {"Land": (2, 0, 0, 1, 0, 0)}
    tampered.take(event(K.CONCLUDED, "10-26 09:00", case_no="1"))
    assert board(tampered) == {"Land": (1, 0, 0, 0, 0, 0)}
    assert tampered.recounter.recount().differences == []


# A case that says something else than its events -------------------------------------------------------------------

@pytest.mark.parametrize(("values", "counter"), [({"light": "normal"}, "case_light"), ({"tally": ""}, "case_tally")])
def test_a_tampered_case_is_found_by_its_events_and_repaired_with_its_counters(record, values, counter):
    record.at("10-26 10:00").take(event(K.ACCEPTED, "10-15 10:00", case_no="1"), event(K.ACCEPTED, "10-25 10:00", case_no="2"))
    with record.database.transaction() as conn:
        conn.execute(update(case_table).where(case_table.c.case_no == "1").values(
            **{name: value or "Land" + "\x1f" * 4 for name, value in values.items()}))
    assert (counter, "1") in {(one.counter, one.place) for one in record.recounter.recount().differences}
    assert record.recounter.recount(repair=True).repaired
    assert record.recounter.recount().differences == []
    assert board(record) == {"Land": (2, 0, 0, 1, 0, 0)}


@pytest.mark.parametrize("flag", ["is_waiting", "is_unmarked"])
def test_a_case_the_sweep_would_pass_by_is_found_and_put_where_it_belongs(record, flag):
    record.at("10-15 18:00").take(event(K.RECEIVED, "10-15 10:00", case_no="1"), event(K.RECEIVED, "10-15 11:00", case_no="2"))
    with record.database.transaction() as conn:
        conn.execute(update(case_table).where(case_table.c.case_no == "1").values({flag: False}))
    assert [(one.counter, one.place) for one in record.recounter.recount().differences] == [("case_flags", "1")]
    assert record.recounter.recount(repair=True).repaired
    assert record.recounter.recount().differences == []
    with record.database.read() as conn:
        assert set(conn.scalars(select(case_table.c[flag]))) == {True}


def test_a_case_whose_row_is_gone_is_made_again_from_its_events(record):
    record.at("10-26 10:00").take(event(K.ACCEPTED, "10-15 10:00", case_no="1"), event(K.ACCEPTED, "10-25 10:00", case_no="2"))
    before = record.rungs()
    with record.database.transaction() as conn:
        conn.execute(delete(case_table).where(case_table.c.case_no == "1"))
    assert ("case", "1") in {(one.counter, one.place) for one in record.recounter.recount().differences}
    record.recounter.recount(repair=True)
    assert record.recounter.recount().differences == []
    assert (record.light(), record.rungs()) == ("yellow", before)


# A round in parts -------------------------------------------------------------------------------------------------

@pytest.fixture
def in_parts(record: Record, monkeypatch: pytest.MonkeyPatch) -> Record:
    """Five cases, two of them at a time; the first in number says something else than its events."""
    monkeypatch.setattr(cases.recount, "SLICE", 2)
    record.at("10-26 10:00").take(*(event(K.ACCEPTED, "10-25 10:00", case_no=str(number)) for number in range(5)))
    with record.database.transaction() as conn:
        first = conn.scalar(select(func.min(case_table.c.case_id)))
        conn.execute(update(case_table).where(case_table.c.case_id == first).values(tally="Land" + "\x1f" * 4))
    return record


def test_what_does_not_fit_into_the_time_goes_on_with_the_next_call_in_any_process(in_parts):
    others = in_parts, Record(in_parts.database).at("10-26 10:00")
    parts = [others[call % 2].recounter.proceed(repair=True, budget_s=0) for call in range(4)]

    assert [(part.cases, part.is_round_over) for part in parts] == [(2, False), (2, False), (1, False), (0, True)]
    assert [len(part.differences) for part in parts[:3]] == [1, 0, 0]
    assert [part.in_round for part in parts[:3]] == [1, 1, 1]
    assert in_parts.recounter.proceed(repair=True, budget_s=60).cases == 5


def test_the_alarm_of_a_difference_stands_until_a_whole_round_found_none(in_parts):
    services, codes = _Services(in_parts, budget_min=0), list[dict[str, int]]()
    for _ in range(8):
        recount(services)  # type: ignore[arg-type]
        codes.append(in_parts.alarm_codes())
    first_round, second_round = codes[:4], codes[4:]
    assert first_round == [{"counters_differ": 1}] * 4
    assert second_round == [*[{"counters_differ": 1}] * 3, {}]


def test_what_was_repaired_before_a_part_was_broken_off_is_told_by_the_next(in_parts, monkeypatch):
    in_parts.recounter.recount(repair=True)
    with in_parts.database.transaction() as conn:  # facts that no counter is made of
        first, fold = conn.execute(select(case_table.c.case_id, case_table.c.fold).order_by(case_table.c.case_id)).first()
        other = msgspec.structs.replace(msgspec.msgpack.decode(fold, type=Fold), title="another")
        conn.execute(update(case_table).where(case_table.c.case_id == first).values(fold=msgspec.msgpack.encode(other)))
    slices = iter([in_parts.recounter._slice(-1)])
    with monkeypatch.context() as broken:
        broken.setattr(Recounter, "_slice", lambda *_: next(slices))
        with pytest.raises(StopIteration):
            recount(_Services(in_parts))  # type: ignore[arg-type]
    recount(_Services(in_parts))  # type: ignore[arg-type]
    assert in_parts.alarm_codes() == {"counters_differ": 1}


def test_a_record_that_is_right_is_counted_without_the_lock_of_the_writers(in_parts, monkeypatch):
    in_parts.recounter.recount(repair=True)
    monkeypatch.setattr(Recounter, "_bring_to_present", lambda *_: pytest.fail("looked at behind the lock"))
    assert in_parts.recounter.recount(repair=True).differences == []


class _Services:
    """As much of the services as the job of the recount asks for."""

    def __init__(self, record: Record, budget_min: int = 10) -> None:
        self.recounter, self.uow, self.alarms = record.recounter, record.uow, record.alarms
        self.settings = SimpleNamespace(sweep=SimpleNamespace(recount_budget_min=budget_min))


def test_the_job_tells_a_difference_as_an_alarm_repairs_it_and_takes_the_alarm_back(tampered, caplog):
    recount(_Services(tampered))  # type: ignore[arg-type]
    assert tampered.alarm_codes() == {"counters_differ": 1}
    assert "5 differences" in caplog.text
    recount(_Services(tampered))  # type: ignore[arg-type]
    assert tampered.alarm_codes() == {}

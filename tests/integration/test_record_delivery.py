"""Delivered in any order, in any batches, once or often: the same rows in every table of the record, on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from cases import arrivals
from cases.events import CaseEvent, Due, EventKind, Status
from cases.models import case_table, chain_heads, clock_rungs, clocks, counter_days, counter_lights, journal
from core.database import Database
from core.models import ledger, outbox
from tests.unit.cases.record import Record, emptied, event, made_database, renumbered, rows_of, us

K = EventKind
ORGS = ["Land", "Water", None]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("delivery")) as database:
        yield database


@pytest.fixture
def database(shared: Database) -> Database:
    return emptied(shared)


@pytest.fixture
def record(database: Database) -> Record:
    return Record(database).at("11-05 10:00")


def contents(database: Database) -> dict[str, list[Any]]:
    """All the record says, without the traces of when and in which batch it was told."""
    return {"cases": rows_of(database, case_table), "clocks": rows_of(database, clocks),
            "clock_rungs": rows_of(database, clock_rungs, "detected_at"),
            "counter_lights": [row for row in rows_of(database, counter_lights) if any(row[2:])],
            "counter_days": [row for row in rows_of(database, counter_days) if any(row[2:])]}


# A little city of stories -----------------------------------------------------------------------------------------

def stories() -> list[CaseEvent]:
    """Cases that meet everything: stops, corrections, versions, two sources, late and early ends, missing limits."""
    plain = [event(K.ACCEPTED, "10-15 10:00"), event(K.STEP, "10-16 10:00", step="审核"),
             event(K.CONCLUDED, "10-22 10:00")]
    late = [event(K.SUBMITTED, "10-08 09:00"), event(K.ACCEPTED, "10-12 10:00"), event(K.CONCLUDED, "10-31 10:00")]
    stopped = [event(K.ACCEPTED, "10-15 10:00"), event(K.SPECIAL_STARTED, "10-17 10:00", approved_days=3, document_no="a"),
               event(K.SPECIAL_STARTED, "10-18 10:00", approved_days=9, document_no="b"),
               event(K.SPECIAL_ENDED, "10-23 10:00", document_no="a"), event(K.EXTENDED, "10-24 10:00", approved_days=4)]
    corrected = [event(K.ACCEPTED, "10-09 10:00", id="x", org="Water"),
                 event(K.ACCEPTED, "10-10 10:00", id="x", version=2, org="Water", promised_limit="3wd"),
                 event(K.CONCLUDED, "10-29 10:00", id="y"), event(K.STEP, "10-29 10:00", id="y", version=2, org="Water"),
                 event(K.CORRECTION_NOTIFIED, "10-16 10:00", source="bureau", id="x", org="Water")]
    unknown = [event(K.ACCEPTED, "10-15 10:00", item="mystery"), event(K.STEP, "10-18 10:00", item="mystery", step_due=Due(
        us("10-17 00:00")), org=None)]
    own = [event(K.ACCEPTED, "10-15 10:00", item="", own_due=Due(us("10-10 00:00"))),
           event(K.WITHDRAWN, "10-16 10:00", item="")]
    return [one for number, story in enumerate((plain, late, stopped, corrected, unknown, own), start=1)
            for copy in range(4) for one in _moved(renumbered(story, f"{number}-{copy}"), copy)]


def _moved(story: Sequence[CaseEvent], org: int) -> list[CaseEvent]:
    """The same story in another department, and one in none."""
    if org == 0:
        return list(story)
    return [msgspec.structs.replace(one, org=ORGS[org - 1]) for one in story]


def batches_of(events: Sequence[CaseEvent], random: Random) -> list[list[CaseEvent]]:
    shuffled, batches = random.sample(events, len(events)), []
    while shuffled:
        size = random.choice([1, 2, 5, 40])
        batches.append(shuffled[:size])
        shuffled = shuffled[size:]
    return batches


def count(database: Database, table: Any = journal) -> int:
    with database.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


# Tests ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("seed", [1, 2])
def test_every_order_and_every_batching_gives_the_same_rows(record, database, seed):
    events = stories()
    record.take(*events)
    at_once = contents(database)
    assert len(at_once["cases"]) == 24
    assert at_once["clock_rungs"], "the stories are late enough to pass rungs"

    emptied(database)
    another = Record(database).at("11-05 10:00")
    for batch in batches_of(events, Random(seed)):
        another.take(*batch)
    in_pieces = contents(database)
    for table, rows in at_once.items():
        assert in_pieces[table] == rows, table


def test_the_newest_first_gives_the_same_rows(record, database):
    events = stories()
    record.take(*events)
    at_once = contents(database)
    emptied(database)
    another = Record(database).at("11-05 10:00")
    for one in reversed(events):
        another.take(one)
    assert contents(database) == at_once


def test_looking_at_the_cases_week_by_week_ends_in_the_same_rows(record, database):
    events = sorted(stories(), key=lambda one: one.claimed_at)
    record.take(*events)
    at_once = contents(database)
    emptied(database)
    another = Record(database)
    for now in ("10-11 10:00", "10-16 08:00", "10-20 00:00", "10-27 00:00", "11-05 10:00"):
        another.at(now)
        another.recorder.record([one for one in events if one.claimed_at <= us(now)])
        another.sweeper.sweep_all()
    assert contents(database)["clock_rungs"] == at_once["clock_rungs"]
    assert contents(database)["counter_lights"] == at_once["counter_lights"]
    assert contents(database)["counter_days"] == at_once["counter_days"]


def ledger_heads(database: Database) -> list[tuple[str, int, int]]:
    """Without the stamp, which every transaction renews."""
    return [(epoch, journal_seq, outbox_seq) for _id, epoch, journal_seq, outbox_seq, _stamp in rows_of(database, ledger)]


def test_a_repeated_delivery_changes_nothing_and_says_so(record, database):
    events = stories()
    record.take(*events)
    before, told, heads = contents(database), count(database, outbox), ledger_heads(database)
    again = record.recorder.record(Random(3).sample(events, len(events)))
    assert {(outcome.status, outcome.code) for outcome in again} == {(Status.DUPLICATE, "already_recorded")}
    assert contents(database) == before
    assert (count(database, outbox), ledger_heads(database), count(database)) == (told, heads, len(events))


def test_a_batch_with_repetitions_keeps_the_first_and_answers_each_in_its_place(record, database):
    first, second = event(K.ACCEPTED, "10-15 10:00"), event(K.STEP, "10-16 10:00")
    record.take(first)
    statuses = [outcome.status for outcome in record.recorder.record([second, first, second])]
    assert statuses == [Status.OK, Status.DUPLICATE, Status.DUPLICATE]
    assert count(database) == 2


def test_the_same_number_with_another_content_is_unsuitable_and_the_first_stays(record, database):
    first = event(K.ACCEPTED, "10-15 10:00", id="7", title="桥")
    record.take(first)
    before = contents(database)
    for other in (msgspec.structs.replace(first, claimed_at=us("10-16 10:00")), event(K.VOIDED, "10-15 10:00", id="7"),
                  event(K.ACCEPTED, "10-15 10:00", id="7", title="路"), msgspec.structs.replace(first, case_no="2")):
        [outcome] = record.recorder.record([other])
        assert (outcome.status, outcome.code, outcome.detail) == (
            Status.UNSUITABLE, "content_differs", {"id": "7", "version": "1"})
    assert contents(database) == before


def test_two_contents_under_one_number_in_one_batch_are_told_apart(record):
    one = event(K.ACCEPTED, "10-15 10:00", id="7")
    other = event(K.ACCEPTED, "10-16 10:00", id="7")
    assert [outcome.code for outcome in record.recorder.record([one, other])] == ["", "content_differs"]


def test_another_place_in_the_file_is_no_other_content(record):
    one = event(K.ACCEPTED, "10-15 10:00", id="7", order=1)
    record.take(one)
    [outcome] = record.recorder.record([msgspec.structs.replace(one, order=5)])
    assert outcome.status is Status.DUPLICATE


def test_equal_numbers_of_two_sources_and_equal_case_numbers_of_two_areas_are_not_confused(record, database):
    record.take(*[event(K.ACCEPTED, "10-15 10:00", id=area, source=source, area=area)
                  for source in ("hall", "bureau") for area in ("360500", "360521")])
    assert (count(database), count(database, case_table)) == (4, 2)


def test_a_higher_version_replaces_what_the_lower_one_did_to_clocks_and_counters(record, database):
    record.take(event(K.ACCEPTED, "10-15 10:00", id="a"), event(K.CONCLUDED, "10-22 10:00", id="b"))
    assert record.light() == "none"
    record.take(event(K.STEP, "10-22 10:00", id="b", version=2))
    assert record.light() == "red"
    assert record.recounter.recount().differences == []
    assert count(database) == 3, "the journal keeps both"


def test_a_lower_version_that_comes_late_is_kept_and_changes_nothing(record, database):
    record.take(event(K.ACCEPTED, "10-29 10:00", id="a", version=2))
    before = contents(database)
    record.take(event(K.ACCEPTED, "10-15 10:00", id="a"))
    record.take(event(K.VOIDED, "10-30 10:00", id="a", version=1, source="bureau"))
    emptied_of_bureau = contents(database)
    assert count(database) == 3
    assert before["clocks"][0][:3] == emptied_of_bureau["clocks"][0][:3]
    assert record.light() == "none", "the other source's event is another event"


def test_nothing_to_record_is_no_transaction_that_leaves_a_trace(record, database):
    assert record.recorder.record([]) == []
    assert (count(database), count(database, chain_heads)) == (0, 0)


def test_a_batch_that_cannot_be_written_leaves_nothing_at_all(record, database, monkeypatch):
    record.take(event(K.ACCEPTED, "10-15 10:00", case_no="0"))
    before, told = contents(database), count(database, outbox)
    monkeypatch.setattr("cases.changes.Counters.write", _fail)
    with pytest.raises(ZeroDivisionError):
        record.recorder.record(stories())
    monkeypatch.undo()
    assert (contents(database), count(database), count(database, outbox)) == (before, 1, told)
    record.take(*stories())
    assert count(database) == 1 + len(stories()), "what was rolled back is not thought stored"


def _fail(*_args: object) -> None:
    raise ZeroDivisionError


def test_one_case_that_cannot_be_folded_is_refused_and_the_others_are_kept(record, database, monkeypatch):
    real = arrivals.fold_all

    def fold(events: Sequence[CaseEvent]) -> Any:
        if any(one.case_no == "bad" for one in events):
            raise ZeroDivisionError
        return real(events)

    monkeypatch.setattr(arrivals, "fold_all", fold)
    outcomes = record.recorder.record([event(K.ACCEPTED, "10-15 10:00", case_no=number) for number in ("1", "bad", "2")])
    assert [outcome.status for outcome in outcomes] == [Status.OK, Status.ERROR, Status.OK]
    assert outcomes[1].code == "cannot_be_folded"
    assert count(database) == 2
    assert record.recounter.recount().differences == []

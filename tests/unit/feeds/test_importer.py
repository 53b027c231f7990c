"""Loading files: progress, the report, areas, and loading them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from cases.models import areas
from core.database import Database
from core.errors import InvalidInput
from feeds.file_reading import batches
from feeds.importer import ImportReport, import_file
from feeds.ingest import Ingest
from feeds.limits import FeedLimits
from feeds.mapping import SourceMapping
from feeds.queries import FeedQueries
from feeds.reasons import Refusal, Rejection
from feeds.records import Parsed
from feeds.tally import Tally, fingerprint_of
from tests.unit.feeds.conftest import PERMITS, FakeRecorder

HEADER = "case_no,what,at,who,office\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = "".join(f"A{number},open,2018-01-0{1 + number % 9},,\nA{number},close,2018-02-01,,\n" for number in range(25))
    path = tmp_path / "log.csv"
    path.write_text(HEADER + rows + "B1,dance,2018-01-01,,\nB2,open,2018-01-01\n", encoding="utf-8")
    return path


def test_a_file_is_loaded_with_progress_and_a_report(log: Path, permits: SourceMapping, ingest: Ingest) -> None:
    seen: list[int] = []
    report = import_file(log, permits, ingest, progress=lambda so_far: seen.append(so_far.account.total))
    assert (report.account.accepted, report.account.rejected, report.exit_code) == (50, 2, 2)
    assert report.account.reasons == {"code_unknown": 1, "field_count": 1}
    assert {(one.code, one.position) for one in report.samples} == {("code_unknown", "line 52"), ("field_count", "line 53")}
    assert seen == sorted(seen)
    assert seen[-1] == 52
    assert report.as_dict()["sources"] == ["permits"]


def test_loading_again_records_nothing_twice(log: Path, permits: SourceMapping, ingest: Ingest, recorder: FakeRecorder,
                                             database: Database) -> None:
    import_file(log, permits, ingest)
    again = import_file(log, permits, ingest)
    assert (again.account.accepted, again.account.duplicates, len(recorder.events)) == (0, 50, 50)
    assert FeedQueries(database, ingest.limits).quarantined().total == 2


def test_a_good_file_ends_with_exit_code_0(tmp_path: Path, permits: SourceMapping, ingest: Ingest) -> None:
    path = tmp_path / "good.csv"
    path.write_text(HEADER + "A1,open,2018-01-01,,\n", encoding="utf-8")
    assert import_file(path, permits, ingest).exit_code == 0


def test_batches_end_between_two_cases_and_are_judged_as_of_their_newest_event(log: Path, permits: SourceMapping,
                                                                               ingest: Ingest,
                                                                               recorder: FakeRecorder) -> None:
    import_file(log, permits, ingest)
    assert len(recorder.judged_at) == 5
    assert set(recorder.judged_at) == {max(event.claimed_at for event in recorder.events)}


def test_live_files_are_judged_as_of_now(log: Path, permits: SourceMapping, ingest: Ingest, recorder: FakeRecorder) -> None:
    import_file(log, permits, ingest, is_history=False)
    assert set(recorder.judged_at) == {None}


def test_the_area_of_a_mapping_is_stored_before_its_cases(log: Path, permits: SourceMapping, ingest: Ingest,
                                                          database: Database) -> None:
    import_file(log, permits, ingest)
    with database.read() as conn:
        assert conn.execute(select(areas)).all() == [("city", "city", "cn", "Asia/Shanghai", "kechuang")]


def test_an_area_named_by_a_column_does_not_overwrite_the_installation_s(tmp_path: Path, ingest: Ingest, database: Database,
                                                                        write_mapping: Callable[[str], SourceMapping]) -> None:
    by_column = write_mapping(PERMITS.replace("{value: city}", "office").replace("calendar: cn", "calendar: mf"))
    fixed = write_mapping(PERMITS.replace("{value: city}", "{value: north}"))
    path = tmp_path / "x.csv"
    path.write_text(HEADER + "A1,open,2018-01-01,,north\nA2,open,2018-01-01,,south\n", encoding="utf-8")
    import_file(path, fixed, ingest)
    import_file(path, by_column, ingest)
    with database.read() as conn:
        assert dict(iter(conn.execute(select(areas.c.area, areas.c.calendar)))) == {"north": "cn", "south": "mf"}


def test_a_file_that_is_not_there_is_named(tmp_path: Path, permits: SourceMapping, ingest: Ingest) -> None:
    with pytest.raises(InvalidInput) as caught:
        import_file(tmp_path / "missing.csv", permits, ingest)
    assert caught.value.details["file"].endswith("missing.csv")


def test_only_so_many_refused_records_of_a_file_are_kept(tmp_path: Path, permits: SourceMapping, ingest: Ingest,
                                                         database: Database) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + "".join(f"A{number},dance,2018-01-01,,\n" for number in range(60)), encoding="utf-8")
    ingest.limits = FeedLimits(batch_size=10, max_quarantined_per_import=25)
    report: ImportReport = import_file(path, permits, ingest)
    assert report.account.rejected == 60
    assert FeedQueries(database, ingest.limits).quarantined().total == 25


def test_a_batch_without_case_boundaries_is_cut_all_the_same() -> None:
    bad = Parsed(None, Rejection(Refusal("json_invalid").as_outcome()))
    assert [len(batch) for batch in batches([bad] * 25, 10)] == [10, 10, 5]


def test_fingerprints_beyond_the_memory_are_counted_in_a_file() -> None:
    tally = Tally(in_memory=3)
    marks = [fingerprint_of(str(number)) for number in range(10)]
    assert [tally.count(mark) for mark in marks] == [0] * 10
    assert [tally.count(mark) for mark in marks] == [1] * 10
    assert tally.count(marks[9]) == 2
    tally.close()


def test_a_value_that_cannot_be_read_is_reported_and_quarantined_beside_its_recorded_event(
        tmp_path: Path, write_mapping: Callable[[str], SourceMapping], ingest: Ingest, recorder: FakeRecorder,
        database: Database) -> None:
    mapping = write_mapping(PERMITS.replace("  actor: who", "  actor: who\n  data: {own_due: office}"))
    path = tmp_path / "due.csv"
    path.write_text(HEADER + "A1,open,2018-01-01,,soon\nA2,open,2018-01-01,,2018-02-01\n", encoding="utf-8")
    for _again in (1, 2):
        report = import_file(path, mapping, ingest)
        assert (report.account.rejected, report.unread, report.exit_code) == (0, {"office": 1}, 2)
        assert [(one.code, one.position) for one in report.samples] == [("time_unreadable", "line 2")]
        assert report.as_dict()["unread"] == {"office": 1}
    assert [event.case_no for event in recorder.events] == ["A1", "A2"]
    [kept] = FeedQueries(database, ingest.limits).quarantined().records
    assert (kept.code, kept.detail["field"], kept.times) == ("time_unreadable", "office", 1)
    assert kept.detail["event_id"] == recorder.events[0].source_event_id


def test_a_department_that_changes_within_the_file_is_remarked(tmp_path: Path, permits: SourceMapping, ingest: Ingest) -> None:
    path = tmp_path / "moved.csv"
    path.write_text(HEADER + "A1,open,2018-01-01,,North\nA1,look,2018-01-02,,South\n", encoding="utf-8")
    report = import_file(path, permits, ingest)
    assert (report.remarks, report.exit_code) == ({"case_changed": 1}, 0)


SIBLING = """
name: permits_cases
title: {zh: 许可案件, en: Permits}
formats: csv
rows: case
area: {code: {value: city}, timezone: Asia/Shanghai, calendar: cn, preset: kechuang}
case: {no: case_no}
case_events: [{kind: accepted, at: opened, required: true}]
"""


@pytest.mark.parametrize(("content", "packs", "chosen", "kinds"), [
    (HEADER + "A1,close,2018-01-01,,\n", False, "permits", ["concluded"]),
    ("case_no,opened\nA1,2018-01-01\n", False, "permits_cases", ["accepted"]),
    ("case_no;opened\nA1;2018-01-01\n", True, "permits_cases", ["accepted"]),
    ("case_no,neither\nA1,2018-01-01\n", False, "permits", [])])
def test_the_sibling_whose_columns_a_table_has_reads_it(tmp_path: Path, write_mapping: Callable[[str], SourceMapping],
                                                        packed: Callable[[bytes], bytes], ingest: Ingest,
                                                        recorder: FakeRecorder, content: str, packs: bool, chosen: str,
                                                        kinds: list[str]) -> None:
    (tmp_path / "permits_cases.yaml").write_text(SIBLING, encoding="utf-8")
    mapping = write_mapping(f"{PERMITS}siblings: [permits_cases]\n")
    path = tmp_path / "table"
    path.write_bytes(packed(content.encode()) if packs else content.encode())
    report = import_file(path, mapping, ingest)
    assert report.mapping == chosen
    assert [event.kind.value for event in recorder.events] == kinds
    assert set(report.account.reasons) == (set() if kinds else {"mapping_columns_missing"})


def test_columns_nothing_reads_are_named_in_the_report(tmp_path: Path, permits: SourceMapping, ingest: Ingest) -> None:
    path = tmp_path / "misspelt.csv"
    path.write_text("case_no,what,at,who,office,promised_du,,\n" + "A1,open,2018-01-01,,,2018-01-09,,\n" * 2, encoding="utf-8")
    report = import_file(path, permits, ingest)
    assert (report.exit_code, report.as_dict()["columns_unread"]) == (0, ["promised_du"])


def test_values_under_columns_without_a_name_are_named_by_their_places(tmp_path: Path, permits: SourceMapping,
                                                                       ingest: Ingest) -> None:
    path = tmp_path / "unnamed.csv"
    rows = "A1,open,2018-01-01,,,,,\n" + "A2,open,2018-01-01,,,2018-01-09,,\n"
    path.write_text("case_no,what,at,who,office,,,\n" + rows, encoding="utf-8")
    report = import_file(path, permits, ingest)
    assert (report.exit_code, report.as_dict()["columns_unread"]) == (0, ["(column 6)"])

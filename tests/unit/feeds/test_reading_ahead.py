"""Files read by a second process: the same records as when they are read here, also where that process is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from core.companion import CompanionLost
from feeds import file_reading
from feeds.file_reading import FileJob, ReadBatch, read_file
from feeds.importer import import_file
from feeds.ingest import Ingest
from feeds.limits import FeedLimits
from feeds.mapping import MAPPING_DIR, MappingShape, SourceMapping, read_mapping
from feeds.records import raw_text
from tests.companions import AwaitedCompanion, reading_apart
from tests.unit.feeds.conftest import FakeRecorder

HEADER = "case_no,what,at,who,office,colour\n"
CASES_ONLY = """
name: permits
title: {zh: 许可, en: Permits}
formats: [csv]
rows: case
area: {code: {value: city}, timezone: Asia/Shanghai, calendar: cn, preset: kechuang}
case: {no: case_no}
case_events:
  - {kind: submitted, at: filed, required: false}
"""


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> type[AwaitedCompanion]:
    return reading_apart(monkeypatch, file_reading)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Some thousand records, some that are refused, one whose values contradict, a column nobody reads."""
    rows = [f"粤A{number},{what},2018-01-0{1 + number % 9},张三,,红\n" for number in range(1500) for what in ("open", "close")]
    rows[700:700] = ["B1,dance,2018-01-01,,,\n", "B2,open\n", "B3,open,never,,,\n"]
    path = tmp_path / "log.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def job(log: Path, permits: SourceMapping) -> FileJob:
    return FileJob(log, permits, FeedLimits(batch_size=100, read_ahead_bytes=1), "hall", "city")


def _read(job: FileJob, after: Callable[[int], None] = lambda _number: None) -> list[ReadBatch]:
    found = []
    with job.path.open("rb") as stream, closing(read_file(job, stream)) as batches:
        for batch in batches:
            found.append(batch)
            after(len(found))
    return found


def _told(batches: list[ReadBatch]) -> list[object]:
    """All of it but that a record's fields become its text on the way."""
    return [([(one.event, one.rejection, raw_text(one.raw), one.line, one.header, one.separator, one.note, one.element,
               one.position) for one in batch.records], batch.constant_area, batch.areas, batch.default_source, batch.remarks)
            for batch in batches]


def _here(job: FileJob) -> FileJob:
    return replace(job, limits=replace(job.limits, read_ahead_bytes=0))


def test_the_second_process_reads_what_this_one_would(job: FileJob, apart: type[AwaitedCompanion]) -> None:
    ahead, here = _read(job), _read(_here(job))
    assert len(apart.started) == 1
    assert _told(ahead) == _told(here)
    assert ahead[-1].columns_unread == here[-1].columns_unread == ["colour"]
    assert sum(one.rejection is not None for batch in ahead for one in batch.records) == 3


def test_until_it_has_begun_this_one_reads(job: FileJob, apart: type[AwaitedCompanion],
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([False, False, False])
    monkeypatch.setattr(apart, "has_answer", lambda one: next(asked, None) is None and AwaitedCompanion.has_answer(one))
    assert _told(_read(job)) == _told(_read(_here(job)))


def test_a_file_read_before_it_has_begun_needs_it_no_more(job: FileJob, apart: type[AwaitedCompanion],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "has_answer", lambda _one: False)
    assert _told(_read(job)) == _told(_read(_here(job)))
    assert len(apart.started) == 1


@pytest.mark.parametrize("batch", [1, 7])
def test_what_a_lost_process_has_not_read_is_read_here(job: FileJob, apart: type[AwaitedCompanion], batch: int,
                                                      caplog: pytest.LogCaptureFixture) -> None:
    def kill(number: int) -> None:
        if number == batch:
            os.kill(apart.started[0].pid, signal.SIGKILL)

    assert _told(_read(job, kill)) == _told(_read(_here(job)))
    assert "is lost (signal 9)" in caplog.text


def test_a_file_that_took_its_place_is_not_read_for_it(job: FileJob, apart: type[AwaitedCompanion],
                                                     caplog: pytest.LogCaptureFixture) -> None:
    here = _told(_read(_here(job)))
    with job.path.open("rb") as stream:
        other = job.path.with_name("other.csv")
        other.write_text(HEADER + "X1,open,2018-01-01,,,\n", encoding="utf-8")
        other.replace(job.path)
        assert _told(list(read_file(job, stream))) == here
    assert "another file stands at that path" in caplog.text


@pytest.mark.parametrize("killed_after", [0, 3])
def test_a_file_deleted_meanwhile_is_read_to_its_end(job: FileJob, apart: type[AwaitedCompanion], killed_after: int) -> None:
    here = _told(_read(_here(job)))

    def vanish(number: int) -> None:
        if number == max(killed_after, 1):
            job.path.unlink()
            os.kill(apart.started[0].pid, signal.SIGKILL)

    assert _told(_read(job, vanish)) == here


def test_where_no_process_can_be_started_it_is_read_here(job: FileJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_how: object) -> None:
        raise CompanionLost("no more processes")

    monkeypatch.setattr(file_reading, "has_second_processor", lambda: True)
    monkeypatch.setattr(file_reading, "Companion", fail)
    assert _told(_read(job)) == _told(_read(_here(job)))


def test_a_file_from_standard_input_is_read_whole(job: FileJob, apart: type[AwaitedCompanion]) -> None:
    number = os.open(job.path, os.O_RDONLY)
    try:
        piped = replace(job, path=Path(f"/proc/self/fd/{number}"))
        assert sum(len(batch.records) for batch in _read(piped)) == 3003
    finally:
        os.close(number)


@pytest.mark.parametrize(("read_here", "last"), [(1, 149), (2, 129)])
def test_a_file_still_written_has_no_hole(job: FileJob, monkeypatch: pytest.MonkeyPatch, read_here: int, last: int) -> None:
    """The last batch read here, before more was written, is shorter than the same one over there."""
    rows = [f"C{number},open,2018-01-01,,,\n" for number in range(150)]
    whole = replace(_here(job), path=job.path.with_name("whole.csv"))
    whole.path.write_text(HEADER + "".join(rows), encoding="utf-8")
    job.path.write_text(HEADER + "".join(rows[:130]), encoding="utf-8")
    ahead = [file_reading._packed(batch) for batch in _read(whole)]

    class Grown(nullcontext):  # type: ignore[type-arg]
        asked = 0

        def __init__(self, *_how: object) -> None:
            super().__init__(self)

        def ask(self, _order: bytes) -> Iterator[bytes]:
            return iter(ahead)

        def has_answer(self) -> bool:
            self.asked += 1
            return self.asked > read_here

    monkeypatch.setattr(file_reading, "has_second_processor", lambda: True)
    monkeypatch.setattr(file_reading, "Companion", Grown)
    numbers = [one.event.case_no for batch in _read(job) for one in batch.records if one.event is not None]
    assert numbers == [f"C{number}" for number in range(last + 1)]


def test_a_file_without_a_single_record_is_reported_all_the_same(tmp_path: Path, write_mapping: Callable[[str], SourceMapping],
                                                                ingest: Ingest) -> None:
    mapping = write_mapping(CASES_ONLY)
    path = tmp_path / "cases.csv"
    path.write_text("case_no,filed,due_dat\nA1,,2018-01-05\n", encoding="utf-8")
    report = import_file(path, mapping, ingest)
    assert (report.account.total, report.columns_unread) == (0, ["due_dat"])


def test_an_import_tells_and_records_the_same(job: FileJob, apart: type[AwaitedCompanion], ingest: Ingest,
                                              recorder: FakeRecorder) -> None:
    ingest.limits = job.limits
    report = import_file(job.path, job.mapping, ingest)
    assert len(apart.started) == 1
    assert (report.account.accepted, report.account.rejected, len(recorder.events)) == (3000, 3, 3000)
    ingest.limits = _here(job).limits
    again = import_file(job.path, job.mapping, ingest)
    assert (again.account.duplicates, again.account.rejected) == (3000, 3)
    assert len(apart.started) == 1
    for name in ("remarks", "columns_unread", "samples", "sources", "unread"):
        assert getattr(report, name) == getattr(again, name)


def test_small_files_and_machines_with_one_processor_need_no_second_process(job: FileJob, apart: type[AwaitedCompanion],
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(job, limits=replace(job.limits, read_ahead_bytes=job.path.stat().st_size + 1))
    assert len(_read(small)) == 31
    monkeypatch.setattr(file_reading, "has_second_processor", lambda: False)
    assert len(_read(job)) == 31
    assert apart.started == []


@pytest.mark.parametrize("path", sorted(MAPPING_DIR.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_mapping_reaches_the_other_process_as_it_is(path: Path) -> None:
    shape = read_mapping(path).shape
    assert MappingShape.model_validate_json(shape.model_dump_json(by_alias=True)) == shape

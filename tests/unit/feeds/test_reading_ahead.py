"""Files read by a second process: the same records as when they are read here, also where that process is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from feeds import file_reading
from feeds.file_reading import FileJob, ReadBatch, read_file
from feeds.importer import import_file
from feeds.ingest import Ingest
from feeds.limits import FeedLimits
from feeds.mapping import MAPPING_DIR, MappingShape, SourceMapping, read_mapping
from feeds.records import raw_text
from tests.companions import AwaitedCompanion, awaited
from tests.unit.feeds.conftest import FakeRecorder

HEADER = "case_no,what,at,who,office,colour\n"


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> type[AwaitedCompanion]:
    """As on a machine with two processors, where the second process is quick."""
    kind = awaited()
    monkeypatch.setattr(file_reading, "has_second_processor", lambda: True)
    monkeypatch.setattr(file_reading, "Companion", kind)
    return kind


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

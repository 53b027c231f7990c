"""The drop folder: complete files once, unfinished ones left alone, crashes survived."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from cases.events import Outcome
from core.clock import FrozenClock
from core.errors import Unavailable
from feeds import file_drop
from feeds.file_drop import FileDrop
from feeds.importer import ImportReport, import_file
from feeds.ingest import Ingest
from feeds.mapping import find_mapping
from feeds.queries import FeedQueries
from tests.unit.feeds.conftest import PERMITS, FakeRecorder

CONTENT = "case_no,what,at,who,office\nA1,open,2018-01-01,,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "drop" / "permits"
    folder.mkdir(parents=True)
    (folder / "mapping.yaml").write_text(PERMITS, encoding="utf-8")
    return folder


@pytest.fixture
def drop(folder: Path, ingest: Ingest, frozen_clock: FrozenClock) -> FileDrop:
    return FileDrop(folder.parent, ingest, frozen_clock, find_mapping)


def _settle(drop: FileDrop, clock: FrozenClock) -> list[int]:
    """Two looks with the settling time between them."""
    drop.poll()
    clock.advance(timedelta(seconds=2))
    return [report.account.accepted for report in drop.poll()]


def test_a_complete_file_is_read_and_put_aside_with_its_report(drop: FileDrop, folder: Path,
                                                               frozen_clock: FrozenClock) -> None:
    (folder / "a.csv").write_text(CONTENT, encoding="utf-8")
    assert _settle(drop, frozen_clock) == [1]
    assert sorted(path.name for path in (folder / "done").iterdir()) == ["a.csv", "a.csv.report.json"]
    report = json.loads((folder / "done" / "a.csv.report.json").read_text(encoding="utf-8"))
    assert (report["accepted"], report["rejected"], report["sources"]) == (1, 0, ["permits"])
    assert drop.poll() == []


def test_a_growing_file_is_left_alone(drop: FileDrop, folder: Path, frozen_clock: FrozenClock) -> None:
    path = folder / "a.csv"
    path.write_text(CONTENT[:40], encoding="utf-8")
    drop.poll()
    frozen_clock.advance(timedelta(seconds=5))
    path.write_text(CONTENT, encoding="utf-8")
    assert drop.poll() == []
    frozen_clock.advance(timedelta(seconds=2))
    assert [report.account.accepted for report in drop.poll()] == [1]


@pytest.mark.parametrize("name", ["a.csv.part", "b.csv.tmp", "notes.txt", "c.xlsx"])
def test_unfinished_and_foreign_files_are_left_alone(drop: FileDrop, folder: Path, frozen_clock: FrozenClock,
                                                     name: str) -> None:
    (folder / name).write_text(CONTENT, encoding="utf-8")
    assert _settle(drop, frozen_clock) == []
    assert (folder / name).exists()


def test_a_link_is_not_followed(drop: FileDrop, folder: Path, frozen_clock: FrozenClock, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(CONTENT, encoding="utf-8")
    (folder / "a.csv").symlink_to(tmp_path / "secret.csv")
    assert _settle(drop, frozen_clock) == []


def test_a_file_without_one_good_record_fails_and_the_next_is_read(drop: FileDrop, folder: Path,
                                                                   frozen_clock: FrozenClock) -> None:
    (folder / "a.csv").write_text("nothing,of,this\n1,2,3\n", encoding="utf-8")
    (folder / "b.csv").write_text(CONTENT, encoding="utf-8")
    assert sorted(_settle(drop, frozen_clock)) == [0, 1]
    assert (folder / "failed" / "a.csv.report.json").exists()
    assert (folder / "done" / "b.csv").exists()


def test_a_file_of_only_a_header_says_so_in_its_report_and_in_the_quarantine(
        drop: FileDrop, folder: Path, frozen_clock: FrozenClock, queries: FeedQueries) -> None:
    """A source that had nothing to tell has told so: it is heard of, and however often it happens, it is one entry."""
    for name in ("monday.csv", "tuesday.csv"):
        (folder / name).write_text("case_no,what,at,who,office\n", encoding="utf-8")
        assert _settle(drop, frozen_clock) == [0]
    report = json.loads((folder / "failed" / "monday.csv.report.json").read_text(encoding="utf-8"))
    assert (report["reasons"], report["samples"][0]["code"]) == ({"no_records": 1}, "no_records")
    [kept] = queries.quarantined().records
    assert (kept.code, kept.origin, kept.times) == ("no_records", "tuesday.csv", 2)
    assert queries.health_of("permits", frozen_clock.now_us()).state == "ok"


def test_a_broken_mapping_is_told_beside_the_file_and_in_the_quarantine(
        drop: FileDrop, folder: Path, frozen_clock: FrozenClock, queries: FeedQueries) -> None:
    (folder / "mapping.yaml").write_text("name: [", encoding="utf-8")
    (folder / "a.csv").write_text(CONTENT, encoding="utf-8")
    assert _settle(drop, frozen_clock) == []
    report = json.loads((folder / "failed" / "a.csv.report.json").read_text(encoding="utf-8"))
    assert report["code"] == "config_not_yaml"
    assert report["details"]["file"].endswith("mapping.yaml")
    assert report["details"]["line"]
    [kept] = queries.quarantined().records
    assert (kept.source, kept.code, kept.origin) == ("permits", "file_unread", "a.csv")
    assert "config_not_yaml" in kept.detail["problem"]
    assert "mapping.yaml" in kept.detail["problem"]


def test_a_file_left_by_a_crash_is_read_again_without_harm(drop: FileDrop, folder: Path, frozen_clock: FrozenClock,
                                                           ingest: Ingest, recorder: FakeRecorder) -> None:
    (folder / "a.csv").write_text(CONTENT, encoding="utf-8")
    _settle(drop, frozen_clock)
    (folder / "processing").mkdir(exist_ok=True)
    (folder / "processing" / "a.csv").write_text(CONTENT, encoding="utf-8")
    restarted = FileDrop(folder.parent, ingest, frozen_clock, find_mapping)
    assert _settle(restarted, frozen_clock) == [0]
    assert len(recorder.events) == 1
    assert (folder / "done" / "2-a.csv").exists()


def test_only_the_first_look_touches_what_stands_in_processing(drop: FileDrop, folder: Path) -> None:
    """A worker that stands by never looks; one that has looked knows that what it finds there is its own."""
    (folder / "processing").mkdir()
    (folder / "processing" / "a.csv").write_text(CONTENT, encoding="utf-8")
    drop.poll()
    assert not (folder / "processing" / "a.csv").exists()
    (folder / "processing" / "b.csv").write_text(CONTENT, encoding="utf-8")
    drop.poll()
    assert (folder / "processing" / "b.csv").exists()


def test_a_recovered_file_overwrites_no_newly_dropped_one(drop: FileDrop, folder: Path, frozen_clock: FrozenClock,
                                                          recorder: FakeRecorder) -> None:
    (folder / "processing").mkdir()
    (folder / "processing" / "a.csv").write_text(CONTENT, encoding="utf-8")
    (folder / "a.csv").write_text(CONTENT.replace("A1", "A2"), encoding="utf-8")
    assert _settle(drop, frozen_clock) == [1, 1]
    assert {event.case_no for event in recorder.events} == {"A1", "A2"}


def test_a_file_waits_while_the_database_is_away(drop: FileDrop, folder: Path, frozen_clock: FrozenClock,
                                                 recorder: FakeRecorder) -> None:
    (folder / "a.csv").write_text(CONTENT, encoding="utf-8")
    recorder.failure = OperationalError("INSERT", {}, Exception("gone"))
    with pytest.raises(Unavailable):
        _settle(drop, frozen_clock)
    assert (folder / "a.csv").exists()
    recorder.failure = None
    assert _settle(drop, frozen_clock) == [1]


def test_a_waiting_file_overwrites_no_file_dropped_meanwhile(
        drop: FileDrop, folder: Path, frozen_clock: FrozenClock, recorder: FakeRecorder,
        monkeypatch: pytest.MonkeyPatch) -> None:
    def drop_another_and_fail(*_arguments: object) -> list[Outcome]:
        (folder / "a.csv").write_text(CONTENT.replace("A1", "A2"), encoding="utf-8")
        raise OperationalError("INSERT", {}, Exception("gone"))

    (folder / "a.csv").write_text(CONTENT, encoding="utf-8")
    with monkeypatch.context() as while_away:
        while_away.setattr(recorder, "record", drop_another_and_fail)
        with pytest.raises(Unavailable):
            _settle(drop, frozen_clock)
    assert sorted(_settle(drop, frozen_clock)) == [1, 1]
    assert {event.case_no for event in recorder.events} == {"A1", "A2"}


def test_whatever_a_file_breaks_it_fails_with_a_report_and_the_next_is_read(
        drop: FileDrop, folder: Path, frozen_clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path, *arguments: Any, **options: Any) -> ImportReport:
        if path.name == "a.csv":
            raise ZeroDivisionError("a fault of ours")
        return import_file(path, *arguments, **options)

    monkeypatch.setattr(file_drop, "import_file", read)
    (folder / "a.csv").write_text(CONTENT, encoding="utf-8")
    (folder / "b.csv").write_text(CONTENT, encoding="utf-8")
    assert _settle(drop, frozen_clock) == [1]
    report = json.loads((folder / "failed" / "a.csv.report.json").read_text(encoding="utf-8"))
    assert report["details"]["problem"] == "ZeroDivisionError: a fault of ours"
    assert list((folder / "processing").iterdir()) == []


def test_a_missing_drop_folder_is_no_error(tmp_path: Path, ingest: Ingest, frozen_clock: FrozenClock) -> None:
    assert FileDrop(tmp_path / "none", ingest, frozen_clock, find_mapping).poll() == []

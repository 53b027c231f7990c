"""Deliveries read by a second process: the same events and refusals, also where it is starting or lost."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import psutil
import pytest

from cases.drafting import Drafts
from cases.events import CaseEvent
from feeds import delivery_reading
from feeds.delivery_reading import DeliveryReader, Drafting
from feeds.limits import FeedLimits
from feeds.public_event import EventReader
from feeds.records import Parsed
from tests.companions import AwaitedCompanion, reading_apart

LIMITS = FeedLimits(read_apart_from=3, max_line_bytes=4096, max_attributes=2)


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> type[AwaitedCompanion]:
    return reading_apart(monkeypatch, delivery_reading)


@pytest.fixture
def reader(apart: type[AwaitedCompanion]) -> Iterator[DeliveryReader]:
    """One whose second process is ready."""
    reader = DeliveryReader(EventReader("city", LIMITS.max_attributes), LIMITS)
    reader.read("hall", _records(3), 1)
    yield reader
    reader.close()


def _records(count: int, **changes: object) -> list[bytes]:
    return [json.dumps({"id": f"e{number}", "kind": "accepted", "case_no": f"粤A{number}", "at": "2018-10-15T09:00:00+08:00",
                        "data": {"title": "申请", "promised_limit": "7wd", "attributes": {"colour": "红"}}} | changes,
                       ensure_ascii=False).encode() for number in range(count)]


def _here(records: list[bytes], first_line: int) -> list[Parsed]:
    return DeliveryReader(EventReader("city", LIMITS.max_attributes), replace(LIMITS, read_apart_from=0)).read(
        "hall", records, first_line).parsed


def test_the_second_process_reads_what_this_one_would(reader: DeliveryReader, apart: type[AwaitedCompanion],
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    records = [*_records(5), b'{"id": "x"}', b"not json", b'{"id": "a", "id": "b"}',
               *_records(1, at="1066-10-14T09:00:00+00:00"),
               *_records(1, data={"attributes": {str(number): "x" for number in range(3)}}), *_records(1, item="a\u0001b")]
    monkeypatch.setattr(EventReader, "parse", None)  # nothing is read here
    read = reader.read("hall", records, 11).parsed
    monkeypatch.undo()
    assert read == _here(records, 11)
    assert [one.event is None for one in read] == [False] * 5 + [True] * 6
    assert [one.line for one in read] == list(range(11, 22))
    assert len(apart.started) == 1


def test_a_record_too_long_is_told_here_and_spoils_no_other(reader: DeliveryReader) -> None:
    records = [*_records(3), *_records(1, item="x" * 5000)]
    read = reader.read("hall", records, 1).parsed
    assert read == _here(records, 1)
    assert read[3].rejection is not None
    assert read[3].rejection.outcome.code == "line_too_long"


def test_few_records_are_read_here(apart: type[AwaitedCompanion]) -> None:
    reader = DeliveryReader(EventReader("city"), LIMITS)
    assert len(reader.read("hall", _records(2), 1).parsed) == 2
    assert apart.started == []


def test_while_it_starts_records_are_read_here(apart: type[AwaitedCompanion], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "has_answer", lambda _one: False)
    reader = DeliveryReader(EventReader("city", LIMITS.max_attributes), LIMITS)
    assert [reader.read("hall", _records(4), 1).parsed for _ in range(3)] == [_here(_records(4), 1)] * 3
    assert len(apart.started) == 1
    reader.close()


def test_a_lost_process_loses_nothing_and_another_takes_its_place(reader: DeliveryReader, apart: type[AwaitedCompanion],
                                                                 caplog: pytest.LogCaptureFixture,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    assert reader.read("hall", _records(4), 1).parsed == _here(_records(4), 1)
    os.kill(apart.started[0].pid, signal.SIGKILL)
    assert reader.read("hall", _records(4), 1).parsed == _here(_records(4), 1)
    assert "is lost (" in caplog.text
    assert reader.read("hall", _records(4), 1).parsed == _here(_records(4), 1)
    assert len(apart.started) == 1  # not at once: what it was lost by may come again
    reader._not_before = 0.0
    reader.read("hall", _records(4), 1)
    assert len(apart.started) == 2
    assert reader.read("hall", _records(4), 1).parsed == _here(_records(4), 1)


def test_after_an_answer_that_could_not_be_taken_nobody_gets_that_of_another(reader: DeliveryReader,
                                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    reader.read("hall", _records(4), 1)

    def fail(_piece: bytes) -> object:
        raise MemoryError

    monkeypatch.setattr(delivery_reading, "_decode_answer", fail)
    with pytest.raises(MemoryError):
        reader.read("first", _records(4), 1)
    monkeypatch.undo()
    for source in ("second", "third", "fourth"):
        read = reader.read(source, _records(4), 1).parsed
        assert [one.event.source for one in read if one.event is not None] == [source] * 4


def test_one_that_never_gets_ready_is_given_up(apart: type[AwaitedCompanion], monkeypatch: pytest.MonkeyPatch,
                                               caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(apart, "has_answer", lambda _one: False)
    reader = DeliveryReader(EventReader("city", LIMITS.max_attributes), replace(LIMITS, reading_timeout_s=0.2))
    assert reader.read("hall", _records(4), 1).parsed == _here(_records(4), 1)
    time.sleep(0.3)
    assert reader.read("hall", _records(4), 1).parsed == _here(_records(4), 1)
    assert "is lost (not ready after 0.2 s)" in caplog.text
    assert not psutil.pid_exists(apart.started[0].pid)


def test_a_garbled_name_beside_another_fault_spoils_no_other_record(reader: DeliveryReader) -> None:
    garbled = b'{"id": "1", "kind": "received", "case_no": "A", "at": "2018-10-15T09:00:00+08:00", "unknown": 1, "ver\xf8": 2}'
    value = b'{"id": "1", "kind": "received", "case_no": "A\xf8", "at": "never"}'
    read = reader.read("hall", [*_records(3), garbled, value], 1).parsed
    assert [one.event is None for one in read] == [False] * 3 + [True] * 2
    assert read == _here([*_records(3), garbled, value], 1)


def test_several_threads_share_it(reader: DeliveryReader, apart: type[AwaitedCompanion]) -> None:
    found: dict[int, list[Parsed]] = {}

    def read(number: int) -> None:
        found[number] = reader.read(f"hall{number}", _records(200 + number), 1).parsed

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, read_by in found.items():
        assert len(read_by) == 200 + number
        assert {one.event.source for one in read_by if one.event is not None} == {f"hall{number}"}
    assert len(apart.started) == 1


# Working ahead ----------------------------------------------------------------------------------------------------

class Ahead:
    """Says what it was asked in the stamp of its drafts."""

    def __init__(self, setup: bytes) -> None:
        self._setup = setup.decode()

    def drafts(self, events: Sequence[CaseEvent | None], now_us: int) -> Drafts:
        """Fails when told to by its setup."""
        if self._setup == "fails":
            raise ValueError("told to")
        if self._setup == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        told = ",".join("-" if one is None else one.source_event_id for one in events)
        numbers = [(b"", 0)] * (len(events) - (self._setup == "too few"))
        return Drafts(f"{self._setup} {os.getpid()} {told} {now_us}", "", 0, 0, numbers, {})


def ahead_of(setup: bytes) -> Ahead:
    """Over there."""
    if setup == b"no use":
        raise ValueError("told to")
    return Ahead(setup)


@pytest.fixture
def ahead(apart: type[AwaitedCompanion], request: pytest.FixtureRequest) -> Iterator[DeliveryReader]:
    reader = DeliveryReader(EventReader("city", LIMITS.max_attributes), LIMITS,
                            Drafting(f"{__name__}:ahead_of", getattr(request, "param", b"works")))
    reader.read("hall", _records(3), 1)
    yield reader
    reader.close()


def test_the_second_process_works_ahead_of_what_is_about_to_be_recorded(ahead: DeliveryReader,
                                                                        apart: type[AwaitedCompanion]) -> None:
    read = ahead.read("hall", [*_records(2), b"{}"], 1, 77)
    assert [one.event is None for one in read.parsed] == [False, False, True]
    assert read.drafts is not None
    assert read.drafts.stamp == f"works {apart.started[0].pid} e0,e1,- 77"
    assert ahead.read("hall", _records(3), 1).drafts is None, "nobody is about to record them"
    assert ahead.read("hall", _records(2), 1, 77).drafts is None, "few are read here"


@pytest.mark.parametrize("ahead", [b"fails", b"no use", b"too few"], indirect=True)
def test_where_it_cannot_the_delivery_is_read_all_the_same(ahead: DeliveryReader, apart: type[AwaitedCompanion],
                                                           monkeypatch: pytest.MonkeyPatch,
                                                           caplog: pytest.LogCaptureFixture) -> None:
    expected = _here(_records(4), 1)
    monkeypatch.setattr(EventReader, "parse", None)  # nothing is read here
    for _ in range(3):
        assert ahead.read("hall", _records(4), 1, 77) == (expected, None)
        ahead._no_drafts_before = 0.0
    assert len(apart.started) == 1
    assert caplog.text.count("not worked out ahead") == 1, "it is not said again and again"
    assert any(said in caplog.text for said in ("ValueError: told to", "3 of 4 records numbered"))


@pytest.mark.parametrize("ahead", [b"dies"], indirect=True)
def test_one_that_is_lost_while_it_works_ahead_has_read(ahead: DeliveryReader, apart: type[AwaitedCompanion],
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _here(_records(4), 1)
    monkeypatch.setattr(EventReader, "parse", None)
    assert ahead.read("hall", _records(4), 1, 77) == (expected, None)
    monkeypatch.undo()
    assert ahead.read("hall", _records(4), 1, 77).drafts is None
    assert ahead._no_drafts_before > time.monotonic()


def test_what_it_is_given_is_not_shown() -> None:
    assert repr(Drafting("m:f", b"secret")) == "Drafting('m:f')"


def test_drafts_that_never_hold_are_given_up_for_a_while(ahead: DeliveryReader) -> None:
    for _ in range(3):
        drafts = ahead.read("hall", _records(3), 1, 77).drafts
        assert drafts is not None
        drafts.taken = 0
    assert ahead.read("hall", _records(3), 1, 77).drafts is None
    ahead._no_drafts_before = 0.0
    for taken in (0, 0, 1, 0, 0, 1):
        drafts = ahead.read("hall", _records(3), 1, 77).drafts
        assert drafts is not None
        drafts.taken = taken

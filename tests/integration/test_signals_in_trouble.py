"""Signals where something around them is wrong: a disk or table that refuses, a clock that is set, a year nobody published."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alerts.models import cards
from bootstrap import Services
from config.onsite import SignalKind
from core.instants import SECOND_US, to_us
from dashboard.panels import signal_views
from dashboard.words import Words
from tests.integration.test_signals import (
    EMPTY,
    OFFICER,
    SEATED,
    STEP_US,
    TEN,
    Room,
    alarms,
    rows,
    services,
    signals,
    with_reference,
)
from tests.unit.video.rooms import noisy
from video.attendance import Moment
from video.cameras import Camera
from video.footage.models import video_clips
from video.models import presence_spans
from video.onsite.service import Ruling
from video.vision.looker import Seat

__all__ = ["services"]


# The machine's clock is set -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_makes_nobody_absent_and_holds_no_fault_longer(services: Services, hours: int) -> None:
    with_reference(services)
    watch, steady = Room(services).watch, 0
    frames = [noisy(EMPTY, 2, seed) for seed in range(3)]

    def look(minutes: float, set_us: int, dark: bool = False) -> None:
        nonlocal steady
        for _ in range(int(minutes * 5)):
            steady += STEP_US
            now = to_us(TEN) + steady + set_us
            watch.see(frames[steady // STEP_US % 3] * (not dark), Moment(now, now, steady), key=steady)
    look(10, 0)
    look(10, hours * 3600 * SECOND_US)
    assert signals(services) == []   # 20 minutes in all, but nobody knows how many lie between
    spans = rows(services, presence_spans, "id")
    assert all(one["until_at"] - one["began_at"] <= 11 * 60 * SECOND_US for one in spans)
    look(6, hours * 3600 * SECOND_US)
    assert [one.kind for one in signals(services)] == [SignalKind.UNATTENDED]
    look(0.2, hours * 3600 * SECOND_US, dark=True)
    look(0.2, 0, dark=True)
    assert "camera_black" not in [code for code, _ in alarms(services)]


# A year nobody published --------------------------------------------------------------------------------------------

def test_in_a_year_nobody_published_an_empty_window_is_told_as_counted_by_plain_weeks_and_waits_for_a_person(
        services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    with_reference(services)
    service = services.analysis.signals
    found = service.ruling("360500", SignalKind.UNATTENDED, "fagai", to_us(TEN))
    monkeypatch.setattr(service, "ruling", lambda *_: Ruling(
        found.rule.model_copy(update={"confirm": False}), "x"))
    Room(services, datetime(2030, 1, 7, 2, 0, tzinfo=UTC)).see(SEATED, 1).see(EMPTY, 16)

    [signal_] = services.analysis.queries.waiting(OFFICER)
    assert (signal_.kind, signal_.figures["calendar_assumed"]) == (SignalKind.UNATTENDED, True)
    words = Words("zh", services.texts("zh").tree)
    assert "日历未知" in str(signal_views.detail(signal_, "发改委", words))
    assert "日历未知" in str(signal_views.queue([signal_], None, "waiting", words))
    assert rows(services, cards) == []
    services.analysis.signals.confirm(signal_.id, OFFICER, "")
    [clip] = rows(services, video_clips)[:1]
    assert services.card_evidence.needed([1]) == {1}
    assert clip["state"] == "pending"


# What cannot be written -------------------------------------------------------------------------------------------

def test_a_picture_the_disk_refuses_is_left_out_of_its_signal_and_told(services: Services, tmp_path: Path) -> None:
    (tmp_path / "signals").write_bytes(b"a file where the folder should be")
    room_ = Room(services).see(EMPTY, 2).see(np.zeros_like(EMPTY), 3)

    [found] = signals(services)
    assert (found.kind, found.picture) == (SignalKind.BLACK, "")
    assert found.figures["picture_missing"]
    assert ("camera_findings_lost", "hall-07") in alarms(services)
    (tmp_path / "signals").unlink()
    room_.see(EMPTY, 12)
    assert alarms(services) == []


def test_a_watch_that_ends_before_the_next_try_writes_the_signal_without_its_picture_and_tells(
        services: Services, tmp_path: Path) -> None:
    room_ = Room(services).see(SEATED, 1)
    (tmp_path / "signals").write_bytes(b"a file where the folder should be")
    while not room_.watch._pending.waits(SignalKind.BLACK.value):
        room_.see(np.zeros_like(EMPTY), 0.2)
    assert signals(services) == []
    room_.watch.close()

    [found] = signals(services)
    assert (found.kind, found.picture, bool(found.figures["picture_missing"])) == (SignalKind.BLACK, "", True)
    assert ("camera_findings_lost", "hall-07") in alarms(services)


def test_a_watch_that_ends_takes_back_no_alarm_about_losses(services: Services) -> None:
    told = Room(services).see(SEATED, 0.2)
    services.analysis.signals.tell_lost(told.watch.camera, {"black": 1})  # by the process that has the camera now
    told.now += 3600 * SECOND_US
    told.watch.close()
    assert alarms(services) == [("camera_findings_lost", "hall-07")]


def test_a_signal_that_cannot_be_written_holds_up_no_presence_and_no_other_signal(
        services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    with_reference(services)
    told = services.analysis.signals.raise_signal

    def poisoned(camera: Camera, kind: SignalKind, *args: Any, **more: Any) -> int | None:
        if kind is SignalKind.BLACK:
            raise ValueError("a row nobody takes")
        return told(camera, kind, *args, **more)
    monkeypatch.setattr(services.analysis.signals, "raise_signal", poisoned)
    hall = Room(services).see(SEATED, 1).see(np.zeros_like(EMPTY), 2).see(SEATED, 1)
    assert ("camera_findings_lost", "hall-07") in alarms(services)
    hall.see(EMPTY, 16)

    assert [one.kind for one in signals(services)] == [SignalKind.UNATTENDED]
    spans = rows(services, presence_spans, "began_at")
    assert {one["state"] for one in spans} == {"present", "unknown", "absent"}
    assert spans[-1]["until_at"] - spans[0]["began_at"] >= 19 * 60 * SECOND_US
    assert alarms(services) == []


def test_one_span_the_table_refuses_is_told_as_not_written_and_the_others_stay(
        services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    with_reference(services)
    log = services.analysis.presence
    write = log.write

    def picky(camera_id: int, spans: Any) -> None:
        if any(span.state is Seat.PRESENT for span in spans):
            raise ValueError("a row nobody takes")
        write(camera_id, spans)
    monkeypatch.setattr(type(log), "write", lambda _self, camera_id, spans: picky(camera_id, spans))
    Room(services).see(EMPTY, 1).see(SEATED, 3).see(EMPTY, 3)

    states = [(one["state"], one["reason"]) for one in rows(services, presence_spans, "began_at")]
    assert states[:2] == [("absent", ""), ("unknown", "not_written")]
    assert states[-1] == ("absent", "")

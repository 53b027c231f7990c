"""From looks to signals, cards and alarms, on both databases: told once, decided by people, taken up after a crash."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import insert, select

from alerts.alarms import standing_alarms
from alerts.models import cards
from bootstrap import Services, build_services
from config.models import config_log
from config.onsite import SignalKind
from config.settings import load_settings
from core.access import Actor, Role
from core.clock import FrozenClock
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.instants import SECOND_US, to_us
from tests.unit.video.rooms import SEAT, noisy, person, room, shifted
from video.analysis import rules_of
from video.attendance import Moment
from video.camera_watch import CameraWatch, WatchParts
from video.cameras import Camera, SourceKind
from video.events import Signal
from video.models import cameras, presence_spans, seat_references, video_signals
from video.onsite.service import SPANS
from video.pictures import Kept
from video.references import State, Why
from video.vision.looker import Seat

OFFICER = Actor("alice", frozenset({Role.DUTY_OFFICER}), display_name="艾丽")
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
CLERK = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org="fagai")
STRANGER = Actor("bob", frozenset({Role.INSPECTOR}), area="elsewhere")
OF_ANOTHER_HALL = Actor("eve", frozenset({Role.INSPECTOR}), halls=frozenset({"便民中心"}))
OF_THE_HALL = Actor("eva", frozenset({Role.INSPECTOR}), halls=frozenset({"政务大厅"}))
CAMERA = Camera(id=1, code="hall-07", name="7号窗口", area="360500", hall="政务大厅", window="7", post="综合", org="fagai",
                kind=SourceKind.FILE, main="hall.mp4", seat=SEAT, masks=(((0.0, 0.0), (0.1, 0.0), (0.1, 0.1)),))
TEN = datetime(2024, 4, 22, 2, 0, tzinfo=UTC)   # Monday 10:00 in Shanghai
NIGHT = datetime(2024, 4, 22, 14, 0, tzinfo=UTC)
EMPTY = np.ascontiguousarray(room()[::2, ::2])
SEATED = np.ascontiguousarray(person(room())[::2, ::2])
STEP_US = 12 * SECOND_US   # between two looks; the gap after which nothing is known is 15


def settings_of(url: str, folder: Path) -> Any:
    return load_settings({"database.url": url, "journal.key": "j" * 32, "security.secret_key": "s" * 32,
                          "journal.anchor_dir": str(folder / "anchors"), "vision.picture_dir": str(folder / "signals")})


@pytest.fixture
def services(fresh_database_url: str, tmp_path: Path) -> Iterator[Services]:
    built = build_services(settings_of(fresh_database_url, tmp_path), FrozenClock(TEN))
    register(built)
    yield built
    built.database.dispose()


def register(services: Services) -> None:
    """The camera as the registry has it."""
    with services.uow() as uow:
        uow.conn.execute(insert(cameras).values(
            id=1, code=CAMERA.code, name=CAMERA.name, area=CAMERA.area, hall=CAMERA.hall, window_no="7", post="综合",
            org="fagai", kind="file", sealed_main=b"", address_shown="hall.mp4", rev=1, changed_by="x", changed_at=0,
            seat=msgspec.json.encode(SEAT).decode()))


class Room:
    """The camera's watch with a clock that both times share; a look every twelve seconds."""

    def __init__(self, services: Services, moment: datetime = TEN, camera: Camera = CAMERA) -> None:
        self.services, self.now, self._n = services, to_us(moment), 0
        analysis = services.analysis
        self.watch = CameraWatch(camera, WatchParts(
            analysis.areas, analysis.signals, analysis.presence, analysis.references, analysis.pictures,
            rules_of(analysis.settings), None, lambda: self.now / SECOND_US))
        self.hear()

    def hear(self) -> None:
        self.watch.references_changed(self.services.analysis.references.of(1))

    def see(self, frame: Any, minutes: float) -> Room:
        """That picture, with the noise of a sensor, for so long."""
        until = self.now + int(minutes * 60 * SECOND_US)
        frames = [noisy(frame, 2, seed) for seed in range(3)]
        while self.now < until:
            self._n += 1
            self.services.clock.move_to(datetime.fromtimestamp(self.now / 1e6, UTC))  # type: ignore[attr-defined]
            self.watch.see(frames[self._n % 3], Moment(self.now, self.now), key=self._n)
            self.now += STEP_US
        return self


def with_reference(services: Services) -> None:
    references, pictures = services.analysis.references, services.analysis.pictures
    number = references.ask(1, OFFICER)
    references.propose(1, pictures.keep(EMPTY), Moment(1, 1), references.of(1)[0].reason, None)
    references.accept(number, OFFICER)


def signals(services: Services) -> list[Signal]:
    waiting = services.analysis.queries.waiting(OFFICER)
    return sorted([*waiting, *services.analysis.queries.standing(OFFICER), *services.analysis.queries.history(OFFICER)],
                  key=lambda one: one.id)


def rows(services: Services, table: Any, key: str = "id") -> list[Any]:
    with services.database.read() as conn:
        return list(conn.execute(select(table).order_by(table.c[key])).mappings())


def alarms(services: Services) -> list[tuple[str, str]]:
    with services.database.read() as conn:
        return [(alarm.code, alarm.subject) for alarm in standing_alarms(conn)]


# Presence ---------------------------------------------------------------------------------------------------------

def test_an_empty_window_is_told_with_its_reasons_and_becomes_a_card_when_a_person_confirms(services: Services) -> None:
    with_reference(services)
    Room(services).see(SEATED, 1).see(EMPTY, 16)

    [found] = signals(services)
    assert (found.kind, found.state, found.ended_at, found.minutes) == (SignalKind.UNATTENDED, "to_confirm", None, 15)
    assert found.detector == "reference"
    assert found.figures["changed"] < found.parameters["empty_below"]
    assert rows(services, cards) == []
    of, picture = services.analysis.queries.picture(found.id, OFFICER)
    assert of == found
    assert hashlib.sha256(picture).hexdigest() == found.picture_sha256

    services.analysis.signals.confirm(found.id, OFFICER, "确实无人")
    [card] = rows(services, cards)
    assert (card["origin"], card["org"], card["case_id"], card["level"], card["disposition"]) == (
        "onsite", "fagai", 0, 2, "to_sign")
    evidence = msgspec.json.decode(card["evidence"])[0]["facts"]
    assert [evidence[name] for name in ("camera", "window", "minutes", "confirmed_by")] == ["hall-07", "7", 15, "艾丽"]
    assert evidence["picture_sha256"] == found.picture_sha256


def test_the_clerk_comes_back_and_the_signal_is_over_but_still_waits_for_a_person(services: Services) -> None:
    with_reference(services)
    Room(services).see(EMPTY, 18).see(SEATED, 2)

    [found] = signals(services)
    assert (found.state, found.ended_reason) == ("to_confirm", "back")
    assert found.figures["lasted_minutes"] == pytest.approx(18, abs=0.5)
    assert services.analysis.signals.confirm(found.id, OFFICER).state == "ended"
    assert len(rows(services, cards)) == 1


def test_a_rejected_signal_raises_no_card_and_is_counted_against_its_camera(services: Services) -> None:
    with_reference(services)
    room_ = Room(services).see(EMPTY, 16)
    analysis = services.analysis
    [found] = signals(services)
    with pytest.raises(InvalidInput, match="signal_reason_missing"):
        analysis.signals.reject(found.id, OFFICER, " ")
    analysis.signals.reject(found.id, OFFICER, "在柜台另一侧办理")
    room_.see(EMPTY, 20)

    assert [one.state for one in signals(services)] == ["rejected"]
    assert rows(services, cards) == []
    [record] = analysis.queries.records(OFFICER)
    assert (record.code, record.confirmed, record.rejected, record.false_share) == ("hall-07", 0, 1, 1.0)
    with pytest.raises(Conflict, match="signal_decided"):
        analysis.signals.confirm(found.id, OFFICER)


def test_only_those_on_duty_decide_and_only_in_their_area(services: Services) -> None:
    with_reference(services)
    Room(services).see(EMPTY, 16)
    desk = services.analysis.signals
    for actor, refusal in ((LEADER, NotPermitted), (CLERK, NotPermitted), (STRANGER, NotFound), (OF_ANOTHER_HALL, NotFound)):
        with pytest.raises(refusal):
            desk.confirm(1, actor)
    queries = services.analysis.queries
    assert queries.waiting(STRANGER) == queries.waiting(OF_ANOTHER_HALL) == []
    assert queries.seats(OF_ANOTHER_HALL) == [] != queries.seats(OF_THE_HALL)
    assert [one.id for one in queries.waiting(OF_THE_HALL)] == [1]
    with pytest.raises(NotFound):
        queries.picture(1, OF_ANOTHER_HALL)


def test_a_closed_hall_raises_nothing(services: Services) -> None:
    with_reference(services)
    Room(services, NIGHT).see(EMPTY, 30)
    assert signals(services) == []


def test_presence_is_kept_as_spans_and_what_was_not_seen_is_a_gap(services: Services) -> None:
    with_reference(services)
    seen = Room(services).see(SEATED, 2).see(EMPTY, 3)
    seen.now += 300 * SECOND_US
    seen.see(EMPTY, 1)
    seen.watch.close()

    began = to_us(TEN)
    parts = services.analysis.presence.between(1, began, began + 12 * 60 * SECOND_US)
    assert [(part.state, part.reason) for part in parts] == [
        (Seat.PRESENT, ""), (Seat.UNKNOWN, "moving"), (Seat.ABSENT, ""), (Seat.UNKNOWN, "gap"), (Seat.ABSENT, ""),
        (Seat.UNKNOWN, "gap")]
    assert (parts[0].since, parts[-1].until) == (began, began + 12 * 60 * SECOND_US)


# Faults -----------------------------------------------------------------------------------------------------------

def test_a_fault_is_an_alarm_at_once_clears_by_itself_and_makes_nobody_absent(services: Services) -> None:
    with_reference(services)
    moved = shifted(EMPTY, 0.07, 0.06)
    room_ = Room(services).see(SEATED, 1).see(moved, 20)

    assert alarms(services) == [("camera_moved", "hall-07")]
    [found] = signals(services)
    assert (found.kind, found.state, found.decided_name) == (SignalKind.MOVED, "confirmed", "rule")
    room_.see(SEATED, 1)
    assert (alarms(services), signals(services)[0].state) == ([], "ended")


def test_a_camera_that_is_away_is_told_after_a_while_and_when_it_is_back(services: Services) -> None:
    room_ = Room(services)
    room_.see(EMPTY, 0.2)
    seen = room_.now
    for second in range(0, 60, 5):
        now = Moment(seen + second * SECOND_US, seen + second * SECOND_US)
        room_.watch.tick(now, is_live=False, seen_us=seen)
    assert alarms(services) == [("camera_offline", "hall-07")]
    for second in range(60, 80, 5):
        now = Moment(seen + second * SECOND_US, seen + second * SECOND_US)
        room_.watch.tick(now, is_live=True, seen_us=now.real)
    assert alarms(services) == []


def test_lights_off_at_night_are_no_fault(services: Services) -> None:
    with_reference(services)
    Room(services, NIGHT).see(EMPTY * 0, 5)
    assert signals(services) == []


# References -------------------------------------------------------------------------------------------------------

def test_a_closed_hall_proposes_a_reference_once_and_uses_it_only_with_consent(services: Services) -> None:
    room_ = Room(services, NIGHT).see(EMPTY, 4)
    references = services.analysis.references
    [proposal] = references.of(1)
    assert (proposal.state, proposal.reason.value, proposal.asked_by) == (State.PROPOSED, "first", "system")
    room_.hear()
    room_.see(EMPTY, 4)
    assert len(rows(services, seat_references)) == 1
    with pytest.raises(NotPermitted):
        references.accept(proposal.id, CLERK)
    references.accept(proposal.id, OFFICER)
    room_.hear()
    assert room_.watch._looker.detector.look(EMPTY, SEAT).verdict == "empty"
    assert [(row["kind"], row["subject"], row["actor"]) for row in rows(services, config_log, "seq")] == [
        ("seat_reference", "hall-07", "alice")]


def test_consent_is_to_the_picture_that_was_looked_at(services: Services) -> None:
    references = services.analysis.references
    number = references.ask(1, OFFICER)
    Room(services).see(EMPTY, 1)
    [seen] = references.of(1)
    references.propose(1, Kept("later.jpg", "f" * 64), Moment(1, 1), Why.ASKED, None)
    with pytest.raises(Conflict, match="reference_outdated"):
        references.accept(number, OFFICER, rev=seen.rev)
    with pytest.raises(Conflict, match="reference_outdated"):
        references.refuse(number, OFFICER, "有人在座", rev=seen.rev)
    [now] = references.of(1)
    assert references.accept(number, OFFICER, rev=now.rev).state is State.ACTIVE


def test_what_is_asked_for_is_taken_at_once_and_may_be_refused(services: Services) -> None:
    references = services.analysis.references
    number = references.ask(1, OFFICER)
    room_ = Room(services).see(EMPTY, 1)
    [proposal] = references.of(1)
    assert (proposal.id, proposal.state) == (number, State.PROPOSED)
    references.refuse(number, OFFICER, "有人在座")
    room_.hear()
    room_.see(EMPTY, 1)
    assert [row["state"] for row in rows(services, seat_references)] == ["refused"]


def test_a_seat_that_looks_otherwise_at_night_is_proposed_anew_never_by_day(services: Services) -> None:
    with_reference(services)
    other = EMPTY.copy()
    other[75:115, 120:165] = (30, 30, 40)
    Room(services).see(other, 5)
    assert len(rows(services, seat_references)) == 1
    Room(services, NIGHT).see(other, 5)
    assert [row["reason"] for row in rows(services, seat_references)] == ["asked", "changed"]


def test_a_reference_that_cannot_be_read_is_an_alarm_and_the_camera_is_judged_without_it(services: Services) -> None:
    with_reference(services)
    [kept] = [services.analysis.settings.picture_dir / one.picture for one in services.analysis.references.of(1)]
    away = kept.rename(kept.with_suffix(".away"))
    room_ = Room(services).see(SEATED, 1).see(EMPTY * 0, 2)
    assert alarms(services) == [("camera_reference_unread", "hall-07"), ("camera_black", "hall-07")]

    away.rename(kept)
    room_.watch.tick(Moment(room_.now, room_.now), is_live=True, seen_us=room_.now)
    room_.see(EMPTY, 16)
    assert alarms(services) == []
    assert SignalKind.UNATTENDED in [one.kind for one in signals(services)]


def unread(services: Services) -> list[tuple[str, str]]:
    return [alarm for alarm in alarms(services) if alarm[0] == "camera_reference_unread"]


def lose_reference(services: Services) -> None:
    with_reference(services)
    [kept] = [services.analysis.settings.picture_dir / one.picture for one in services.analysis.references.of(1)]
    kept.rename(kept.with_suffix(".away"))


def test_a_process_that_leaves_a_camera_takes_back_no_alarm_of_the_one_that_has_it_now(services: Services) -> None:
    lose_reference(services)
    first = Room(services).see(SEATED, 0.5)
    second = Room(services, datetime.fromtimestamp(first.now / 1e6, UTC)).see(SEATED, 0.5)
    first.watch.close()
    second.see(SEATED, 1)
    assert unread(services) == [("camera_reference_unread", "hall-07")]


@pytest.mark.parametrize("end", ["enable", "retire"])
def test_a_camera_that_is_switched_off_leaves_no_alarm_behind(services: Services, end: str) -> None:
    lose_reference(services)
    last = Room(services).see(SEATED, 0.5)
    services.analysis.signals.tell_lost(CAMERA, {"black": 1})
    assert {code for code, _ in alarms(services)} == {"camera_reference_unread", "camera_findings_lost"}
    admin, service = Actor("ada", frozenset({Role.ADMINISTRATOR})), services.video.service
    more = {"is_enabled": False} if end == "enable" else {}
    getattr(service, end)("hall-07", 1, reason="拆除", actor=admin, **more)
    assert alarms(services) == []
    last.watch._pending.lose(SPANS, 1)  # it hears of the change later, and ends
    last.watch.close()
    assert alarms(services) == []


# After a crash ----------------------------------------------------------------------------------------------------

def test_a_restart_in_the_middle_tells_nothing_twice_and_forgets_nothing(services: Services) -> None:
    with_reference(services)
    first = Room(services).see(EMPTY, 10)
    second = Room(services, datetime.fromtimestamp(first.now / 1e6, UTC)).see(EMPTY, 6)
    [found] = signals(services)
    assert found.began_business_at == to_us(TEN)
    Room(services, datetime.fromtimestamp(second.now / 1e6, UTC)).see(EMPTY, 20).see(SEATED, 2)
    [found] = signals(services)
    assert found.ended_reason == "back"


def test_the_same_occurrence_told_by_two_processes_is_one_signal(services: Services) -> None:
    with_reference(services)
    one, other = Room(services), Room(services)
    one.see(EMPTY, 16)
    other.see(EMPTY, 16)
    assert len(signals(services)) == 1


def _watch_until_killed(url: str, folder: str, told: Any, go_on: Any) -> None:
    services = build_services(settings_of(url, Path(folder)), FrozenClock(TEN))
    room_ = Room(services)
    while go_on.get():
        room_.see(EMPTY, 0.05)
        told.put(room_.now)


def test_killed_with_nine_none_is_lost_and_none_is_doubled(fresh_database_url: str, tmp_path: Path) -> None:
    """Before the signal on one database, while it goes on on the other; in the three seconds after those it told last."""
    minutes = 5 if fresh_database_url.startswith("sqlite") else 16
    services = build_services(settings_of(fresh_database_url, tmp_path), FrozenClock(TEN))
    register(services)
    with_reference(services)
    context = multiprocessing.get_context("spawn")
    told, go_on = context.Queue(), context.Queue()
    process = context.Process(target=_watch_until_killed, args=(fresh_database_url, str(tmp_path), told, go_on))
    process.start()
    now = 0
    go_on.put(True)
    while now < to_us(TEN) + minutes * 60 * SECOND_US:
        now = told.get(timeout=60)
        go_on.put(True)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()

    later = datetime.fromtimestamp(now / 1e6 + 3, UTC)
    Room(services, later).see(EMPTY, 17).see(SEATED, 2)
    [found] = signals(services)
    assert (found.began_business_at, found.ended_reason) == (to_us(TEN), "back")
    assert len(rows(services, video_signals)) == 1
    spans = rows(services, presence_spans)
    assert all(one["until_at"] <= two["began_at"] for one, two in pairwise(spans))
    services.database.dispose()

"""One voice in a room, and a horn that is silenced for a while and by somebody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from alerts.room.audio import RoomAudio
from core.clock import FrozenClock
from core.database import Database
from core.errors import InvalidInput, NotAuthenticated, NotPermitted
from tests.unit.alerts.house import ALICE, CHARLIE, MORNING, WALL


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(MORNING)


@pytest.fixture
def audio(fresh_database_url: str, clock: FrozenClock) -> Iterator[RoomAudio]:
    database = Database(fresh_database_url)
    database.create_all()
    yield RoomAudio(database, clock, lease_s=15, silence_max_min=5)
    database.dispose()


def later(clock: FrozenClock, seconds: float) -> None:
    clock.move_to(clock.now() + timedelta(seconds=seconds))


def test_the_first_screen_that_asks_speaks_for_as_long_as_it_goes_on_asking(audio: RoomAudio, clock: FrozenClock):
    assert "east" == audio.claim("main", "east").screen
    for _ in range(10):
        later(clock, 5)
        assert "east" == audio.claim("main", "east").screen
        assert "east" == audio.claim("main", "west").screen
    assert MORNING.timestamp() * 1_000_000 == audio.speakers()[0].since


def test_another_screen_takes_over_when_the_voice_falls_silent(audio: RoomAudio, clock: FrozenClock):
    audio.claim("main", "east")
    later(clock, 14)
    assert "east" == audio.claim("main", "west").screen

    later(clock, 2)
    assert "west" == audio.claim("main", "west").screen
    assert "west" == audio.claim("main", "east").screen
    assert ["west"] == [speaker.screen for speaker in audio.speakers()]


def test_a_screen_that_gives_up_is_followed_at_once(audio: RoomAudio):
    audio.claim("main", "east")
    audio.give_up("east")

    assert "" == audio.speaker_of("main")
    assert "west" == audio.claim("main", "west").screen


def test_every_room_has_a_voice_of_its_own(audio: RoomAudio):
    assert ("east", "west") == (audio.claim("one", "east").screen, audio.claim("two", "west").screen)


def test_of_many_screens_that_ask_at_the_same_moment_one_speaks(audio: RoomAudio, clock: FrozenClock):
    for _ in range(5):
        start = threading.Barrier(8)

        def ask(number: int, start: threading.Barrier = start) -> str:
            start.wait()
            return audio.claim("main", f"screen-{number}").screen
        with ThreadPoolExecutor(8) as screens:
            speakers = set(screens.map(ask, range(8)))

        assert 1 == len(speakers)
        later(clock, 16)


def test_silence_is_short_signed_and_ends_by_itself(audio: RoomAudio, clock: FrozenClock):
    audio.silence(ALICE, "main", 5)
    later(clock, 60)

    assert [("main", "艾丽")] == [(silence.room, silence.by) for silence in audio.silences()]
    assert 240_000 == audio.silent_for_ms("main")
    assert 0 == audio.silent_for_ms("other")

    later(clock, 241)
    assert [] == audio.silences()
    assert 0 == audio.silent_for_ms("main")


def test_silence_can_be_ended_and_a_second_replaces_the_first(audio: RoomAudio):
    audio.silence(ALICE, "main", 5)
    audio.silence(ALICE, "main", 1)
    assert 60_000 == audio.silent_for_ms("main")

    assert audio.lift(ALICE, "main")
    assert not audio.lift(ALICE, "main")
    assert [] == audio.silences()


@pytest.mark.parametrize("minutes", [0, -1, 6])
def test_silence_for_too_long_is_refused(audio: RoomAudio, minutes: int):
    with pytest.raises(InvalidInput, match="silence_invalid"):
        audio.silence(ALICE, "main", minutes)


def test_who_may_not_work_at_the_desk_may_not_silence_the_horn(audio: RoomAudio):
    for actor in (WALL, CHARLIE):
        with pytest.raises(NotPermitted):
            audio.silence(actor, "main", 5)
    with pytest.raises(NotAuthenticated):
        audio.lift(None, "main")

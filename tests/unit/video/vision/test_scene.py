"""Whether the camera still shows its scene: each fault is told for what it is, and light, noise and people are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.instants import SECOND_US
from tests.unit.video.rooms import HEIGHT, SEAT, WIDTH, crowded, lit, noisy, person, room, shifted, squeezed, under_lamp
from video.vision.displacement import Landmarks
from video.vision.looker import Looker, Seat
from video.vision.scene import TOLD_MOST, Fault, Scene
from video.vision.seat import ReferenceDetector

ROOM = room()
SOUND = {
    "as it was": ROOM, "with a person": person(ROOM), "a tenth of the light": lit(ROOM, 0.1), "overexposed": lit(ROOM, 1.4),
    "a lamp": under_lamp(ROOM), "noise": noisy(ROOM, 15, 1), "noise at night": noisy(lit(ROOM, 0.2), 5, 2),
    "poor compression": squeezed(ROOM, 15), "half the size": cv2.resize(ROOM, (WIDTH // 2, HEIGHT // 2))}


def covered(level: int, share: float = 1.0) -> np.ndarray:
    """Paper, a hand, tape: nearly even, out of focus, with noise."""
    even = np.full_like(ROOM, level)
    cover = noisy(even, 4, 3)
    edge = cv2.GaussianBlur((np.arange(WIDTH) < share * WIDTH).astype(np.float32)[None, :].repeat(HEIGHT, 0), (0, 0), 15)
    return (ROOM * (1 - edge[..., None]) + cover * edge[..., None]).astype(np.uint8)


FAULTS = {
    "no signal": (np.zeros_like(ROOM), Fault.BLACK), "dark noise": (noisy(np.zeros_like(ROOM), 4, 4), Fault.BLACK),
    "a dark hand": (covered(45), Fault.COVERED), "white paper": (covered(225), Fault.COVERED),
    "most of it": (covered(90, 0.8), Fault.COVERED),
    "slightly out of focus": (cv2.GaussianBlur(ROOM, (0, 0), 3), Fault.BLURRED),
    "out of focus": (cv2.GaussianBlur(ROOM, (0, 0), 8), Fault.BLURRED),
    "out of focus and dark": (noisy(lit(cv2.GaussianBlur(ROOM, (0, 0), 4), 0.4), 3, 5), Fault.BLURRED),
    "pushed": (shifted(ROOM, 0.06, 0.04), Fault.MOVED), "turned": (shifted(ROOM, 0, 0, 8), Fault.MOVED),
    "pushed at night": (noisy(lit(shifted(ROOM, 0.08, 0.0), 0.2), 4, 6), Fault.MOVED),
    "pushed and somebody there": (shifted(person(ROOM), 0.06, 0.04), Fault.MOVED)}


@pytest.mark.parametrize("frame", SOUND.values(), ids=SOUND.keys())
def test_a_sound_picture_shows_no_fault(frame):
    assert Scene(ROOM).look(frame).fault is None


@pytest.mark.parametrize(("frame", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_is_told_for_what_it_is(frame, fault):
    assert fault is Scene(ROOM).look(frame).fault


def test_how_far_it_was_pushed_is_among_the_figures():
    figures = Scene(ROOM).look(shifted(ROOM, 0.06, 0.04)).figures

    assert (0.06, 0.04) == pytest.approx((figures["shift_x"], figures["shift_y"]), abs=0.01)


def test_what_was_shown_before_changes_nothing():
    """A scene is looked at for months: a displaced picture must not wear it out."""
    scene = Scene(ROOM)
    for number in range(30):
        scene.look(shifted(ROOM, 0.02 + number / 500, 0.03))

    assert Scene(ROOM).look(person(ROOM)).figures == scene.look(person(ROOM)).figures


def test_a_room_furnished_anew_is_sought_once_in_a_while_and_not_at_every_look(monkeypatch):
    sought = []
    find = Landmarks.find
    monkeypatch.setattr(Landmarks, "find", lambda *given: sought.append(find(*given)) or sought[-1])
    scene, other = Scene(ROOM), cv2.flip(ROOM, 0)
    anew = np.where((np.arange(WIDTH) > WIDTH // 2)[None, :, None], other, ROOM).astype(np.uint8)

    figures = [scene.look(noisy(anew, 3, number)) for number in range(TOLD_MOST + 2)]
    assert {look.fault for look in figures} == {None}
    assert len(sought) == 2, "the first, and one when it had been told of thirty others"
    assert scene.look(shifted(ROOM, 0.06, 0.04)).fault is Fault.MOVED, "another picture is sought at once"
    assert len(sought) == 3


def looks(frames, keys=None, **parts):
    looker = Looker(SEAT, ReferenceDetector([ROOM]), Scene(ROOM), **parts)
    marks = keys or range(len(frames))
    return [looker.look(frame, (1000 + 6 * number) * SECOND_US, key)
            for number, (frame, key) in enumerate(zip(frames, marks, strict=True))]


def frozen(frames, keys):
    return [sighting.faults.get(Fault.FROZEN) for sighting in looks(frames, keys)]


def test_the_same_key_frame_again_and_again_is_frozen_and_one_that_differs_by_a_bit_is_alive():
    assert [None, True, True] == frozen([ROOM] * 3, [7, 7, 7])
    assert [None, True, False, True] == frozen([ROOM] * 4, [7, 7, 8, 8])
    assert 3 == looks([ROOM] * 4, [7] * 4)[-1].figures["same_keys"]


def test_a_few_pictures_that_come_again_and_again_are_one_compressed_anew():
    finer, coarser = noisy(ROOM, 1, 1), noisy(ROOM, 1, 2)
    assert [None, False, True, True, True] == frozen([finer, coarser, finer, finer, coarser], [7, 8, 7, 7, 8])
    assert [None, *[False] * 11] == frozen([ROOM] * 12, range(12))


def test_a_film_that_begins_again_and_again_is_not_frozen():
    assert [None, *[False] * 7] == frozen([ROOM, person(ROOM)] * 4, [7, 8] * 4)


def test_pictures_between_key_frames_and_a_dark_hall_say_nothing_of_it():
    assert [None, None, False, False] == frozen([ROOM] * 4, [7, None, 8, None])
    assert [None, None, None] == frozen([lit(ROOM, 0.02)] * 3, [7, 7, 7])


# People before the camera, and another scene --------------------------------------------------------------------------

def test_people_who_crowd_before_the_camera_are_no_displacement_and_no_presence():
    seen = looks([crowded(ROOM, number) for number in range(40)])

    assert not any(sighting.faults[Fault.MOVED] for sighting in seen)
    assert Seat.ABSENT not in {sighting.seat for sighting in seen}
    assert 20 < sum(sighting.reason == "strange" for sighting in seen)


def test_a_camera_pushed_behind_a_crowd_is_told_when_the_crowd_thins():
    seen = looks([shifted(crowded(ROOM, number, share), 0.06, 0.04) for number, share in enumerate([0.8] * 10 + [0.25] * 3)])

    assert seen[-1].faults[Fault.MOVED]


def elsewhere():
    """Another hall."""
    rng = np.random.default_rng(5)
    picture = np.full_like(ROOM, 140)
    for _ in range(40):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
        cv2.rectangle(picture, (x, y), (x + int(rng.integers(20, 90)), y + int(rng.integers(20, 90))),
                      tuple(int(one) for one in rng.integers(0, 255, 3)), -1)
    return picture


def test_a_camera_hung_upside_down_is_told_with_its_turn():
    look = Scene(ROOM).look(ROOM[::-1, ::-1].copy())

    assert Fault.MOVED is look.fault
    assert 175 < abs(look.figures["turned"])


def test_another_scene_is_told_when_it_stays():
    other = elsewhere()
    seen = [sighting.faults[Fault.MOVED] for sighting in looks([noisy(other, 2, seed) for seed in range(24)])]

    assert not any(seen[:20])
    assert seen[-1]


def test_a_fault_makes_the_seat_unknown_and_never_empty():
    frames = [noisy(frame, 2, seed) for seed, frame in enumerate([ROOM, covered(60), np.zeros_like(ROOM), ROOM])]

    assert [(Seat.ABSENT, ""), (Seat.UNKNOWN, "covered"), (Seat.UNKNOWN, "black"), (Seat.ABSENT, "")] == [
        (sighting.seat, sighting.reason) for sighting in looks(frames)]


def test_without_a_reference_the_scene_is_what_was_shown_first():
    looker = Looker((), ReferenceDetector([]), None)
    sound = [looker.look(noisy(ROOM, 2, seed), (1000 + seed) * SECOND_US, seed) for seed in range(6)]
    late = looker.look(noisy(shifted(ROOM, 0.07, 0.06), 2, 7), 1030 * SECOND_US, 7)

    assert not any(any(sighting.faults.values()) for sighting in sound)
    assert late.faults[Fault.MOVED]


def test_a_short_film_of_a_still_hall_that_begins_again_is_not_frozen():
    assert [None, *[False] * 11] == frozen([ROOM] * 12, [7, 8, 9] * 4)

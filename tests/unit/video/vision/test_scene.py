"""Whether the camera still shows its scene: each fault is told for what it is, and light, noise and people are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.instants import SECOND_US
from tests.unit.video.rooms import HEIGHT, SEAT, WIDTH, lit, noisy, person, room, shifted, squeezed, under_lamp
from video.vision.looker import Looker, Seat
from video.vision.scene import Fault, Scene
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
    "another view": (room(seed=9)[::-1].copy(), Fault.MOVED)}


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


def looks(frames, **parts):
    looker = Looker(SEAT, ReferenceDetector([ROOM]), Scene(ROOM), **parts)
    return [looker.look(frame, (1000 + 6 * number) * SECOND_US) for number, frame in enumerate(frames)]


def test_the_same_picture_again_and_again_is_frozen_and_noise_is_alive():
    assert [None, True, True] == [sighting.faults.get(Fault.FROZEN) for sighting in looks([ROOM] * 3)]
    assert [None, False, False] == [
        sighting.faults.get(Fault.FROZEN) for sighting in looks([noisy(ROOM, 2, seed) for seed in range(3)])]


def test_a_fault_makes_the_seat_unknown_and_never_empty():
    frames = [noisy(frame, 2, seed) for seed, frame in enumerate([ROOM, covered(60), np.zeros_like(ROOM), ROOM])]

    assert [(Seat.ABSENT, ""), (Seat.UNKNOWN, "covered"), (Seat.UNKNOWN, "black"), (Seat.ABSENT, "")] == [
        (sighting.seat, sighting.reason) for sighting in looks(frames)]


def test_without_a_reference_the_scene_is_what_was_shown_first():
    looker = Looker((), ReferenceDetector([]), None)
    sound = [looker.look(noisy(ROOM, 2, seed), (1000 + seed) * SECOND_US) for seed in range(6)]
    late = looker.look(noisy(shifted(ROOM, 0.07, 0.06), 2, 7), 1030 * SECOND_US)

    assert not any(any(sighting.faults.values()) for sighting in sound)
    assert late.faults[Fault.MOVED]

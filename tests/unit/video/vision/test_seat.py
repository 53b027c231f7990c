"""The seat: whoever sits there is seen whatever the light, and nothing else is taken for him."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.instants import SECOND_US
from tests.unit.video.rooms import SEAT, lit, noisy, person, room, shifted, squeezed, under_lamp
from video.vision.looker import Looker, LookRules, Seat, SeatSense
from video.vision.motion import SeatMotion
from video.vision.pictures import NOISE_KEPT, View, noise_of
from video.vision.seat import Look, ReferenceDetector, Verdict

EMPTY = room()
CHANGES = {
    "as it was": lambda picture: picture, "a tenth of the light": lambda picture: lit(picture, 0.1),
    "half": lambda picture: lit(picture, 0.5), "overexposed": lambda picture: lit(picture, 1.4), "a lamp": under_lamp,
    "noise": lambda picture: noisy(picture, 10, 3), "noise at night": lambda picture: noisy(lit(picture, 0.3), 8, 4),
    "poor compression": lambda picture: squeezed(picture, 12), "trembling": lambda picture: shifted(picture, 0.001)}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_an_empty_seat_is_empty_and_a_person_a_person_in_any_light(change):
    detector = ReferenceDetector([EMPTY])

    assert Verdict.EMPTY is detector.look(change(EMPTY), SEAT).verdict
    assert Verdict.OCCUPIED is detector.look(change(person(EMPTY)), SEAT).verdict


def test_what_can_hardly_be_seen_is_unknown_and_not_empty():
    look = ReferenceDetector([EMPTY]).look(noisy(lit(EMPTY, 0.02), 1, 5), SEAT)

    assert (Verdict.UNKNOWN, "unreadable") == (look.verdict, look.reason)


@pytest.mark.parametrize(("references", "seat", "reason"), [([], SEAT, "no_reference"), ([EMPTY], (), "no_seat")])
def test_without_reference_or_seat_nothing_is_said(references, seat, reason):
    assert (Verdict.UNKNOWN, reason) == (lambda look: (look.verdict, look.reason))(
        ReferenceDetector(references).look(EMPTY, seat))


def test_of_several_references_the_one_most_alike_counts():
    other = room(seed=2)
    cv2.rectangle(other, (250, 100), (390, 250), (20, 20, 20), 6)   # another chair

    assert Verdict.OCCUPIED is ReferenceDetector([EMPTY]).look(other, SEAT).verdict
    assert Verdict.EMPTY is ReferenceDetector([EMPTY, other]).look(other, SEAT).verdict


def test_a_reference_of_another_size_serves_too():
    small = cv2.resize(EMPTY, (320, 180), interpolation=cv2.INTER_AREA)

    assert Verdict.EMPTY is ReferenceDetector([small]).look(EMPTY, SEAT).verdict
    assert Verdict.OCCUPIED is ReferenceDetector([small]).look(person(EMPTY), SEAT).verdict


def test_the_share_of_noise_that_is_taken_off_is_the_share_it_leaves():
    noise = np.random.default_rng(1).normal(128, 1, (400, 400)).astype(np.float32)
    dx, dy = View(noise, 12).edges

    assert NOISE_KEPT == pytest.approx(float((dx * dx + dy * dy).mean()), rel=0.02)
    assert noise_of(noise) == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("shape", [(360, 640), (361, 641), (97, 144), (8, 8)])
def test_the_noise_of_levels_is_that_of_the_same_picture_in_grey(shape: tuple[int, int]):
    levels = np.random.default_rng(1).normal(128, 9, shape).clip(0, 255).astype(np.uint8)

    assert noise_of(levels) == noise_of(levels.astype(np.float32))


def test_a_person_moves_a_little_and_an_empty_seat_not_at_all():
    motion, still = SeatMotion(), SeatMotion()
    motion.look(noisy(person(EMPTY), 4, 1), SEAT)
    still.look(noisy(EMPTY, 4, 1), SEAT)

    assert 0.003 < motion.look(noisy(person(EMPTY, 2), 4, 2), SEAT) < 0.3
    assert still.look(noisy(lit(EMPTY, 0.6), 4, 2), SEAT) < 0.0015   # the light changed meanwhile


# Seen and moving together ----------------------------------------------------------------------------------------

def looked(frames, **rules):
    """The seat after each frame, one a second."""
    looker = Looker(SEAT, ReferenceDetector([EMPTY]), None, LookRules(**rules))
    return [looker.look(frame, (1000 + number) * SECOND_US).seat for number, frame in enumerate(frames)]


def test_fifteen_minutes_of_sitting_still_are_presence_to_the_end():
    """One second in five he stirs by a pixel: nothing is learnt, so nothing absorbs him."""
    poses = [noisy(person(EMPTY, lean), 3, seed) for seed, lean in enumerate((0, 1, 0))]
    sense, detector, motion = SeatSense(False, 180), ReferenceDetector([EMPTY]), SeatMotion()
    shares = [motion.look(pose, SEAT) for pose in poses]
    look = detector.look(poses[0], SEAT)

    said = {sense.update(look, shares[1] if second % 5 == 0 else 0.0, second * SECOND_US)[0] for second in range(900)}
    assert {Seat.PRESENT} == said
    assert shares[1] > 0.0015


def test_a_chair_left_elsewhere_is_neither_presence_nor_absence_after_a_while():
    moved = EMPTY.copy()
    cv2.rectangle(moved, (240, 100), (360, 260), (30, 30, 40), -1)
    frames = [noisy(moved, 2, number % 7) for number in range(20)]

    assert [Seat.PRESENT, Seat.UNKNOWN] == list(dict.fromkeys(looked(frames, still_s=10)))


def test_motion_on_a_seat_that_looks_empty_contradicts_it():
    empty = Look(Verdict.EMPTY, 0.02, {})
    sense = SeatSense(False, 180)

    assert [(Seat.ABSENT, ""), (Seat.UNKNOWN, "moving"), (Seat.ABSENT, "")] == [
        sense.update(empty, moved, 0) for moved in (0.0, 0.05, 0.0)]


def test_between_both_limits_what_was_said_before_holds():
    sense = SeatSense(False, 180)
    between = Look(Verdict.BETWEEN, 0.17, {})

    assert (Seat.UNKNOWN, "between") == sense.update(between, 0.0, 0)
    sense.update(Look(Verdict.OCCUPIED, 0.5, {}), 0.0, 0)
    assert Seat.PRESENT is sense.update(between, 0.0, 1)[0]
    sense.update(Look(Verdict.EMPTY, 0.0, {}), 0.0, 2)
    assert Seat.ABSENT is sense.update(between, 0.0, 3)[0]


def test_a_detector_that_knows_people_needs_no_motion():
    sense = SeatSense(True, 10)
    found = Look(Verdict.OCCUPIED, 0.9, {})

    assert {Seat.PRESENT} == {sense.update(found, 0.0, second * SECOND_US)[0] for second in range(60)}

"""How the people of a window move: a function of the window, the course and the instant, and of nothing else.

Movements are drawn in steps fine enough for the eye and coarse enough that a drawn figure is used again.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, replace
from itertools import pairwise
from random import Random

from core.instants import SECOND_US
from video.scenes.course import Course
from video.scenes.designs import CHARCOAL, MOSS, NAVY, SAND, SKY, TEAL, WHITE, WINE, Design
from video.scenes.figures import Dress, Part, Pose

ACT_S, CHANGE_S = 10.0, 1.0     # how long a clerk does one thing, and how long the change takes
VISIT_S, WALK_S = 75.0, 5.0     # one applicant after the other
_STEPS_A_SECOND, _TURNS_A_SECOND = 10, 6
_SKINS = ((0.50, 0.62, 0.84), (0.46, 0.58, 0.80), (0.55, 0.67, 0.87), (0.42, 0.53, 0.74))
_TROUSERS = ((0.22, 0.20, 0.19), (0.30, 0.24, 0.18), (0.36, 0.28, 0.22), (0.24, 0.28, 0.32))
_HAIR = ((0.05, 0.05, 0.06), (0.07, 0.10, 0.15), (0.05, 0.05, 0.06), (0.34, 0.35, 0.36))
_CLOTHES = (NAVY, TEAL, WINE, MOSS, SAND, SKY, WHITE, CHARCOAL, (0.30, 0.34, 0.62), (0.62, 0.50, 0.34))


@dataclass(frozen=True, slots=True)
class Actor:
    """One person to be drawn. `is_beyond` the glass; one who `rests` stays as he is for a minute or more."""

    pose: Pose
    dress: Dress
    is_beyond: bool
    rests: bool = False
    part: Part = Part.WHOLE


def actors(design: Design, course: Course, at_us: int) -> list[Actor]:
    """Everybody at the window, those who rest first, then those farther away."""
    resting = sorted(_waiting(design, course, at_us), key=lambda one: -one.pose.y)
    return [*resting, *_applicant(design, course, at_us), *_clerk(design, course, at_us)]


# The clerk ----------------------------------------------------------------------------------------------------------


def _clerk(design: Design, course: Course, at_us: int) -> list[Actor]:
    seat = course.seat(at_us)
    if seat.share <= 0:
        return []
    dress = Dress(design.jacket, design.collar, _TROUSERS[design.seed % 4], design.hair, design.has_long_hair,
                  _SKINS[design.seed % 4])
    if seat.share < 1:
        return [Actor(_on_the_way(design, _stepped(seat.share * 4) / 4, seat.is_coming), dress, False)]
    trunk, arms = _at_work(design, at_us)
    return [Actor(trunk, dress, False, part=Part.TRUNK), Actor(arms, dress, False, part=Part.ARMS)]


def _on_the_way(design: Design, share: float, is_coming: bool) -> Pose:
    """From the side behind the chair, around it, and down; leaving is the same way back."""
    side = -design.side
    way = ((3.1 * side, -0.80), (0.62 * side, -0.72), (0.42 * side, 0.10), (0.0, 0.0))
    walked = min(1.0, share / 0.72)
    x, y, heading = _along(way, walked)
    heading = heading if is_coming else heading + math.pi
    sitting = max(0.0, (share - 0.72) / 0.28)
    facing = heading * (1 - sitting) if abs(heading) <= math.pi else (heading - 2 * math.pi) * (1 - sitting)
    stride = math.sin(share * 4 * 2 * math.pi * 0.95) if sitting <= 0 else 0.0
    hand = 0.20 * stride
    down = Pose(left_hand=(-0.25, 0.05 + hand, 0.80), right_hand=(0.25, 0.05 - hand, 0.80))
    seated = _BASE["read"]
    moved = _mixed(down, seated, sitting)
    return replace(moved, x=x, y=y, facing=facing, rise=1 - sitting, stride=stride)


_BASE = {
    "type": Pose(lean=0.10, head_nod=0.20, left_hand=(-0.10, 0.50, 0.80), right_hand=(0.14, 0.50, 0.80)),
    "read": Pose(lean=0.02, head_nod=0.05, left_hand=(-0.14, 0.46, 0.79), right_hand=(0.33, 0.50, 0.80)),
    "write": Pose(lean=0.22, head_nod=0.55, twist=-0.15, left_hand=(-0.06, 0.52, 0.79), right_hand=(0.24, 0.54, 0.80)),
    "hand": Pose(lean=0.30, head_nod=-0.05, left_hand=(-0.16, 0.46, 0.79), right_hand=(0.12, 0.78, 0.92)),
    "aside": Pose(lean=0.08, twist=-0.50, head_turn=-0.35, head_nod=0.35, left_hand=(-0.05, 0.46, 0.80),
                  right_hand=(0.42, 0.42, 0.82)),
    "phone": Pose(lean=-0.02, head_turn=0.15, sway=0.05, left_hand=(-0.12, 0.46, 0.79), right_hand=(0.15, 0.12, 1.16)),
    "talk": Pose(lean=0.06, head_nod=-0.10, left_hand=(-0.18, 0.46, 0.80), right_hand=(0.22, 0.52, 0.88)),
}
_ACTS = ("read", "read", "write", "write", "talk", "talk", "hand", "aside", "phone")
_STRANGERS = 8  # applicants that come to a window, again and again


def _at_work(design: Design, at_us: int) -> tuple[Pose, Pose]:
    """Trunk and head, and the arms: moved apart from each other, so that few of each are to be drawn."""
    passed = at_us / SECOND_US
    number = math.floor(passed / ACT_S)
    into = passed - number * ACT_S
    now, before = _act(design, number), _act(design, number - 1)
    share = _eased(min(1.0, math.floor(into * _TURNS_A_SECOND) / _TURNS_A_SECOND / CHANGE_S))
    pose = _mixed(_turned(design, before), _turned(design, now), share)
    if share < 1:
        return pose, pose
    return _alive(design, pose, passed), _busy(pose, now, passed)


def _act(design: Design, number: int) -> str:
    """Every second time the screen is read or typed at, so that the changes between two things are few."""
    return "type" if number % 2 else Random(f"{design.seed}/act/{number}").choice(_ACTS)


def _turned(design: Design, act: str) -> Pose:
    """Towards where the thing stands: the screen is on one side, papers and telephone on the other."""
    pose = _BASE[act]
    if act in ("read", "type"):
        return replace(pose, head_turn=-0.32 * design.side, twist=-0.12 * design.side)
    if act in ("aside", "write", "phone") and design.side > 0:
        return _mirrored(pose)
    return pose


def _alive(design: Design, pose: Pose, passed: float) -> Pose:
    """Nobody sits like a stone: breath, a head that wanders."""
    wander = round(1.6 * math.sin(passed / 1.9 + design.seed) + math.sin(passed / 0.83)) / 2.5
    still = Pose()
    return replace(pose, head_turn=pose.head_turn + 0.09 * wander, lean=pose.lean + 0.012 * abs(wander),
                   sway=pose.sway + 0.014 * wander, left_hand=still.left_hand, right_hand=still.right_hand)


def _busy(pose: Pose, act: str, passed: float) -> Pose:
    """Fingers that type, a pen, a hand that underlines what is said."""
    left, right = pose.left_hand, pose.right_hand
    if act == "type":
        beat = int(passed * 6) % 4
        left = (left[0] + (0.03, 0, -0.02, 0)[beat], left[1], left[2] + (0.025, 0, 0.012, 0)[beat])
        right = (right[0] + (0, 0.02, 0, -0.03)[beat], right[1], right[2] + (0, 0.02, 0, 0.028)[beat])
    elif act == "write":
        right = (right[0] + (0, 0.02, 0.04, 0.02)[int(passed * 5) % 4], right[1], right[2])
    elif act in ("talk", "hand"):
        right = (right[0], right[1] + (0, 0.015, 0.03, 0.015)[int(passed * 3) % 4], right[2])
    return replace(pose, left_hand=left, right_hand=right)


# The applicants -----------------------------------------------------------------------------------------------------


def _stranger(rng: Random) -> Dress:
    return Dress(rng.choice(_CLOTHES), rng.choice(_CLOTHES), rng.choice(_TROUSERS), rng.choice(_HAIR), rng.random() < 0.45,
                 rng.choice(_SKINS), rng.uniform(0.95, 1.05))


def _applicant(design: Design, course: Course, at_us: int) -> list[Actor]:
    """Whose turn it is: comes, sits before the glass, leaves. Now and then nobody's."""
    passed = at_us / SECOND_US + design.seed * 7.3
    number = math.floor(passed / VISIT_S)
    rng = Random(f"{design.seed}/visit/{number}")
    begins, stays = rng.uniform(0, 10), rng.uniform(42, 54)
    into = passed - number * VISIT_S - begins
    started_us = at_us - round(into * SECOND_US)
    if rng.random() < 0.12 or not 0 <= into <= stays + 2 * WALK_S or not course.is_open(started_us):
        return []
    who = rng.randrange(_STRANGERS)
    side, dress = 1 - who % 2 * 2, _stranger(Random(f"{design.seed}/stranger/{who}"))
    if into < WALK_S:
        return [Actor(_walks_up(side, _stepped(into) / WALK_S, True), dress, True)]
    if into > stays + WALK_S:
        return [Actor(_walks_up(side, 1 - (_stepped(into) - stays - WALK_S) / WALK_S, False), dress, True)]
    return [Actor(_waits(at_us / SECOND_US, who), dress, True)]


def _walks_up(side: int, share: float, is_coming: bool) -> Pose:
    way = ((side * 2.6, 8.6), (side * 0.55, 4.6), (side * 0.42, 2.35), (0.0, 2.12))
    walked = min(1.0, share / 0.86)
    x, y, heading = _along(way, walked)
    heading = heading if is_coming else heading + math.pi
    sitting = max(0.0, (share - 0.86) / 0.14)
    stride = math.sin(share * WALK_S * 2 * math.pi * 0.95) if sitting <= 0 else 0.0
    down = Pose(left_hand=(-0.25, 0.05 + 0.2 * stride, 0.80), right_hand=(0.25, 0.05 - 0.2 * stride, 0.80))
    moved = _mixed(down, Pose(left_hand=(-0.14, 0.40, 0.93), right_hand=(0.16, 0.42, 0.93)), sitting)
    facing = _between(heading, math.pi, sitting)
    return replace(moved, x=x, y=y, facing=facing, rise=1 - sitting, stride=stride)


def _waits(passed: float, seed: int) -> Pose:
    wander = round(1.4 * math.sin(passed / 2.3 + seed) + math.sin(passed / 1.1)) / 2.5
    talks = int(passed / 3.7 + seed) % 3 == 0
    lift = 0.03 * (int(passed * 3) % 3) if talks else 0.0
    return Pose(y=2.12, facing=math.pi, head_turn=0.12 * wander, head_nod=0.12 - 0.05 * wander, lean=0.06,
                left_hand=(-0.14, 0.40, 0.93), right_hand=(0.16, 0.42, 0.93 + lift))


def _waiting(design: Design, course: Course, at_us: int) -> list[Actor]:
    """Those on the benches. They change places by the minute, never all at once, and are gone when the hall is closed."""
    if course.lamps(at_us) < 1 or not course.is_open(at_us):
        return []
    found = []
    for bench in range(6):
        period = 90 + 17 * bench
        number = math.floor((at_us / SECOND_US + bench * 31 + design.seed * 5) / period)
        rng = Random(f"{design.seed}/bench/{bench}/{number}")
        if rng.random() < 0.55:
            place = (-4, -3, -2, -1, 2, 3)[(bench * 2 + rng.randrange(2)) % 6]
            row = bench % 3
            nod = rng.choice((0.05, 0.35, 0.5))
            pose = Pose(x=place * 0.62 - 0.3, y=4.34 + row * 1.35, facing=math.pi + rng.uniform(-0.15, 0.15), head_nod=nod,
                        head_turn=rng.uniform(-0.3, 0.3), left_hand=(-0.10, 0.30, 0.72), right_hand=(0.10, 0.30, 0.72))
            found.append(Actor(pose, _stranger(rng), True, rests=True))
    return found


# Small arithmetic ---------------------------------------------------------------------------------------------------


def _stepped(seconds: float) -> float:
    return math.floor(seconds * _STEPS_A_SECOND) / _STEPS_A_SECOND


def _eased(share: float) -> float:
    return share * share * (3 - 2 * share)


def _along(way: tuple[tuple[float, float], ...], share: float) -> tuple[float, float, float]:
    """A point of the way and the direction there (0 towards +y, to the left), turns rounded."""
    lengths = [math.dist(a, b) for a, b in pairwise(way)]
    left = share * sum(lengths)
    for (a, b), length in zip(pairwise(way), lengths, strict=True):
        if left <= length:
            part = left / length
            return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, math.atan2(a[0] - b[0], b[1] - a[1])
        left -= length
    (ax, ay), (bx, by) = way[-2:]
    return bx, by, math.atan2(ax - bx, by - ay)


def _between(first: float, last: float, share: float) -> float:
    """An angle between two, by the shorter way."""
    turn = (last - first + math.pi) % (2 * math.pi) - math.pi
    return first + turn * share


def _mixed(first: Pose, last: Pose, share: float) -> Pose:
    if share <= 0:
        return first
    if share >= 1:
        return last

    def between(a: object, b: object) -> object:
        if isinstance(a, tuple) and isinstance(b, tuple):
            return tuple(between(one, other) for one, other in zip(a, b, strict=True))
        assert isinstance(a, float | int)
        assert isinstance(b, float | int)
        return a + (b - a) * share
    return Pose(*(between(a, b) for a, b in zip(astuple(first), astuple(last), strict=True)))  # type: ignore[arg-type]


def _mirrored(pose: Pose) -> Pose:
    left, right = pose.left_hand, pose.right_hand
    return replace(pose, twist=-pose.twist, head_turn=-pose.head_turn, sway=-pose.sway,
                     left_hand=(-right[0], right[1], right[2]), right_hand=(-left[0], left[1], left[2]))

"""People as bodies: clerks and applicants that sit, stand, walk, reach and turn their heads.

A pose is given in the person's own directions: x to the right, y forward, z up, from the point on the floor below the hips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from video.scenes.solids import Array, Colour, Ellipsoid, Limb, Point, Solid

SEAT_HEIGHT, HIP_HEIGHT = 0.56, 0.90
_TRUNK, _UPPER_ARM, _FOREARM = 0.50, 0.29, 0.27


@dataclass(frozen=True, slots=True)
class Dress:
    """What a person wears and looks like; colours are blue, green, red."""

    jacket: Colour
    collar: Colour
    trousers: Colour
    hair: Colour
    has_long_hair: bool
    skin: Colour = (0.50, 0.62, 0.84)
    height: float = 1.0     # factor on all lengths


@dataclass(frozen=True, slots=True)
class Pose:
    """`facing` is 0 towards +y, counted to the left in radians, as are the turns of trunk and head."""

    x: float = 0.0
    y: float = 0.0
    facing: float = 0.0
    rise: float = 0.0          # 0 sitting … 1 standing
    lean: float = 0.0          # forward, radians
    sway: float = 0.0          # to the right, radians
    twist: float = 0.0
    head_turn: float = 0.0
    head_nod: float = 0.0      # down, radians
    left_hand: Point = (-0.16, 0.46, 0.80)
    right_hand: Point = (0.16, 0.46, 0.80)
    stride: float = 0.0        # −1 … 1, which leg is before the other


class Part(StrEnum):
    """What of a person is drawn: arms move oftener than the rest."""

    WHOLE = "whole"
    TRUNK = "trunk"   # with head and legs
    ARMS = "arms"


def person(pose: Pose, dress: Dress) -> tuple[list[Solid], list[Solid]]:
    """The bodies of one person: trunk, head and legs; arms."""
    body = _Body(pose, dress)
    return list(body.trunk()), list(body.arms())


class _Body:
    def __init__(self, pose: Pose, dress: Dress) -> None:
        self._pose, self._dress = pose, dress
        cos, sin = np.cos(pose.facing), np.sin(pose.facing)
        self._turn = np.array(((cos, -sin, 0), (sin, cos, 0), (0, 0, 1)), np.float32)
        hip = SEAT_HEIGHT + (HIP_HEIGHT - SEAT_HEIGHT) * pose.rise
        self._hip = np.array((0, 0, hip + (0.02 * abs(pose.stride) if pose.stride else 0)), np.float32)
        up = np.array((np.sin(pose.sway), np.sin(pose.lean), np.cos(pose.lean) * np.cos(pose.sway)), np.float32)
        self._up = up / np.float32(np.linalg.norm(up))
        cos, sin = np.cos(pose.twist), np.sin(pose.twist)
        self._across = np.array((cos, sin, 0), np.float32)
        self._neck = self._hip + self._up * np.float32(_TRUNK)

    def trunk(self) -> Iterator[Solid]:
        yield from self._trunk()
        yield from self._head()
        yield from self._leg(-1)
        yield from self._leg(1)

    def arms(self) -> Iterator[Solid]:
        yield from self._arm(-1, np.array(self._pose.left_hand, np.float32))
        yield from self._arm(1, np.array(self._pose.right_hand, np.float32))

    # Trunk and head -----------------------------------------------------------------------------------------------

    def _trunk(self) -> Iterator[Solid]:
        jacket, axes = self._dress.jacket, self._axes(self._across, self._up)
        yield self._round(self._hip + self._up * 0.02, (0.175, 0.135, 0.13), self._dress.trousers, axes)
        yield self._round(self._hip + self._up * 0.16, (0.168, 0.122, 0.20), jacket, axes)
        yield self._round(self._hip + self._up * 0.33, (0.192, 0.128, 0.20), jacket, axes)
        lift = self._up * np.float32(0.01)
        yield self._bar(self._shoulder(-1) + lift, self._shoulder(1) + lift, 0.060, jacket)
        for side in (-1, 1):
            yield self._round(self._shoulder(side), (0.062, 0.062, 0.062), jacket, axes)
        yield self._round(self._neck + self._up * 0.02, (0.078, 0.074, 0.042), self._dress.collar, axes)

    def _head(self) -> Iterator[Solid]:
        pose, dress = self._pose, self._dress
        turn = pose.twist * 0.6 + pose.head_turn
        forward = np.array((-np.sin(turn) * np.cos(pose.head_nod), np.cos(turn) * np.cos(pose.head_nod),
                            -np.sin(pose.head_nod)), np.float32)
        across = np.array((np.cos(turn), np.sin(turn), 0), np.float32)
        up = np.cross(across, forward)
        middle = self._neck + self._up * 0.155 + forward * 0.03 + self._up * 0.01
        axes = np.stack((across, -forward, up)).astype(np.float32)
        yield self._bar(self._neck, middle - up * 0.05, 0.050, dress.skin)
        yield self._round(middle, (0.080, 0.100, 0.122), dress.skin, axes)
        yield self._round(middle + up * 0.012 - forward * 0.012, (0.087, 0.102, 0.124), dress.skin, axes,
                          crown=dress.hair, crown_from=0.12, is_hair_only=True)
        for side in (-1, 1):
            yield self._round(middle + across * side * 0.082 - up * 0.015, (0.014, 0.024, 0.034), dress.skin, axes)
        if np.cos(pose.facing + turn) < 0.6:  # else seen from behind
            yield from self._face(middle, across, forward, up, axes)
        if dress.has_long_hair:
            yield self._round(middle - forward * 0.055 - up * 0.075, (0.086, 0.058, 0.135), dress.hair, axes)

    def _face(self, middle: Array, across: Array, forward: Array, up: Array, axes: Array) -> Iterator[Solid]:
        skin = self._dress.skin
        yield self._round(middle + forward * 0.100 - up * 0.016, (0.014, 0.018, 0.024), skin, axes)
        for side in (-1, 1):
            yield self._round(middle + forward * 0.088 + across * side * 0.032 + up * 0.012, (0.012, 0.010, 0.007),
                              (0.10, 0.10, 0.12), axes)
            yield self._round(middle + forward * 0.086 + across * side * 0.034 + up * 0.034, (0.019, 0.010, 0.005),
                              self._dress.hair, axes)
        yield self._round(middle + forward * 0.086 - up * 0.056, (0.022, 0.010, 0.007), (0.36, 0.38, 0.66), axes)

    # Limbs --------------------------------------------------------------------------------------------------------

    def _shoulder(self, side: int) -> Array:
        return np.asarray(self._neck - self._up * 0.055 + self._across * (side * 0.165), np.float32)

    def _arm(self, side: int, hand: Array) -> Iterator[Solid]:
        shoulder = self._shoulder(side)
        reach = hand - shoulder
        far = float(np.linalg.norm(reach))
        if far > _UPPER_ARM + _FOREARM - 0.01:
            reach *= np.float32((_UPPER_ARM + _FOREARM - 0.01) / far)
            hand, far = shoulder + reach, _UPPER_ARM + _FOREARM - 0.01
        elbow = np.asarray(shoulder + _bent(reach, far, side), np.float32)
        wrist = hand + (elbow - hand) * np.float32(0.12)
        yield self._bar(shoulder, elbow, 0.047, self._dress.jacket)
        yield self._bar(elbow, wrist, 0.039, self._dress.jacket)
        yield self._bar(wrist, hand + (hand - elbow) * np.float32(0.10), 0.033, self._dress.skin)

    def _leg(self, side: int) -> Iterator[Solid]:
        pose, trousers = self._pose, self._dress.trousers
        hip = self._hip + self._across * (side * 0.085)
        swing = pose.stride * side
        sitting_knee = np.array((side * 0.11, 0.42, SEAT_HEIGHT - 0.04), np.float32)
        standing_knee = np.array((side * 0.09, 0.03 + 0.16 * swing, 0.48), np.float32)
        sitting_foot = np.array((side * 0.12, 0.40, 0.07), np.float32)
        standing_foot = np.array((side * 0.09, 0.28 * swing, 0.07 + 0.05 * max(0.0, -swing)), np.float32)
        share = np.float32(pose.rise)
        knee = sitting_knee + (standing_knee - sitting_knee) * share
        foot = sitting_foot + (standing_foot - sitting_foot) * share
        yield self._bar(hip, knee, 0.080, trousers)
        yield self._bar(knee, foot, 0.058, trousers)
        yield self._bar(foot - np.array((0, 0.02, 0.02), np.float32), foot + np.array((0, 0.14, -0.03), np.float32), 0.042,
                        (0.08, 0.08, 0.09))

    # From the person's own directions into the room ---------------------------------------------------------------

    def _place(self, point: Array) -> Point:
        x, y, z = self._turn @ (point * np.float32(self._dress.height))
        return float(x) + self._pose.x, float(y) + self._pose.y, float(z)

    @staticmethod
    def _axes(across: Array, up: Array) -> Array:
        back = -np.cross(up, across)
        return np.stack((across, back, up)).astype(np.float32)

    def _bar(self, start: Array, end: Array, radius: float, colour: Colour) -> Limb:
        return Limb(self._place(start), self._place(end), radius * self._dress.height, colour)

    def _round(self, middle: Array, axes: Point, colour: Colour, directions: Array, crown: Colour | None = None,
               crown_from: float = 0.0, *, is_hair_only: bool = False) -> Ellipsoid:
        size = self._dress.height
        return Ellipsoid(self._place(middle), (axes[0] * size, axes[1] * size, axes[2] * size), colour,
                         turn=np.asarray(directions @ self._turn.T, np.float32), crown=crown, crown_from=crown_from,
                         is_crown_only=is_hair_only)


def _bent(reach: Array, far: float, side: int) -> Array:
    """From the shoulder to the elbow of an arm whose hand is there: out and down, as elbows hang."""
    along = (_UPPER_ARM**2 - _FOREARM**2 + far**2) / (2 * far)
    aside = np.sqrt(max(_UPPER_ARM**2 - along**2, 0.0))
    direction = reach / np.float32(far)
    hang = np.array((side * 0.45, -0.25, -0.85), np.float32)
    hang -= direction * np.float32(hang @ direction)
    hang /= np.float32(np.linalg.norm(hang))
    return np.asarray(direction * np.float32(along) + hang * np.float32(aside), np.float32)

"""One camera's pictures: the window with its people at an instant, as the camera would send it."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.instants import SECOND_US
from video.scenes.acting import Actor, actors
from video.scenes.clock_bars import draw_bars
from video.scenes.course import Course
from video.scenes.designs import Design
from video.scenes.figures import Part, person
from video.scenes.osd import Titles
from video.scenes.painting import Picture, Surfaces, developed, lit
from video.scenes.plate import FINER, LIGHT, Plate, fine_view, kept_plate
from video.scenes.solids import FAR, Array

_KEPT_BYTES = 12 * 2**20  # of drawn people; the rest of a window takes about as much
_NOISE_FIELDS = 3


@dataclass(frozen=True, slots=True)
class _Sprite:
    """A drawn person: what is left of the picture behind (0…256) and what is put there, multiplied already."""

    left: int
    top: int
    rest: npt.NDArray[np.uint16]
    ink: npt.NDArray[np.uint8]


class Scene:
    """A window as its camera sees it. Not for use by two threads at once.

    `frame(course, at_us)` depends on nothing but design, size, course and instant (microseconds UTC, real time).
    """

    def __init__(self, design: Design, width: int = 640, height: int = 360, *, title: str = "", zone_offset_s: int = 8 * 3600,
                 kept_in: Path | None = None, loop_from_us: int | None = None) -> None:
        self.design = design
        self._plate: Plate = kept_plate(design, width, height, kept_in)
        self._view = fine_view(design, width, height)
        self._titles = Titles(width, height, title or design.label, zone_offset_s, loop_from_us)
        self._ground: tuple[object, Picture] = (None, self._plate.picture)
        self._sprites: OrderedDict[Actor, _Sprite | None] = OrderedDict()
        self._kept_bytes = 0
        rng = np.random.default_rng(design.seed)
        self._noise = [rng.normal(0, 1.2, (height, width)).round().astype(np.int8) for _ in range(_NOISE_FIELDS)]
        self._cloth = _cloth(width, height, rng)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._plate.size

    def frame(self, course: Course, at_us: int) -> Picture:
        """The picture of that instant, blue, green, red."""
        everybody = actors(self.design, course, at_us)
        lamps = round(course.lamps(at_us) * 10)
        picture = self._lit_ground([actor for actor in everybody if actor.rests], lamps, at_us // SECOND_US).copy()
        strength = self._strength(lamps, at_us // SECOND_US)
        for actor in everybody:
            if not actor.rests:
                self._add(picture, actor, strength)
        self._cover(picture, course.cover(at_us), at_us)
        self._titles.write(picture, at_us)  # over whoever passes, and over what hangs before the lens
        draw_bars(picture, at_us)
        return picture

    def planes(self, course: Course, at_us: int) -> npt.NDArray[np.uint8]:
        """The same as luma and chroma planes (I420, one below the other): what an encoder takes."""
        return np.asarray(cv2.cvtColor(self.frame(course, at_us), cv2.COLOR_BGR2YUV_I420), np.uint8)

    # What stays as it is for a second, so that an encoder has little to do between its key pictures ----------------

    def _lit_ground(self, resting: list[Actor], lamps: int, second: int) -> Picture:
        """The window with those who sit on the benches, its light, and the sensor's noise."""
        if self._ground[0] != (resting, lamps, second):
            picture = self._plate.picture.copy()
            for actor in resting:
                self._add(picture, actor, 256)
            table = np.arange(256) * self._strength(lamps, second) // 256
            picture = np.asarray(cv2.LUT(picture, table.astype(np.uint8)), np.uint8)
            picture = self._noisy(picture, second)
            self._ground = ((resting, lamps, second), picture)
        return self._ground[1]

    def _strength(self, lamps: int, second: int) -> int:
        """Of the light, at most 256: clouds pass before the windows; at night a few lamps are left."""
        drift = 0.96 + 0.025 * math.sin(second / 17 + self.design.seed) + 0.012 * math.sin(second / 5.3)
        return round(256 * (0.34 + 0.066 * lamps) * drift)

    def _noisy(self, picture: Picture, second: int) -> Picture:
        noise = cv2.merge([self._noise[second % _NOISE_FIELDS]] * 3)
        return np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)

    def _cover(self, picture: Picture, share: float, at_us: int) -> None:
        edge = round(share * picture.shape[0])
        if edge > 0:
            picture[:edge] = self._noisy(self._cloth, at_us // SECOND_US)[-edge:]

    # People -------------------------------------------------------------------------------------------------------

    def _add(self, picture: Picture, actor: Actor, strength: int) -> None:
        sprite = self._sprite(actor)
        if sprite is None:
            return
        rows, columns = sprite.rest.shape
        part = picture[sprite.top:sprite.top + rows, sprite.left:sprite.left + columns]
        part[...] = (part * sprite.rest[..., None] + sprite.ink * np.uint16(strength)) >> 8

    def _sprite(self, actor: Actor) -> _Sprite | None:
        if actor in self._sprites:
            self._sprites.move_to_end(actor)
            return self._sprites[actor]
        sprite = self._drawn(actor)
        self._sprites[actor] = sprite
        self._kept_bytes += _bytes_of(sprite)
        while self._kept_bytes > _KEPT_BYTES:
            self._kept_bytes -= _bytes_of(self._sprites.popitem(last=False)[1])
        return sprite

    def _drawn(self, actor: Actor) -> _Sprite | None:
        trunk, arms = person(actor.pose, actor.dress)
        solids = arms if actor.part is Part.ARMS else [*trunk, *arms] if actor.part is Part.WHOLE else trunk
        frame = self._view.frame_of(np.concatenate([solid.corners() for solid in solids]), margin=6)
        if frame is None:
            return None
        up, down = FINER
        left, top = frame[0] // up * up, frame[1] // up * up
        right, bottom = -(-frame[2] // up) * up, -(-frame[3] // up) * up
        surfaces = Surfaces.blank(left, top, min(right, self._view.width), min(bottom, self._view.height))
        before = np.minimum(self._plate.depth[top:bottom, left:right], FAR)
        if actor.part is Part.ARMS:  # the trunk hides what of them is beyond it
            for solid in trunk:
                surfaces.show(solid, self._view)
            before = np.minimum(before, surfaces.depth)
        for solid in solids:
            surfaces.show(solid, self._view)
        seen = surfaces.depth < before
        if not seen.any():
            return None
        colour = developed(lit(surfaces, self._view, LIGHT, openness=self._nearness_to_floor(surfaces)))
        cover = seen.astype(np.float32)[..., None]
        columns, rows = surfaces.depth.shape[1] * down // up, surfaces.depth.shape[0] * down // up
        mixed = np.concatenate((colour * cover, cover), axis=2)
        small = np.asarray(cv2.resize(mixed, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
        cast = np.asarray(cv2.resize(_cast(seen), (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
        return self._placed(left * down // up, top * down // up, small, cast[..., None], is_beyond=actor.is_beyond)

    def _placed(self, left: int, top: int, small: Array, cast: Array, *, is_beyond: bool) -> _Sprite:
        ink, cover = small[..., :3], small[..., 3:4]
        rest = (1 - cover) * (1 - 0.30 * cast)
        if is_beyond:  # the pane before the person takes of it what it takes of the hall
            rows, columns = cover.shape[:2]
            glass = self._plate.glass[top:top + rows, left:left + columns, None].astype(np.float32) / 255
            ink = np.asarray(ink * (1 - glass) + cover * glass * 225, np.float32)
        return _Sprite(left, top, np.round(rest[..., 0] * 256).astype(np.uint16), np.round(ink).astype(np.uint8))

    def _nearness_to_floor(self, surfaces: Surfaces) -> Array:
        """Low parts of a person get less light: legs under a desk, a lap."""
        rows, columns = surfaces.depth.shape
        rays = self._view.rays(surfaces.left, surfaces.top, surfaces.left + columns, surfaces.top + rows)
        height = self._view.eye[2] + rays[..., 2] * np.minimum(surfaces.depth, 50)
        return np.asarray(np.clip(0.45 + 0.55 * height / 1.0, 0.4, 1.0), np.float32)


def _bytes_of(sprite: _Sprite | None) -> int:
    return 1000 + (sprite.rest.nbytes + sprite.ink.nbytes if sprite is not None else 0)


def _cast(seen: npt.NDArray[np.bool_]) -> Array:
    """The soft dark around a body where it stands before something."""
    rows = seen.shape[0]
    size = max(3, rows // 8) | 1
    moved = np.roll(seen.astype(np.float32), rows // 24, axis=0)
    moved[:rows // 24] = 0
    return np.asarray(cv2.GaussianBlur(moved, (size, size), 0), np.float32)


def _cloth(width: int, height: int, rng: np.random.Generator) -> Picture:
    """What a covered lens sees: cloth out of focus, a little light through the weave."""
    coarse = rng.normal(0, 1, (5, 7)).astype(np.float32)
    folds = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shade = 1 - 0.5 * np.hypot((x - width / 2) / width, (y - height / 2) / height)
    colour = np.array((44, 50, 58), np.float32) * (1 + 0.06 * folds + 0.0)[..., None] * shade[..., None]
    return np.asarray(np.clip(colour, 0, 255), np.uint8)

"""From bodies to pictures: which body each pixel shows, how the light falls on it, and what it looks like on a sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from video.scenes.solids import FAR, Array, Box, Colour, Point, Solid, View

Picture = npt.NDArray[np.uint8]
SHADE_WIDTH = 240  # shadows are soft: they are looked for in a small picture and spread over the large one
_OPEN, _SHADOW = 0.7, 1.3  # metres around a body in which it takes light of the surroundings, and of the lamps
_FAR_BODIES = 3.0  # metres from the clerk; of what is beyond, only the shadows are seen
AROUND, TOWARDS_LAMPS = 6, 4  # rays asked for each pixel


@dataclass(frozen=True, slots=True)
class Light:
    """Of a hall: from the ceiling, from the far windows, and what walls and floor give back. Colours are blue, green, red."""

    sky: Colour = (0.60, 0.60, 0.60)
    ground: Colour = (0.30, 0.32, 0.34)
    key: Colour = (0.44, 0.47, 0.50)
    key_from: Point = (-0.35, 0.25, 0.9)
    window: Colour = (0.30, 0.27, 0.24)
    window_from: Point = (0.2, 0.95, 0.25)


@dataclass(slots=True)
class Surfaces:
    """What each pixel of a rectangle shows."""

    left: int
    top: int
    depth: Array
    normal: Array
    colour: Array
    gloss: Array

    @classmethod
    def blank(cls, left: int, top: int, right: int, bottom: int) -> Surfaces:
        rows, columns = bottom - top, right - left
        return cls(left, top, np.full((rows, columns), FAR, np.float32), np.zeros((rows, columns, 3), np.float32),
                   np.zeros((rows, columns, 3), np.float32), np.zeros((rows, columns), np.float32))

    def show(self, solid: Solid, view: View) -> None:
        """Let the body stand before what is behind it."""
        rows, columns = self.depth.shape
        frame = view.frame_of(solid.corners())
        if frame is None:
            return
        left, top = max(frame[0], self.left), max(frame[1], self.top)
        right, bottom = min(frame[2], self.left + columns), min(frame[3], self.top + rows)
        if left >= right or top >= bottom:
            return
        rays = view.rays(left, top, right, bottom)
        depth = solid.enters(view.eye, rays)
        part = np.s_[top - self.top:bottom - self.top, left - self.left:right - self.left]
        nearer = depth < self.depth[part]
        if not nearer.any():
            return
        chosen = depth[nearer]
        normal, colour = solid.look(view.eye + rays[nearer] * chosen[:, None])
        self.depth[part][nearer], self.normal[part][nearer], self.colour[part][nearer] = chosen, normal, colour
        self.gloss[part][nearer] = solid.gloss


def surfaces_of(solids: Sequence[Solid], view: View) -> Surfaces:
    """The whole picture."""
    surfaces = Surfaces.blank(0, 0, view.width, view.height)
    for solid in solids:
        surfaces.show(solid, view)
    return surfaces


def lit(surfaces: Surfaces, view: View, light: Light, *, openness: Array | None = None, sun: Array | None = None) -> Array:
    """Colours 0…1. `openness` is the share of the surroundings that gives light to a pixel, `sun` that of the ceiling lamps."""
    normal = surfaces.normal
    up = normal[..., 2:3] * 0.5 + 0.5
    ambient = np.array(light.ground, np.float32) * (1 - up) + np.array(light.sky, np.float32) * up
    lamps = _towards(normal, light.key_from)[..., None] * np.array(light.key, np.float32)
    windows = _towards(normal, light.window_from)[..., None] * np.array(light.window, np.float32)
    if openness is not None:
        ambient, windows = ambient * openness[..., None], windows * openness[..., None]
    if sun is not None:
        lamps = lamps * sun[..., None]
    colour = surfaces.colour * (ambient + lamps + windows)
    return np.asarray(colour + _glints(surfaces, view, light)[..., None], np.float32)


def _towards(normal: Array, direction: Point) -> Array:
    return np.asarray(np.clip(normal @ _unit(direction), 0, None), np.float32)


def _glints(surfaces: Surfaces, view: View, light: Light) -> Array:
    """Highlights of what is glossy; looked from the middle of the picture, which is near enough for a ceiling camera."""
    half = _unit(light.key_from) - view.forward
    half /= np.linalg.norm(half)
    strength = np.clip(surfaces.normal @ half, 0, 1) ** 24
    return np.asarray(strength * surfaces.gloss * 0.6, np.float32)


def shadows(surfaces: Surfaces, view: View, boxes: Sequence[Box], light: Light, seed: int) -> tuple[Array, Array]:
    """Openness and lamp light of each pixel, asked with a few rays each in a small picture and smoothed along surfaces."""
    step = max(1, round(view.width / SHADE_WIDTH))
    depth, normal = surfaces.depth[::step, ::step], surfaces.normal[::step, ::step]
    small = View.like(view, depth.shape[1], depth.shape[0])
    rays = view.rays(0, 0, view.width, view.height)[::step, ::step]
    points = view.eye + rays * np.minimum(depth, 60)[..., None] + normal * 0.006
    rng = np.random.default_rng(seed)
    casters = [box for box in boxes if box.shades]
    near = [box for box in casters if box.centre[1] < _FAR_BODIES]
    openness = _share_free(points, near, small, [_spread(normal, rng, 0.95) for _ in range(AROUND)], _OPEN)
    key = np.asarray(np.broadcast_to(_unit(light.key_from), normal.shape))
    sun = _share_free(points, casters, small, [_spread(key, rng, 0.34) for _ in range(TOWARDS_LAMPS)], _SHADOW)
    both = np.stack((0.25 + 0.75 * openness, 0.12 + 0.88 * sun), axis=-1)
    for reach in ((-4, -2, 0, 2, 4), (-1, 0, 1)):
        both = _smoothed(both, depth, normal, reach)
    grown = _grown(both, surfaces, depth, normal, step)
    return grown[..., 0], grown[..., 1]


def _share_free(points: Array, casters: Sequence[Box], view: View, directions: Sequence[Array], within: float) -> Array:
    stopped = np.zeros((len(directions), *points.shape[:2]), np.bool_)
    for box in casters:
        frame = view.frame_of(box.surroundings(within))
        if frame is None:
            continue
        part = np.s_[frame[1]:frame[3], frame[0]:frame[2]]
        near = points[part].reshape(-1, 3)
        chosen = np.flatnonzero((np.abs(near - np.array(box.centre, np.float32)) < box.reach(within)).all(axis=1))
        near = near[chosen]
        for number, direction in enumerate(directions):
            hit = np.zeros(points[part].shape[0] * points[part].shape[1], np.bool_)
            hit[chosen] = box.stops(near, direction[part].reshape(-1, 3)[chosen], within)
            stopped[number][part] |= hit.reshape(points[part].shape[:2])
    return np.asarray(1 - stopped.mean(axis=0, dtype=np.float32), np.float32)


def _spread(around: Array, rng: np.random.Generator, width: float) -> Array:
    """A direction near each of these, another for every pixel."""
    away = rng.normal(size=around.shape).astype(np.float32)
    away /= np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-6)
    mixed = around + away * np.float32(width)
    return np.asarray(mixed / np.maximum(np.linalg.norm(mixed, axis=-1, keepdims=True), 1e-6), np.float32)


def _smoothed(noisy: Array, depth: Array, normal: Array, reach: tuple[int, ...]) -> Array:
    """The mean of the neighbours on the same surface."""
    total, weights = np.zeros_like(noisy), np.zeros((*depth.shape, 1), np.float32)
    for dy in reach:
        for dx in reach:
            near = [np.roll(part, (dy, dx), axis=(0, 1)) for part in (noisy, depth, normal)]
            alike = _alike(near[1], near[2], depth, normal)[..., None]
            total += near[0] * alike
            weights += alike
    return np.asarray(total / weights, np.float32)


def _alike(depth: Array, normal: Array, other_depth: Array, other_normal: Array) -> Array:
    """Near 1 where two pixels show the same surface, near 0 elsewhere, never 0."""
    same_way = np.einsum("...i,...i->...", normal, other_normal)
    apart = np.abs(depth - other_depth) > 0.05 * other_depth + 0.01
    return np.where(apart | (same_way < 0.8), np.float32(1e-4), same_way)


def _grown(small: Array, surfaces: Surfaces, depth: Array, normal: Array, step: int) -> Array:
    """In the large picture, each pixel from those of its four small neighbours that lie on its surface."""
    if step == 1:
        return small
    height, width = surfaces.depth.shape
    rows, columns = depth.shape
    y, x = np.arange(height) / step, np.arange(width) / step
    total = np.zeros((height, width, small.shape[2]), np.float32)
    weights = np.zeros((height, width, 1), np.float32)
    for dy in (0, 1):
        for dx in (0, 1):
            row = np.clip(np.floor(y).astype(np.int32) + dy, 0, rows - 1)
            column = np.clip(np.floor(x).astype(np.int32) + dx, 0, columns - 1)
            place = np.ix_(row, column)
            share = np.abs(1 - dy - (y - np.floor(y)))[:, None] * np.abs(1 - dx - (x - np.floor(x)))[None, :]
            alike = _alike(depth[place], normal[place], surfaces.depth, surfaces.normal)
            weight = (alike * (share.astype(np.float32) + np.float32(0.01)))[..., None]
            total += small[place] * weight
            weights += weight
    return total / weights


def developed(colour: Array) -> Picture:
    """What a sensor and its picture processor make of the light: a soft shoulder, contrast, a little more colour, 8 bits."""
    tone = (1 - np.exp(-1.62 * np.clip(colour, 0, 4))) ** np.float32(1 / 1.28)
    tone = tone + np.float32(0.16) * (tone * tone * (3 - 2 * tone) - tone)
    grey = tone.mean(axis=-1, keepdims=True)
    return np.asarray(np.clip((grey + (tone - grey) * 1.18) * 262, 0, 255), np.uint8)


def halved(picture: Picture, width: int, height: int) -> Picture:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _unit(direction: Point) -> Array:
    vector = np.array(direction, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)

"""The bodies a hall is built of, and the camera that looks at them: where a ray meets a box, an ellipsoid or a limb.

Lengths are metres: x to the right, y away from the camera, z up. All arrays are float32; a ray's direction has length 1
along the view, so its parameter t is the depth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Colour = tuple[float, float, float]  # blue, green, red, 0…1, linear enough for our purpose
Point = tuple[float, float, float]
FAR = np.float32(1e9)


class View:
    """A pinhole camera of `width` × `height` pixels at `eye`, looking at `target`; `opening` is its width at distance 1."""

    def __init__(self, width: int, height: int, eye: Point, target: Point, opening: float) -> None:
        self.width, self.height = width, height
        self.eye = np.array(eye, np.float32)
        forward = np.array(target, np.float32) - self.eye
        self.forward = forward / np.float32(np.linalg.norm(forward))
        right = np.cross(self.forward, np.array((0, 0, 1), np.float32))
        self.right = (right / np.linalg.norm(right)).astype(np.float32)
        self.up = np.cross(self.right, self.forward).astype(np.float32)
        self.focal = np.float32(width / opening)

    @classmethod
    def like(cls, other: View, width: int, height: int) -> View:
        """The same look in a picture of another size."""
        view = cls.__new__(cls)
        view.width, view.height = width, height
        view.eye, view.forward, view.right, view.up = other.eye, other.forward, other.right, other.up
        view.focal = np.float32(other.focal * width / other.width)
        return view

    def rays(self, left: int, top: int, right: int, bottom: int) -> Array:
        """The directions of a rectangle of pixels, (rows, columns, 3)."""
        x = (np.arange(left, right, dtype=np.float32) + 0.5 - self.width / 2) / self.focal
        y = (np.arange(top, bottom, dtype=np.float32) + 0.5 - self.height / 2) / self.focal
        directions = self.forward + x[None, :, None] * self.right - y[:, None, None] * self.up
        return np.asarray(directions, np.float32)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pixels (n, 2) and depths (n) of points (n, 3)."""
        away = points - self.eye
        depth = away @ self.forward
        safe = np.maximum(depth, np.float32(0.05))
        x = self.focal * (away @ self.right) / safe + self.width / 2
        y = self.height / 2 - self.focal * (away @ self.up) / safe
        return np.stack((x, y), axis=1).astype(np.float32), depth.astype(np.float32)

    def frame_of(self, points: Array, margin: int = 2) -> tuple[int, int, int, int] | None:
        """The rectangle (left, top, right, bottom) that holds these points; None when they are out of sight."""
        pixels, depth = self.project(points)
        if depth.max() < 0.1:
            return None
        if depth.min() < 0.1:
            return 0, 0, self.width, self.height
        low, high = pixels.min(axis=0) - margin, pixels.max(axis=0) + margin
        left, top = max(0, int(low[0])), max(0, int(low[1]))
        right, bottom = min(self.width, int(high[0]) + 1), min(self.height, int(high[1]) + 1)
        return (left, top, right, bottom) if left < right and top < bottom else None


class Solid(Protocol):
    """A body of the scene."""

    @property
    def gloss(self) -> float:
        """0 dull … 1 polished."""

    def corners(self) -> Array:
        """Points whose hull holds it."""

    def enters(self, eye: Array, rays: Array) -> Array:
        """Depths at which these rays (rows, columns, 3) from `eye` enter it; FAR where they miss."""

    def look(self, points: Array) -> tuple[Array, Array]:
        """Normals and colours of points (n, 3) of its surface."""


def turned(yaw: float) -> Array:
    """Rotation about the vertical: rows are the body's own axes."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.array(((cos, sin, 0), (-sin, cos, 0), (0, 0, 1)), np.float32)


class Texture(Protocol):
    def __call__(self, local: Array, axis: Array) -> Array:
        """Colour factors for points of a box in its own metres; `axis` is the axis of the face hit (0, 1, 2)."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box with slightly rounded edges, turned about the vertical by `yaw` radians."""

    centre: Point
    size: Point
    colour: Colour
    yaw: float = 0.0
    gloss: float = 0.0
    bevel: float = 0.012
    texture: Texture | None = field(default=None, compare=False)
    shades: bool = True   # throws a shadow

    def corners(self) -> Array:
        signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
        return np.asarray((signs * self._half()) @ turned(self.yaw) + np.array(self.centre, np.float32), np.float32)

    def enters(self, eye: Array, rays: Array) -> Array:
        start, along = (eye - np.array(self.centre, np.float32))[None, :], rays.reshape(-1, 3)
        if self.yaw:
            axes = turned(self.yaw)
            start, along = start @ axes.T, along @ axes.T
        near, far = _span(start, along, self._half())
        return np.where((near < far) & (near > 0), near, FAR).astype(np.float32).reshape(rays.shape[:2])

    def look(self, points: Array) -> tuple[Array, Array]:
        axes, half = turned(self.yaw), self._half()
        local = (points - np.array(self.centre, np.float32)) @ axes.T
        axis = (half - np.abs(local)).argmin(axis=1).astype(np.float32)
        colour = np.array(self.colour, np.float32)
        dressed = colour * self.texture(local, axis) if self.texture is not None else np.broadcast_to(colour, local.shape)
        return np.asarray(self._normal(local, half, axis) @ axes, np.float32), np.asarray(dressed, np.float32)

    def stops(self, points: Array, towards: Array, within: float) -> npt.NDArray[np.bool_]:
        """Whether it stands between these points (n, 3) and what lies in that direction, `within` metres."""
        start = points - np.array(self.centre, np.float32)
        if self.yaw:
            axes = turned(self.yaw)
            start, towards = start @ axes.T, towards @ axes.T
        near, far = _span(start, towards, self._half())
        hit: npt.NDArray[np.bool_] = (near < far) & (far > 0.004) & (near < within)
        return hit

    def surroundings(self, reach: float) -> Array:
        """Corners of the room in which it can stop light that comes from `reach` metres around."""
        centre = np.array(self.centre, np.float32)
        away = self.corners() - centre
        return np.asarray(centre + away + np.sign(away) * np.float32(reach), np.float32)

    def reach(self, within: float) -> Array:
        """Half the lengths, along the room's own axes, of the space from which it can be met within so many metres."""
        return np.asarray(np.abs(self._half() @ np.abs(turned(self.yaw))) + np.float32(within), np.float32)

    def _half(self) -> Array:
        return np.asarray(np.array(self.size, np.float32) / 2, np.float32)

    def _normal(self, local: Array, half: Array, axis: Array) -> Array:
        """Of the face that was hit, bent outwards near its edges as a worn edge is."""
        bevel = np.minimum(np.float32(self.bevel), half * 0.9)
        outwards = np.sign(local)
        bend = np.clip(1 - (half - np.abs(local)) / bevel, 0, 1) * 0.8
        face = axis[:, None] == np.arange(3, dtype=np.float32)
        normal = np.where(face, np.float32(1), bend) * outwards
        return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True), np.float32)


def _span(start: Array, along: Array, half: Array) -> tuple[Array, Array]:
    """Where rays (n, 3) enter and leave a box around the origin."""
    near, far = _slab(start[:, 0], along[:, 0], half[0])
    for axis in (1, 2):
        entry, leave = _slab(start[:, axis], along[:, axis], half[axis])
        np.maximum(near, entry, out=near)
        np.minimum(far, leave, out=far)
    return near, far


def _slab(start: Array, along: Array, half: np.float32) -> tuple[Array, Array]:
    """A ray that runs exactly along the slab misses it: one of a million, beside another that hits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.float32(1) / along
        middle, reach = -start * inverse, np.abs(half * inverse)
        return middle - reach, middle + reach


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """`axes` are its half lengths along its own directions, the rows of `turn`."""

    centre: Point
    axes: Point
    colour: Colour
    turn: Array = field(default_factory=lambda: turned(0.0), compare=False)
    crown: Colour | None = None   # colour of the part above and behind: hair on a head
    crown_from: float = 0.2
    is_crown_only: bool = False   # the rest of it is not there
    gloss: float = 0.0

    def corners(self) -> Array:
        signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
        return np.asarray((signs * np.array(self.axes, np.float32)) @ self.turn + np.array(self.centre, np.float32), np.float32)

    def enters(self, eye: Array, rays: Array) -> Array:
        scale = np.array(self.axes, np.float32)
        start = (self.turn @ (eye - np.array(self.centre, np.float32))) / scale
        along = (rays.reshape(-1, 3) @ self.turn.T) / scale
        depth = _enters_ball(start, along)
        if self.is_crown_only:
            local = start + along * np.where(depth < FAR, depth, 0)[:, None]
            depth = np.where(self._is_crown(local), depth, FAR)
        return np.asarray(depth, np.float32).reshape(rays.shape[:2])

    def look(self, points: Array) -> tuple[Array, Array]:
        scale = np.array(self.axes, np.float32)
        local = ((points - np.array(self.centre, np.float32)) @ self.turn.T) / scale
        normal = (local / scale) @ self.turn
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
        return np.asarray(normal, np.float32), self._colours(local)

    def _colours(self, local: Array) -> Array:
        plain = np.broadcast_to(np.array(self.colour, np.float32), local.shape)
        if self.crown is None:
            return np.asarray(plain, np.float32)
        return np.where(self._is_crown(local)[:, None], np.array(self.crown, np.float32), plain).astype(np.float32)

    def _is_crown(self, local: Array) -> npt.NDArray[np.bool_]:
        """The line of the hair: high on the forehead (the head's own −y looks forward), low at the neck."""
        line: npt.NDArray[np.bool_] = local[:, 2] + 0.75 * local[:, 1] > self.crown_from
        return line


def _enters_ball(start: Array, along: Array) -> Array:
    """Depth at which rays enter the unit ball around the origin."""
    a = np.einsum("ni,ni->n", along, along)
    b = along @ start
    c = np.float32(start @ start - 1)
    under = b * b - a * c
    depth = (-b - np.sqrt(np.maximum(under, 0))) / a
    return np.where((under > 0) & (depth > 0), depth, FAR).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Limb:
    """A round bar from `start` to `end`: an arm, a leg, a neck."""

    start: Point
    end: Point
    radius: float
    colour: Colour
    gloss: float = 0.0

    def corners(self) -> Array:
        signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32) * self.radius
        return np.concatenate((signs + np.array(self.start, np.float32), signs + np.array(self.end, np.float32)))

    def enters(self, eye: Array, rays: Array) -> Array:
        first, last, radius = np.array(self.start, np.float32), np.array(self.end, np.float32), np.float32(self.radius)
        flat = rays.reshape(-1, 3)
        depth = _enters_bar(eye - first, flat, last - first, radius)
        for end in (first, last):
            np.minimum(depth, _enters_ball((eye - end) / radius, flat / radius), out=depth)
        return depth.reshape(rays.shape[:2])

    def look(self, points: Array) -> tuple[Array, Array]:
        first, bar = np.array(self.start, np.float32), np.array(self.end, np.float32) - np.array(self.start, np.float32)
        away = points - first
        along = np.clip(away @ bar / np.float32(bar @ bar), 0, 1)
        normal = (away - along[:, None] * bar) / np.float32(self.radius)
        colour = np.broadcast_to(np.array(self.colour, np.float32), points.shape)
        return np.asarray(normal, np.float32), np.asarray(colour, np.float32)


def _enters_bar(start: Array, rays: Array, bar: Array, radius: np.float32) -> Array:
    """Depth at which rays (n, 3) enter a round bar without its ends."""
    length2 = np.float32(bar @ bar)
    bar_ray, bar_start = rays @ bar, np.float32(bar @ start)
    a = length2 * np.einsum("ni,ni->n", rays, rays) - bar_ray * bar_ray
    b = length2 * (rays @ start) - bar_start * bar_ray
    c = length2 * np.float32(start @ start) - bar_start * bar_start - radius * radius * length2
    under = b * b - a * c
    depth = (-b - np.sqrt(np.maximum(under, 0))) / np.maximum(a, np.float32(1e-9))
    along = bar_start + depth * bar_ray
    hit = (under > 0) & (depth > 0) & (along > 0) & (along < length2)
    return np.where(hit, depth, FAR).astype(np.float32)

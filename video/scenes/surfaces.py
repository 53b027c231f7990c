"""What the surfaces of a hall look like: wood, tiles, cloth, screens, signs. Each is a factor on the colour of its box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from video.scenes.painting import Picture
from video.scenes.solids import Array, Colour


def _grey(factor: Array) -> Array:
    return np.asarray(np.repeat(factor[..., None], 3, axis=-1), np.float32)


@dataclass(frozen=True, slots=True)
class Wood:
    """Grain along x, in planks `plank` metres wide."""

    plank: float = 0.24
    strength: float = 0.10

    def __call__(self, local: Array, axis: Array) -> Array:
        x, y = local[..., 0], local[..., 1] + local[..., 2]
        number = np.floor(y / self.plank)
        bend = 0.03 * np.sin(x * 3.1 + number * 5.7) + 0.012 * np.sin(x * 9.3 + number * 2.1)
        rings = np.sin((y + bend) * 130 + number * 11) * 0.5 + np.sin((y + bend) * 53 + x * 0.9) * 0.5
        plank = 0.05 * np.sin(number * 12.9898)
        return _grey(1 + self.strength * rings * 0.6 + plank)


@dataclass(frozen=True, slots=True)
class Tiles:
    """Stone tiles with thin joints and veins."""

    side: float = 0.8
    vein: float = 0.05
    joint: float = 0.82

    def __call__(self, local: Array, axis: Array) -> Array:
        x, y = local[..., 0] / self.side, local[..., 1] / self.side
        number = np.floor(x) * 7 + np.floor(y) * 13
        tone = 1 + 0.025 * np.sin(number * 78.233)
        vein = np.sin(local[..., 0] * 5 + 2.2 * np.sin(local[..., 1] * 2.3 + number) + number) ** 8
        edge = np.minimum(np.abs(x - np.round(x)), np.abs(y - np.round(y))) * self.side
        joint = np.where(edge < 0.006, np.float32(self.joint), np.float32(1))
        return _grey(np.asarray((tone - self.vein * vein) * joint, np.float32))


@dataclass(frozen=True, slots=True)
class Cloth:
    """A cover worn unevenly, so that large faces are not flat."""

    def __call__(self, local: Array, axis: Array) -> Array:
        x, y = local[..., 0], local[..., 1] + local[..., 2]
        broad = np.sin(x * 3 + 1) * np.sin(y * 3.3) + 0.5 * np.sin(x * 7.1 + y * 2.3) * np.sin(y * 6.4 - x)
        return _grey(np.asarray(1 + 0.03 * broad, np.float32))


@dataclass(frozen=True, slots=True)
class Slats:
    """Upright panels of a wall with narrow grooves."""

    width: float = 0.45

    def __call__(self, local: Array, axis: Array) -> Array:
        along = np.where(axis == 0, local[..., 1], local[..., 0]) / self.width
        groove = np.abs(along - np.round(along)) * self.width < 0.012
        tone = 1 + 0.03 * np.sin(np.floor(along + 0.5) * 4.7)
        return _grey(np.where(groove, np.float32(0.7), tone).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Daylight:
    """A wall of windows: bright panes between slim bars, brighter above, a hint of trees and sky behind."""

    pane: float = 1.5
    sill: float = 0.75
    strength: float = 2.1

    def __call__(self, local: Array, axis: Array) -> Array:
        x, z = local[..., 0], local[..., 2] + 1.7
        bar = (np.abs(x / self.pane - np.round(x / self.pane)) * self.pane < 0.045) | (np.abs(z - 2.1) < 0.03)
        trees = 0.5 + 0.25 * np.sin(x * 1.3 + 1) + 0.12 * np.sin(x * 4.1) + self.sill
        green = np.array((0.62, 0.78, 0.66), np.float32) * self.strength * 0.72
        sky = np.array((1.12, 1.04, 0.98), np.float32) * self.strength
        share = np.clip((z - trees) / 0.5, 0, 1)[..., None]
        outside = green * (1 - share) + sky * share
        solid = (z < self.sill) | bar
        return np.where(solid[..., None], np.float32(0.92), outside).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Printed:
    """A picture on the faces along `axis`, seen from −y (or from above for axis 2); `glow` where it shines by itself."""

    picture: Picture
    width: float
    height: float
    axis: int = 1
    glow: float = 1.0
    rest: Colour = (1.0, 1.0, 1.0)

    def __call__(self, local: Array, axis: Array) -> Array:
        rows, columns = self.picture.shape[:2]
        across, upward = local[..., 0], local[..., 2 if self.axis == 1 else 1]
        column = np.clip(((across / self.width + 0.5) * columns).astype(np.int32), 0, columns - 1)
        row = np.clip(((0.5 - upward / self.height) * rows).astype(np.int32), 0, rows - 1)
        drawn = self.picture[row, column].astype(np.float32) / 255 * self.glow
        is_front = (axis == self.axis)[..., None]
        return np.where(is_front, drawn, np.array(self.rest, np.float32)).astype(np.float32)

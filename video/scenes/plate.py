"""The empty window: drawn once, with its light, and kept on disk for the next start."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from video.scenes.designs import Design
from video.scenes.furniture import glass_of, solids_of, view_of
from video.scenes.painting import Light, Picture, developed, halved, lit, shadows, surfaces_of
from video.scenes.solids import Array, Box, View

LIGHT = Light()
FINER = 3, 2  # drawn three pixels for two, so that edges are smooth


@dataclass(frozen=True, slots=True)
class Plate:
    """`picture` and `glass` (how much of each pixel the panes hide) in the final size, `depth` in the finer one."""

    picture: Picture
    depth: Array
    glass: Picture

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.picture.shape[1], self.picture.shape[0]


def fine_view(design: Design, width: int, height: int) -> View:
    return view_of(design, width * FINER[0] // FINER[1], height * FINER[0] // FINER[1])


def draw_plate(design: Design, width: int, height: int) -> Plate:
    """About two seconds of one core for 640×360."""
    view = fine_view(design, width, height)
    solids = solids_of(design)
    surfaces = surfaces_of(solids, view)
    boxes = [solid for solid in solids if isinstance(solid, Box)]
    openness, sun = shadows(surfaces, view, boxes, LIGHT, design.seed)
    colour = lit(surfaces, view, LIGHT, openness=openness, sun=sun)
    haze = np.clip((surfaces.depth - 5) / 60, 0, 0.10)[..., None]
    colour = np.asarray(colour * (1 - haze) + np.float32(0.95) * haze, np.float32)
    glass = _glass(design, view, surfaces.depth)
    colour = np.asarray(colour * (1 - glass[..., None]) + np.array((1.15, 1.10, 1.05)) * glass[..., None], np.float32)
    shown = cv2.resize((glass * 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
    depth = surfaces.depth.astype(np.float16).astype(np.float32)  # as it is kept, so that a kept one draws the same
    return Plate(halved(developed(colour), width, height), depth, np.asarray(shown, np.uint8))


def _glass(design: Design, view: View, depth: Array) -> Array:
    """A hint of milk, and the lamps mirrored as slanting streaks."""
    found = np.zeros(depth.shape, np.float32)
    rays = view.rays(0, 0, view.width, view.height)
    for pane in glass_of(design):
        near = pane.enters(view.eye, rays)
        x = view.eye[0] + rays[..., 0] * np.minimum(near, 20)
        z = view.eye[2] + rays[..., 2] * np.minimum(near, 20)
        streak = np.clip(np.sin((x * 0.9 + z * 1.7) * 3.2 + design.seed) - 0.72, 0, 1) * 0.30
        found = np.where(near < depth, 0.035 + streak, found)
    return np.asarray(found, np.float32)


def kept_plate(design: Design, width: int, height: int, folder: Path | None) -> Plate:
    """From `folder` when it was drawn there by the same code, else drawn now and kept there."""
    if folder is None:
        return draw_plate(design, width, height)
    file = _file_of(design, width, height, folder)
    if file.is_file():
        with np.load(file) as kept:
            return Plate(kept["picture"], kept["depth"].astype(np.float32), kept["glass"])
    plate = draw_plate(design, width, height)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{design.key}-{width}x{height}-*.npz"):
        old.unlink(missing_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as out:
        np.savez(out, picture=plate.picture, depth=plate.depth.astype(np.float16), glass=plate.glass)
    part.replace(file)
    return plate


def is_kept(design: Design, width: int, height: int, folder: Path) -> bool:
    """Whether it need not be drawn any more."""
    return _file_of(design, width, height, folder).is_file()


def _file_of(design: Design, width: int, height: int, folder: Path) -> Path:
    return folder / f"{design.key}-{width}x{height}-{_edition()}.npz"


@cache
def _edition() -> str:
    """Changes with the code that draws."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

"""The furniture of a window and the hall before it, as bodies in metres. The clerk's chair stands at the origin."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from video.scenes.designs import Design
from video.scenes.lettering import board
from video.scenes.painting import Picture
from video.scenes.solids import Box, Colour, Ellipsoid, Limb, Solid, View
from video.scenes.surfaces import Cloth, Daylight, Printed, Slats, Tiles, Wood

OPENING = 1.62                     # width of the picture at one metre
TARGET = (0.0, 1.35, 1.08)
GLASS_Y, GLASS_LOW, GLASS_HIGH = 1.28, 0.98, 1.80
STEEL, DARK, PAPER = (0.66, 0.65, 0.63), (0.10, 0.10, 0.10), (0.90, 0.91, 0.91)


def view_of(design: Design, width: int, height: int) -> View:
    return View(width, height, design.eye, TARGET, OPENING)


def solids_of(design: Design) -> list[Solid]:
    """Everything that stands still."""
    return [*_room(design), *_hall(design), *_counter(design), *_neighbours(design), *_on_the_desk(design), *_chair(design)]


def glass_of(design: Design) -> list[Box]:
    """The panes, which are seen through."""
    return [Box((x, GLASS_Y, (GLASS_LOW + GLASS_HIGH) / 2), (0.80, 0.012, GLASS_HIGH - GLASS_LOW), (1, 1, 1), shades=False)
            for x in (-0.83, 0.0, 0.83)]


def seat_of(design: Design) -> tuple[tuple[float, float], ...]:
    """Where in the picture a clerk who sits is seen, in fractions of it: trunk and head, as an operator would draw it."""
    body = [(x, y, z) for x in (-0.25, 0.25) for y in (-0.06, 0.28) for z in (0.84, 1.10)]
    head = [(x, y, z) for x in (-0.12, 0.12) for y in (-0.04, 0.24) for z in (1.10, 1.40)]
    pixels, _ = view_of(design, 1000, 1000 * 9 // 16).project(np.array([*body, *head], np.float32))
    corners = cv2.convexHull(np.asarray(pixels / np.array((1000, 1000 * 9 / 16)), np.float32))[:, 0]
    return tuple((round(float(np.clip(x, 0, 1)), 4), round(float(np.clip(y, 0, 1)), 4)) for x, y in corners)


def _room(design: Design) -> Iterator[Solid]:
    hall = design.hall
    yield Box((0, 4, -0.05), (22, 16, 0.1), hall.floor, texture=Tiles(hall.tile), gloss=0.35, shades=False)
    yield Box((0, -1.6, 0.004), (22, 5.2, 0.01), _mixed(design.accent, (0.5, 0.5, 0.5), 0.55), texture=Cloth(), shades=False)
    for x in (-7.5, 7.5):
        yield Box((x, 4, 1.7), (0.2, 16, 3.4), hall.wall, texture=Slats(0.9))
    if hall.back == "daylight":
        yield Box((0, 10.4, 1.7), (16, 0.2, 3.4), hall.wall, texture=Daylight(), bevel=0.001)
    else:
        yield Box((0, 9.4, 1.7), (16, 0.2, 3.4), hall.wall, texture=Slats(0.55), bevel=0.001)
        yield Box((3.2 * design.side, 9.25, 1.95), (3.4, 0.1, 1.0), (1, 1, 1), bevel=0.001, shades=False,
                  texture=Printed(_calling_board(design), 3.4, 1.0, glow=2.4, rest=(0.1, 0.1, 0.1)))


def _hall(design: Design) -> Iterator[Solid]:
    """Benches, pillars and plants on the applicants' side."""
    hall = design.hall
    for row in range(3):
        for place in range(-4, 5):
            if place in (0, 1):  # the way to the window
                continue
            x, y = place * 0.62 - 0.3, 4.3 + row * 1.35
            yield Box((x, y, 0.43), (0.54, 0.46, 0.05), hall.bench, bevel=0.02, gloss=0.3)
            yield Box((x, y + 0.24, 0.68), (0.54, 0.05, 0.42), hall.bench, bevel=0.02, gloss=0.3)
        for x in (-2.7, -0.75, 1.2, 2.2):
            yield Box((x, 4.3 + row * 1.35, 0.2), (0.05, 0.4, 0.4), STEEL)
    for x in (-4.1, 4.1):
        stone = _mixed(hall.wall, hall.floor, 0.5)
        yield Box((x, 5.6, 1.7), (0.62, 0.62, 3.4), stone, texture=Slats(2.0), bevel=0.03, gloss=0.3)
        yield from _plant((x * 0.86, 3.9, 0.0), 1.25, design.seed)
    yield from _stool(0.0, 2.08)


def _stool(x: float, y: float) -> Iterator[Solid]:
    yield Limb((x, y, 0.05), (x, y, 0.42), 0.03, STEEL, gloss=0.5)
    yield Ellipsoid((x, y, 0.45), (0.19, 0.19, 0.05), (0.22, 0.20, 0.19), gloss=0.3)
    yield Ellipsoid((x, y, 0.02), (0.18, 0.18, 0.02), STEEL)


def _counter(design: Design) -> Iterator[Solid]:
    wood, light = design.wood, _mixed(design.wood, (0.9, 0.9, 0.9), 0.6)
    yield Box((0, 0.86, 0.735), (2.5, 0.86, 0.04), wood, texture=Wood(), gloss=0.25)
    yield Box((0, 1.24, 0.37), (2.5, 0.10, 0.74), light)
    yield Box((0, 1.34, 0.90), (2.5, 0.36, 0.05), light, gloss=0.5, bevel=0.02)
    yield Box((0, 1.30, 0.82), (2.5, 0.08, 0.14), light)
    for x in (-1.255, 1.255):
        yield Box((x, 0.55, 0.64), (0.05, 1.62, 1.28), design.accent, texture=Cloth(), bevel=0.02)
        yield Box((x, 0.55, 1.29), (0.06, 1.63, 0.03), STEEL, gloss=0.6)
    for x in (-1.24, -0.415, 0.415, 1.24):
        yield Box((x, GLASS_Y, 1.39), (0.022, 0.03, 0.86), STEEL, gloss=0.7)
    yield Box((0, GLASS_Y, GLASS_HIGH + 0.02), (2.52, 0.04, 0.03), STEEL, gloss=0.7)
    for x in (-0.83, 0.83):
        yield Box((x, GLASS_Y, GLASS_LOW - 0.01), (0.82, 0.04, 0.025), STEEL, gloss=0.7)
    for x in (-0.42, 0.42):
        yield Box((x, 0.62, 0.36), (0.04, 0.5, 0.7), light)
    yield from _sign(design)


def _sign(design: Design) -> Iterator[Solid]:
    blue, green, red = design.hall.sign_ground
    picture = board(f"{design.number} 号窗口", 520, 130, (245, 245, 245), (blue, green, red), 84)
    for x in (-0.36, 0.36):
        yield Limb((x, GLASS_Y, 2.3), (x, GLASS_Y, 3.0), 0.008, STEEL)
    yield Box((0, GLASS_Y, 2.24), (0.84, 0.06, 0.21), (1, 1, 1), bevel=0.01, shades=False,
              texture=Printed(picture, 0.84, 0.21, glow=1.15, rest=(blue / 255, green / 255, red / 255)))


def _neighbours(design: Design) -> Iterator[Solid]:
    """The next windows to both sides: their desks, panels and screens, cut off by the picture's edge."""
    light = _mixed(design.wood, (0.9, 0.9, 0.9), 0.6)
    for side in (-1, 1):
        x = side * 2.53
        yield Box((x, 0.86, 0.735), (2.4, 0.86, 0.04), design.wood, texture=Wood(), gloss=0.25)
        yield Box((x, 1.24, 0.37), (2.4, 0.10, 0.74), light)
        yield Box((x, 1.34, 0.90), (2.4, 0.36, 0.05), light, gloss=0.5)
        yield Box((x, GLASS_Y, GLASS_HIGH + 0.02), (2.4, 0.04, 0.03), STEEL, gloss=0.7)
        yield from _monitor(design, x - side * 0.35, 0.92, 0.0)
        yield Box((x + side * 0.2, 0.62, 0.775), (0.3, 0.22, 0.045), PAPER)
        yield Box((x - side * 0.2, 0.02, 0.80), (0.5, 0.09, 0.62), design.accent, bevel=0.06, texture=Cloth())


def _on_the_desk(design: Design) -> Iterator[Solid]:
    side = float(design.side)
    yield from _monitor(design, side * 0.56, 0.94, side * -0.30)
    if design.has_second_screen:
        yield from _monitor(design, side * 1.02, 0.70, side * -0.85)
    yield from _keyboard(side * 0.10, 0.58)
    yield from _reader(-side * 0.40, 0.98)
    yield from _papers(design, -side * 0.62, 0.66)
    yield from _telephone(-side * 0.98, 0.72)
    china = _mixed(design.accent, (0.9, 0.9, 0.9), 0.7)
    yield Limb((side * 0.98, 0.60, 0.76), (side * 0.98, 0.60, 0.86), 0.04, china, gloss=0.8)
    if design.has_plant:
        yield from _pot((-side * 1.02, 1.02, 0.755), 0.30, design.seed)
    if design.has_printer:
        yield from _printer(-side * 0.95, 0.30)


def _monitor(design: Design, x: float, y: float, yaw: float) -> Iterator[Solid]:
    picture = _screen(design)
    yield Box((x, y, 1.04), (0.56, 0.035, 0.33), (1, 1, 1), yaw=yaw, bevel=0.008,
              texture=Printed(picture, 0.56, 0.33, glow=1.25, rest=(0.08, 0.08, 0.08)))
    yield Limb((x, y + 0.03, 0.77), (x, y + 0.03, 0.95), 0.022, DARK)
    yield Box((x, y + 0.02, 0.762), (0.24, 0.17, 0.014), DARK, yaw=yaw)


def _keyboard(x: float, y: float) -> Iterator[Solid]:
    yield Box((x, y, 0.768), (0.43, 0.14, 0.022), (0.16, 0.16, 0.16), texture=Printed(_keys(), 0.43, 0.14, axis=2), bevel=0.006)
    yield Ellipsoid((x + 0.32, y, 0.77), (0.032, 0.052, 0.022), DARK, gloss=0.6)
    yield Box((x + 0.32, y, 0.757), (0.22, 0.19, 0.004), (0.30, 0.26, 0.24))


def _reader(x: float, y: float) -> Iterator[Solid]:
    """The document camera on its post, and the card reader."""
    yield Box((x, y, 0.764), (0.30, 0.24, 0.012), (0.2, 0.2, 0.2))
    yield Limb((x + 0.1, y + 0.1, 0.76), (x + 0.1, y + 0.1, 1.10), 0.014, STEEL, gloss=0.7)
    yield Limb((x + 0.1, y + 0.1, 1.10), (x - 0.02, y - 0.04, 1.12), 0.018, (0.85, 0.85, 0.85))
    yield Box((x - 0.02, y, 0.772), (0.17, 0.22, 0.005), PAPER, yaw=0.15)
    yield Box((x + 0.30, y + 0.03, 0.775), (0.10, 0.15, 0.035), (0.72, 0.72, 0.70), yaw=-0.2, bevel=0.015)


def _papers(design: Design, x: float, y: float) -> Iterator[Solid]:
    rng = np.random.default_rng(design.seed)
    for number in range(5):
        yaw = float(rng.uniform(-0.2, 0.2))
        yield Box((x, y, 0.762 + number * 0.008), (0.22, 0.30, 0.008), PAPER, yaw=yaw, bevel=0.002)
    colours = (design.accent, (0.20, 0.32, 0.66), (0.62, 0.42, 0.22), (0.30, 0.52, 0.30))
    for number, colour in enumerate(colours):
        yield Box((x * 1.12 + number * 0.055 - 0.1, y + 0.42, 0.91), (0.048, 0.25, 0.31), colour, bevel=0.008)


def _telephone(x: float, y: float) -> Iterator[Solid]:
    yield Box((x, y, 0.78), (0.18, 0.20, 0.05), (0.15, 0.15, 0.16), bevel=0.02)
    yield Limb((x - 0.06, y - 0.08, 0.83), (x - 0.06, y + 0.09, 0.83), 0.024, (0.12, 0.12, 0.12), gloss=0.5)


def _printer(x: float, y: float) -> Iterator[Solid]:
    yield Box((x, y, 0.42), (0.44, 0.42, 0.60), (0.62, 0.64, 0.66), bevel=0.01)
    yield Box((x, y, 0.86), (0.40, 0.36, 0.26), (0.80, 0.80, 0.79), bevel=0.03, gloss=0.2)
    yield Box((x, y - 0.12, 1.0), (0.26, 0.16, 0.02), (0.3, 0.3, 0.3))
    yield Box((x, y + 0.08, 1.03), (0.22, 0.20, 0.006), PAPER, yaw=0.04)


def _chair(design: Design) -> Iterator[Solid]:
    """Swivel chair. It stands where it stood before its clerk came, so that an empty seat always looks the same."""
    cloth = _mixed(design.accent, (0.12, 0.12, 0.12), 0.4)
    yield Box((0, 0.03, 0.47), (0.50, 0.48, 0.09), cloth, bevel=0.05, texture=Cloth())
    yield Box((0, -0.23, 0.80), (0.46, 0.07, 0.50), cloth, bevel=0.06, texture=Cloth())
    yield Limb((0, -0.22, 0.45), (0, -0.27, 0.66), 0.025, DARK)
    yield Limb((0, 0.02, 0.08), (0, 0.02, 0.44), 0.03, DARK, gloss=0.5)
    for side in (-1, 1):
        yield Limb((side * 0.29, 0.12, 0.68), (side * 0.29, -0.13, 0.68), 0.028, DARK, gloss=0.3)
        yield Limb((side * 0.29, 0.0, 0.48), (side * 0.29, 0.0, 0.67), 0.018, DARK)
    for number in range(5):
        angle = number * 2 * np.pi / 5 + 0.3
        yield Limb((0, 0.02, 0.10), (0.30 * float(np.cos(angle)), 0.02 + 0.30 * float(np.sin(angle)), 0.05), 0.022, DARK)


def _plant(foot: tuple[float, float, float], height: float, seed: int) -> Iterator[Solid]:
    x, y, z = foot
    yield Limb((x, y, z + 0.05), (x, y, z + 0.34), 0.17, (0.78, 0.78, 0.78), gloss=0.4)
    yield from _leaves((x, y, z + 0.45), height, seed, 18)


def _pot(foot: tuple[float, float, float], height: float, seed: int) -> Iterator[Solid]:
    x, y, z = foot
    yield Limb((x, y, z + 0.03), (x, y, z + 0.07), 0.055, (0.86, 0.86, 0.86), gloss=0.6)
    yield from _leaves((x, y, z + 0.10), height, seed, 12)


def _leaves(foot: tuple[float, float, float], height: float, seed: int, number: int) -> Iterator[Solid]:
    rng = np.random.default_rng(seed)
    for _ in range(number):
        angle, lean = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.15, 0.75))
        length = height * float(rng.uniform(0.55, 1.0))
        out, up = np.sin(lean) * length, np.cos(lean) * length
        direction = np.array((np.cos(angle) * out, np.sin(angle) * out, up), np.float32)
        side = np.cross(direction, (0, 0, 1))
        axes = np.stack([part / np.linalg.norm(part) for part in (direction, side, np.cross(direction, side))])
        middle = tuple(float(a + b / 2) for a, b in zip(foot, direction, strict=True))
        green = float(rng.uniform(0.75, 1.2))
        yield Ellipsoid((middle[0], middle[1], middle[2]), (length / 2, height * 0.085, height * 0.018),
                        (0.16 * green, 0.40 * green, 0.18 * green), turn=axes.astype(np.float32), gloss=0.35)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    return (one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share, one[2] + (other[2] - one[2]) * share)


# Small pictures -----------------------------------------------------------------------------------------------------


def _screen(design: Design) -> Picture:
    """The clerk's program: a heading, a list, a form."""
    picture = np.full((132, 224, 3), (244, 240, 236), np.uint8)
    picture[:6], picture[-6:], picture[:, :6], picture[:, -6:] = 12, 12, 12, 12
    picture[6:22, 6:-6] = (148, 92, 36)
    picture[22:-6, 6:46] = (92, 70, 52)
    rng = np.random.default_rng(design.seed)
    for row in range(30, 120, 9):
        picture[row:row + 3, 52:52 + int(rng.integers(40, 90))] = (150, 146, 142)
        picture[row:row + 3, 150:150 + int(rng.integers(14, 40))] = (176, 140, 92)
        picture[row:row + 3, 12:40] = (150, 132, 118)
    picture[11:16, 14:70] = (235, 225, 215)
    return picture


def _keys() -> Picture:
    picture = np.full((48, 144, 3), 90, np.uint8)
    for row in range(4):
        for column in range(14):
            picture[4 + row * 11:13 + row * 11, 3 + column * 10:11 + column * 10] = 205
    return picture


def _calling_board(design: Design) -> Picture:
    """The board that calls the numbers of the queue."""
    picture = np.full((150, 510, 3), (26, 18, 14), np.uint8)
    for row, words in enumerate(("A037   请到   2 号窗口", "B112   请到   6 号窗口", "A038   请到   5 号窗口")):
        line = board(words, 480, 44, (70, 120, 245), (26, 18, 14), 32)
        picture[6 + row * 47:50 + row * 47, 15:495] = line
    return picture

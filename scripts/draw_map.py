"""Draws the schematic map of the simulated city: config/city/map.geojson. Run as `python -m scripts.draw_map`.

Every line comes from a formula and a seed: an outline of a few waves, cut by borders that wander from the middle outwards. It
follows no border there is, and lies where no city does, at zero degrees east and north. Neighbours share their borders point by
point, so no gap shows between them.
"""

from __future__ import annotations

import json
from itertools import pairwise
from math import cos, hypot, pi, sin
from pathlib import Path
from random import Random

MAP_FILE = Path(__file__).resolve().parent.parent / "config" / "city" / "map.geojson"
Point = tuple[float, float]
MIDDLE: Point = (1.34, 0.92)
SEAT_RADIUS = 0.24
# How often a wave turns about the city, how high it is, where it begins.
WAVES = ((1, 0.11, 2.2), (2, 0.13, 0.5), (3, 0.055, 1.4), (5, 0.03, 3.0),
         (8, 0.016, 0.7), (15, 0.006, 1.9), (23, 0.004, 4.0))
WIDE, HIGH = 1.18, 0.82
STEP = pi / 180
# The areas around the seat, counter-clockwise, each with the angle at which it begins.
AROUND = (("360571", -0.62), ("360502", 0.55), ("360521", 2.35), ("360572", 4.05))
WANDER, HALVINGS = 0.13, 5


def features() -> list[dict[str, object]]:
    """The seat, then the areas around it."""
    angles = [angle for _, angle in AROUND]
    borders = [_border(angle) for angle in angles]
    made = [_feature("360500", _seat(0.0, 2 * pi))]
    for at, (code, begin) in enumerate(AROUND):
        after = (at + 1) % len(AROUND)
        end = angles[after] + (2 * pi if after == 0 else 0.0)
        ring = [*borders[at], *_outline(begin, end)[1:-1], *reversed(borders[after]), *reversed(_seat(begin, end)[1:-1])]
        made.append(_feature(code, ring))
    return made


def _outline(begin: float, end: float) -> list[Point]:
    return [_outer(angle) for angle in _angles(begin, end)]


def _outer(angle: float) -> Point:
    reach = 1.0 + sum(height * sin(turns * angle + start) for turns, height, start in WAVES)
    return MIDDLE[0] - 0.12 + WIDE * reach * cos(angle), MIDDLE[1] - 0.04 + HIGH * reach * sin(angle)


def _seat(begin: float, end: float) -> list[Point]:
    return [_inner(angle) for angle in _angles(begin, end)]


def _inner(angle: float) -> Point:
    reach = SEAT_RADIUS * (1.0 + 0.1 * sin(3 * angle + 0.4) + 0.05 * sin(7 * angle))
    return MIDDLE[0] + 1.15 * reach * cos(angle), MIDDLE[1] + reach * sin(angle)


def _angles(begin: float, end: float) -> list[float]:
    count = max(2, round((end - begin) / STEP))
    return [begin + (end - begin) * at / count for at in range(count + 1)]


def _border(angle: float) -> list[Point]:
    """From the seat to the outline, wandering to both sides, the less the nearer one looks."""
    rng = Random(f"border {angle}")
    line, wander = [_inner(angle), _outer(angle)], WANDER
    for _ in range(HALVINGS):
        halves = [(first, _aside(first, second, rng, wander)) for first, second in pairwise(line)]
        line = [*(point for half in halves for point in half), line[-1]]
        wander *= 0.85
    return line


def _aside(first: Point, second: Point, rng: Random, wander: float) -> Point:
    """The middle of two points, moved to one side."""
    across, up = second[0] - first[0], second[1] - first[1]
    moved = rng.uniform(-1, 1) * wander * hypot(across, up)
    length = hypot(across, up) or 1.0
    return (first[0] + second[0]) / 2 - up / length * moved, (first[1] + second[1]) / 2 + across / length * moved


def _feature(code: str, ring: list[Point]) -> dict[str, object]:
    rounded = [[round(x, 4), round(y, 4)] for x, y in ring]
    closed = rounded if rounded[0] == rounded[-1] else [*rounded, rounded[0]]
    return {"type": "Feature", "id": code, "properties": {}, "geometry": {"type": "Polygon", "coordinates": [closed]}}


def main() -> None:
    """One feature to a line, so that changes can be read."""
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in features())
    MAP_FILE.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()

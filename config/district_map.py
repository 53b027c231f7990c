"""The map of the areas: boundaries from one GeoJSON file (RFC 7946) on this machine, checked before anything is drawn.

A boundary is a Polygon or MultiPolygon in degrees whose feature has the code of an area of the catalogue as its `id`. Nothing
of the file but codes, rings and the place of a label is used; nothing is ever fetched.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, isfinite, radians
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError

MAP_FILE = Path(__file__).parent / "city" / "map.geojson"
SHAPES = {"Polygon": 2, "MultiPolygon": 3}  # by how deep their rings lie
CLOSED_RING = 4  # positions: three corners and the first again
LONGITUDE, LATITUDE = 180.0, 90.0
GRID = 24        # places across an area at which a label is tried
CORNERS = 240    # of a ring looked at for that

Point = tuple[float, float]
Floats, Bools = NDArray[np.float64], NDArray[np.bool_]
Ring = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """The boundary of one area: polygons, each an outer ring and its holes, closed. `label` is a place well within.

    Points are flat: degrees east shrunk by the cosine of the map's middle latitude, and degrees north.
    """

    code: str
    polygons: tuple[tuple[Ring, ...], ...]
    label: Point


@dataclass(frozen=True, slots=True)
class DistrictMap:
    """The areas that are drawn, by code, and the corners of what they cover. `is_shipped`: invented boundaries."""

    regions: Mapping[str, Region]
    low: Point
    high: Point
    is_shipped: bool


@dataclass(frozen=True, slots=True)
class MapLimits:
    """What a file may hold at most: bytes, and positions of all its rings together."""

    max_bytes: int
    max_points: int


def find_map(file: Path | None, areas: Collection[str], limits: MapLimits) -> DistrictMap | None:
    """The map of the settings; without one that shipped, if the catalogue has all its areas, else none. Raises ConfigError."""
    if file is not None:
        return load_map(file, areas, limits)
    shipped = load_map(MAP_FILE, None, limits)
    return shipped if set(shipped.regions) <= set(areas) else None


def load_map(path: Path, areas: Collection[str] | None, limits: MapLimits) -> DistrictMap:
    """Raises ConfigError naming file, feature, field, what is wrong with it and the remedy. `areas` None: any code will do."""
    reading = _Reading(path, limits)
    features = reading.features()
    given: dict[str, tuple[list[Any], Point | None]] = {}
    for at, feature in enumerate(features):
        code = reading.code_of(feature, at, given, areas)
        given[code] = (reading.polygons_of(feature, code), reading.label_of(feature, code))
    flat = _Flat([point for polygons, _ in given.values() for polygon in polygons for ring in polygon for point in ring])
    regions = {code: flat.region(code, polygons, label) for code, (polygons, label) in given.items()}
    return DistrictMap(regions, flat.low, flat.high, path == MAP_FILE)


class _Reading:
    """One file; every refusal names the feature and the field it is about."""

    def __init__(self, path: Path, limits: MapLimits) -> None:
        self._path, self._limits, self._points = path, limits, 0

    def features(self) -> list[Any]:
        data = self._parsed(self._bytes())
        if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
            self.refuse("", "type", "no FeatureCollection", "write {\"type\": \"FeatureCollection\", \"features\": […]}")
        if "crs" in data:
            self.refuse("", "crs", "another system of coordinates", "give degrees of WGS 84 and leave crs out (RFC 7946)")
        features = data.get("features")
        if not isinstance(features, list) or not features:
            self.refuse("", "features", "no features", "give a feature for each area")
        return features

    def code_of(self, feature: Any, at: int, given: Mapping[str, Any], areas: Collection[str] | None) -> str:
        number = f"#{at + 1}"
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            self.refuse(number, "type", "no Feature", "give only features, each with type, id, properties and geometry")
        code = feature.get("id")
        if isinstance(code, int) and not isinstance(code, bool):
            code = str(code)
        if not isinstance(code, str) or not code:
            self.refuse(number, "id", "no id", "give the area's code in the catalogue (organisations.yaml) as the feature's id")
        if code in given:
            self.refuse(code, "id", "the id is used twice", "make one MultiPolygon of the area's parts")
        if areas is not None and code not in areas:
            self.refuse(code, "id", "no area of the catalogue has this code", f"use one of {', '.join(sorted(areas))}")
        return code

    def polygons_of(self, feature: Mapping[str, Any], code: str) -> list[list[list[Point]]]:
        geometry = feature.get("geometry")
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if kind not in SHAPES:
            self.refuse(code, "geometry.type", f"{kind!r} is no area", "draw a Polygon or a MultiPolygon")
        assert isinstance(geometry, dict)
        coordinates = geometry.get("coordinates")
        several = coordinates if kind == "MultiPolygon" else [coordinates]
        if not isinstance(several, list) or not several or not all(isinstance(one, list) and one for one in several):
            self.refuse(code, "geometry.coordinates", f"no rings of a {kind}",
                        "give each polygon its outer ring, then its holes")
        return [[self._ring(ring, code, f"{number}.{at}") for at, ring in enumerate(rings)]
                for number, rings in enumerate(several)]

    def label_of(self, feature: Mapping[str, Any], code: str) -> Point | None:
        """Where the area's name stands, if the file says so."""
        properties = feature.get("properties")
        given = properties.get("label") if isinstance(properties, dict) else None
        return None if given is None else self._point(given, code, "properties.label")

    def _ring(self, ring: Any, code: str, place: str) -> list[Point]:
        field = f"geometry.coordinates ring {place}"
        if not isinstance(ring, list) or len(ring) < CLOSED_RING:
            self.refuse(code, field, "fewer than four positions", "give at least three corners and the first one again")
        self._points += len(ring)
        if self._points > self._limits.max_points:
            self.refuse(code, field, f"more than {self._limits.max_points} positions in the file",
                        "simplify the boundaries, or raise evaluation.map_max_points")
        points = [self._point(point, code, f"{field} position {at + 1}") for at, point in enumerate(ring)]
        if points[0] != points[-1]:
            self.refuse(code, field, "the ring is not closed", "end it with its first position")
        if not _area_of(points):
            self.refuse(code, field, "the ring encloses nothing", "draw it around the area, or leave it out")
        return points

    def _point(self, point: Any, code: str, field: str) -> Point:
        numbers = point[:2] if isinstance(point, list) else []
        if len(numbers) != 2 or not all(isinstance(one, int | float) and not isinstance(one, bool) and isfinite(one)
                                        for one in numbers):
            self.refuse(code, field, "no position", "write [degrees east, degrees north]")
        if abs(numbers[0]) > LONGITUDE or abs(numbers[1]) > LATITUDE:
            self.refuse(code, field, f"{numbers} is not on the earth", "write degrees of WGS 84, east before north")
        return float(numbers[0]), float(numbers[1])

    def _bytes(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                content = file.read(self._limits.max_bytes + 1)
        except OSError as failure:
            raise ConfigError("config_unreadable", file=str(self._path), problem=failure.strerror or "",
                              remedy="name a file on this machine; nothing is fetched from elsewhere") from failure
        if len(content) > self._limits.max_bytes:
            self.refuse("", "", f"larger than {self._limits.max_bytes} bytes", "simplify it, or raise evaluation.map_max_kib")
        return content

    def _parsed(self, content: bytes) -> Any:
        try:
            return json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as failure:
            problem = str(failure) if isinstance(failure, json.JSONDecodeError) else "no JSON in UTF-8"
            raise self._error("", "", problem, "correct the JSON at that place") from failure

    def refuse(self, feature: str, field: str, problem: str, remedy: str) -> NoReturn:
        raise self._error(feature, field, problem, remedy)

    def _error(self, feature: str, field: str, problem: str, remedy: str) -> ConfigError:
        return ConfigError("map_invalid", file=str(self._path), feature=feature, field=field, problem=problem, remedy=remedy)


class _Flat:
    """Degrees as a plane: true to shape around the middle of a city, which is all a sketch needs."""

    def __init__(self, points: Sequence[Point]) -> None:
        north = [point[1] for point in points]
        self._shrink = cos(radians((min(north) + max(north)) / 2)) or 1.0
        flat = [self._flat(point) for point in points]
        self.low = min(x for x, _ in flat), min(y for _, y in flat)
        self.high = max(x for x, _ in flat), max(y for _, y in flat)

    def region(self, code: str, polygons: Sequence[Sequence[Sequence[Point]]], label: Point | None) -> Region:
        flat = tuple(tuple(_wound(tuple(map(self._flat, ring)), is_outer=at == 0) for at, ring in enumerate(rings))
                     for rings in polygons)
        return Region(code, flat, self._flat(label) if label is not None else _well_within(flat))

    def _flat(self, point: Point) -> Point:
        return point[0] * self._shrink, point[1]


def _wound(ring: Ring, *, is_outer: bool) -> Ring:
    """Outer rings counter-clockwise, holes clockwise, whatever the file says: a fill by winding then leaves holes out."""
    return ring if (_area_of(ring) > 0) is is_outer else tuple(reversed(ring))


def _area_of(ring: Sequence[Point]) -> float:
    """Positive where it runs counter-clockwise."""
    x0, y0 = ring[0]
    return sum((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0) for (x1, y1), (x2, y2) in pairwise(ring)) / 2


def _well_within(polygons: Sequence[Sequence[Ring]]) -> Point:
    """The place furthest from the boundary of the largest polygon, of those of a grid: where a name has most room."""
    rings = [np.array(_thinned(ring)) for ring in max(polygons, key=lambda one: _area_of(one[0]))]
    low, high = rings[0].min(axis=0), rings[0].max(axis=0)
    steps = (np.arange(GRID) + 0.5) / GRID
    places = low + (high - low) * np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    within = places[_is_within(places, rings)]
    x, y = within[_room(within, rings).argmax()] if len(within) else rings[0][0]
    return float(x), float(y)


def _thinned(ring: Ring) -> Ring:
    return (*ring[:-1:max(1, len(ring) // CORNERS)], ring[0])


def _is_within(places: Floats, rings: Sequence[Floats]) -> Bools:
    """Of each place whether a ray from it crosses the rings an odd number of times."""
    return np.asarray(sum(_crossed(places, ring) for ring in rings) % 2 == 1)


def _crossed(places: Floats, ring: Floats) -> Any:
    x, y = places[:, :1], places[:, 1:]
    (x1, y1), (x2, y2) = ring[:-1].T, ring[1:].T
    rise = np.where(y2 == y1, 1.0, y2 - y1)  # an edge that lies level is crossed by no ray
    return (((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) / rise * (x2 - x1))).sum(axis=1)


def _room(places: Floats, rings: Sequence[Floats]) -> Floats:
    """The square of the distance of each place to the nearest corner, names being wider than high."""
    return np.min([_nearest(places, ring) for ring in rings], axis=0)


def _nearest(places: Floats, ring: Floats) -> Floats:
    away = (ring[None, :, :] - places[:, None, :]) / (1.6, 1.0)
    return np.asarray((away ** 2).sum(axis=2).min(axis=1))

"""Boundaries of the areas: what is drawn of a file, and that every refusal names feature, field and remedy."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from config.catalogue import load_catalogue
from config.district_map import MAP_FILE, DistrictMap, MapLimits, find_map, load_map
from core.errors import ConfigError
from scripts.draw_map import features

LIMITS = MapLimits(100_000, 1_000)
AREAS = ("a", "b")
SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]


def feature(code: Any = "a", rings: Any = None, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": code, "properties": properties,
            "geometry": {"type": kind, "coordinates": [SQUARE] if rings is None else rings}}


def written(folder: Path, *given: Any, **more: Any) -> Path:
    path = folder / "map.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(given), **more}), encoding="utf-8")
    return path


def loaded(folder: Path, *given: Any) -> DistrictMap:
    return load_map(written(folder, *given), AREAS, LIMITS)


def area_of(ring: Any) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) / 2


def test_rings_are_wound_so_that_holes_stay_open_whatever_the_file_says(tmp_path: Path) -> None:
    clockwise = [SQUARE[::-1], HOLE]
    region = loaded(tmp_path, feature(rings=clockwise)).regions["a"]
    outer, hole = region.polygons[0]
    assert area_of(outer) > 0 > area_of(hole)


def test_a_label_stands_within_the_largest_part_and_not_in_its_hole(tmp_path: Path) -> None:
    far = [[[10, 0], [11, 0], [11, 1], [10, 0]]]
    region = loaded(tmp_path, feature(rings=[far, [SQUARE, HOLE]], kind="MultiPolygon")).regions["a"]
    x, y = region.label
    assert 0 < x < 4
    assert 0 < y < 4
    assert not (1 < x < 2 and 1 < y < 2)


def test_the_file_may_say_where_a_name_stands(tmp_path: Path) -> None:
    north = loaded(tmp_path, feature(label=[3.0, 1.0])).regions["a"].label
    assert north == (pytest.approx(3.0, rel=0.01), 1.0)


def test_shapes_keep_their_proportions_in_the_north(tmp_path: Path) -> None:
    at_sixty = [[[0, 59], [2, 59], [2, 61], [0, 61], [0, 59]]]
    drawn = loaded(tmp_path, feature(rings=at_sixty))
    assert drawn.high[0] - drawn.low[0] == pytest.approx(1.0)
    assert drawn.high[1] - drawn.low[1] == pytest.approx(2.0)


def test_numbers_as_ids_and_positions_with_heights_are_taken(tmp_path: Path) -> None:
    high = [[[x, y, 55.0] for x, y in SQUARE]]
    path = written(tmp_path, feature(360500, high))
    assert list(load_map(path, ("360500",), LIMITS).regions) == ["360500"]


OPEN = [[0, 0], [4, 0], [4, 4], [0, 4]]
REFUSED: list[tuple[Any, str, str, str]] = [
    ({"type": "Point"}, "#1", "type", "give only features"),
    (feature(None), "#1", "id", "give the area's code"),
    (feature(True), "#1", "id", "give the area's code"),
    (feature("c"), "c", "id", "use one of a, b"),
    (feature(kind="LineString"), "a", "geometry.type", "draw a Polygon"),
    ({"type": "Feature", "id": "a", "geometry": None}, "a", "geometry.type", "draw a Polygon"),
    (feature(rings=[]), "a", "geometry.coordinates", "outer ring, then its holes"),
    (feature(rings=[SQUARE], kind="MultiPolygon"), "a", "geometry.coordinates ring 0.0", "three corners"),
    (feature(rings=[OPEN]), "a", "geometry.coordinates ring 0.0", "end it with its first position"),
    (feature(rings=[SQUARE, OPEN]), "a", "geometry.coordinates ring 0.1", "end it with its first position"),
    (feature(rings=[SQUARE[:3]]), "a", "geometry.coordinates ring 0.0", "three corners"),
    (feature(rings=[[[0, 0], [1, 1], [2, 2], [0, 0]]]), "a", "geometry.coordinates ring 0.0", "draw it around the area"),
    (feature(rings=[[[0, 0], ["x", 1], [2, 2], [0, 0]]]), "a", "ring 0.0 position 2", "degrees east, degrees north"),
    (feature(rings=[[[0, 0], [4, 91], [2, 2], [0, 0]]]), "a", "ring 0.0 position 2", "east before north"),
    (feature(label=[1]), "a", "properties.label", "degrees east, degrees north"),
    (feature(rings=[[SQUARE[0]] * 1_001]), "a", "geometry.coordinates ring 0.0", "evaluation.map_max_points"),
]


@pytest.mark.parametrize(("given", "feature_named", "field", "remedy"), REFUSED, ids=[f"{row[1]}-{row[2]}" for row in REFUSED])
def test_a_refusal_names_feature_field_and_remedy(tmp_path: Path, given: Any, feature_named: str, field: str,
                                                  remedy: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, given)
    told = refused.value.details
    assert refused.value.code == "map_invalid"
    assert told["feature"] == feature_named
    assert field in told["field"]
    assert remedy in told["remedy"]
    assert told["file"].endswith("map.geojson")


def test_an_area_has_one_feature(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, feature(), feature())
    assert "MultiPolygon" in refused.value.details["remedy"]


@pytest.mark.parametrize(("content", "problem"), [
    (b"\xff", "no JSON"), (b"{", "Expecting"), (b"[]", "no FeatureCollection"), (b"[" * 100_000, "no JSON"),
    (b'{"type": "FeatureCollection", "features": []}', "no features"),
    (b'{"type": "FeatureCollection", "features": [], "crs": {"type": "link"}}', "another system"),
    (b" " * 100_001, "larger than 100000 bytes")])
def test_what_is_no_map_is_refused_with_its_reason(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "map.geojson"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load_map(path, AREAS, LIMITS)
    assert problem in refused.value.details["problem"]


def test_nothing_is_fetched_from_elsewhere() -> None:
    with pytest.raises(ConfigError) as refused:
        load_map(Path("https://maps.invalid/city.geojson"), AREAS, LIMITS)
    assert "nothing is fetched" in refused.value.details["remedy"]


def test_the_sketch_that_ships_has_every_area_of_the_simulated_city_and_is_what_the_script_draws() -> None:
    limits = MapLimits(2_048 << 10, 50_000)
    drawn = find_map(None, load_catalogue().areas, limits)
    assert drawn is not None
    assert drawn.is_shipped
    assert set(drawn.regions) == set(load_catalogue().areas)
    assert json.loads(MAP_FILE.read_text(encoding="utf-8"))["features"] == json.loads(json.dumps(features()))


def test_another_city_without_a_file_has_no_map() -> None:
    assert find_map(None, ("440600",), MapLimits(2_048 << 10, 50_000)) is None

"""The simulated city's catalogue, and what is refused in one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from config.calendars import load_calendars
from config.catalogue import CITY_DIR, load_catalogue
from config.ladders import load_presets
from config.powers import ItemKind
from core.errors import ConfigError
from core.limits import Granularity, parse_limit


@pytest.fixture
def city(tmp_path: Path) -> Path:
    for name in ("organisations.yaml", "items.yaml", "powers.yaml"):
        (tmp_path / name).write_text((CITY_DIR / name).read_text("utf-8"), encoding="utf-8")
    return tmp_path


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_city_has_47_organisations_and_248_items_of_them_191_permits() -> None:
    catalogue = load_catalogue()
    assert len(catalogue.organisations) == 47
    kinds = Counter(item.kind for item in catalogue.items.values())
    assert (kinds["permit"], kinds["internal"]) == (191, 57)
    assert set(kinds) == set(get_args(ItemKind))
    assert all(catalogue.items_by_org[code] for code in catalogue.organisations)


def test_names_are_unique_and_short_ones_fit_the_wall() -> None:
    catalogue = load_catalogue()
    shorts = [organisation.short for organisation in catalogue.organisations.values()]
    assert len(set(shorts)) == 47
    assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,5}", short) for short in shorts)
    assert len({item.name for item in catalogue.items.values()}) == len(catalogue.items)


def test_promises_are_at_most_half_of_the_law_for_most_items() -> None:
    items = [item for item in load_catalogue().items.values() if item.kind in ("permit", "internal")]
    halved = [item for item in items if item.promised and item.statutory
              and item.promised.amount * 2 <= item.statutory.amount]
    assert len(halved) > 0.8 * 248


def test_every_area_names_a_calendar_and_a_ladder_that_exist() -> None:
    calendars, presets = load_calendars(), load_presets()
    for area in load_catalogue().areas.values():
        assert area.calendar in calendars
        assert area.preset in presets


def test_an_item_is_found_with_its_limits_and_steps() -> None:
    item = load_catalogue().find_item("ziran-01")
    assert item is not None
    assert (item.promised, item.statutory) == (parse_limit("8wd", Granularity.INSTANT),
                                               parse_limit("20wd", Granularity.INSTANT))
    assert item.steps[0] == "受理"
    assert item.steps[-1] == "办结"
    assert load_catalogue().find_item("none") is None


@pytest.mark.parametrize(("file", "old", "new", "record", "field", "problem"), [
    ("items.yaml", "promised: 7wd, statutory: 20wd", "promised: 21wd, statutory: 20wd", "fagai-01", "promised",
     "promised 21wd exceeds statutory 20wd"),
    ("items.yaml", "promised: 7wd, statutory: 20wd", "promised: soon, statutory: 20wd", "fagai-01", "promised",
     "limit_unreadable"),
    ("items.yaml", "code: fagai-02", "code: fagai-01", "fagai-01", "code", "used twice"),
    ("items.yaml", "\n  jiaoyu:", "\n  jiaoy:", "jiaoy", "jiaoy", "unknown organisation"),
    ("organisations.yaml", "code: jiaoyu", "code: fagai", "fagai", "code", "used twice"),
    ("organisations.yaml", "short: 市教育局", "short: 市教育局机关", "jiaoyu", "short", "too long"),
    ("organisations.yaml", "short: 市教育局}", 'short: 市教育局, area: "1"}', "jiaoyu", "area", "unknown area"),
    ("organisations.yaml", "short: 市教育局}", "short: 市教育局, parent: x}", "jiaoyu", "parent",
     "unknown organisation"),
])
def test_a_mistake_is_refused_naming_record_field_line_and_remedy(
        city: Path, file: str, old: str, new: str, record: str, field: str, problem: str) -> None:
    _change(city / file, old, new)
    with pytest.raises(ConfigError) as refusal:
        load_catalogue(city)
    details = refusal.value.details
    assert (details["file"], details["record"], details["field"]) == (str(city / file), record, field)
    assert problem in details["problem"]
    assert details["line"] > 1
    assert details["remedy"]


def test_an_unknown_special_procedure_is_refused(city: Path) -> None:
    _change(city / "items.yaml", "special: [expert_review]", "special: [tea]")
    with pytest.raises(ConfigError, match=re.escape("items.fagai.0.special.0")):
        load_catalogue(city)

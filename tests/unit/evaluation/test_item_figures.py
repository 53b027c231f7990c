"""What the catalogue in force on a day says of its items."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from config.catalogue import Catalogue, Item, load_catalogue
from config.item_document import document_of
from config.item_guide import Guide
from config.versions import Dated, ItemVersion, Versions
from core.instants import day_of
from evaluation.item_figures import ItemFigures, figures_of, lacking
from evaluation.models import ITEM_FIGURES
from evaluation.period import Basis
from evaluation.scope import Scope

JANUARY, MARCH, TODAY = (day_of(date(2026, month, day)) for month, day in ((1, 31), (3, 15), (4, 30)))


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def item(shipped: Catalogue) -> Item:
    """One whose guide lacks nothing and says nothing of the hall."""
    found = next(one for one in shipped.items.values() if not lacking(one) and not one.fee)
    return replace(found, details=replace(found.details, guide=Guide()))


def guided(item: Item, **said: Any) -> Item:
    return replace(item, details=replace(item.details, guide=Guide(**said)))


def told(shipped: Catalogue, versions: Versions, last: int, by: str = "none", **narrowed: Any) -> dict[Any, dict[str, int]]:
    scope = Scope(narrowed.pop("first", last), last, Basis.EVENT, narrowed.pop("orgs", None), narrowed.pop("areas", None),
                  narrowed.pop("items", ()))
    return ItemFigures(shipped, lambda: versions, lambda: TODAY).totals(None, scope, by, ITEM_FIGURES)  # type: ignore[arg-type]


def changed(item: Item, first_day: int, number: int = 1, **values: Any) -> tuple[str, list[Dated[ItemVersion]]]:
    content = {**document_of(item), **values}
    return item.code, [Dated(number, ItemVersion(number, content), first_day)]


def test_the_hall_is_unknown_where_the_guide_says_nothing_of_it(item):
    names = ("items_told", "items_in_hall", "items_central_told", "items_central")
    for said, counts in (({}, (0, 0, 0, 0)), ({"flags": ()}, (1, 0, 0, 0)), ({"flags": ("in_hall",)}, (1, 1, 0, 0)),
                         ({"central": "no"}, (0, 0, 1, 0)), ({"central": "yes"}, (0, 0, 1, 1))):
        found = figures_of(guided(item, **said))
        assert tuple(found[name] for name in names) == counts


@pytest.mark.parametrize(("change", "names"), [
    ({"legal_basis": ""}, ["legal_basis"]), ({"promised": None}, ["promised"]),
    ({"promised": None, "category": "instant"}, [])])
def test_what_nobody_wrote_is_not_published(item, change, names):
    assert lacking(item) == []
    assert lacking(replace(item, **change)) == names
    assert figures_of(replace(item, **change))["items_published"] == int(not names)


def test_what_is_kept_from_the_guide_is_not_published(item):
    kept = replace(item, fee=False, details=replace(item.details, unpublished=("fees",)))
    assert lacking(kept) == ["fees"]
    assert lacking(replace(item, fee=True, details=replace(item.details, fees={}))) == ["fees"]


def test_an_item_without_any_limit_is_not_watched(item):
    assert figures_of(item)["items_covered"] == 1
    assert figures_of(replace(item, promised=None, statutory=None))["items_covered"] == 0


def test_a_version_counts_from_its_first_day(shipped, item):
    code, dated = changed(item, MARCH, guide={"central": "yes"})
    versions = Versions("1", items={code: dated})
    before, after = (told(shipped, versions, day)[""] for day in (MARCH - 1, MARCH))
    assert before["items"] == after["items"] == len(shipped.items)
    assert after["items_central"] - before["items_central"] == 1
    assert told(shipped, versions, MARCH, "item")[code]["items_central"] == 1


def test_a_retired_item_is_none(shipped, item):
    code, dated = changed(item, MARCH, retired=True)
    found = told(shipped, Versions("1", items={code: dated}), MARCH)[""]
    assert found["items"] == len(shipped.items) - 1


def test_months_and_days_have_their_own_catalogue_and_the_future_none(shipped, item):
    code, dated = changed(item, MARCH, guide={"central": "yes"})
    versions = Versions("1", items={code: dated})
    months = told(shipped, versions, TODAY + 40, "month", first=JANUARY)
    assert list(months) == [JANUARY, day_of(date(2026, 2, 28)), day_of(date(2026, 3, 31)), TODAY]
    assert [counts["items_central"] - months[JANUARY]["items_central"] for counts in months.values()] == [0, 0, 1, 1]
    days = told(shipped, versions, MARCH, "day", first=MARCH - 1)
    assert [days[day]["items_central"] - days[MARCH - 1]["items_central"] for day in days] == [0, 1]


def test_a_question_is_narrowed_as_every_other(shipped, item):
    of_org = told(shipped, Versions(), MARCH, "org", orgs=(item.org,))
    assert list(of_org) == [item.org]
    assert of_org[item.org]["items"] == sum(one.org == item.org for one in shipped.items.values())
    assert told(shipped, Versions(), MARCH, areas=("nowhere",)) == {}
    assert told(shipped, Versions(), MARCH, items=(item.code,))[""]["items"] == 1

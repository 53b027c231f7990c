"""The service catalogue as data: areas, organisations and items with their limits (config/city/*.yaml).

A promised limit may never exceed the statutory one (it is a promise to be quicker), and "no limit" is None, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from config.documents import Document, Strict, read_document
from config.item_details import NO_DETAILS, Described, ItemDetails
from config.powers import PERMIT, ItemKind, Power, load_powers
from core.errors import ConfigError, InvalidInput
from core.limits import Granularity, Limit, Unit, parse_limit

CITY_DIR = Path(__file__).parent / "city"
SHORT_NAME_MAX = 5  # Han characters that fit a row head of the wall's heat map

Category = Literal["instant", "promised", "forwarded", "joint"]
SpecialKind = Literal["hearing", "inspection", "testing", "quarantine", "appraisal", "expert_review", "bidding",
                      "auction", "publicity", "site_survey"]


@dataclass(frozen=True, slots=True)
class Area:
    """A city, district or county with its own calendar, ladder and wall clock."""

    code: str
    name: str
    name_en: str
    calendar: str
    preset: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """A department (实施主体). `parent` is "" at the top; `posts` are names of posts beside those its items name. An abolished
    one keeps its name for the cases of before; `merged_into` has its work now."""

    code: str
    name: str
    short: str
    area: str
    parent: str
    posts: tuple[str, ...] = ()
    abolished: bool = False
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A service item (事项). A limit of None means there is none; `special` procedures may stop the clock. `number` is that of
    its version (0: as shipped); a retired one takes no new case."""

    code: str
    name: str
    org: str
    kind: ItemKind
    category: Category
    promised: Limit | None
    statutory: Limit | None
    legal_basis: str
    version: str
    steps: tuple[str, ...]
    special: tuple[SpecialKind, ...]
    fee: bool
    details: ItemDetails = NO_DETAILS
    number: int = 0
    retired: bool = False
    power: Power = PERMIT

    @property
    def decides(self) -> str:
        """The step with which the decision falls, the last before the end where nothing else is said; "" without any."""
        return self.power.decides or (self.steps[-2] if len(self.steps) > 2 else "")


@dataclass(frozen=True)
class Catalogue:
    """Everything by code. `shipped` is what was on the disk, where this is the catalogue of today (config.living)."""

    city: str
    city_en: str
    version: str
    default_area: str
    areas: Mapping[str, Area]
    organisations: Mapping[str, Organisation]
    items: Mapping[str, Item]
    powers: Mapping[str, Power] = field(default_factory=dict)
    shipped: Catalogue | None = None

    @property
    def as_shipped(self) -> Catalogue:
        """Version 0 of everything."""
        return self.shipped or self

    @property
    def units(self) -> list[Organisation]:
        """The organisations that still are, whoever else is named by cases of before."""
        return [one for one in self.organisations.values() if not one.abolished]

    def find_item(self, code: str) -> Item | None:
        """The item of that code, None when the catalogue does not list it."""
        return self.items.get(code)

    def find_organisation(self, code: str) -> Organisation | None:
        """The organisation of that code, None when the catalogue does not list it (a log's own department)."""
        return self.organisations.get(code)

    def area_of(self, code: str) -> str | None:
        """The area of the organisation of that code, None when the catalogue does not list it."""
        known = self.organisations.get(code)
        return known.area if known is not None else None

    @property
    def items_by_org(self) -> Mapping[str, tuple[Item, ...]]:
        """The items of every organisation, in the order of the file. Worked out at every call: ask once."""
        grouped: dict[str, list[Item]] = {code: [] for code in self.organisations}
        for item in self.items.values():
            grouped[item.org].append(item)
        return {code: tuple(items) for code, items in grouped.items()}


class _City(Strict):
    name: str
    name_en: str


class _Area(Strict):
    name: str
    name_en: str
    calendar: str
    preset: str
    timezone: str


class _Organisation(Strict):
    code: str
    name: str
    short: str
    area: str | None = None
    parent: str = ""


class _OrganisationsFile(Strict):
    city: _City
    areas: dict[str, _Area]
    default_area: str
    organisations: tuple[_Organisation, ...]


class _Item(Strict):
    code: str
    name: str
    kind: ItemKind
    category: Category
    promised: str | None = None
    statutory: str | None = None
    granularity: Granularity | None = None
    special: tuple[SpecialKind, ...] = ()
    fee: bool = False
    legal_basis: str = ""
    version: str | None = None


class _ItemsFile(Strict):
    version: str
    granularity: Granularity | None = None
    flows: dict[Category, tuple[str, ...]]
    items: dict[str, tuple[_Item, ...]]


def load_catalogue(directory: Path = CITY_DIR) -> Catalogue:
    """The catalogue of a directory. Raises ConfigError naming file, line, record, field and remedy."""
    first, second = read_document(directory / "organisations.yaml"), read_document(directory / "items.yaml")
    city, listed = first.read_as(_OrganisationsFile), second.read_as(_ItemsFile)
    organisations = _organisations(first, city)
    powers = load_powers(directory)
    return Catalogue(city.city.name, city.city.name_en, listed.version, city.default_area,
                     {code: Area(code, **area.model_dump()) for code, area in city.areas.items()},
                     organisations, _items(second, listed, organisations, Described(directory), powers), powers)


def _organisations(document: Document, city: _OrganisationsFile) -> dict[str, Organisation]:
    if city.default_area not in city.areas:
        raise document.problem(["default_area"], f"unknown area {city.default_area!r}", "name one of the areas")
    listed: dict[str, Organisation] = {}
    for index, entry in enumerate(city.organisations):
        organisation = Organisation(entry.code, entry.name, entry.short, entry.area or city.default_area, entry.parent)
        _check_organisation(document, index, organisation, city, listed)
        listed[entry.code] = organisation
    _check_parents(document, listed)
    return listed


def _check_organisation(document: Document, index: int, entry: Organisation, city: _OrganisationsFile,
                        listed: Mapping[str, Organisation]) -> None:
    place = ("organisations", index)
    if entry.code in listed:
        raise _record_problem(document, (*place, "code"), entry.code, "the code is used twice",
                              "give each its own code")
    if entry.area not in city.areas:
        raise _record_problem(document, (*place, "area"), entry.code, f"unknown area {entry.area!r}",
                              "name one of the areas of this file")
    if len(entry.short) > SHORT_NAME_MAX:
        raise _record_problem(document, (*place, "short"), entry.code, f"{entry.short!r} is too long for the wall",
                              f"use at most {SHORT_NAME_MAX} characters")


def _check_parents(document: Document, listed: Mapping[str, Organisation]) -> None:
    for index, entry in enumerate(listed.values()):
        if entry.parent and entry.parent not in listed:
            raise _record_problem(document, ("organisations", index, "parent"), entry.code,
                                  f"unknown organisation {entry.parent!r}", "name an organisation of this file")


def _items(document: Document, listed: _ItemsFile, organisations: Mapping[str, Organisation],
           described: Described, powers: Mapping[str, Power]) -> dict[str, Item]:
    items: dict[str, Item] = {}
    for org, entries in listed.items.items():
        if org not in organisations:
            raise _record_problem(document, ("items", org), org, "unknown organisation",
                                  "add it to organisations.yaml, or correct the code")
        for index, entry in enumerate(entries):
            place = ("items", org, index)
            if entry.code in items:
                raise _record_problem(document, (*place, "code"), entry.code, "the code is used twice",
                                      "give each item its own code")
            items[entry.code] = _item(document, place, org, entry, listed, described, powers)
    described.check_known(items.__contains__)
    return items


def _item(document: Document, place: tuple[str | int, ...], org: str, entry: _Item, listed: _ItemsFile,
          described: Described, powers: Mapping[str, Power]) -> Item:
    if entry.kind not in powers:
        raise _record_problem(document, (*place, "kind"), entry.code, f"nothing is said of the power {entry.kind!r}",
                              "describe it in powers.yaml")
    if entry.category not in listed.flows:
        raise _record_problem(document, (*place, "category"), entry.code, f"no flow for {entry.category!r}",
                              "add it to flows")
    promised = _limit(document, (*place, "promised"), entry.code, entry.promised, entry.granularity or listed.granularity)
    statutory = _limit(document, (*place, "statutory"), entry.code, entry.statutory, entry.granularity or listed.granularity)
    if promised is not None and statutory is not None and exceeds(promised, statutory):
        raise _record_problem(document, (*place, "promised"), entry.code,
                              f"promised {promised} exceeds statutory {statutory}",
                              "promise at most the statutory limit")
    power = powers[entry.kind]
    steps = power.steps or listed.flows[entry.category]
    return Item(entry.code, entry.name, org, entry.kind, entry.category, promised, statutory, entry.legal_basis,
                entry.version or listed.version, steps, entry.special, entry.fee,
                described.of(entry.code, steps, promised), power=power)


def _limit(document: Document, place: tuple[str | int, ...], record: str, text: str | None,
           granularity: Granularity | None) -> Limit | None:
    if text is None:
        return None
    try:
        return parse_limit(text, granularity)
    except InvalidInput as failure:
        raise _record_problem(document, place, record, str(failure), "write 20wd, 56cd, 8wh or 3mo") from failure


def exceeds(promised: Limit, statutory: Limit) -> bool:
    """Whether the promise is surely longer; a working day lasts at least one calendar day and at most 24 hours."""
    if promised.unit is statutory.unit:
        return promised.amount > statutory.amount
    return promised.unit is Unit.WORKING_DAY and statutory.unit is Unit.CALENDAR_DAY and (
        promised.amount > statutory.amount)


def _record_problem(document: Document, place: tuple[str | int, ...], record: str, problem: str,
                    remedy: str) -> ConfigError:
    return document.problem(place, problem, remedy, record=record, field=str(place[-1]))

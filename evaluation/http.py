"""The catalogue of indicators and every figure over HTTP: what screens, exports and bulletins read, others may read too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import msgspec
from flask import Blueprint, Request, Response, request

from config.indicators import Indicator, Indicators, Words
from core.access import Actor
from core.api_document import READERS, Operation
from core.errors import InvalidInput, NotAuthenticated
from evaluation.corrected import as_told, of_figures
from evaluation.period import BYS, Basis, Figure, Period, basis_of
from evaluation.persons import PERSONS_LOOK, PersonQueries
from evaluation.queries import IndicatorQueries
from web.json_http import as_json

ITEMS_MOST = 200  # names in one list of the query


class Worded(msgspec.Struct, frozen=True):
    """The same in Chinese and English."""

    zh: str
    en: str


class IndicatorShown(msgspec.Struct, frozen=True):
    """An indicator of the catalogue. `unit` says how a value is shown, `measure` what it is in: 工作日/件, working days per
    case. Below `minimum` a denominator is too small to compare by."""

    code: str
    label: Worded
    definition: Worded
    formula: str
    numerator: str
    denominator: str | None
    unit: str
    measure: Worded
    better: str
    minimum: int
    group: str


class BaseShown(msgspec.Struct, frozen=True):
    """A base figure: what is counted, in which unit, and on which day where figures stand on their own days."""

    name: str
    label: Worded
    definition: Worded
    unit: str
    measure: Worded
    day: str


class IndicatorCatalogue(msgspec.Struct, frozen=True):
    """What GET /api/v1/indicators answers."""

    version: str
    indicators: tuple[IndicatorShown, ...]
    figures: tuple[BaseShown, ...]


class FigureShown(msgspec.Struct, frozen=True):
    """An indicator of one department, item, day …; `value` is null where there is no denominator."""

    key: str
    label: str
    indicator: str
    numerator: float | None
    denominator: float | None
    value: float | None
    is_small: bool
    base: Mapping[str, int]


class FiguresTold(msgspec.Struct, frozen=True):
    """What GET /api/v1/figures answers. `corrected_rows`: departments' days of the period that changed after they were over,
    `corrected_at`: when last; null for figures by the day of acceptance."""

    first: str
    last: str
    by: str
    basis: str
    version: str
    corrected_rows: int | None
    corrected_at: str | None
    figures: tuple[FigureShown, ...]


class PersonFiguresTold(msgspec.Struct, frozen=True):
    """What GET /api/v1/figures/persons answers; `key` is the person as the source names the actor. `corrected_rows`:
    days of the department that changed after they were over, `corrected_at`: when last; null by the day of acceptance."""

    first: str
    last: str
    org: str
    basis: str
    version: str
    corrected_rows: int | None
    corrected_at: str | None
    figures: tuple[FigureShown, ...]


OPERATIONS = (
    Operation("get", "/api/v1/indicators", "listIndicators", "The catalogue of indicators and the figures they are made of",
              by=READERS, answers=IndicatorCatalogue),
    Operation("get", "/api/v1/figures", "getFigures", "Indicators by department, area, item, channel, power, day or month",
              by=READERS, answers=FiguresTold, query={
                  "from": "First day, 2026-03-01.", "to": "Last day, included.",
                  "by": f"One of {', '.join(BYS)}; org where nothing is given.",
                  "indicators": "Codes of the catalogue, apart by commas; all of them where nothing is given.",
                  "orgs": "Only these organisations, apart by commas.", "items": "Only these items, apart by commas.",
                  "area": "Only this area.",
                  "basis": "event: each figure on its own day; acceptance: on the day of the case's acceptance."}),
    Operation("get", "/api/v1/figures/persons", "getFiguresOfPersons",
              "Indicators of conclusions by who concluded, within one department; every look is logged",
              answers=PersonFiguresTold, query={
                  "org": "The department.", "from": "First day, 2026-03-01.", "to": "Last day, included; within a year.",
                  "indicators": "Codes, apart by commas; all that can be told of persons where nothing is given.",
                  "basis": "event: by the day of the conclusion; acceptance: by that of the acceptance."}),
)


Looked = Callable[[str, str, Actor, str], None]  # what, subject, by whom, from where: before it is given out


def create_blueprint(queries: IndicatorQueries, persons: PersonQueries, looked: Looked,
                     actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes /api/v1/indicators and /api/v1/figures. Who may: dashboard/gate.py; whose figures: evaluation/queries.py and
    evaluation/persons.py."""
    blueprint = Blueprint("evaluation", __name__, url_prefix="/api/v1")

    @blueprint.get("/indicators")
    def catalogue() -> Response:
        if actor_of(request) is None:
            raise NotAuthenticated("sign_in_required")
        return as_json(_catalogue(queries.indicators))

    @blueprint.get("/figures")
    def figures() -> Response:
        return as_json(_figures(queries, actor_of(request), request.args))

    @blueprint.get("/figures/persons")
    def of_persons() -> Response:
        actor = actor_of(request)
        told = _of_persons(persons, queries, actor, request.args)
        if actor is not None:
            looked(PERSONS_LOOK, f"{told.org} {told.first} {told.last}", actor, request.remote_addr or "")
        return as_json(told)

    return blueprint


def _of_persons(persons: PersonQueries, queries: IndicatorQueries, actor: Actor | None,
                given: Mapping[str, str]) -> PersonFiguresTold:
    period, basis = Period(_date(given, "from"), _date(given, "to")), basis_of(given.get("basis", Basis.EVENT.word))
    org = given.get("org", "")
    found = persons.figures(actor, period, org, _list(given, "indicators"), basis)
    corrected = as_told(of_figures(queries, actor, period, basis, orgs=[org]))
    return PersonFiguresTold(period.first.isoformat(), period.last.isoformat(), org, basis.word, queries.indicators.version,
                             *corrected, tuple(map(shown, found)))


def _figures(queries: IndicatorQueries, actor: Actor | None, given: Mapping[str, str]) -> FiguresTold:
    period, basis = Period(_date(given, "from"), _date(given, "to")), basis_of(given.get("basis", Basis.EVENT.word))
    by = given.get("by", "org")
    orgs, items, area = _list(given, "orgs"), _list(given, "items"), given.get("area", "")
    codes = _list(given, "indicators") or list(queries.indicators.indicators)
    found = queries.figures(actor, period, by, codes, orgs=orgs, items=items, area=area, basis=basis)  # type: ignore[arg-type]
    corrected = as_told(of_figures(queries, actor, period, basis, orgs=orgs, area=area))
    return FiguresTold(period.first.isoformat(), period.last.isoformat(), by, basis.word, queries.indicators.version,
                   *corrected, tuple(map(shown, found)))


def shown(figure: Figure) -> FigureShown:
    """A figure as it is told."""
    return FigureShown(figure.key, figure.label, figure.indicator, figure.numerator, figure.denominator, figure.value,
                       figure.is_small, figure.base)


def _catalogue(indicators: Indicators) -> IndicatorCatalogue:
    return IndicatorCatalogue(indicators.version, tuple(map(_indicator, indicators.indicators.values())),
                     tuple(_base(name, indicators) for name in indicators.figures))


def _indicator(one: Indicator) -> IndicatorShown:
    return IndicatorShown(one.code, _worded(one.label), _worded(one.definition), one.formula, one.numerator.text,
                          None if one.denominator is None else one.denominator.text, one.unit.value, _worded(one.measure),
                          one.better, one.minimum, one.group)


def _base(name: str, indicators: Indicators) -> BaseShown:
    figure = indicators.figures[name]
    unit = indicators.units[figure.unit]
    return BaseShown(name, _worded(figure.label), _worded(figure.definition), figure.unit, Worded(unit.zh, unit.many),
                     figure.day)


def _worded(words: Words) -> Worded:
    return Worded(words.zh, words.en)


def _date(given: Mapping[str, str], name: str) -> date:
    text = given.get(name, "")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("date_unreadable", option=name, value=text[:32], accepted="2011-12-31") from None


def _list(given: Mapping[str, str], name: str) -> list[str]:
    listed = [one for part in given.get(name, "").split(",") if (one := part.strip())]
    if len(listed) > ITEMS_MOST:
        raise InvalidInput("list_too_long", key=name, most=ITEMS_MOST)
    return listed


"""The forecast over HTTP: cases most at risk, one case, the model in force with its report."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Blueprint, Request, Response, request

from core.access import Actor
from core.api_document import Operation
from core.errors import InvalidInput, NotAuthenticated, NotFound
from evaluation.forecast.queries import LISTED, LISTED_MOST, DepartmentOutlook, ForecastQueries, Outlook, Standing
from web.json_http import as_json

PREFIX = "/api/v1/forecasts"


class ForecastList(msgspec.Struct, frozen=True):
    """What is foretold: departments, the most expected overruns first, and cases, the most likely first."""

    departments: list[DepartmentOutlook]
    cases: list[Outlook]


class ForecastModel(msgspec.Struct, frozen=True):
    """The model in force; null before the first training."""

    model: Standing | None


OPERATIONS = (
    Operation("get", PREFIX, "listForecasts", "Open cases by their chance of overrun; never a fact, never a card",
              answers=ForecastList, query={
                  "org": "Only this organisation.",
                  "limit": f"Cases at most; {LISTED} where nothing is given, never more than {LISTED_MOST}."}),
    Operation("get", f"{PREFIX}/model", "getForecastModel", "The model in force, and how good it was on the past",
              answers=ForecastModel),
    Operation("get", f"{PREFIX}/cases/<area>/<path:case_no>", "getForecast", "What is foretold of one open case",
              answers=Outlook),
)


def create_blueprint(queries: ForecastQueries, actor_of: Callable[[Request], Actor | None]) -> Blueprint:
    """Routes under /api/v1/forecasts. Who may: dashboard/gate.py; whose cases: evaluation/forecast/queries.py."""
    blueprint = Blueprint("forecasts", __name__)

    @blueprint.get(PREFIX)
    def listed() -> Response:
        actor, org = actor_of(request), request.args.get("org", "")
        cases = queries.at_risk(actor, org, _limit(request.args.get("limit", "")))
        return as_json(ForecastList([one for one in queries.departments(actor) if org in ("", one.org)], cases))

    @blueprint.get(f"{PREFIX}/model")
    def model() -> Response:
        if actor_of(request) is None:
            raise NotAuthenticated("sign_in_required")
        return as_json(ForecastModel(queries.standing()))

    @blueprint.get(f"{PREFIX}/cases/<area>/<path:case_no>")
    def one(area: str, case_no: str) -> Response:
        found = queries.of_case(actor_of(request), area, case_no)
        if found is None:
            raise NotFound("forecast_not_found", case=f"{area}/{case_no}")
        return as_json(found)

    return blueprint


def _limit(text: str) -> int:
    if not text:
        return LISTED
    if not text.isdecimal() or not 1 <= len(text) <= 6 or int(text) < 1:
        raise InvalidInput("number_invalid", name="limit", value=text[:32])
    return min(int(text), LISTED_MOST)


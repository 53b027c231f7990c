"""The catalogue and the figures over HTTP are those of the queries, by the rights of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from cases.events import EventKind
from core.access import Actor, Role
from core.errors import InvalidInput, NotAuthenticated
from evaluation.http import FiguresTold, IndicatorCatalogue, PersonFiguresTold, create_blueprint
from evaluation.persons import PersonQueries, PersonRules
from tests.unit.cases.record import event, opened
from tests.unit.evaluation.counted import INDICATORS, Counted

K = EventKind
INSPECTOR = Actor("i", frozenset({Role.INSPECTOR}))
OF_WATER = Actor("w", frozenset({Role.DEPARTMENT_USER}), org="Water")
OCTOBER = "from=2018-10-01&to=2018-10-31"


class Desk:
    """A client that asks as somebody."""

    def __init__(self, record: Counted) -> None:
        self.actor: Actor | None = INSPECTOR
        self.looks: list[tuple[object, ...]] = []
        app = Flask("desk")
        app.testing = True
        app.register_blueprint(create_blueprint(
            record.indicator_queries, PersonQueries(record.database, INDICATORS, PersonRules(frozenset({Role.INSPECTOR}))),
            lambda *look: self.looks.append(look), lambda _request: self.actor))
        self.client: FlaskClient = app.test_client()

    def figures(self, query: str) -> FiguresTold:
        answer = self.client.get(f"/api/v1/figures?{query}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        return msgspec.json.decode(answer.data, type=FiguresTold)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(f"sqlite:///{tmp_path / 'record.db'}") as database:
        record = Counted(database).at("10-24 18:00")
        record.take(event(K.ACCEPTED, "10-15 10:00"), event(K.CONCLUDED, "10-23 17:00"),
                    event(K.ACCEPTED, "10-24 10:00", case_no="2", org="Water"))
        yield Desk(record)


def test_the_catalogue_is_that_of_the_configuration(desk):
    told = msgspec.json.decode(desk.client.get("/api/v1/indicators").data, type=IndicatorCatalogue)

    assert told.version == INDICATORS.version
    assert {one.code: one.formula for one in told.indicators} == {
        code: one.formula for code, one in INDICATORS.indicators.items()}
    early = next(one for one in told.indicators if one.code == "early_rate")
    assert (early.label.zh, early.denominator, early.unit, early.better, early.minimum) == (
        "提前办结率", "concluded", "share", "higher", 20)
    assert [one.name for one in told.figures] == list(INDICATORS.figures)


def test_figures_come_with_numerator_denominator_and_base(desk):
    told = desk.figures(f"{OCTOBER}&by=org&indicators=early_rate,speed_up_rate")

    assert (told.first, told.last, told.by, told.basis, told.version) == (
        "2018-10-01", "2018-10-31", "org", "event", INDICATORS.version)
    assert [(one.key, one.indicator, one.value) for one in told.figures] == [
        ("Land", "early_rate", 1.0), ("Land", "speed_up_rate", 1.0),
        ("Water", "early_rate", None), ("Water", "speed_up_rate", 0.0)]
    assert told.figures[0].base == {"early": 1, "concluded": 1}
    # The day of the acceptance, and that of the warning, both long over when they became known.
    assert (told.corrected_rows, told.corrected_at) == (2, "2018-10-24T10:00:00+00:00")


def test_figures_of_persons_say_which_days_of_their_department_changed(desk):
    def told(org: str, basis: str = "event") -> tuple[int | None, str | None]:
        answer = desk.client.get(f"/api/v1/figures/persons?{OCTOBER}&org={org}&basis={basis}")
        found = msgspec.json.decode(answer.data, type=PersonFiguresTold)
        return found.corrected_rows, found.corrected_at

    assert told("Land") == (2, "2018-10-24T10:00:00+00:00")
    assert told("Water") == (0, None)
    assert told("Land", "acceptance") == (None, None)


def test_by_the_day_of_acceptance_nothing_is_called_corrected(desk):
    told = desk.figures(f"{OCTOBER}&basis=acceptance")
    assert (told.corrected_rows, told.corrected_at) == (None, None)


def test_what_is_not_said_means_departments_own_days_and_every_indicator(desk):
    told = desk.figures(OCTOBER)
    assert {one.indicator for one in told.figures} == set(INDICATORS.indicators)
    assert (told.by, told.basis) == ("org", "event")


def test_a_department_user_is_answered_about_his_own(desk):
    desk.actor = OF_WATER
    assert {one.key for one in desk.figures(f"{OCTOBER}&orgs=Land,Water").figures} == {"Water"}


@pytest.mark.parametrize(("query", "code"), [
    ("to=2018-10-31", "date_unreadable"), ("from=2018-10-32&to=2018-10-31", "date_unreadable"),
    (f"{OCTOBER}&by=colour", "by_unknown"), (f"{OCTOBER}&basis=guess", "basis_unknown"),
    (f"{OCTOBER}&orgs={'a,' * 201}", "list_too_long")])
def test_a_question_that_cannot_be_read_is_refused(desk, query, code):
    with pytest.raises(InvalidInput, match=code):
        desk.client.get(f"/api/v1/figures?{query}")


@pytest.mark.parametrize("path", ["indicators", f"figures?{OCTOBER}"])
def test_a_stranger_is_told_nothing(desk, path):
    desk.actor = None
    with pytest.raises(NotAuthenticated):
        desk.client.get(f"/api/v1/{path}")

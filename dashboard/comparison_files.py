"""Every view of the comparison as a file: the same queries as the page asks, so the same numbers, under the same rights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, request

from core.access import Actor
from core.errors import InvalidInput, NotPermitted
from dashboard.comparison_views import ITEM_COLUMNS, compared, happened, happening_words, may_see, subject_of
from dashboard.panels.comparison_export import Head, course_sheet, definitions, persons_sheet, seasons_sheet, sheet
from dashboard.panels.comparison_persons import SHOWN as PERSON_COLUMNS
from dashboard.panels.downloads import as_file
from dashboard.words import Words
from evaluation import wording
from evaluation.comparison import Question
from evaluation.corrected import of_subject, of_units
from evaluation.persons import PERSONS_LOOK
from evaluation.spreadsheets import Sheet
from evaluation.wish import Wish

LOOK = "comparison_export"  # in the log of looks
Made = tuple[Sheet, Sequence[str]]  # the table, and the indicators in it


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants a file of what."""

    services: Any
    wish: Wish
    actor: Actor
    t: Words

    @property
    def org(self) -> str:
        """The department drilled down to. Raises InvalidInput where there is none, NotPermitted for another's."""
        org = self.wish.question.org
        if not org:
            raise InvalidInput("org_missing")
        if not may_see(self.services, self.actor, org):
            raise NotPermitted("not_permitted")
        return org

    def head(self, subject: str = "", units: Question | None = None) -> Head:
        """`units` are those side by side; nothing where the file is of what was drilled down to."""
        evaluation, question = self.services.evaluation, self.wish.question
        read, asked = (of_units, units) if units else (of_subject, question)
        known = read(evaluation.queries, self.actor, asked)
        return Head(self.wish, evaluation.indicators, subject, self.actor, self.services.clock.now_us(), known)

    @property
    def subject(self) -> str:
        return subject_of(self.services, self.wish, self.t)


def file_of(services: Any, wish: Wish, actor: Actor, view: str, kind: str, t: Words) -> Response:
    """The view as `csv` or `xlsx`; written down before it is given out. Raises InvalidInput (`choice_unknown`)."""
    make = VIEWS.get(view)
    if make is None:
        raise InvalidInput("choice_unknown", option="view", value=view[:32], accepted=", ".join(VIEWS))
    made, codes = make(Asked(services, wish, actor, t))
    services.read_log.note(LOOK, request.query_string.decode(errors="replace"), actor, request.remote_addr or "")
    stem = "comparison" if view == "side" else f"comparison-{view}"
    return as_file(services, made, stem, kind, t, definitions(codes, services.evaluation.indicators, t))


def _side(asked: Asked) -> Made:
    shown, columns = compared(asked.services, asked.wish, asked.actor)
    said = [*wording.about_funnel(shown, asked.t), *wording.about_ranks(shown, asked.t)]
    codes = [shown.indicator.code] if shown.is_anonymous else [shown.indicator.code, *columns]
    return sheet(shown, asked.head(units=asked.wish.question), columns, said, asked.t), codes


def _course(asked: Asked) -> Made:
    services, wish, t = asked.services, asked.wish, asked.t
    course = services.evaluation.over_time.course(asked.actor, wish.question, wish.grain)
    marks = happened(services, wish.question, course)
    made = course_sheet(course, marks, lambda one: happening_words(services, one, t), asked.head(asked.subject),
                        wording.about_course(course, t), t)
    return made, [course.indicator.code]


def _seasons(asked: Asked) -> Made:
    over_time, wish = asked.services.evaluation.over_time, asked.wish
    course = over_time.course(asked.actor, wish.question, wish.grain)
    seasons = over_time.seasons(asked.actor, wish.question, wish.span)
    said = wording.about_seasons(course.indicator, seasons, asked.t)
    return seasons_sheet(course, seasons, asked.head(asked.subject), said, asked.t), [course.indicator.code]


def _items(asked: Asked) -> Made:
    indicators, question = asked.services.evaluation.indicators, asked.wish.question
    name = asked.services.case_queries.org_name(asked.org)
    codes = [code for code in ITEM_COLUMNS if code in indicators.indicators]
    items = replace(question, by="item")
    shown = asked.services.evaluation.comparison.side_by_side(asked.actor, items, codes)
    return sheet(shown, asked.head(name, items), codes, wording.about_ranks(shown, asked.t), asked.t, by="item"), [
        shown.indicator.code, *codes]


def _persons(asked: Asked) -> Made:
    """Whom the settings name, and a look like any other at persons."""
    persons, question, services = asked.services.evaluation.persons, asked.wish.question, asked.services
    codes = [code for code in PERSON_COLUMNS if code in persons.codes]
    found = persons.figures(asked.actor, question.period, asked.org, codes, question.basis)
    services.read_log.note(PERSONS_LOOK, f"{asked.org} {question.period.first} {question.period.last}", asked.actor,
                           request.remote_addr or "")
    shown = [services.evaluation.indicators.find(code) for code in codes]
    return persons_sheet(found, shown, asked.head(services.case_queries.org_name(asked.org)), asked.t), codes


VIEWS: dict[str, Callable[[Asked], Made]] = {
    "side": _side, "course": _course, "seasons": _seasons, "items": _items, "persons": _persons}

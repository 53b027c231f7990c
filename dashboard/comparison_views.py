"""What the page of the comparison, its files, the lists behind its figures and its interface have in common."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.access import Actor
from core.instants import date_of
from dashboard.panels.comparison_corrections import CORRECTED_SHOWN, corrections
from dashboard.words import Words
from evaluation.comparison import Question, SideBySide
from evaluation.corrected import of_subject, subject_orgs
from evaluation.happenings import Happening, What, happenings
from evaluation.over_time import Course, window_of
from evaluation.wish import Wish, columns_of, wish_of

ITEM_COLUMNS = ("overdue_rate", "promised_speed", "special_share")


def asked_of(services: Any, search: str | None, actor: Actor) -> Wish:
    """What an address asks for, as far as this person may."""
    return wish_of(search, actor, today(services), list(services.evaluation.indicators.indicators))


def today(services: Any) -> date:
    return date_of(services.areas.default.calendar.today(services.clock.now_us()))


def may_see(services: Any, actor: Actor, org: str) -> bool:
    """Whether what is behind a department's figures is this person's to see."""
    return actor.only_org in (None, org) and actor.area in ("", services.catalogue.area_of(org) or actor.area)


def compared(services: Any, wish: Wish, actor: Actor) -> tuple[SideBySide, list[str]]:
    columns = columns_of(list(services.evaluation.indicators.indicators), wish)
    return services.evaluation.comparison.side_by_side(actor, wish.question, columns), columns


def subject_of(services: Any, wish: Wish, t: Words) -> str:
    """Who is looked at: item, department, area or everything."""
    question, queries = wish.question, services.case_queries
    if question.org:
        name = queries.org_name(question.org)
        return f"{name} · {queries.item_name(question.item)}" if question.item else str(name)
    area = services.catalogue.areas.get(question.area)
    return str(area.name) if area else t("comparison_page.every_area")


def happened(services: Any, question: Question, course: Course) -> list[Happening]:
    """Beside a course, up to its last point."""
    of_org = [code for code, item in services.catalogue.items.items() if item.org == question.org]
    items = [question.item] if question.item else of_org
    since = {name: preset.effective_from for name, preset in services.presets.items()}
    shown = window_of(question.period, course.grain, today(services))  # nothing is marked that lies ahead of the last point
    return happenings(services.areas, question.area or services.catalogue.default_area, since, items,
                      max(shown.first, course.starts[0]), shown.last)


def happening_words(services: Any, one: Happening, t: Words) -> str:
    name = services.case_queries.item_name(one.name) if one.what is What.ITEM else one.name
    return t(f"comparison_what.{one.what}", name=name, version=one.version)


def corrected_after(services: Any, wish: Wish, actor: Actor, t: Words) -> Any:
    """Which days of the period changed after they were over: a figure read earlier was another one."""
    question, queries = wish.question, services.evaluation.queries
    known = of_subject(queries, actor, question)
    if known is None or not known.rows:
        return None
    days = queries.corrected_days(actor, question.period, orgs=subject_orgs(question), area=question.area,
                                  limit=CORRECTED_SHOWN)
    return corrections(known, days, services.case_queries.org_name, t)

"""The comparison on five years of daily rows of fifty departments: worked out, drawn and encoded, beside the bare query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from plotly.io.json import to_json_plotly

from bootstrap import Services
from core.access import SYSTEM, Actor, Role
from dashboard.demo_accounts import DEMO_ACCOUNTS, create_demo_accounts
from dashboard.panels.comparison_pictures import course_figure, funnel_figure
from dashboard.panels.comparison_table import table
from dashboard.panels.counted_views import lists_of
from dashboard.theme import load_theme
from dashboard.words import Words
from evaluation.comparison import area_of
from evaluation.scope import IN_DETAIL
from evaluation.wish import COLUMNS, wish_of
from evaluation.wording import about_course, about_funnel, about_ranks, about_seasons
from server import build_server
from tests.bench import listed
from tests.bench.figures import DETAILED_MS, FIVE_YEARS, LIMIT_MS, TODAY, fill
from tests.bench.harness import Line, Options, percentile, spread, stopwatch, store
from tests.bench.house import house
from tests.staff import run_callback, sign_in

LEADER = Actor("leader", frozenset({Role.LEADER}))
READS = 30
LONG = f"from={FIVE_YEARS.first}&to={FIVE_YEARS.last}"
YEAR = "from=2025-11-01&to=2026-10-31"
VIEWS = (("side by side, five years, a share", f"?{LONG}&indicator=early_rate", "side"),
         ("side by side, five years, a mean with the spread of its months", f"?{LONG}&indicator=promised_speed", "side"),
         ("side by side, one month, a mean with the spread of its days", "?period=2026-10&indicator=promised_speed", "side"),
         ("one department over time, five years by month", f"?{LONG}&org=org07&grain=month", "course"),
         ("items of a department, five years, a mean with the spread of their months",
          f"?{LONG}&indicator=promised_speed&org=org07", "items"),
         ("by channel, five years, a share", f"?{LONG}&indicator=early_rate&by=channel", "side"),
         ("by channel, the last year, a share", f"?{YEAR}&indicator=early_rate&by=channel", "side"),
         ("by power, the last year, a mean with the spread of its months", f"?{YEAR}&indicator=promised_speed&by=power_kind",
          "side"),
         ("by power, one month, a mean with the spread of its days", "?period=2026-10&indicator=promised_speed&by=power_kind",
          "side"),
         ("one department over time, 61 days", "?period=2026-10&org=org07&grain=day", "course"))


# The two requests of the page, as the browser makes them at once.
SIDE = "..comparison-head.children...comparison-side.children...comparison-funnel.figure...comparison-funnel-words.children.."
COURSE = ("..comparison-course-head.children...comparison-course.figure...comparison-course-words.children..."
          "comparison-below.children...comparison-below.hidden..")
ASKED = (("one request: side by side, five years, a share", f"?{LONG}&indicator=early_rate", SIDE),
         ("one request: all together over time, five years by month", f"?{LONG}&grain=month", COURSE),
         ("one request: one department over time with its items, five years by month", f"?{LONG}&org=org07&grain=month",
          COURSE))


def run(options: Options) -> list[Line]:
    """Per database a line for each view."""
    return [line for name in options.stores for line in _measured(options.folder, name)]


def _measured(folder: Path, name: str) -> list[Line]:
    with store(name, folder) as (url, _others), house(url, folder, TODAY) as (services, _clock):
        kept = fill(services)
        lines = [_line(services, f"{what}, {name}", search, {"side": _side, "items": _items, "course": _course}[kind], kept)
                 for what, search, kind in VIEWS]
        return lines + _asked_for(services, name, kept)


def _line(services: Services, what: str, search: str, draw: Callable[[Services, Any, Words], object], kept: str) -> Line:
    wish = wish_of(search, LEADER, date(2026, 11, 2), list(services.evaluation.indicators.indicators))
    words = Words("zh", services.texts("zh").tree)
    took, bare = [], []
    for _ in range(READS):
        with stopwatch() as spent:
            to_json_plotly(draw(services, wish, words))
        took.append(spent.wall * 1000)
        with stopwatch() as spent:
            _bare(services, wish)
        bare.append(spent.wall * 1000)
    p95 = percentile(took, 0.95)
    most = DETAILED_MS if wish.question.by in IN_DETAIL else LIMIT_MS
    return Line(what, f"{spread(took)}, drawn and encoded", f"its figures alone: {spread(bare)}",
                f"{percentile(took, 0.5) / percentile(bare, 0.5):.1f} at p50", f"p95 ≤ {most:g} ms", p95 <= most,
                f"{kept}; {READS} views; p50 / p95 / p99")


def _side(services: Services, wish: Any, t: Words) -> object:
    columns = [code for code in COLUMNS if code in services.evaluation.indicators.indicators]
    shown = services.evaluation.comparison.side_by_side(LEADER, wish.question, columns)
    indicators, by = services.evaluation.indicators, wish.question.by
    return [table(shown, wish, indicators, columns, by, t, lists_of(wish, by, indicators, lambda _org: True)),
            funnel_figure(shown, load_theme(), t),
            about_funnel(shown, t), about_ranks(shown, t)]


def _items(services: Services, wish: Any, t: Words) -> object:
    return _side(services, replace(wish, question=replace(wish.question, by="item")), t)


def _course(services: Services, wish: Any, t: Words) -> object:
    over_time = services.evaluation.over_time
    course = over_time.course(LEADER, wish.question, wish.grain)
    seasons = over_time.seasons(LEADER, wish.question, wish.span)
    return [course_figure(course, [], str, load_theme(), t), about_course(course, t),
            about_seasons(course.indicator, seasons, t)]


def _asked_for(services: Services, name: str, kept: str) -> list[Line]:
    """The whole of a view as a signed-in browser asks for it: session, rights, marks, corrected days, items and cases."""
    create_demo_accounts(services.accounts, "org07")
    client = build_server(services).app.test_client()
    assert sign_in(client, next(one.username for one in DEMO_ACCOUNTS if one.role is Role.LEADER)).status_code == 303
    asked = [_answered(services, client, f"{what}, {name}", search, outputs, kept) for what, search, outputs in ASKED]
    return asked + listed.lines(services, client, name)


def _answered(services: Services, client: FlaskClient, what: str, search: str, outputs: str, kept: str) -> Line:
    wish = wish_of(search, LEADER, date(2026, 11, 2), list(services.evaluation.indicators.indicators))
    took, bare, size = [], [], 0
    for _ in range(READS):
        with stopwatch() as spent:
            answer = run_callback(client, "/comparison/", outputs, {"comparison-address.search": search})
        assert answer.status_code == 200, answer.text
        took.append(spent.wall * 1000)
        size = len(answer.data)
        with stopwatch() as spent:
            _bare(services, wish)
        bare.append(spent.wall * 1000)
    p95 = percentile(took, 0.95)
    return Line(what, f"{spread(took)}, {size // 1024} KiB answered", f"its figures alone: {spread(bare)}",
                f"{percentile(took, 0.5) / percentile(bare, 0.5):.1f} at p50", f"p95 ≤ {LIMIT_MS:g} ms", p95 <= LIMIT_MS,
                f"{kept}; {READS} requests; p50 / p95 / p99")


def _bare(services: Services, wish: Any) -> None:
    """The same question to the queries, nothing made of it."""
    question = wish.question
    queries, orgs = services.evaluation.queries, (question.org,) if question.org else ()
    by = "day" if question.org else question.by
    queries.figures(SYSTEM, question.period, by, [question.indicator], orgs=orgs, area=area_of(question, LEADER))

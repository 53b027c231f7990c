"""`app.py forecast`: learn now, try the forecast on the past, show what it says."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec

from bootstrap import Services
from core.access import SYSTEM
from core.errors import InvalidInput
from core.instants import DAY_US, date_of, day_of
from evaluation.forecast.backtest import Backtest, Plan, Replay, Report, Story
from evaluation.forecast.lives import Limits, StatedLimits, calendar_days
from evaluation.forecast.stories import stories_of_area

WARM_UP_DAYS = 60  # of a log, before the first forecast is tried: somebody must have ended before


def train(services: Services, options: argparse.Namespace) -> int:
    """Learn now, whatever the schedule says, and bring every open case to it."""
    number, report = services.forecasts.service.train()
    looked = services.forecasts.service.refresh()
    if options.format == "json":
        _print_json({"model": number, "cases_foretold": looked, "report": _told(report)})
    else:
        print(f"model {number}, {looked} open cases looked at")
        _print_report(report)
    return 0


def backtest(services: Services, options: argparse.Namespace) -> int:
    """The forecast tried on everything recorded; keeps nothing."""
    limits = _limits(services, options.limit)
    with services.database.snapshot() as conn:
        services.areas.refresh(conn)
        stories = stories_of_area(conn, options.area)
    if not stories:
        raise InvalidInput("area_without_cases", area=options.area or "*",
                           remedy="import a log first, or name another area by --area")
    replay = Replay(stories, limits, services.areas.for_area(stories[0].events[0].area))
    plan, (first, last) = _plan(services, options), _span(stories, options)
    days = calendar_days(replay.calendar, first, last, plan.every_days)
    report, _ = Backtest(replay, plan).run(days, last)
    _print_json(_told(report)) if options.format == "json" else _print_report(report)
    return 0


def show(services: Services, options: argparse.Namespace) -> int:
    """The open cases most at risk."""
    queries, names = services.forecasts.queries, services.case_queries
    found = queries.at_risk(SYSTEM, options.org, options.limit)
    if options.format == "json":
        standing = queries.standing()
        _print_json({"model": None if standing is None else msgspec.to_builtins(standing),
                     "cases": [msgspec.to_builtins(one) for one in found]})
        return 0
    for one in found:
        print(f"{one.chance:6.1%}  {one.area}/{one.case_no}  {names.org_name(one.org)}  {names.item_name(one.item)}  "
              f"{one.days_left} working days left; {one.learnt}: {one.overran} of {one.ended} overran")
    return 0


def _limits(services: Services, text: str) -> Limits:
    return services.forecasts.service.limits if text == "judged" else StatedLimits(services.areas, text)


def _plan(services: Services, options: argparse.Namespace) -> Plan:
    plan = services.forecasts.service.plan
    return msgspec.structs.replace(plan, every_days=options.every or plan.every_days,
                                   retrain_days=options.retrain or plan.retrain_days)


def _span(stories: Sequence[Story], options: argparse.Namespace) -> tuple[int, int]:
    """From the first day asked for (else some time after the first acceptance) to the day after the last event of a step."""
    days = [(event.claimed_at + event.utc_offset * 60_000_000) // DAY_US for event in _reported(stories)]
    first = _date(options.first, "--from") if options.first else min(days) + WARM_UP_DAYS
    last = _date(options.last, "--to") if options.last else max(days) + 1
    if first > last:
        raise InvalidInput("range_backwards", first=str(date_of(first)), last=str(date_of(last)))
    return first, last


def _reported(stories: Sequence[Story]) -> Iterator[Any]:
    """Events that happened: ends a log plans for later are none."""
    return (event for story in stories for event in story.events if event.kind.value in ("accepted", "step"))


def _date(text: str, option: str) -> int:
    try:
        return day_of(date.fromisoformat(text))
    except ValueError:
        raise InvalidInput("date_unreadable", option=option, value=text[:32], accepted="2011-12-31") from None


def _told(report: Report) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(report)
    return told | {"first": date_of(report.first).isoformat(), "last": date_of(report.last).isoformat()}


def _print_report(report: Report) -> None:
    print(f"{date_of(report.first)} to {date_of(report.last)}: {report.trials} forecasts of {report.cases} cases, "
          f"{report.silent} times silent for want of cases")
    if report.over_base is None or report.over_rule is None:
        print("nothing could be scored: no case foretold was due before the end")
        return
    print(f"overran                {report.overran / report.trials:8.1%}")
    print(f"Brier, forecast        {report.brier:8.4f}   (before correction {report.brier_uncorrected:.4f})")
    print(f"Brier, base rate       {report.brier_base:8.4f}   gain {_gain(report.over_base)}")
    print(f"Brier, days-left rule  {report.brier_rule:8.4f}   gain {_gain(report.over_rule)}")
    for one in report.curve:
        print(f"  said {one.mean:5.1%}  happened {one.share:5.1%}  [{one.share_low:.1%}, {one.share_high:.1%}]  n={one.n}")


def _gain(gain: Any) -> str:
    return f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    print()

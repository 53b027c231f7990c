"""Reports on the record: heat map and statistics recomputed from the journal, and the explanation of a case."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping
from datetime import date
from typing import Any

from bootstrap import Services
from cases.explain import ClockExplanation, explain
from cases.history import KINDS, LeftOut, Question, columns
from core.errors import InvalidInput, NotFound
from core.instants import date_of, day_of, written_local
from core.limits import parse_limit
from core.working_calendar import WorkingCalendar

NOTHING_JUDGED = 1


def heatmap(services: Services, options: argparse.Namespace) -> int:
    """Open overdue per department at the end of each day of the range."""
    days = columns(parse_date(options.first, "--from"), parse_date(options.last, "--to"), options.step)
    question = _question(services, options)
    found = services.history.heatmap(question, days)
    if options.format == "json":
        _print_json({org: dict(zip(map(_iso, days), counts, strict=True)) for org, counts in found.rows.items()})
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["department", *map(_iso, days)])
        writer.writerows([neutral(org), *counts] for org, counts in found.rows.items())
    return _tell_left_out(found.left_out, question.calendar)


def stats(services: Services, options: argparse.Namespace) -> int:
    """The statistics at the end of a day, for all and for each department."""
    question = _question(services, options)
    as_of = parse_date(options.as_of, "--as-of")
    found = services.history.stats(question, day_of(as_of))
    figures = found.figures
    if options.format == "json":
        _print_json({"as_of": as_of.isoformat(), "limit": options.limit, "calendar": options.calendar,
                     "net": options.net, **figures})
    else:
        _print_csv({"(all)": figures["all"], **figures["departments"]})
    return _tell_left_out(found.left_out, question.calendar)


def explain_case(services: Services, options: argparse.Namespace) -> int:
    """Why each clock of a case shows what it shows."""
    now = services.clock.now_us()
    case = services.case_queries.find_case(options.case, now, options.area)
    if case is None:
        raise NotFound("case_not_found", case=options.case, remedy="check the number, or name the area with --area")
    others = [area for area in services.case_queries.areas_of(options.case) if area != case.area]
    explanations = explain(case, services.areas)
    if options.format == "json":
        _print_json({"area": case.area, "case_no": case.case_no, "org": case.org, "state": case.state, "light": case.light,
                     "other_areas": others, "violations": case.violations,
                     "clocks": [_clock_json(clock) for clock in explanations]})
        return 0
    texts = services.texts(services.settings.display.language)
    print(f"{case.area}/{case.case_no}  {case.org_name}  {case.item_name}  {texts.get(f'state.{case.state}')}"
          f"  {texts.get(f'light.{case.light}')}")
    if others:
        print(texts.get("case.also_in", areas=", ".join(others)))
    for clock in explanations:
        _print_clock(clock, texts.get)
    return 0


def _question(services: Services, options: argparse.Namespace) -> Question:
    if options.limit not in KINDS:
        parse_limit(options.limit)
    calendar = services.calendars.get(options.calendar)
    if calendar is None:
        raise InvalidInput("calendar_unknown", value=options.calendar, remedy=f"one of {', '.join(services.calendars)}")
    return Question(options.limit, calendar, options.net)


def _tell_left_out(left_out: LeftOut, calendar: WorkingCalendar) -> int:
    """Say on standard error which cases the report does not judge or count. The exit code is 1 when it judges none at all."""
    if left_out.unopened:
        print(f"cases_unopened: {left_out.unopened} cases went on without an acceptance on record and are not counted",
              file=sys.stderr)
    if not left_out.unjudgeable:
        return 0
    named = ", ".join(left_out.named) + (", …" if left_out.unjudgeable > len(left_out.named) else "")
    print(f"cases_unjudgeable: {left_out.unjudgeable} cases are counted and not judged, because calendar {calendar.id} knows"
          f" {calendar.first_year} to {calendar.last_year} and not every day of their limit: {named}", file=sys.stderr)
    return 0 if left_out.judged else NOTHING_JUDGED


def _print_clock(clock: ClockExplanation, text: Any) -> None:
    print(f"\n{text(f'clock.{clock.kind}')} {clock.name} {clock.limit_text} · {clock.condition} · {clock.rule_version}")
    if clock.reason:
        print(f"  {clock.reason}: {clock.detail}")
    for rung in clock.rungs:
        mark = "×" if rung.passed else " "
        print(f"  [{mark}] {rung.code}: {_instant(rung.at, clock.utc_offset)}")
    for number, span in enumerate(clock.spans, start=1):
        print(f"  stop {number}: {' to '.join(_wall_clock(us) for us in span)}")
    for day in clock.days:
        due = " ← due" if day.is_due else ""
        print(f"  {day.date}  {day.n if day.counted else '-':>4}  {day.kind} {day.name}{due}")
    if clock.days_more:
        print(f"  {text('case.clock.more_days', n=clock.days_more)}")


def _clock_json(clock: ClockExplanation) -> dict[str, Any]:
    return {name: getattr(clock, name) for name in clock.__slots__} | {
        "rungs": [{"code": rung.code, "level": rung.level, "at": _instant(rung.at, clock.utc_offset), "passed": rung.passed}
                  for rung in clock.rungs],
        "days": [{name: getattr(day, name) for name in day.__slots__} for day in clock.days],
        "started_at": _instant(clock.started_at, clock.utc_offset), "due_at": _instant(clock.due_at, clock.utc_offset),
        "ended_at": _instant(clock.ended_at, clock.utc_offset),
        "due_day": _iso(clock.due_day) if clock.due_day is not None else None}


def _instant(us: int | None, offset_min: int) -> str | None:
    return None if us is None else written_local(us, offset_min).isoformat()


def _wall_clock(local_us: int | None) -> str:
    return "now" if local_us is None else written_local(local_us, 0).strftime("%Y-%m-%d %H:%M:%S")


def _print_csv(rows: Mapping[str, Mapping[str, Any]]) -> None:
    names = list(next(iter(rows.values())))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["department", *names])
    writer.writerows([neutral(org), *(row[name] for name in names)] for org, row in rows.items())


def neutral(text: str) -> str:
    """A name a spreadsheet would run as a formula is shown as text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def parse_date(text: str, option: str) -> date:
    """The date of an option. Raises InvalidInput naming it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput("date_unreadable", option=option, value=text, accepted="2011-12-31") from None


def _iso(day: int) -> str:
    return date_of(day).isoformat()

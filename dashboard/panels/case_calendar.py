"""A deadline as a picture: month by month, every day counted or not, told by shape, sign and colour together. Pure.

In a counted day stands the running count; a day that is not counted carries the sign of its reason. What lies after
`today` is a projection and drawn as an outline.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from dash import html

from core.instants import date_of, day_of
from dashboard.words import Words

MONTHS_SHOWN = 6
SIGNED = ("make_up", "weekend", "holiday", "opening", "suspended")
LEGEND = ("opening", "working", "make_up", "weekend", "holiday", "suspended", "due")
LEVELS = {0: "none", 1: "warning", 2: "yellow", 3: "red"}
CALENDAR_DAY = "cd"
_DAYS_IN_WEEK = 7


def render(clock: Any, today: int, t: Words) -> html.Div:
    """The months of a ClockExplanation; of a very long one the first and the last, and how many lie between."""
    months = [list(days) for _, days in groupby(clock.days, key=lambda line: date_of(line.day).replace(day=1))]
    shown, left_out = _shown(months, clock.due_day)
    pictures = [_month(days, clock, today, t) for days in shown]
    note = [html.P(t("case.clock.more_months", n=left_out), className="cal-more")] if left_out else []
    return html.Div([html.Div(pictures, className="cal-months"), *note, *more_days(clock, t), legend(t)], className="cal")


def more_days(clock: Any, t: Words) -> list[html.P]:
    """How many days follow those that are listed."""
    return [html.P(t("case.clock.more_days", n=clock.days_more), className="cal-more")] if clock.days_more else []


def _shown(months: Sequence[list[Any]], due_day: int | None) -> tuple[list[list[Any]], int]:
    if len(months) <= MONTHS_SHOWN:
        return list(months), 0
    half = MONTHS_SHOWN // 2
    wanted = {*range(half), *range(len(months) - half, len(months))}
    wanted |= {at for at, days in enumerate(months) if any(line.day == due_day for line in days)}
    return [months[at] for at in sorted(wanted)], len(months) - len(wanted)


def _month(lines: Iterable[Any], clock: Any, today: int, t: Words) -> html.Table:
    by_day = {line.day: line for line in lines}
    first = date_of(min(by_day)).replace(day=1)
    heads = html.Tr([html.Th(t(f"case.weekday.{weekday}"), scope="col") for weekday in range(_DAYS_IN_WEEK)])
    weeks = [html.Tr([_cell(day, by_day.get(day) if day else None, clock, today, t) for day in week])
             for week in _weeks(first)]
    caption = html.Caption(t("case.month", year=first.year, month=first.month))
    return html.Table([caption, html.Thead(heads), html.Tbody(weeks)], className="cal-month")


def _weeks(first: date) -> list[list[int | None]]:
    """Epoch days of a month in rows of Monday to Sunday, None before the first and after the last."""
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    days: list[int | None] = [None] * first.weekday() + list(range(day_of(first), day_of(following)))
    days += [None] * (-len(days) % _DAYS_IN_WEEK)
    return [days[at:at + _DAYS_IN_WEEK] for at in range(0, len(days), _DAYS_IN_WEEK)]


def _cell(day: int | None, line: Any, clock: Any, today: int, t: Words) -> html.Td:
    if day is None:
        return html.Td(className="cal-none")
    if line is None:
        return html.Td(html.Span(str(date_of(day).day), className="cal-date"), className="cal-out")
    return html.Td(_marks(line, clock, today, t), className=_class_of(line, clock, today), title=words_of_day(line, clock, t))


def _marks(line: Any, clock: Any, today: int, t: Words) -> list[Any]:
    marks = [html.Span(str(date_of(line.day).day), className="cal-date")]
    if line.counted:
        marks.append(html.Strong(str(line.n), className="cal-n"))
    sign = _sign(line, clock)
    if sign:
        marks.append(html.Span(t(f"case.sign.{sign}"), className=f"cal-sign sign-{sign}"))
    if line.day == today and clock.ended_at is None:
        marks.append(html.Span(t("case.clock.today"), className="cal-today"))
    return marks


def _sign(line: Any, clock: Any) -> str:
    if line.is_due:
        return "due"
    if is_end(line, clock):
        return "ended"
    if clock.unit == CALENDAR_DAY and line.kind == "make_up":
        return ""  # every day counts; whether offices were open says nothing
    return line.kind if line.kind in SIGNED else ""


def is_end(line: Any, clock: Any) -> bool:
    """Whether the clock ended on this day."""
    return clock.ended_at is not None and line.day == (clock.ended_at // 60_000_000 + clock.utc_offset) // (24 * 60)


def _class_of(line: Any, clock: Any, today: int) -> str:
    classes = ["cal-day", f"day-{line.kind.replace('_', '-')}"]
    classes += ["is-counted"] if line.counted else []
    classes += ["is-due"] if line.is_due else []
    classes += ["is-late", f"late-{LEVELS[clock.level]}"] if line.is_late else []
    classes += ["is-future"] if line.day > today and clock.ended_at is None else []
    classes += ["is-end"] if is_end(line, clock) else []
    return " ".join(classes)


def words_of_day(line: Any, clock: Any, t: Words) -> str:
    """`2026-03-16 周末`, with the name of the holiday and the running count."""
    count = t("case.why.count", n=line.n) if line.counted else t("case.clock.not_counted")
    due = t("case.day.due") if line.is_due else t("case.day.ended") if is_end(line, clock) else ""
    return " · ".join(filter(None, (line.date, kind_words(line, t), line.name, count, due)))


def kind_words(line: Any, t: Words) -> str:
    return t.first(f"case.day.{line.kind}", f"day_kind.{line.kind}")


def legend(t: Words) -> html.Ul:
    """Every kind of day once, drawn as in the picture."""
    return html.Ul([html.Li([_sample(kind, t), t(f"case.day.{kind}")]) for kind in LEGEND], className="cal-legend")


def _sample(kind: str, t: Words) -> html.Span:
    classes = ["cal-sample", "cal-day", f"day-{kind.replace('_', '-')}"]
    classes += ["is-counted"] if kind in ("working", "make_up", "due") else []
    classes += ["is-due"] if kind == "due" else []
    sign = html.Span(t(f"case.sign.{kind}"), className=f"cal-sign sign-{kind}")
    return html.Span(html.Strong("3", className="cal-n") if kind == "working" else sign, className=" ".join(classes))

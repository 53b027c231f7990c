"""How much of a promise is left, in working days, as a person at a counter says it. Pure."""

from __future__ import annotations

from dash import html

from core.instants import DAY_US, date_of
from core.working_calendar import CalendarNotPublished, WorkingCalendar
from dashboard.panels.marks import LEVELS, mark
from dashboard.words import Words

Told = tuple[str, str]  # words, and their tone: calm, near, late, still
NEAR_DAYS = 2
OPEN = ("accepted", "suspended", "decided")


def days_left(state: str, due_at: int | None, calendar: WorkingCalendar, now_us: int, t: Words) -> Told:
    """还剩 3 个工作日, 今天到期, 已超 2 个工作日, 停表中; before the acceptance and after the end no promise runs."""
    if state == "suspended":
        return t("work.left.stopped"), "still"
    if state not in OPEN or due_at is None:
        return t("work.left.none"), "still"
    try:
        left = working_days_left(due_at, calendar, now_us)
    except CalendarNotPublished:  # of a limit in calendar days: the date is sure, the working days until then are not
        return t("work.left.until", day=date_of(_last_day(due_at, calendar)).isoformat()), "calm"
    if due_at <= now_us:
        return (t("work.left.over", n=-left), "late") if left < 0 else (t("work.left.just_over"), "late")
    if left == 0:
        return t("work.left.today"), "near"
    return t("work.left.days", n=left), "near" if left <= NEAR_DAYS else "calm"


def working_days_left(due_at: int, calendar: WorkingCalendar, now_us: int) -> int:
    """Working days from today to the last day of the promise; negative when it lies behind. Raises CalendarNotPublished."""
    today, last = calendar.today(now_us), _last_day(due_at, calendar)
    if last >= today:
        return calendar.working_days_between(today, last)
    return -max(1, calendar.working_days_between(last, today))


def _last_day(due_at: int, calendar: WorkingCalendar) -> int:
    return calendar.to_local(due_at - 1) // DAY_US


def left_words(told: Told) -> html.Span:
    words, tone = told
    return html.Span(words, className=f"left left-{tone} num")


def light_sign(light: str, t: Words) -> html.Span:
    """The same signs as on the wall and on the page of a case, and for a reader of the screen the word."""
    sign = mark(light, t) if light in LEVELS else html.Span(className=f"light-dot light-{light}")
    return html.Span([sign, html.Span(t(f"light.{light}"), className="visually-hidden")], className="work-light",
                     title=t(f"light.{light}"))

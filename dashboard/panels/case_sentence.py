"""Why a clock shows its light, in one sentence a citizen can check with a calendar in his hand. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from core.instants import MINUTE_US
from dashboard.times import day_at, day_text, due_stamp, span_text, stamp
from dashboard.words import Words

_STATED = re.compile(r"(\d+)(wd|cd|wh|mo)")
NOT_COUNTED = ("weekend", "holiday", "suspended")
HOURS = "wh"


def sentence(clock: Any, as_of: int, t: Words) -> str:
    """From a ClockExplanation: start, budget, what was left out, due day, and how it stands at `as_of`."""
    if clock.reason:
        why = t.first(f"case.why.reason.{clock.reason}", "case.why.reason.other")
        return t("case.why.cannot", why=why, detail=clock.detail)
    parts = (_start(clock, t), _left_out(clock, t), _rolled(clock, t), _due(clock, t), _standing(clock, as_of, t))
    return t("case.why.join").join(filter(None, parts))


def budget(clock: Any, t: Words) -> str:
    """`7 个工作日`, or that the source gave the date itself."""
    if clock.limit_text in ("due", ""):
        return t("case.clock.budget_due" if clock.limit_text else "case.clock.budget_none")
    stated = _STATED.fullmatch(clock.limit_text)  # as the law states it: 3 months, whatever number of days that is
    if stated is None:
        return t(f"case.clock.budget_{clock.unit}", n=number(clock.amount))
    return t("limit.mo" if stated[2] == "mo" else f"case.clock.budget_{stated[2]}", n=stated[1])


def _rolled(clock: Any, t: Words) -> str:
    """That the end fell on days of rest (民法典 Art. 203)."""
    stated = _STATED.fullmatch(clock.limit_text)
    more = 0 if stated is None or stated[2] != "cd" else int(clock.amount) - int(stated[1])
    return t("case.why.rolled", n=more) if more > 0 else ""


def number(amount: float) -> str:
    return f"{amount:.1f}".removesuffix(".0")


def _start(clock: Any, t: Words) -> str:
    opened = day_text(day_at(clock.started_at, clock.utc_offset))
    return t(f"case.why.start_{clock.granularity}", day=opened, budget=budget(clock, t))


def _left_out(clock: Any, t: Words) -> str:
    """Days between opening and due day that were not counted, by reason, and make-up days that were."""
    until = clock.due_day if clock.due_day is not None else 1 << 40
    if clock.days_more and clock.days[-1].day < until:  # not all of them are listed
        return ""
    kinds = Counter(line.kind for line in clock.days if line.day <= until)
    parts = [t(f"case.why.{kind}", n=kinds[kind]) for kind in NOT_COUNTED if kinds[kind]]
    words = t("case.why.not_counted", what=t("case.why.list").join(parts)) if parts else ""
    made_up = t("case.why.make_up", n=kinds["make_up"]) if kinds["make_up"] and clock.unit != "cd" else ""
    return t("case.why.join").join(filter(None, (words, made_up)))


def _due(clock: Any, t: Words) -> str:
    return "" if clock.due_day is None else t("case.why.due", day=day_text(clock.due_day))


def _standing(clock: Any, as_of: int, t: Words) -> str:
    if clock.unit == HOURS and clock.limit_text != "due":
        return _against_time(clock, as_of, t)
    if clock.used is None or clock.limit_text == "due":
        return _against_date(clock, as_of, t)
    used, rest = number(clock.used), clock.amount - clock.used
    if rest == 0 and clock.granularity == "instant" and clock.due_at is not None and clock.condition != "stopped":
        return _on_the_last_day(clock, as_of, used, t)
    if clock.ended_at is not None:
        ended = day_text(day_at(clock.ended_at, clock.utc_offset))
        key = "ended_late" if rest < 0 else "ended_on_day" if rest == 0 else "ended_early"
        return t(f"case.why.{key}", day=ended, used=used, rest=number(abs(rest)))
    if clock.condition == "stopped":
        key = "stopped_late" if rest < 0 else "stopped"
        return t(f"case.why.{key}", used=used, rest=number(max(rest, 0)), over=number(-rest))
    if rest < 0:
        return t("case.why.running_late", used=used, over=number(-rest))
    return t("case.why.running", used=used, rest=number(rest))


def _on_the_last_day(clock: Any, as_of: int, used: str, t: Words) -> str:
    """All days are used up: now the time of day decides, to the minute."""
    end = clock.ended_at if clock.ended_at is not None else as_of
    state = "open" if clock.ended_at is None else "ended"
    side = "past" if end > clock.due_at else "before"
    return t(f"case.why.{state}_{side}_time", used=used, day=day_text(day_at(end, clock.utc_offset)),
             time=due_stamp(clock.due_at, clock.utc_offset)[-5:], span=span_text(max(abs(end - clock.due_at), MINUTE_US), t))


def _against_time(clock: Any, as_of: int, t: Words) -> str:
    """The days used say nothing of a limit in working hours: only before its instant or after it."""
    if clock.due_at is None:
        return t("case.why.stopped_hours")
    end = clock.ended_at if clock.ended_at is not None else as_of
    state, side = "open" if clock.ended_at is None else "ended", "past" if end > clock.due_at else "before"
    return t(f"case.why.{state}_{side}_hours", at=stamp(end, clock.utc_offset), due=due_stamp(clock.due_at, clock.utc_offset),
             span=span_text(max(abs(end - clock.due_at), MINUTE_US), t))


def _against_date(clock: Any, as_of: int, t: Words) -> str:
    """For a due date the source stated there is no budget to use up: only before it or after it."""
    if clock.due_day is None:
        return ""
    end = clock.ended_at if clock.ended_at is not None else as_of
    days = day_at(end, clock.utc_offset) - clock.due_day
    if days == 0 and clock.granularity == "instant" and clock.due_at is not None:
        return _on_the_last_day(clock, as_of, number(clock.used or 0), t)
    state = "ended" if clock.ended_at is not None else "open"
    key = "after" if days > 0 else "on" if days == 0 else "before"
    return t(f"case.why.{state}_{key}_date", day=day_text(day_at(end, clock.utc_offset)), n=abs(days))

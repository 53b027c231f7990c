"""What an act will do to step and clocks, said before it is done. From data only: nothing is said that is not known. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from approval.detail import HostedDetail
from approval.flow import Part, dependents
from approval.licences import months_on, name_of_licence
from cases.clocks import due_instant, last_day, timing_of_limit
from cases.fold import Moment
from core.instants import MINUTE_US, date_of
from core.working_calendar import CalendarNotPublished, WorkingCalendar
from dashboard.panels.case_sentence import number
from dashboard.words import Words


def effects(act: str, values: Mapping[str, Any], detail: HostedDetail, clocks: Sequence[Any], item: Any,
            calendar: WorkingCalendar, now_us: int, t: Words) -> list[str]:
    """Sentences for the form. `clocks` are ClockExplanations."""
    promised = next((clock for clock in clocks if clock.kind == "promised" and clock.ended_at is None), None)
    if act == "ask_extension":
        return _extended(act, values.get("days"), promised, calendar, t)
    if act == "grant_extension":
        is_over = promised is not None and promised.due_at is not None and now_us >= promised.due_at
        return [t("error.extension_limit_over")] if is_over else _extended(
            act, (detail.extension or {}).get("days"), promised, calendar, t)
    if act == "accept":
        return _accepted(item, calendar, now_us, t)
    if act == "start_special":
        return [_stopped(values, item, t), *_rest(promised, t)]
    if act == "end_special":
        return [t("hosted.effect.goes_on"), *_rest(promised, t)]
    if act == "complete":
        return _completed(values, detail, t)
    if act == "conclude":
        return [t("hosted.effect.conclude"), *_licensed(values, detail, item, calendar.today(now_us), t)]
    if act == "send_back":
        return _back(str(values.get("to_step") or ""), detail, clocks, promised, t)
    if act == "reopen":
        parts = [Part(part.node, part.item, part.org, part.stage, part.after) for part in detail.parts]
        later = dependents(parts, str(values.get("node") or ""))
        return [t("hosted.effect.reopen"), *([t("hosted.effect.reopen_later", nodes="、".join(later))] if later else [])]
    return [t(f"hosted.effect.{act}")] if t.has(f"hosted.effect.{act}") else []


def _licensed(values: Mapping[str, Any], detail: HostedDetail, item: Any, today: int, t: Words) -> list[str]:
    """What its applicant gets in hand, and until when; nothing of one that is made elsewhere."""
    if item is None or not item.details.licence or detail.fold.refused is not None or values.get("certificate_no"):
        return []
    name, months = name_of_licence(item, t), item.details.guide.valid_months
    until = values.get("until") or (months_on(date_of(today), months).isoformat() if months else "")
    return [t("hosted.effect.conclude_licence", name=name, until=until) if until else
            t("hosted.effect.conclude_licence_open", name=name)]


def _extended(act: str, days: Any, promised: Any, calendar: WorkingCalendar, t: Words) -> list[str]:
    if promised is None or promised.due_day is None or promised.unit != "wd" or not isinstance(days, int) or not 0 < days < 400:
        return []
    try:
        until = calendar.add_working_days(promised.due_day, days)
    except CalendarNotPublished as missing:
        return [t("hosted.effect.year_unknown", year=missing.year)]
    return [t(f"hosted.effect.{act}", old=date_of(promised.due_day).isoformat(), new=date_of(until).isoformat(), n=days)]


def _accepted(item: Any, calendar: WorkingCalendar, now_us: int, t: Words) -> list[str]:
    """By the clock that starts: counted in office hours, one that begins before them has used a day by the evening."""
    if item is None or item.promised is None or item.promised.unit != "wd":
        return [t("hosted.effect.accept")]
    started = Moment(now_us, (calendar.to_local(now_us) - now_us) // MINUTE_US)
    try:
        due_at = due_instant(timing_of_limit(item.promised, started, (), calendar))
    except CalendarNotPublished as missing:
        return [t("hosted.effect.accept"), t("hosted.effect.year_unknown", year=missing.year)]
    assert due_at is not None  # nothing has stopped it yet
    due = last_day(due_at, started, calendar)
    return [t("hosted.effect.accept_until", n=item.promised.amount, day=date_of(due).isoformat())]


def _stopped(values: Mapping[str, Any], item: Any, t: Words) -> str:
    most = item.details.ceilings.get(values.get("kind"), 0) if item is not None else 0
    return t("hosted.effect.start_special", n=values.get("days") or "—", most=most)


def _rest(promised: Any, t: Words) -> list[str]:
    if promised is None or promised.used is None:
        return []
    return [t("hosted.effect.rest", used=number(promised.used), rest=number(max(0.0, promised.amount - promised.used)))]


def _completed(values: Mapping[str, Any], detail: HostedDetail, t: Words) -> list[str]:
    following = detail.following
    if detail.decides:
        return [t(f"hosted.effect.decide_{values.get('result') or 'granted'}")]
    if not following:
        return [t("hosted.effect.last")]
    posts = "、".join(detail.flow.find(following).entitled)
    return [t("hosted.effect.complete", step=following, posts=posts)]


def _back(to_step: str, detail: HostedDetail, clocks: Sequence[Any], promised: Any, t: Words) -> list[str]:
    inner = detail.stations[1:-1]
    if to_step not in inner:
        return []
    taken = inner[inner.index(to_step):inner.index(detail.head.step) + 1 if detail.head.step else len(inner)]
    said = [t("hosted.effect.send_back", step=to_step, steps="、".join(taken))]
    own = next((clock for clock in clocks if clock.kind == "step" and clock.name == to_step and clock.used is not None), None)
    if own is not None:
        said.append(t("hosted.effect.step_rest", step=to_step, used=number(own.used),
                      rest=number(max(0.0, own.amount - own.used))))
    return said + _rest(promised, t)

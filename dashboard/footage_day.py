"""A day of one window as its page shows it: what was recorded and what not, what happened, in milliseconds of business time.

Pictures are of real time and everything else of business time; a segment knows both, so a page can go from one to the other.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from core.access import Actor
from core.errors import InvalidInput
from core.instants import DAY_US, MINUTE_US, date_of, day_of
from core.working_calendar import WorkingCalendar
from dashboard.words import Words

HOLE_US = 2_000_000
ZONE_MINUTE = MINUTE_US


def day_asked(text: str, calendar: WorkingCalendar, now_us: int) -> int:
    """The epoch day of an address (`2026-03-16`), today without one. Raises InvalidInput."""
    if not text:
        return calendar.today(now_us)
    try:
        return day_of(date.fromisoformat(text))
    except ValueError:
        raise InvalidInput("day_unreadable", value=text[:16]) from None


def day_of_camera(services: Any, actor: Actor, code: str, day_text: str, t: Words) -> dict[str, Any]:
    """Everything the page draws of a camera on a day. Raises NotFound, InvalidInput."""
    queries = services.footage.queries
    camera = queries.camera(code=code)
    queries.check_seen(camera, actor)
    calendar, now = services.areas.for_area(camera.area), services.clock.now_us()
    day = day_asked(day_text, calendar, now)
    begin, end = calendar.to_utc(day * DAY_US), calendar.to_utc((day + 1) * DAY_US)
    found = queries.day(camera.id, begin, end)
    org = services.case_queries.org_name(camera.org) if camera.org else ""
    return {
        "camera": {"code": camera.code, "name": camera.name, "hall": camera.hall, "window": camera.window, "org": camera.org,
                   "org_name": org},
        "day": date_of(day).isoformat(), "begin": begin // 1000, "end": end // 1000, "now": now // 1000,
        "offset_min": (calendar.to_local(begin) - begin) // MINUTE_US, "office": _office(calendar, day),
        "segments": [_segment(one) for one in found.segments], "gaps": _gaps(found, begin, min(end, now), t),
        "clips": [{"id": one.id, "at": one.business_at // 1000, "card": one.card_id, "state": one.state}
                  for one in found.clips],
        "incidents": _incidents(services, found, t), "cards": _cards(services, found, actor),
        "presence": [{"begin": one.begin // 1000, "end": one.end // 1000, "state": one.state}
                     for one in queries.presence(camera.id, begin, end)],
        "signals": [{"id": one.id, "begin": one.begin // 1000, "end": None if one.end is None else one.end // 1000,
                     "kind": t.first(f"signal_kind.{one.kind}", one.kind), "state": one.state}
                    for one in queries.signals(camera.id, begin, end)]}


def _office(calendar: WorkingCalendar, day: int) -> list[list[int]]:
    if not calendar.works_or_may(day)[0]:
        return []
    return [[calendar.to_utc(day * DAY_US + minute * ZONE_MINUTE) // 1000 for minute in span] for span in calendar.office_hours]


def _segment(one: Any) -> dict[str, Any]:
    return {"id": one.id, "begin": one.begin // 1000, "end": one.end // 1000, "real_begin": one.begin_at // 1000,
            "real_end": one.end_at // 1000, "state": one.state, "codec": one.codec, "bytes": one.bytes}


def _gaps(found: Any, begin: int, end: int, t: Words) -> list[dict[str, Any]]:
    """The gaps that were told, and between the first and the last picture those that nobody told."""
    told = [{"begin": max(one.begin, begin) // 1000, "end": (end if one.end is None else min(one.end, end)) // 1000,
             "why": why_words(one.reason, t)} for one in found.gaps if one.begin < end]
    holes = []
    for before, after in zip(found.segments, found.segments[1:]):
        is_told = any(one.begin < after.begin and (one.end is None or one.end > before.end) for one in found.gaps)
        if after.begin - before.end > HOLE_US and not is_told:
            holes.append({"begin": before.end // 1000, "end": after.begin // 1000, "why": t("footage.reason.no_recording")})
    return sorted(told + holes, key=lambda one: one["begin"])


def why_words(reason: dict[str, Any], t: Words) -> str:
    """A stored reason in words; empty for none."""
    if not reason:
        return ""
    code = str(reason.get("code", ""))
    return t.first(f"footage.reason.{code}", f"error.{code}", "footage.reason.other", **{**reason, "code": code})


def _incidents(services: Any, found: Any, t: Words) -> list[dict[str, Any]]:
    clips = services.footage.queries.clips_of_incidents([one.id for one in found.incidents])
    return [{"id": one.id, "begin": one.begin // 1000, "end": one.end // 1000, "kind": t(f"incident_kind.{one.kind}"),
             "comment": one.comment, "by": one.marked_name, "card": one.card_id, "withdrawn": _withdrawn(one, t),
             "clip": _clip(clips.get(one.id))} for one in found.incidents]


def _withdrawn(one: Any, t: Words) -> str:
    if not one.withdrawn_name:
        return ""
    return t("footage_page.withdrawn", name=one.withdrawn_name, reason=one.withdrawn_reason)


def _clip(clip: Any) -> dict[str, Any] | None:
    return None if clip is None else {"id": clip.id, "state": clip.state}


def _cards(services: Any, found: Any, actor: Actor) -> list[dict[str, Any]]:
    numbers = {one.card_id for one in (*found.clips, *found.incidents) if one.card_id}
    return [{"id": one.id, "at": one.at // 1000, "level": one.level, "title": one.title, "open": one.is_open}
            for one in services.card_evidence.about(numbers, actor)]

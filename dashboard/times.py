"""Instants and spans as people read them. Columns are microseconds UTC; offsets are minutes east, as the source wrote."""

from __future__ import annotations

from datetime import date, datetime

from core.instants import DAY_US, HOUR_US, MINUTE_US, date_of, day_of, written_due, written_local
from dashboard.words import Words

BEIJING_MIN = 480


def stamp(us: int | None, offset_min: int = BEIJING_MIN, *, seconds: bool = False) -> str:
    """`2026-03-16 09:20`, with the offset behind it where it is not Beijing time; "—" for None."""
    if us is None:
        return "—"
    local = written_local(us, offset_min)
    return _with_offset(local.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"), local, offset_min)


def due_stamp(us: int | None, offset_min: int = BEIJING_MIN) -> str:
    """`2026-03-16 24:00`: the same of an instant from which something is late, as notices write it."""
    if us is None:
        return "—"
    local = written_local(us, offset_min)
    return _with_offset(written_due(local), local, offset_min)


def _with_offset(text: str, local: datetime, offset_min: int) -> str:
    return text if offset_min == BEIJING_MIN else f"{text} {local.strftime('%z')[:3]}:{local.strftime('%z')[3:]}"


def day_text(day: int) -> str:
    """`2026-03-16` of an epoch day."""
    return date_of(day).isoformat()


def day_at(us: int, offset_min: int) -> int:
    """Epoch day of an instant on the wall clock of its source."""
    return (us + offset_min * MINUTE_US) // DAY_US


def day_in(text: str) -> date | None:
    """The day a filter names, as `2026-03-16`; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def begin_of(text: str | None, days_later: int) -> int | None:
    """When that day begins in Beijing, or a later one counted from it; None where no day is named."""
    day = day_in(text) if text else None
    return None if day is None else (day_of(day) + days_later) * DAY_US - BEIJING_MIN * MINUTE_US


def span_text(us: int, t: Words) -> str:
    """刚刚, 12 分, 3 小时 5 分, 2 天 4 小时: the same words as on the wall."""
    if us < MINUTE_US:
        return t("wall.span.now")
    if us < HOUR_US:
        return t("wall.span.minutes", m=us // MINUTE_US)
    if us < DAY_US:
        return t("wall.span.hours", h=us // HOUR_US, m=us % HOUR_US // MINUTE_US)
    return t("wall.span.days", d=us // DAY_US, h=us % DAY_US // HOUR_US)

"""Cases of which it is known what becomes of them: for tests of the forecast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from cases.areas import Area, Areas
from cases.events import CaseEvent, EventData, EventKind
from config.calendars import load_calendars
from config.ladders import load_presets
from core.instants import DAY_US, to_us
from evaluation.forecast.backtest import Plan, Replay, Story
from evaluation.forecast.lives import ACCEPTED_STAGE, JudgedLimits, Life
from evaluation.forecast.model import Rules

MONDAY = datetime(2024, 1, 8, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
CITY = Area("city", "市", "mf", "Asia/Shanghai", "kechuang")
K = EventKind


class NoItems:
    """A catalogue without items: every case states its promise."""

    def find_item(self, _code: str) -> None:
        return None


def life(last: int, *, ended: bool = True, budget: int = 20, stages: tuple[tuple[int, str], ...] = (), org: str = "a",
         item: str = "i", opened: int = 20_000) -> Life:
    """A case opened on that epoch day; its due day is only as far as the model needs it."""
    return Life("city", org, item, opened, opened + budget * 7 // 5, budget, last, ended, ((0, ACCEPTED_STAGE), *stages))


def lives(counts: Mapping[int, int], **more: Any) -> list[Life]:
    """So many ended cases by the net working day of their end."""
    return [life(last, **more) for last, n in counts.items() for _ in range(n)]


def areas() -> Areas:
    return Areas(load_calendars(), load_presets(), CITY)


def replay(events: Mapping[int, list[CaseEvent]]) -> Replay:
    known = areas()
    stories = [Story(case_id, sorted(found, key=lambda event: event.sort_key)) for case_id, found in events.items()]
    return Replay(stories, JudgedLimits(known, NoItems()), known.default.calendar)


def quick_plan(**more: Any) -> Plan:
    return Plan(**{"every_days": 7, "retrain_days": 14, "rules": Rules(cases_min=10)} | more)


def log(cases: int = 160, seed: int = 5, start: datetime = MONDAY, orgs: tuple[str, str] = ("slow", "quick"),
        area: str = "city") -> dict[int, list[CaseEvent]]:
    """Three cases a week in two departments, promised 10 working days. Of the first two thirds overrun, of the other one in
    ten; who was sent to 会签 overruns nearly always. Some are withdrawn, some wait for papers."""
    return {number: list(_case(number, Random(seed * 1000 + number), start, orgs, area)) for number in range(1, cases + 1)}


def _case(number: int, draw: Random, start: datetime, orgs: tuple[str, str], area: str) -> Iterator[CaseEvent]:
    org = orgs[number % 2]
    at = start + timedelta(days=7 * (number // 3) + number % 3)
    is_sent = draw.random() < (0.6 if org == orgs[0] else 0.1)
    days = draw.randrange(16, 25) if is_sent and draw.random() < 0.95 else draw.randrange(2, 13)

    def event(kind: EventKind, after: float, **more: Any) -> CaseEvent:
        return CaseEvent(**{"source": "log", "source_event_id": f"{number}/{kind.value}/{after}", "kind": kind,
                            "case_no": f"N-{number}", "area": area, "claimed_at": to_us(at + timedelta(days=after)),
                            "org": org, "data": EventData()} | more)

    yield event(K.ACCEPTED, 0, data=EventData(promised_limit="10wd"))
    yield event(K.STEP, 1, step="会签" if is_sent else "审核")
    if draw.random() < 0.2:
        yield event(K.CORRECTION_NOTIFIED, 1.2)
        yield event(K.CORRECTION_RECEIVED, 4.2)
        days += 3
    ends = K.WITHDRAWN if draw.random() < 0.1 else K.CONCLUDED
    yield event(ends, float(days))


def epoch_day(moment: datetime) -> int:
    return (to_us(moment) + 8 * 3_600_000_000) // DAY_US

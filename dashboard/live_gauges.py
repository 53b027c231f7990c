"""What the wall shows beside its cards: board, figures, feeds, room, duty, calendar and alarms, as one JSON-safe mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from alerts.alarms import Alarm
from alerts.queries import CardQueries
from alerts.room.service import Room
from cases.areas import Areas
from cases.queries import CaseQueries
from core.access import Role
from core.accounts import Accounts
from core.clock import Clock
from core.instants import HOUR_US, from_us
from evaluation.forecast.queries import ForecastQueries
from feeds.queries import FeedHealth, FeedQueries

ALARMS_MAX = 50
FORETOLD_MAX = 40  # cases most at risk: every page gets all of this at every change
_NAMED = ("detail", "name")  # the value by which an alarm's sentence names its subject


class Sentences(Protocol):
    """The texts of one language."""

    def has(self, key: str) -> bool: ...
    def get(self, key: str, **values: object) -> str: ...


class LiveGauges:
    """Called at most twice a second whatever the number of screens; every part is a small read."""

    def __init__(self, cases: CaseQueries, cards: CardQueries, feeds: FeedQueries, areas: Areas, clock: Clock,
                 texts: Sentences, rows: int, on_duty: Callable[[], Mapping[str, Any] | None], room: Room,
                 forecasts: ForecastQueries, others: Mapping[str, Sentences] | None = None) -> None:
        """`texts` are those of the installation's language, `others` those of the languages beside it, by code."""
        self._room, self._forecasts = room, forecasts
        self._cases, self._cards, self._feeds, self._areas, self._clock = cases, cards, feeds, areas, clock
        self._texts, self._others, self._rows, self._on_duty = texts, others or {}, rows, on_duty
        self._zone = ZoneInfo(areas.default.calendar.timezone)

    def __call__(self) -> dict[str, Any]:
        now = self._clock.now_us()
        board = self._cases.board(now)
        feeds = self._feeds.health(now)
        return {"board": {"as_of": self._iso(board.as_of), "rows": [asdict(row) for row in board.rows[:self._rows]],
                          "more": max(0, len(board.rows) - self._rows)},
                "figures": asdict(self._cases.figures(now)), "feeds": [self._feed(feed) for feed in feeds],
                "room": self._heard(), "duty": self._on_duty(), "calendar": self._calendar(now),
                "alarms": self._alarms(now, feeds), "forecast": self._foretold(now)}

    def _foretold(self, now: int) -> dict[str, Any] | None:
        """Expected overruns by department, the cases most at risk, and how often such forecasts came true, as last worked out;
        None while nothing is foretold."""
        summary = self._forecasts.summary()
        if summary is None:
            return None
        came = [{"low": one.low, "high": one.high, "share": one.share, "n": one.n} for one in self._forecasts.likely_came()]
        return {"as_of": self._iso(summary.as_of), "came": came, "likely_from": self._forecasts.likely,
                "likely": sum(one.likely for one in summary.departments),
                "departments": [{"org": one.org, "expected": one.expected} for one in summary.departments],
                "worst": [{"case_id": str(one.case_id), "org": one.org, "org_name": self._cases.org_name(one.org),
                           "item_name": self._cases.item_name(one.item), "chance": one.chance}
                          for one in summary.worst if one.is_stopped or one.due_at > now][:FORETOLD_MAX]}

    def _heard(self) -> dict[str, Any]:
        """Silenced rooms, and how long the last canary took to the screens."""
        last = self._room.journeys(1)
        silences = [{"room": silence.room, "by": silence.by} for silence in self._room.audio.silences()]
        return {"silences": silences, "latency_ms": last[0].p95_ms if last else None}

    def _alarms(self, now: int, feeds: list[FeedHealth]) -> list[dict[str, Any]]:
        told = [self._alarm(alarm) for alarm in self._cards.gathered_alarms()]
        silent = [self._told("feed_silent", feed.last_received_at or now, {"name": feed.name})
                  for feed in feeds if feed.state == "silent"]
        unpublished = self._areas.default.calendar.office_state(now)[0] == "unpublished"
        own = [self._told("calendar_unpublished_today", now, {})] if unpublished else []
        return self._bounded([*own, *told, *silent])

    def _bounded(self, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """At most ALARMS_MAX, the last of them speaking for those left out: every page gets all of this at every change."""
        if len(told) <= ALARMS_MAX:
            return told
        kept, rest = told[:ALARMS_MAX - 1], told[ALARMS_MAX - 1:]
        more = {"code": "more", **self._said(lambda texts: texts.get("alarm.more", n=len(rest))),
                "since": min(alarm["since"] for alarm in rest), "count": 1}
        return [*kept, more]

    def _alarm(self, alarm: Alarm) -> dict[str, Any]:
        values = {"subject": alarm.subject, "n": alarm.count, **alarm.args}
        return {**self._told(alarm.code, alarm.since, values, alarm.others), "count": alarm.count}

    def _told(self, code: str, since: int, values: dict[str, Any], others: int = 0) -> dict[str, Any]:
        """An alarm; `others` is how many further subjects it speaks for."""
        said = self._said(lambda texts: _sentence(texts, code, _named(texts, values, others)))
        return {"code": code, **said, "since": self._iso(since), "count": 1}

    def _said(self, text_in: Callable[[Sentences], str]) -> dict[str, Any]:
        """A text in the installation's language, and in the others under `words`."""
        return {"text": text_in(self._texts),
                "words": {language: {"text": text_in(texts)} for language, texts in self._others.items()}}

    def _calendar(self, now: int) -> dict[str, str]:
        state, name = self._areas.default.calendar.office_state(now)
        return {"state": state, "label": self._texts.get(f"wall.calendar.{state}"), "day_name": name}

    def _feed(self, feed: FeedHealth) -> dict[str, Any]:
        last = None if feed.last_event_at is None else self._iso(feed.last_event_at)
        return {"source": feed.source, "name": feed.name, "state": feed.state, "last_event_at": last, "lag_s": feed.lag_s,
                "rejected": feed.rejected}

    def _iso(self, us: int) -> str:
        return from_us(us).astimezone(self._zone).isoformat(timespec="seconds")


def _sentence(texts: Sentences, code: str, values: Mapping[str, Any]) -> str:
    key = f"alarm.{code}"
    return texts.get(key, **values) if texts.has(key) else f"{code} {values.get('detail', '')}".strip()


def _named(texts: Sentences, values: dict[str, Any], others: int) -> dict[str, Any]:
    """The values with the subject they name, and how many others beside it."""
    if not others:
        return values
    return values | {name: texts.get("alarm.and_others", first=values[name], n=others + 1) for name in _NAMED if name in values}


class OnDuty:
    """Who is on duty: whom the roster names now, and nobody in a gap of it: the wall must not contradict the plan that the
    notices go by. Without a plan, the duty officer who signed in last, has not signed out and whose session has not run out.

    `planned` gives the names of those the roster has on duty; None: there is no plan.
    """

    def __init__(self, accounts: Accounts, clock: Clock, session_hours: int, fallback: str = "",
                 planned: Callable[[], Sequence[str] | None] = lambda: None) -> None:
        self._accounts, self._clock, self._fallback, self._planned = accounts, clock, fallback, planned
        self._session_us = session_hours * HOUR_US
        self._known: Mapping[str, Any] | None = None
        self._asked_at = -10**18

    def __call__(self) -> Mapping[str, Any] | None:
        """`clock` is the machine's own: the answer is looked up every five real seconds."""
        if self._clock.now_us() - self._asked_at > 5_000_000:
            self._asked_at, self._known = self._clock.now_us(), self._look()
        return self._known

    def _look(self) -> Mapping[str, Any] | None:
        planned = self._planned()
        if planned is not None:
            return {"name": "、".join(planned), "since": None} if planned else None
        officers = {account.username: account.display_name for account in self._accounts.list()
                    if account.is_active and Role.DUTY_OFFICER in account.roles}
        begin = self._clock.now_us() - self._session_us
        sessions = [token for token in self._accounts.list_tokens("session")
                    if token.name in officers and token.is_valid and token.created_at >= begin]
        if not sessions:
            return {"name": self._fallback, "since": None} if self._fallback else None
        newest = max(sessions, key=lambda token: token.created_at)
        return {"name": officers[newest.name], "since": from_us(newest.created_at).isoformat(timespec="seconds")}

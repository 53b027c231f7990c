"""What stands beside the cards: alarms that stay few whatever happens, and who is really on duty."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from alerts.alarms import Alarm
from config.texts import load_texts
from core.access import Role
from core.accounts import Account, Token
from core.clock import FrozenClock
from core.instants import HOUR_US
from dashboard.live_gauges import ALARMS_MAX, LiveGauges, OnDuty
from evaluation.forecast.scoring import Came
from evaluation.forecast.summary import Summary


@dataclass
class City:
    """The little a wall asks of the rest."""

    clock: FrozenClock
    alarms: list[Alarm] = field(default_factory=list)
    silent: int = 0
    foretold: Any = None
    came: tuple[Came, ...] = ()
    room: Any = field(default_factory=lambda: SimpleNamespace(
        audio=SimpleNamespace(silences=lambda: [SimpleNamespace(room="main", by="周立新")]),
        journeys=lambda _count: [SimpleNamespace(p95_ms=120)]))

    def gauges(self) -> dict[str, Any]:
        calendar = SimpleNamespace(timezone="Asia/Shanghai", office_state=lambda _now: ("working", ""))
        feeds = [SimpleNamespace(source=f"s{n:03}", name=f"源{n}", state="silent", last_event_at=None, last_received_at=n,
                                 lag_s=None, rejected=0) for n in range(self.silent)]
        board = SimpleNamespace(as_of=self.clock.now_us(), rows=[])
        parts = {"cases": SimpleNamespace(board=lambda _now: board, figures=lambda _now: Nothing()),
                 "cards": SimpleNamespace(gathered_alarms=lambda: self.alarms),
                 "feeds": SimpleNamespace(health=lambda _now: feeds),
                 "areas": SimpleNamespace(default=SimpleNamespace(calendar=calendar))}
        return LiveGauges(**parts, clock=self.clock, texts=load_texts()["zh"], rows=20, on_duty=lambda: None,
                           others={"en": load_texts()["en"]}, room=self.room, forecasts=SimpleNamespace(
                               likely=0.5, summary=lambda: self.foretold, likely_came=lambda: self.came))()

    def told(self) -> list[dict[str, Any]]:
        return self.gauges()["alarms"]


@dataclass
class Nothing:
    open: int = 0


@pytest.fixture
def city(frozen_clock: FrozenClock) -> City:
    return City(frozen_clock)


def test_an_alarm_that_speaks_for_others_says_so(city: City):
    city.alarms = [Alarm("item_unknown", "X1", {"detail": "X1"}, 0, 7000, others=4999),
                   Alarm("screen_fault", "e", {"screen": "e", "name": "东墙"}, 0, 6, others=5),
                   Alarm("limit_missing", "X2", {"detail": "X2"}, 0, 3)]
    assert [(alarm["text"], alarm["count"]) for alarm in city.told()] == [
        ("事项 X1 等 5000 项 不在目录中，有办件无法判定时限", 7000), ("大屏 东墙 等 6 项 没有显示新数据，请检查", 6),
        ("X2 未给出时限，有办件无法判定", 3)]


def test_an_alarm_is_told_in_every_language(city: City):
    city.alarms = [Alarm("screen_fault", "e", {"screen": "e", "name": "east wall"}, 0, 6, others=5)]
    english = load_texts()["en"]

    first = english.get("alarm.and_others", first="east wall", n=6)
    assert city.told()[0]["words"] == {"en": {"text": english.get("alarm.screen_fault", screen="e", name=first)}}


def test_no_more_alarms_are_sent_than_a_page_can_use(city: City):
    city.alarms = [Alarm("job_failed", "sweep", {"detail": "sweep"}, 0, 1)]
    city.silent = 1000
    told = city.told()
    assert (len(told), told[0]["code"]) == (ALARMS_MAX, "job_failed")
    assert told[-1] == {"code": "more", "text": "另有 952 条告警", "since": "1970-01-01T08:00:00+08:00", "count": 1,
                        "words": {"en": {"text": load_texts()["en"].get("alarm.more", n=952)}}}


def test_as_many_as_fit_are_sent_as_they_are(city: City):
    city.silent = ALARMS_MAX
    assert {alarm["code"] for alarm in city.told()} == {"feed_silent"}


class Officers:
    """Two duty officers and a leader, and the sessions a test gives them."""

    def __init__(self, clock: FrozenClock) -> None:
        self._clock = clock
        self.sessions: list[Token] = []

    def sign_in(self, name: str, *, hours_ago: float = 0, signed_out: bool = False) -> None:
        at = self._clock.now_us() - int(hours_ago * HOUR_US)
        self.sessions.append(Token("session", name, f"{name}{at}", at, at if signed_out else None))

    def list(self) -> list[Account]:
        return [Account(name, shown, frozenset({role}), "", True, 0, 0, 0, 0) for name, shown, role in (
            ("zhou", "周立新", Role.DUTY_OFFICER), ("wu", "吴敏", Role.DUTY_OFFICER), ("li", "李局", Role.LEADER))]

    def list_tokens(self, _kind: str) -> list[Token]:
        return self.sessions


def on_duty(officers: Officers, clock: FrozenClock, fallback: str = "") -> Any:
    return OnDuty(officers, clock, 12, fallback)()  # type: ignore[arg-type]


def test_the_officer_who_signed_in_last_is_on_duty(frozen_clock: FrozenClock):
    officers = Officers(frozen_clock)
    officers.sign_in("zhou", hours_ago=3)
    officers.sign_in("wu", hours_ago=1)
    officers.sign_in("li")
    assert on_duty(officers, frozen_clock)["name"] == "吴敏"
    officers.sign_in("zhou", signed_out=True)
    assert on_duty(officers, frozen_clock)["name"] == "吴敏"


def test_an_officer_who_never_signed_out_is_off_duty_when_his_session_ends(frozen_clock: FrozenClock):
    officers = Officers(frozen_clock)
    officers.sign_in("zhou")
    duty = OnDuty(officers, frozen_clock, 12)  # type: ignore[arg-type]
    frozen_clock.advance(timedelta(hours=12))
    before = duty()
    frozen_clock.advance(timedelta(seconds=10))
    assert (before and before["name"], duty()) == ("周立新", None)


def test_in_a_demonstration_somebody_is_always_on_duty(frozen_clock: FrozenClock):
    officers = Officers(frozen_clock)
    officers.sign_in("zhou", hours_ago=13)
    assert on_duty(officers, frozen_clock, "演示值班员") == {"name": "演示值班员", "since": None}


def test_the_roster_comes_before_the_sessions_and_its_gaps_are_gaps(frozen_clock: FrozenClock):
    officers = Officers(frozen_clock)
    officers.sign_in("wu")
    answers: list[list[str] | None] = [["周立新", "李敏"], [], None]
    duty = OnDuty(officers, frozen_clock, 12, "演示值班员", lambda: answers[0])  # type: ignore[arg-type]
    assert duty() == {"name": "周立新、李敏", "since": None}

    answers.pop(0)
    frozen_clock.advance(timedelta(seconds=6))
    assert duty() is None, "nobody, whoever has signed in"

    answers.pop(0)
    frozen_clock.advance(timedelta(seconds=6))
    told = duty()
    assert told is not None
    assert told["name"] == "吴敏", "without a plan the sessions answer"


def test_the_room_says_who_silenced_it_and_how_long_the_last_canary_took(city: City):
    assert {"silences": [{"room": "main", "by": "周立新"}], "latency_ms": 120} == city.gauges()["room"]


def test_what_is_foretold_says_how_often_it_came_true(city: City):
    assert city.gauges()["forecast"] is None
    city.foretold = Summary(city.clock.now_us())
    assert city.gauges()["forecast"]["came"] == []
    city.came = (Came(0.7, 1.0, 340, 276),)
    assert city.gauges()["forecast"]["came"] == [{"low": 0.7, "high": 1.0, "share": pytest.approx(0.812, abs=1e-3), "n": 340}]

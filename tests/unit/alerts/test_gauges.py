"""Gauges: the first change at once, then at most so often, and never when nothing changed."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.gauges import GaugeBoard


class Figures:
    """A source of gauges and the clock beside it."""

    def __init__(self) -> None:
        self.now, self.calls, self.is_broken = 0.0, 0, False
        self.values: dict[str, Any] = {"figures": {"open": 1}, "alarms": []}
        self.board = GaugeBoard(self.read, 0.5, lambda: self.now, lambda: {"text": "broken", "words": {}},
                                lambda: f"t{self.now}")

    def read(self) -> dict[str, Any]:
        self.calls += 1
        if self.is_broken:
            raise RuntimeError("no figures")
        return self.values


@pytest.fixture
def figures() -> Figures:
    source = Figures()
    source.board.news()
    return source


def test_the_first_change_after_a_pause_goes_out_at_once(figures: Figures):
    figures.now = 5.0
    figures.values = {"figures": {"open": 2}}
    assert figures.board.news() == {"figures": {"open": 2}, "server_time": "t5.0"}


def test_the_next_change_waits_for_the_interval(figures: Figures):
    figures.now = 0.2
    figures.values = {"figures": {"open": 2}}
    assert figures.board.news() is None
    assert figures.board.due_in() == pytest.approx(0.3)
    figures.now = 0.5
    assert figures.board.news() is not None


def test_what_did_not_change_is_not_sent_nor_computed_all_the_time(figures: Figures):
    for step in range(100):
        figures.now = 1.0 + step / 100
        assert figures.board.news() is None
    assert figures.calls <= 12


def test_the_instant_of_the_board_is_no_change(figures: Figures):
    figures.now, figures.values = 1.0, {"board": {"as_of": 1, "rows": []}}
    assert figures.board.news() is not None
    figures.now, figures.values = 2.0, {"board": {"as_of": 2, "rows": []}}
    assert figures.board.news() is None


def test_a_snapshot_takes_fresh_gauges_but_not_more_often_than_the_interval(figures: Figures):
    figures.values = {"figures": {"open": 9}}
    figures.now = 0.3
    assert figures.board.current()["figures"] == {"open": 1}
    figures.now = 0.6
    assert figures.board.current()["figures"] == {"open": 9}


def test_a_failure_keeps_the_last_values_and_says_so_once(figures: Figures, caplog: pytest.LogCaptureFixture):
    figures.values = {"figures": {"open": 1}, "alarms": [{"code": "limit_missing"}]}
    figures.now = 1.0
    figures.board.news()
    figures.is_broken = True
    for now in (2.0, 3.0):
        figures.now = now
        told = figures.board.current()
    assert told["figures"] == {"open": 1}
    assert [(alarm["code"], alarm.get("since")) for alarm in told["alarms"]] == [
        ("limit_missing", None), ("gauges_failed", "t2.0")]
    assert len(caplog.records) == 1

    figures.is_broken = False
    figures.now = 4.0
    assert [alarm["code"] for alarm in figures.board.current()["alarms"]] == ["limit_missing"]

"""What cannot be written holds up only its own line, is tried so many times, and is never lost without a word."""

from __future__ import annotations

from sqlalchemy.exc import OperationalError

from video.attendance import Moment
from video.pending import Pending, WriteRules
from video.presence import NOT_WRITTEN, Span, SpanQueue
from video.vision.looker import Seat


class Desk:
    """A queue with a clock of its own, and what was written."""

    def __init__(self, **rules: int) -> None:
        self.now, self.done = 0.0, []
        self.pending = Pending("hall-1", WriteRules(**rules), lambda: self.now)
        self.failure: Exception | None = ValueError("a row nobody takes")

    def fails(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.done.append("poison")

    def for_seconds(self, seconds: int) -> list[str]:
        for _ in range(seconds):
            self.pending.work()
            self.now += 1
        return self.done


def test_a_line_that_is_stuck_holds_up_no_other_and_keeps_its_own_order():
    desk = Desk(tries=5)
    desk.pending.put("signals", desk.fails)
    desk.pending.put("signals", lambda: desk.done.append("end"))
    desk.pending.put("presence", lambda: desk.done.append("span"))

    assert desk.for_seconds(3) == ["span"]
    desk.failure = None
    assert desk.for_seconds(20) == ["span", "poison", "end"]


def test_what_is_refused_again_and_again_goes_its_second_way_and_is_else_counted_as_lost():
    desk = Desk(tries=3)
    desk.pending.put("signals", desk.fails, lambda: desk.done.append("without picture"))
    desk.pending.put("signals", desk.fails)

    assert desk.for_seconds(30) == ["without picture"]
    assert (desk.pending.lost["signals"], desk.pending.waiting) == (1, 0)


def test_tries_lie_farther_and_farther_apart():
    desk, tried = Desk(tries=5), []
    desk.pending.put("signals", lambda: (tried.append(desk.now), desk.fails()))

    desk.for_seconds(40)
    assert tried == [0, 1, 3, 7, 15]


def test_while_the_database_is_away_nothing_is_lost():
    desk = Desk(tries=2)
    desk.failure = OperationalError("INSERT", {}, Exception("gone"))
    desk.pending.put("signals", desk.fails)

    desk.for_seconds(500)
    assert (desk.pending.waiting, desk.pending.lost.total()) == (1, 0)


def test_where_too_much_waits_the_oldest_is_lost_and_counted():
    desk = Desk(waiting_max=2)
    for number in range(3):
        desk.pending.put("signals", lambda number=number: desk.done.append(str(number)))

    assert desk.pending.lost["signals"] == 1
    assert desk.for_seconds(1) == ["1", "2"]


def test_at_the_end_nothing_waits_for_its_next_try_and_goes_all_its_ways():
    desk = Desk(tries=5)
    desk.pending.put("signals", desk.fails, lambda: desk.done.append("without picture"))
    desk.pending.put("signals", desk.fails)
    desk.pending.put("signals", lambda: desk.done.append("end"))
    desk.for_seconds(1)  # the next try is a second away
    desk.pending.put("presence", lambda: desk.done.append("span"))
    desk.pending.finish()

    assert desk.done == ["without picture", "end", "span"]
    assert (desk.pending.waiting, dict(desk.pending.lost)) == (0, {"signals": 1})


def test_at_the_end_without_a_database_all_that_waits_is_counted_as_lost_and_tried_once():
    desk, tried = Desk(), []
    desk.failure = OperationalError("INSERT", {}, Exception("gone"))
    desk.pending.put("signals", lambda: (tried.append(1), desk.fails()), lambda: tried.append(2))
    desk.pending.put("signals", desk.fails)
    desk.pending.put("presence", lambda: tried.append(3))
    desk.pending.finish()

    assert (tried, desk.pending.waiting, dict(desk.pending.lost)) == ([1], 0, {"signals": 2, "presence": 1})


def span(began: int, until: int, state: Seat = Seat.ABSENT) -> Span:
    return Span(state, "", Moment(began, began), Moment(until, until))


class Log:
    def __init__(self) -> None:
        self.rows: list[Span] = []

    def write(self, _camera: int, spans: list[Span]) -> None:
        self.rows += spans


def test_too_many_spans_become_one_that_says_they_were_not_written():
    waiting, log = SpanQueue(3), Log()
    waiting.add([span(0, 10), span(10, 20, Seat.PRESENT), span(20, 30), span(30, 40), span(30, 45)])
    waiting.write(log, 1)

    assert log.rows == [Span(Seat.UNKNOWN, NOT_WRITTEN, Moment(0, 0), Moment(20, 20)), span(20, 30), span(30, 45)]
    assert len(waiting) == 0

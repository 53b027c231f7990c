"""Turns: one at a time, given up while one waits, and never a reason to wait for long."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.turns import Turns, give_up, waiting

LONG_S = 30.0


def test_work_is_done_one_at_a_time() -> None:
    turns, at_work, most = Turns(LONG_S), [0], [0]

    def work(_: int) -> None:
        with turns.taken():
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
            time.sleep(0.001)
            at_work[0] -= 1

    with ThreadPoolExecutor(8) as people:
        list(people.map(work, range(40)))
    assert most == [1]


def test_who_waits_lets_the_next_work_and_takes_a_turn_again() -> None:
    turns, told = Turns(LONG_S), []
    came, may_end = threading.Event(), threading.Event()

    def other() -> None:
        with turns.taken():
            told.append("other")
            came.set()
            may_end.wait(LONG_S)
            told.append("other ends")

    with turns.taken(), ThreadPoolExecutor(1) as people:
        with waiting():
            done = people.submit(other)
            assert came.wait(LONG_S)
            may_end.set()
        told.append("we go on")
        done.result(LONG_S)
    assert told == ["other", "other ends", "we go on"]


def test_a_long_turn_is_taken_over_and_its_end_takes_nobodys_turn_away() -> None:
    turns = Turns(0.01)
    began, second, may_end = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        with turns.taken():
            began.set()
            may_end.wait(LONG_S)

    def beside() -> None:
        with turns.taken():
            second.set()

    with ThreadPoolExecutor(2) as people:
        first = people.submit(slow)
        assert began.wait(LONG_S)
        people.submit(beside).result(LONG_S)
        assert second.is_set()
        may_end.set()
        first.result(LONG_S)
    with turns.taken():
        assert give_up() is turns


def test_short_turns_are_waited_for_however_many_there_are() -> None:
    turns, at_work, most = Turns(0.2), [0], [0]

    def work(_: int) -> None:
        with turns.taken():
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
            time.sleep(0.02)
            at_work[0] -= 1

    with ThreadPoolExecutor(20) as people:  # the last one waits twice as long as one turn may last
        list(people.map(work, range(20)))
    assert most == [1]


def test_what_is_raised_ends_the_turn() -> None:
    turns = Turns(LONG_S)
    with pytest.raises(ValueError, match="broken"), turns.taken():
        raise ValueError("broken")
    with turns.taken(), pytest.raises(ValueError, match="broken"), waiting():
        raise ValueError("broken")
    with turns.taken():
        pass


def test_without_a_turn_waiting_is_nothing() -> None:
    assert give_up() is None
    with waiting():
        assert give_up() is None
    assert give_up() is None

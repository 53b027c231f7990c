"""One case that cannot be told keeps no other waiting, and what could not be told whole follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Unavailable
from exchange.envelopes import CaseTold, read
from exchange.inner import feedback
from papers.fonts import FontsMissing
from portal.desk import CaseView, Waiting
from tests.pair import Pair


def stumbling(pair: Pair, monkeypatch: pytest.MonkeyPatch, *titles: str) -> None:
    of = pair.exchange.feedback._views.of

    def view(case_no: str) -> CaseView:
        if pair.hall.case(case_no).title in titles:
            raise KeyError("an organisation that is not there any more")
        return of(case_no)
    monkeypatch.setattr(pair.exchange.feedback._views, "of", view)


def silent(pair: Pair, monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    def file(_number: str, _kind: str) -> bytes:
        raise failure
    monkeypatch.setattr(pair.exchange.feedback._inside.papers, "file", file)


def files(pair: Pair) -> int:
    with pair.site.database.read() as conn:
        return sum(len(read(told, CaseTold).files) for told in conn.exec_driver_sql("SELECT told FROM cases").scalars())


def composed(pair: Pair) -> int:
    return pair.exchange.feedback.compose()


@pytest.mark.usefixtures("undrawn")
def test_a_case_that_cannot_be_composed_stops_no_other_and_is_an_alarm(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    stumbling(pair, monkeypatch, "毒")
    bad, good = pair.apply("毒"), pair.apply("好")
    pair.round()
    assert isinstance(pair.desk.find(good.number), CaseView)
    assert isinstance(pair.desk.find(bad.number), Waiting)
    assert pair.alarms()["exchange_untold"] == {"n": 1}
    monkeypatch.undo()
    pair.round()
    assert isinstance(pair.desk.find(bad.number), CaseView)
    assert "exchange_untold" not in pair.alarms()


@pytest.mark.usefixtures("undrawn")
def test_what_is_composed_is_given_although_composing_fails(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    def failing() -> int:
        raise ZeroDivisionError("a fault of ours")
    handed = pair.apply()
    with monkeypatch.context() as patch:
        patch.setattr(pair.exchange.feedback, "_compose_papers", failing)
        pair.exchange.run()
        assert pair.alarms()["exchange_untold"] == {"n": 1}
    assert isinstance(pair.desk.find(handed.number), CaseView)


@pytest.mark.usefixtures("undrawn")
def test_cases_that_fail_never_crowd_out_the_others(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feedback, "CASES_AT_ONCE", 1)
    stumbling(pair, monkeypatch, "毒")
    bad, good = pair.apply("毒"), pair.apply("好")
    pair.round(2)
    assert isinstance(pair.desk.find(good.number), CaseView)
    assert isinstance(pair.desk.find(bad.number), Waiting)


def test_a_file_that_could_not_be_drawn_follows_also_when_nothing_else_changes(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        silent(pair, patch, Unavailable("paper_not_made", number="1", retry_after=1))
        pair.carried()
        assert files(pair) == 0
        assert composed(pair) == 0, "not before the time to look again"
        pair.clock.advance(timedelta(minutes=2))
        assert composed(pair) == 0, "nothing new to tell"
    pair.round()
    assert files(pair) == 2


def test_nothing_waits_for_fonts_that_are_missing(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    silent(pair, monkeypatch, FontsMissing("fonts_missing", file="x", package="y", retry_after=1))
    pair.carried()
    with pair.hall.services.database.read() as conn:
        assert conn.exec_driver_sql("SELECT min(sent_rev) FROM exchange_followed").scalar() >= 0

"""The public site keeps no file longer than somebody may still need it there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import FrozenClock
from core.instants import from_us
from exchange.outer.sweeping import Sweeping
from tests.pair import PDF, Pair

pytestmark = pytest.mark.usefixtures("undrawn")
FILE_DAYS, CARRIED_DAYS = 30, 7


def files(pair: Pair) -> int:
    return len(list(pair.site.drafts._materials.store.each()))


def sweep(pair: Pair, days: float) -> int:
    """As it is done so many days from now, by the machine's own clock."""
    clock = FrozenClock(from_us(pair.site.sweeping._clock.now_us()) + timedelta(days=days))
    return Sweeping(pair.site.database, pair.site.drafts._materials.store, clock, FILE_DAYS, CARRIED_DAYS).sweep()


def test_the_file_of_a_draft_that_was_thrown_away_goes_when_it_is_old(pair: Pair):
    key = pair.desk.drafts.begin("gongxin-01")
    pair.desk.drafts.attach(key, "shenqing", "申请.pdf", PDF)
    assert sweep(pair, FILE_DAYS + 1) == 0
    pair.desk.drafts.discard(key)
    assert sweep(pair, FILE_DAYS - 1) == 0
    assert sweep(pair, FILE_DAYS + 1) == 1
    assert files(pair) == 0


def test_what_waits_for_the_inside_stays_and_what_a_case_shows_too(pair: Pair):
    handed = pair.apply()
    assert sweep(pair, FILE_DAYS + 1) == 0
    pair.round()
    pair.site.queue.tidy()
    assert sweep(pair, FILE_DAYS + 1) == 0
    assert pair.desk.find(handed.number).materials[0].sha256  # type: ignore[union-attr]


def test_what_an_application_said_goes_once_it_is_inside_for_long(pair: Pair):
    pair.carried()

    def content() -> str:
        with pair.site.database.read() as conn:
            return str(conn.exec_driver_sql("SELECT content FROM submissions").scalar())
    sweep(pair, CARRIED_DAYS - 1)
    assert content()
    sweep(pair, CARRIED_DAYS + 1)
    assert content() == ""


def test_the_site_sweeps_as_it_tidies(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    swept: list[int] = []
    monkeypatch.setattr(Sweeping, "sweep", lambda _self: swept.append(1))
    pair.site.tidy()
    assert swept == [1]

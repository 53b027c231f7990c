"""Feedback the public site cannot apply is kept, tried again with a limit, told to whom it concerns, and holds up nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exchange.envelopes import Envelope, Give
from portal.desk import CaseView, Waiting
from public_site import build_public_site
from tests.hosting import HALL
from tests.pair import Pair, outer_settings

pytestmark = pytest.mark.usefixtures("undrawn")


def failing(pair: Pair, monkeypatch: pytest.MonkeyPatch, kind: str, about: str = "") -> Callable[[], None]:
    """This release cannot apply that kind (about that subject); returns what mends it."""
    kinds = pair.site.mirror._kinds
    real = kinds[kind]

    def stumble(conn: Any, envelope: Envelope) -> None:
        if about in ("", envelope.subject):
            raise AttributeError("a fault of ours")
        real(conn, envelope)

    monkeypatch.setitem(kinds, kind, stumble)
    return lambda: monkeypatch.setitem(kinds, kind, real)


def now_due(pair: Pair) -> None:
    with pair.site.database.transaction() as conn:
        conn.exec_driver_sql("UPDATE unapplied SET due_at = 0 WHERE due_at IS NOT NULL")


def kept(pair: Pair) -> list[tuple[str, int, bool]]:
    with pair.site.database.read() as conn:
        rows = conn.exec_driver_sql("SELECT kind, attempts, due_at FROM unapplied ORDER BY kept_at, seq").all()
    return [(kind, attempts, due_at is not None) for kind, attempts, due_at in rows]


def test_an_answer_that_cannot_be_applied_is_told_as_one_and_shown_when_it_can(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    handed, other = pair.apply(title="甲"), pair.apply(title="乙")
    mend = failing(pair, monkeypatch, "answer", handed.number), failing(pair, monkeypatch, "case", handed.number)
    pair.round(2)
    waiting = pair.desk.find(handed.number)
    assert isinstance(waiting, Waiting)
    assert waiting.is_delayed
    assert isinstance(pair.desk.find(other.number), CaseView), "it held up another"
    assert pair.alarms()["exchange_unapplied"] == {"n": 2}
    for one in mend:
        one()
    now_due(pair)
    pair.round(2)
    seen = pair.desk.find(handed.number)
    assert isinstance(seen, CaseView)
    assert not seen.is_delayed
    assert kept(pair) == []
    assert "exchange_unapplied" not in pair.alarms()
    assert pair.desk.enter(seen.head.case_no, handed.password) == handed.number


def test_it_is_tried_so_many_times_and_again_by_the_next_start(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    handed = pair.apply()
    failing(pair, monkeypatch, "answer")
    pair.round()
    for _ in range(8):
        now_due(pair)
        pair.site.mirror.retry()
    assert kept(pair) == [("answer", 5, False)]
    assert pair.desk.find(handed.number).is_delayed
    pair.site.database.dispose()
    pair.site = build_public_site(outer_settings(pair.folder / "outer"))
    assert kept(pair) == [("answer", 0, True)]
    assert pair.site.mirror.retry() == 0
    with pair.site.database.read() as conn:
        assert conn.exec_driver_sql("SELECT state FROM submissions").scalars().all() == ["carried"]


def test_between_two_tries_it_is_left_alone(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    pair.apply()
    failing(pair, monkeypatch, "answer")
    pair.round()
    assert (pair.site.mirror.retry(), kept(pair)) == (1, [("answer", 1, True)])


def test_a_case_told_later_replaces_a_telling_that_failed(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    handed, case_no = pair.carried(files=pair.hall.papers())
    mend = failing(pair, monkeypatch, "case")
    pair.hall.approval.intake.accept(case_no, pair.hall.rev(case_no), HALL)
    pair.round()
    behind = pair.desk.find(handed.number)
    assert isinstance(behind, CaseView)
    assert (behind.head.state, behind.is_delayed) == ("submitted", True)
    mend()
    pair.desk.withdraw(handed.number, "不办了")
    pair.round(2)
    seen = pair.desk.find(handed.number)
    assert isinstance(seen, CaseView)
    assert (seen.head.state, seen.is_delayed, kept(pair)) == ("withdrawn", False, [])


def test_a_kind_only_a_newer_inside_knows_is_kept(pair: Pair):
    envelope = Envelope(1, "e" * 32, "licence", "WS-1", 1, "{}")
    given = pair.site.mirror.apply(Give("other", (envelope,)))
    assert (len(given.failed), given.unapplied, given.applied) == (1, 1, 1)
    assert pair.site.mirror.apply(Give("another", (envelope,))).unapplied == 1


def test_the_applicant_reads_that_there_is_an_answer(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    handed = pair.apply()
    failing(pair, monkeypatch, "answer")
    failing(pair, monkeypatch, "case")
    pair.round()
    client = pair.site.app.test_client()
    form = client.get("/public/case/").text
    token = form.split('name="csrf" value="')[1].split('"')[0]
    client.post("/public/case/enter", data={"csrf": token, "no": handed.number, "password": handed.password},
                headers={"Origin": "http://localhost"})
    assert "内网已有新的反馈，本站暂时无法显示" in client.get("/public/case/").text

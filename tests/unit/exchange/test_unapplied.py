"""Feedback the public site cannot apply is kept, tried again with a limit, told to whom it concerns, and holds up nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from exchange.envelopes import CaseTold, Envelope, Facts, Give, read, written
from exchange.outer.models import cases
from portal.desk import CaseView, PaperFacts, Standing, Waiting
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


def test_what_is_tried_again_late_changes_nothing_told_since(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    """The older telling of a case gave up first, so the newer one is applied before it."""
    handed, case_no = pair.carried(files=pair.hall.papers())
    mend = failing(pair, monkeypatch, "case")
    pair.hall.approval.intake.accept(case_no, pair.hall.rev(case_no), HALL)
    pair.round()
    for _ in range(5):
        now_due(pair)
        pair.site.mirror.retry()
    pair.hall.approval.ending.withdraw(case_no, "不办了")
    pair.round()
    assert kept(pair) == [("case", 5, False), ("case", 1, True)]
    mend()
    now_due(pair)
    assert pair.site.mirror.retry() == 0
    seen = pair.desk.find(handed.number)
    assert isinstance(seen, CaseView)
    assert (seen.head.state, seen.is_delayed) == ("withdrawn", False)


def test_an_older_telling_takes_no_case_number_from_whom_it_was_given_since(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    handed, case_no = pair.carried()
    with pair.site.database.read() as conn:
        told = read(conn.execute(cases.select()).one().told, CaseTold)
    mend = failing(pair, monkeypatch, "case", handed.number)
    newer = msgspec.structs.replace(told, number="WS-another", at=told.at + 2)
    older = msgspec.structs.replace(told, at=told.at + 1)
    pair.site.mirror.apply(Give("e1", tuple(
        Envelope(seq, f"{seq:032d}", "case", one.number, one.at, written(one).decode())
        for seq, one in enumerate((older, newer), 1))))
    mend()
    now_due(pair)
    assert pair.site.mirror.retry() == 0
    with pair.site.database.read() as conn:
        assert conn.execute(select(cases.c.number).where(cases.c.case_no == case_no)).scalars().all() == ["WS-another"]


def licence(code: str, state: str) -> PaperFacts:
    return PaperFacts(code, "licence", "permit", "证1", "局", "2026-03-16", "1***", Standing("", state))


def of_papers(seq: int, *facts: PaperFacts) -> Envelope:
    return Envelope(seq, f"{seq:032d}", "papers", "papers", 1, written(Facts(facts)).decode())


def test_papers_told_late_bring_back_no_licence_revoked_since(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    revoked, only = "ABCDEFGH23456789", "BCDEFGHJ23456789"
    mend = failing(pair, monkeypatch, "papers")
    pair.site.mirror.apply(Give("e1", (of_papers(1, licence(revoked, "valid"), licence(only, "valid")),)))
    mend()
    pair.site.mirror.apply(Give("e1", (of_papers(2, licence(revoked, "revoked")),)))
    now_due(pair)
    assert pair.site.mirror.retry() == 0
    assert [pair.desk.check(code).standing for code in (revoked, only)] == [Standing("", "revoked"), Standing("", "valid")]


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

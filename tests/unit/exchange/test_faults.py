"""What goes wrong is told to whom it concerns, is tried again or waits for a decision, and never stops the others."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from core.errors import ConfigError, Conflict, InvalidInput, NotAuthenticated, NotFound, Unavailable, UpstreamError
from exchange.envelopes import Take, written
from exchange.inner.transport import HttpTransport
from exchange.outer.models import metadata
from exchange.signing import Signing
from portal.desk import CaseView, Waiting
from public_site import build_public_site
from tests.hosting import HALL, Hall
from tests.pair import KEY, PDF, Cut, Pair, Wire, outer_settings

pytestmark = pytest.mark.usefixtures("undrawn")


def problem(pair: Pair, number: str) -> str:
    seen = pair.desk.find(number)
    assert isinstance(seen, Waiting)
    return seen.problem.code if seen.problem is not None else ""


def is_case(pair: Pair, number: str) -> bool:
    return isinstance(pair.desk.find(number), CaseView)


def test_a_setting_of_ours_that_is_wrong_is_not_the_applicants_fault(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    def misconfigured(*_given: Any, **_more: Any) -> Any:
        raise ConfigError("setting_invalid")
    monkeypatch.setattr(pair.hall.approval.intake, "file", misconfigured)
    sent = pair.apply("好")
    pair.round(3)
    assert problem(pair, sent.number) == ""
    assert pair.alarms()["exchange_stuck"] == {"n": 1}


# Poison -----------------------------------------------------------------------------------------------------------

def poison(pair: Pair, monkeypatch: pytest.MonkeyPatch, title: str) -> None:
    file = pair.hall.approval.intake.file

    def stumbling(application: Any, *given: Any, **more: Any) -> Any:
        if application.title == title:
            raise ZeroDivisionError("a fault of ours")
        return file(application, *given, **more)
    monkeypatch.setattr(pair.hall.approval.intake, "file", stumbling)


def test_a_poisoned_envelope_waits_for_an_administrator_and_the_others_go_on(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    poison(pair, monkeypatch, "毒")
    bad, good = pair.apply("毒"), pair.apply("好")
    pair.round(3)
    assert is_case(pair, good.number)
    assert not is_case(pair, bad.number)
    assert problem(pair, bad.number) == ""
    (stuck,) = pair.exchange.queries.stuck()
    assert (stuck.kind, stuck.subject, stuck.attempts) == ("application", bad.number, 2)
    assert "a fault of ours" in stuck.problem
    assert pair.alarms()["exchange_stuck"] == {"n": 1}
    monkeypatch.undo()
    pair.exchange.receiving.retry(stuck.id)
    pair.round()
    assert is_case(pair, bad.number)
    assert "exchange_stuck" not in pair.alarms()
    with pytest.raises(Conflict, match="exchange_not_stuck"):
        pair.exchange.receiving.retry(stuck.id)


def test_an_administrator_may_send_it_back_with_words(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    poison(pair, monkeypatch, "毒")
    bad = pair.apply("毒")
    pair.round(3)
    (stuck,) = pair.exchange.queries.stuck()
    with pytest.raises(InvalidInput, match="words_missing"):
        pair.exchange.receiving.give_up(stuck.id, " ")
    pair.exchange.receiving.give_up(stuck.id, "请到窗口办理")
    pair.round()
    seen = pair.desk.find(bad.number)
    assert isinstance(seen, Waiting)
    assert seen.problem is not None
    assert (seen.problem.code, seen.problem.values) == ("exchange_given_up", {"reason": "请到窗口办理"})


def test_feedback_that_cannot_be_applied_holds_up_no_other(pair: Pair, monkeypatch: pytest.MonkeyPatch):
    def stumbling(_conn: Any, _envelope: Any) -> None:
        raise ValueError("cannot be read")
    monkeypatch.setitem(pair.site.mirror._kinds, "papers", stumbling)
    handed = pair.apply()
    pair.round()
    assert is_case(pair, handed.number)
    assert pair.exchange.queries.standing().to_give == 0


# Files ------------------------------------------------------------------------------------------------------------

def test_a_file_lost_at_the_public_site_is_a_refusal_in_words(pair: Pair):
    handed = pair.apply()
    shutil.rmtree(pair.folder / "outer" / "files")
    pair.round()
    assert problem(pair, handed.number) == "exchange_file_unknown"
    assert pair.hall.approval.queries.search(HALL, "城南") == []


def test_a_file_the_scanner_finds_something_in_is_refused_and_the_rest_of_the_day_goes_on(pair: Pair):
    pair.hall.approval.materials._scan = lambda content: "Eicar" if b"EICAR" in content.read() else ""
    bad, good = pair.apply("坏", content=PDF + b"EICAR"), pair.apply("好")
    pair.round()
    assert problem(pair, bad.number) == "material_infected"
    assert is_case(pair, good.number)


def test_a_silent_scanner_is_waited_for_however_long(pair: Pair):
    def silent(_content: bytes) -> str:
        raise UpstreamError("material_not_scanned", reason="no answer")
    pair.hall.approval.materials._scan = silent
    handed = pair.apply()
    pair.round(6)
    assert pair.exchange.queries.stuck() == []
    assert problem(pair, handed.number) == ""
    pair.hall.approval.materials._scan = None
    pair.round()
    assert is_case(pair, handed.number)


def test_a_file_cut_off_in_the_middle_is_gone_on_with(pair: Pair):
    handed = pair.apply(content=PDF + b"z" * 6000)

    def cut(path: str) -> None:
        if "fetch" in path and "offset=3000" in path:
            raise Cut
    pair.wire.before = cut
    pair.round()
    pair.wire.before = lambda _path: None
    pair.wire.asked.clear()
    pair.round()
    assert is_case(pair, handed.number)
    fetched = [path for path in pair.wire.asked if "fetch" in path]
    assert "offset=3000" in fetched[0]


def test_part_of_a_file_that_is_another_by_now_is_thrown_away(pair: Pair):
    parts = pair.folder / "inner" / "parts"
    handed = pair.apply()
    digest = next(path.name for path in (pair.folder / "outer" / "files").rglob("*") if path.is_file())
    parts.mkdir()
    (parts / digest).write_bytes(b"something else")
    pair.round()
    assert problem(pair, handed.number) == "exchange_file_damaged"
    assert list(parts.iterdir()) == []


# The queue ----------------------------------------------------------------------------------------------------------

def test_a_full_queue_refuses_and_keeps_the_draft(tmp_path):
    pair = Pair(tmp_path, **{"exchange.waiting_max": 2})
    for _ in range(2):
        pair.apply()
    with pytest.raises(Unavailable, match="exchange_full"):
        pair.apply()
    with pair.site.database.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM drafts").scalar() == 1
    pair.round(2)
    pair.apply()


def test_one_draft_is_one_application(pair: Pair):
    from approval.matters import Application
    from tests.hosting import APPLICANT, ITEM
    key = pair.desk.drafts.begin(ITEM)
    pair.desk.file(Application(ITEM, APPLICANT), key)
    with pytest.raises(NotFound, match="draft_not_found"):
        pair.desk.file(Application(ITEM, APPLICANT), key)


def test_an_act_on_a_case_somebody_else_opened_is_refused_inside(pair: Pair):
    """The public site may be broken into; then it may act on the cases opened there, under the number they were opened by."""
    from exchange.envelopes import Withdrawal
    case_no = pair.hall.file()
    with pair.site.database.transaction() as conn:
        pair.site.queue.add(conn, "withdrawal", "WS-1", Withdrawal(case_no, ""))
    pair.round()
    assert pair.hall.case(case_no).state == "received"


def test_guessing_passwords_through_the_exchange_is_slowed_down_inside(pair: Pair):
    from exchange.envelopes import Follow
    filed = pair.hall.filed()
    with pair.site.database.transaction() as conn:
        for guess in range(12):
            pair.site.queue.add(conn, "follow", f"guess-{guess}", Follow(filed.case_no, f"222222{guess:04d}", "x"))
    pair.round(5)
    with pair.hall.services.database.read() as conn:
        tried = conn.exec_driver_sql("SELECT count(*) FROM exchange_received WHERE state = 'refused'").scalar()
    assert tried == 5


# Silence and signatures -----------------------------------------------------------------------------------------------

def test_silence_is_waited_for_longer_each_time_and_becomes_an_alarm(pair: Pair):
    pair.apply()
    pair.round()

    def cut(_path: str) -> None:
        raise Cut
    pair.wire.before = cut
    pair.wire.asked.clear()
    for _ in range(200):
        pair.clock.advance(timedelta(seconds=5))
        pair.exchange.run()
    assert len(pair.wire.asked) < 60
    assert pair.alarms()["exchange_stale"]["minutes"] >= 10
    pair.wire.before = lambda _path: None
    pair.round()
    assert "exchange_stale" not in pair.alarms()


def test_a_request_signed_with_another_key_changed_late_or_repeated_is_refused(pair: Pair):
    body = written(Take("", 0, "", 10, 1000))

    def ask(headers: dict[str, str], content: bytes = body) -> tuple[int, str]:
        answer = pair.site.app.test_client().post("/exchange/v1/take", data=content, headers=headers)
        return answer.status_code, (answer.json or {}).get("code", "") if answer.mimetype.endswith("json") else ""

    good = pair.wire._signing.request("/exchange/v1/take", body)
    late = Signing(KEY.encode(), pair.clock, 300).request("/exchange/v1/take", body)
    assert ask({}) == (401, "exchange_unsigned")
    assert ask(Signing(b"x" * 32, pair.clock, 300).request("/exchange/v1/take", body)) == (401, "exchange_unsigned")
    assert ask(good, body + b" ") == (401, "exchange_unsigned")
    assert ask(late) == (401, "exchange_clock")
    assert ask(good)[0] == 200
    assert ask(good) == (401, "exchange_unsigned")


def test_an_answer_that_is_not_the_sites_own_is_not_believed(pair: Pair):
    class Liar(Wire):
        def _ask(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str, bytes]:
            status, signature, content = super()._ask(path, body, headers)
            return status, signature, content.replace(b"waiting", b"wAiting")
    with pytest.raises(NotAuthenticated, match="exchange_unsigned"):
        Liar(pair.site).take(Take("", 0, "", 10, 1000))


def test_a_machine_that_is_not_there_is_named(pair: Pair):
    with pytest.raises(UpstreamError, match="exchange_silent") as silent:
        HttpTransport("http://127.0.0.1:9", Signing(KEY.encode(), pair.clock, 300), 1).take(Take("", 0, "", 1, 1))
    assert silent.value.details["url"] == "http://127.0.0.1:9"


# Copies -----------------------------------------------------------------------------------------------------------

def test_a_public_site_made_anew_is_told_everything_again(pair: Pair):
    handed, case_no = pair.carried()
    metadata.drop_all(pair.site.database.engine)
    with pair.site.database.transaction() as conn:
        conn.exec_driver_sql("DROP TABLE alembic_version")
    pair.site.database.dispose()
    pair.site = build_public_site(outer_settings(pair.folder / "outer"))
    pair.desk, pair.wire._client = pair.site.desk, pair.site.app.test_client()
    pair.round(2)
    assert pair.desk.enter(case_no, handed.password) == handed.number
    assert pair.desk.enter(handed.number, handed.password) == handed.number
    assert is_case(pair, handed.number)
    later = pair.apply("新的")
    pair.round()
    assert is_case(pair, later.number)


def test_a_public_site_gone_back_to_a_copy_loses_nothing_that_is_inside(pair: Pair):
    first, _ = pair.carried()
    with closing(sqlite3.connect(pair.folder / "outer" / "portal.db")) as conn:
        conn.execute(f"VACUUM INTO '{pair.folder / 'copy.db'}'")
    second, case_no = pair.carried(title="城北基站")
    pair.site.database.dispose()
    for old in (pair.folder / "outer").glob("portal.db*"):
        old.unlink()
    shutil.copy(pair.folder / "copy.db", pair.folder / "outer" / "portal.db")
    pair.site = build_public_site(outer_settings(pair.folder / "outer"))
    pair.desk, pair.wire._client = pair.site.desk, pair.site.app.test_client()
    third = pair.apply("第三件")
    pair.round(2)
    for handed in (first, second, third):
        assert is_case(pair, handed.number)
    assert pair.desk.enter(case_no, second.password) == second.number
    assert len(pair.hall.approval.queries.search(HALL, "基站")) == 2


def test_an_inside_gone_back_to_a_copy_takes_in_again_what_it_lost(tmp_path):
    pair = Pair(tmp_path)
    first, _ = pair.carried()
    inner = pair.folder / "inner"
    with closing(sqlite3.connect(inner / "hall.db")) as conn:
        conn.execute(f"VACUUM INTO '{pair.folder / 'copy.db'}'")
    second, _ = pair.carried(title="城北基站")
    pair.hall.services.database.dispose()
    for old in inner.glob("hall.db*"):
        old.unlink()
    shutil.copy(pair.folder / "copy.db", inner / "hall.db")
    pair.hall = Hall(inner)
    pair.exchange = pair.build()
    pair.round(3)
    third = pair.apply("第三基站")
    pair.round(2)
    titles = sorted(line.title for line in pair.hall.approval.queries.search(HALL, "基站"))
    assert titles == sorted(["城南基站", "城北基站", "第三基站"])
    for handed in (first, second, third):
        seen = pair.desk.find(handed.number)
        assert isinstance(seen, CaseView)
        assert seen.head.title == pair.hall.case(seen.head.case_no).title


def asked(pair: Pair, no: str) -> str:
    with pytest.raises((NotFound, Unavailable)) as answer:
        pair.desk.enter(no, "2222222222")
    return str(answer.value.code)


def test_questions_after_cases_never_crowd_out_applications(tmp_path):
    pair = Pair(tmp_path, **{"exchange.waiting_max": 20})
    said = [asked(pair, f"360500-gongxin-20260316-{place:04d}-0") for place in range(5)]
    assert said == ["case_being_fetched"] * 2 + ["exchange_full"] * 3
    assert pair.apply().number
    with pytest.raises(NotFound, match="case_or_password_wrong"):
        pair.desk.enter("WS-20260316-ABCDEFGH", "2222222222")

"""Questions of analysts to the deep history: the same numbers as the day tables and plain loops, within what each may see, over
HTTP, on the page, at the command line; timed, counted, stopped."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app import main
from core.access import SYSTEM, Role
from core.errors import InvalidInput, NotFound, SupervisionError, Unavailable
from dashboard.demo_accounts import DEMO_ACCOUNTS
from evaluation.history.asking import SPLITS, Asked, Subject, answered, asked_of
from evaluation.history.questions import By, Dated, HistoryQuestions, Question, QuestionRules
from evaluation.history.watching import ASKED, STOP, QuestionStopped
from evaluation.period import Period
from tests.exporting import COUNTY, FORMULA, INSPECTOR, record, site_on, written_versions
from tests.exporting import told as told_events
from tests.staff import OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site, run_callback

RATES = {"early_rate", "on_time_rate", "overdue_rate", "unjudged_rate"}
YEARS = Period(date(2020, 1, 1), date(2027, 12, 31))
TICKET = "0123456789abcdef"
SLOW = "SELECT sum(hash(range) % 7) FROM range(400000000000)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three months of two departments in two areas, taken into the store."""
    folder = tmp_path_factory.mktemp("asked")
    made = site_on(folder, f"sqlite:///{folder / 'site.db'}")
    record(made.services, 60)
    made.services.deep_history.writer.work()
    yield made
    made.services.database.dispose()


def told(site: Site, search: str, role: Role = Role.INSPECTOR) -> dict[str, Any]:
    answer = site.client(role).get(f"/api/v1/history{search}")
    assert answer.status_code == 200, answer.text
    return answer.json  # type: ignore[return-value]


@pytest.mark.parametrize("by", ["org", "area", "item", "month"])
def test_the_rates_are_those_of_the_day_tables(site: Site, by: Any) -> None:
    site.services.evaluation.recounter.fill()
    figures = site.services.evaluation.queries.figures(SYSTEM, YEARS, by, sorted(RATES))
    true = {(one.key, one.indicator): (one.numerator, one.value) for one in figures if one.denominator}
    found = answered(site.services.deep_history.questions, asked_of({"subject": "rates", "by": by}))
    assert found.columns[1:5] == ("concluded", "early", "on_due_day", "late")
    assert true
    seen = {}
    for row in found.rows:
        named = dict(zip(found.columns, row, strict=True))
        key = f"{named[by]:%Y-%m}" if by == "month" else named[by]
        above = {"early_rate": named["early"], "on_time_rate": named["early"] + named["on_due_day"],
                 "overdue_rate": named["late"],
                 "unjudged_rate": named["concluded"] - named["early"] - named["on_due_day"] - named["late"]}
        seen |= {(key, rate): (above[rate], pytest.approx(named[rate])) for rate in RATES}
    assert true == seen


def test_nothing_concluded_has_no_rate(site: Site) -> None:
    found = answered(site.services.deep_history.questions, asked_of({"org": "nobody"}))
    assert found.rows == [(0, 0, 0, 0, None, None, None, None)]


def test_who_asks_sees_his_own_and_the_question_is_written_down(site: Site) -> None:
    everything = told(site, "?subject=cases&by=org")
    assert {row[0] for row in everything["rows"]} == {OWN_ORG, OTHER_ORG}
    assert told(site, "?subject=cases&by=org", Role.DEPARTMENT_USER)["rows"] == [
        row for row in everything["rows"] if row[0] == OWN_ORG]
    assert told(site, f"?subject=cases&by=org&org={OTHER_ORG}", Role.DEPARTMENT_USER)["rows"] == []
    assert told(site, "?subject=events", Role.DEPARTMENT_USER)["rows"][0][0] < told(site, "?subject=events")["rows"][0][0]
    of_county = answered(site.services.deep_history.questions, asked_of({"subject": "cases", "by": "area"}),
                         replace(INSPECTOR, area=COUNTY))
    assert [row[0] for row in of_county.rows] == [COUNTY]
    assert site.services.read_log.looks("history_question", "subject=cases&by=org")
    for path in ("", f"/{TICKET}"):
        assert site.client().get(f"/api/v1/history{path}").status_code == 401
        assert site.client(Role.DUTY_OFFICER).get(f"/api/v1/history{path}").status_code == 403
    assert site.client(Role.DUTY_OFFICER).get("/history/").status_code == 403
    assert site.client(Role.DUTY_OFFICER).get("/history/answer.csv?subject=events").status_code == 403


@pytest.mark.parametrize(("words", "code"), [
    ({"subject": "persons"}, "history_word_unknown"), ({"by": "kind"}, "history_by_unknown"),
    ({"by": "org,org"}, "history_by_many"), ({"by": "org; DROP TABLE x"}, "history_by_unknown"),
    ({"subject": "cases", "dated": "never"}, "history_word_unknown"), ({"kinds": "accepted"}, "history_kinds_of_events"),
    ({"subject": "events", "kinds": "acepted"}, "export_kind_unknown"), ({"from": "2026-02-30"}, "date_unreadable"),
    ({"from": "2026-02-02", "to": "2026-02-01"}, "range_backwards"),
    ({"subject": "durations", "quantiles": "0.5,2"}, "history_quantiles_unreadable"),
    ({"subject": "durations", "quantiles": "nan"}, "history_quantiles_unreadable")])
def test_what_cannot_be_asked_is_refused_by_name(words: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInput, match=code):
        asked_of(words)


def test_words_become_a_whole_question() -> None:
    asked = asked_of({"subject": "durations", "by": "org,month", "from": "2021-01-01", "to": "2025-12-31", "dated": "opened",
                      "area": COUNTY, "org": OWN_ORG, "item": "i", "quantiles": "0.25,0.9"})
    assert asked == Asked(subject=Subject.DURATIONS, dated=Dated.OPENED, quantiles=(0.25, 0.9), question=Question(
        by=(By.ORG, By.MONTH), since=date(2021, 1, 1), until=date(2025, 12, 31), area=COUNTY, org=OWN_ORG, item="i"))


def test_an_answer_has_so_many_rows_and_a_process_so_many_questions(site: Site) -> None:
    store = site.services.deep_history.store
    few = HistoryQuestions(store, QuestionRules(30, 256, 1, rows_max=3, at_once=1))
    found = answered(few, asked_of({"subject": "events", "by": "month,kind"}))
    assert (len(found.rows), found.is_cut) == (3, True)
    with few._place(), pytest.raises(Unavailable, match="history_full"):
        answered(few, asked_of({}))
    assert answered(few, asked_of({})).rows, "its place is free again"


def asking(site: Site, ticket: str, timeout_s: float = 60) -> tuple[HistoryQuestions, threading.Thread, list[SupervisionError]]:
    """A question that would take an hour, under way."""
    store, ended = site.services.deep_history.store, list[SupervisionError]()
    questions = HistoryQuestions(store, QuestionRules(timeout_s, 256, 1))

    def ask() -> None:
        try:
            questions._answer(store.read(), SLOW, [], ("n",), INSPECTOR, ticket)
        except SupervisionError as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return questions, thread, ended


def wait_for_progress(questions: HistoryQuestions, ticket: str) -> float:
    for _ in range(200):
        try:
            return questions.watches.percent(INSPECTOR.name, ticket)
        except NotFound:
            time.sleep(0.05)
    raise AssertionError("it never began")


def test_its_asker_sees_how_far_a_question_is_and_gives_it_up_from_another_process(site: Site) -> None:
    questions, thread, ended = asking(site, TICKET)
    assert 0 <= wait_for_progress(questions, TICKET) <= 100
    another = HistoryQuestions(site.services.deep_history.store, QuestionRules(30, 256, 1))
    with pytest.raises(NotFound, match="history_not_asked"):
        another.watches.stop("somebody else", TICKET)
    another.watches.stop(INSPECTOR.name, TICKET)
    thread.join(20)
    assert [type(error) for error in ended] == [QuestionStopped]
    with pytest.raises(NotFound):
        questions.watches.percent(INSPECTOR.name, TICKET)
    assert list((site.services.deep_history.store.folder / ASKED).iterdir()) == []


def test_a_question_ends_with_its_time(site: Site) -> None:
    _, thread, ended = asking(site, "f" * 16, timeout_s=0.5)
    thread.join(20)
    assert [str(error.args[0]) for error in ended] == ["history_timeout"]


def test_a_question_that_cannot_tell_how_far_it_is_still_ends_with_its_time(site: Site) -> None:
    questions, thread, ended = asking(site, "e" * 16, timeout_s=2)
    wait_for_progress(questions, "e" * 16)
    folder = site.services.deep_history.store.folder / ASKED
    folder.rename(folder.with_name("away"))
    thread.join(20)
    assert not thread.is_alive()
    assert [str(error.args[0]) for error in ended] == ["history_timeout"]


def test_over_http_it_is_given_up_by_its_asker_alone(site: Site) -> None:
    own, other = site.client(Role.INSPECTOR), site.client(Role.LEADER)
    assert own.get("/api/v1/history?ticket=xyz").status_code == 400
    assert own.get(f"/api/v1/history/{TICKET}").status_code == 404
    asker = next(one.username for one in DEMO_ACCOUNTS if one.role is Role.INSPECTOR)
    under_way = site.services.deep_history.questions.watches._path(asker, TICKET)
    under_way.write_text("12.5")
    assert own.get(f"/api/v1/history/{TICKET}").json == {"percent": 12.5}
    assert other.get(f"/api/v1/history/{TICKET}").status_code == 404
    assert other.post(f"/api/v1/history/{TICKET}/cancel", headers=SAME_ORIGIN).status_code == 404
    assert not under_way.with_suffix(STOP).exists()
    assert own.post(f"/api/v1/history/{TICKET}/cancel", headers=SAME_ORIGIN).json == {"percent": 12.5}
    assert under_way.with_suffix(STOP).exists()
    for left in (under_way, under_way.with_suffix(STOP)):
        left.unlink()


# The page -----------------------------------------------------------------------------------------------------------------


ANSWER = "past-answer.children"


def page(site: Site, search: str, role: Role = Role.INSPECTOR) -> str:
    answer = run_callback(site.client(role), "/history/", ANSWER, {"past-address.search": search}, {"past-ticket.data": TICKET})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def test_the_page_shows_the_answer_with_names_and_files(site: Site) -> None:
    shown = page(site, "?subject=rates&by=org,month&from=2026-01-01&to=2026-01-31")
    for words in ("市发展和改革委员会", "2026-01", "提前办结率", "正常办结", "/history/answer.xlsx?subject=rates&by=org%2Cm"):
        assert words in shown, words
    form = json.dumps(site.client(Role.INSPECTOR).get("/history/_dash-layout").json, ensure_ascii=False)
    assert [words for words in ("按时率（办结件）", "每次最长 30 秒") if words not in form] == []
    assert "市民政局" not in json.dumps(site.client(Role.DEPARTMENT_USER).get("/history/_dash-layout").json, ensure_ascii=False)
    assert "市民政局" not in page(site, "?subject=cases&by=org", Role.DEPARTMENT_USER)
    assert "不能按“kind”分组" in page(site, "?subject=rates&by=kind")
    assert "选好条件后" in page(site, "")


@pytest.mark.parametrize("subject", list(Subject))
def test_every_word_of_an_answer_is_a_word(site: Site, subject: Subject) -> None:
    for by in SPLITS[subject]:
        shown = page(site, f"?subject={subject}&by={by}")
        assert [group for group in ("history_page.", "event_kind.", "state.", "history_outcome.") if group in shown] == []


def test_files_hold_every_row_and_never_a_formula(site: Site) -> None:
    client = site.client(Role.LEADER)
    rows = list(csv.reader(io.StringIO(client.get("/history/answer.csv?subject=events&by=area,step").data.decode("utf-8-sig"))))
    heads = next(row for row in rows if row and row[0] == "区划")
    assert heads == ["区划", "区划代码", "环节", "事件数"]
    counted = Counter({(row[1], row[2]): int(row[3]) for row in rows if len(row) == 4 and row[3].isdigit()})
    true = Counter(row[:2] for row in site.services.deep_history.questions.events(Question(by=(By.AREA, By.STEP))).rows)
    assert set(counted) == {(area, step or "") for area, step in true}
    made = client.get("/history/answer.xlsx?subject=cases&by=item")
    with zipfile.ZipFile(io.BytesIO(made.data)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_a_source_that_calls_a_step_a_formula_gets_no_formula(tmp_path: Path) -> None:
    made = site_on(tmp_path, f"sqlite:///{tmp_path / 'site.db'}")
    events = record(made.services, 3)
    made.services.recorder.record([replace_step(events[2])])
    made.services.deep_history.writer.work()
    text = made.client(Role.LEADER).get("/history/answer.csv?subject=events&by=step").data.decode("utf-8-sig")
    assert not [line for line in text.splitlines() if line.startswith(("=", '"='))]
    assert "HYPERLINK" in text
    made.services.database.dispose()


def replace_step(event: Any) -> Any:
    return msgspec.structs.replace(event, source_event_id="formula", step=FORMULA)


# The command line ---------------------------------------------------------------------------------------------------------


def test_the_command_answers(site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    store = site.services.deep_history.store
    monkeypatch.setenv("YANGGUANG_HISTORY__DIR", str(store.folder))
    database = ("--database", str(site.services.database.url.render_as_string(hide_password=False)))
    assert main(["ask", "events", "--by", "kind", "--kinds", "accepted", *database]) == 0
    assert [one.actor for one in site.services.read_log.looks("history_question", "subject=events&by=kind&kinds=accepted")]
    events = written_versions(list(_events(site)))
    assert capsys.readouterr().out == f"kind,events\naccepted,{sum(one.kind == 'accepted' for one in events)}\n"
    assert main(["ask", "rates", "--format", "json", *database]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == [list(row) for row in site.services.deep_history.questions.rates(Question()).rows]
    monkeypatch.setenv("YANGGUANG_HISTORY__ROWS_MAX", "1")
    assert main(["ask", "cases", "--by", "org", *database]) == 0
    assert "narrow the question" in capsys.readouterr().err
    assert main(["ask", "cases", "--by", "kind", *database]) == 1


def _events(site: Site) -> Iterator[Any]:
    return told_events(site.services, 60)

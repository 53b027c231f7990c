"""The deep history says what the journal says, whatever came late, twice, anew, or was killed half-way."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import select

from app import main
from cases.events import CaseEvent, EventKind
from cases.models import case_table
from core.errors import Conflict, InvalidInput, NotFound, Unavailable
from core.instants import DAY_US, MINUTE_US, date_of, from_us
from evaluation.history.contents import Content, Standing
from evaluation.history.questions import By, Dated, HistoryQuestions, Question, QuestionRules
from evaluation.history.writer import HistoryWriter, WriterRules
from tests.exporting import COUNTY, OF_COUNTY, record, site_on, told, written_versions
from tests.staff import OWN_ORG, Site

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    made = site_on(tmp_path, fresh_database_url)
    yield made
    made.services.database.dispose()


def writer(site: Site, **rules: int) -> HistoryWriter:
    given = WriterRules(**{"round_rows": 10_000, "compact_parts": 24, "settle_days": 7, "memory_mib": 256, **rules})
    return HistoryWriter(site.services.database, site.services.deep_history.store, given, site.services.clock.now_us)


def plain_events(events: list[CaseEvent], org_of: dict[str, str]) -> list[tuple[Any, ...]]:
    """(department, month, kind, number) by a plain loop."""
    counted = Counter((one.org or org_of[one.case_no], day_of(one).replace(day=1), one.kind.value)
                      for one in written_versions(events))
    return sorted((*key, number) for key, number in counted.items())


def day_of(event: CaseEvent) -> date:
    return date_of((event.claimed_at + event.utc_offset * MINUTE_US) // DAY_US)


def by_month_and_kind(site: Site) -> list[tuple[Any, ...]]:
    found = site.services.deep_history.questions.events(Question(by=(By.ORG, By.MONTH, By.KIND)))
    assert (found.columns, found.is_cut) == (("org", "month", "kind", "events"), False)
    return sorted(found.rows)


def orgs(events: list[CaseEvent]) -> dict[str, str]:
    return {one.case_no: one.org for one in events if one.org}


def cases_of(site: Site) -> list[Any]:
    with site.services.database.read() as conn:
        return list(conn.execute(select(case_table)))


def test_taken_in_round_by_round_it_says_what_a_plain_loop_says(site: Site) -> None:
    """And the same when it is made anew, and when many files became one."""
    events, by_rounds = list(told(site.services, 24)), writer(site, round_rows=17, compact_parts=3, settle_days=0)
    for start in range(0, len(events), 40):
        site.services.recorder.record(events[start:start + 40])
        by_rounds.work()
    store = site.services.deep_history.store
    contents = store.read()
    expected = plain_events(events, orgs(events))
    assert by_month_and_kind(site) == expected
    assert contents.head == len(events)
    assert contents.of(Content.EVENTS, Standing.BASE)
    assert contents.of(Content.SUPERSEDED)
    assert site.services.deep_history.check.check() == []
    writer(site).rebuild()
    assert by_month_and_kind(site) == expected
    assert store.read().generation == 2
    assert site.services.deep_history.check.check() == []


def test_cases_and_durations_are_those_of_the_record(site: Site) -> None:
    events = list(told(site.services, 24))
    for start in range(0, len(events), 30):
        site.services.recorder.record(events[start:start + 30])
        writer(site, compact_parts=2).work()
    rows, questions = cases_of(site), site.services.deep_history.questions
    by_org = questions.cases(Question(by=(By.ORG,)))
    assert by_org.columns == ("org", "cases", "closed", "early", "on_due_day", "late")
    for org, cases, closed, early, on_due_day, late in by_org.rows:
        mine = [row for row in rows if row.org == org]
        outcomes = Counter(row.tally.split("\x1f")[4] for row in mine)
        assert (cases, closed) == (len(mine), sum(row.closed_at is not None for row in mine))
        assert (early, on_due_day, late) == (outcomes["3"], outcomes["4"], outcomes["5"])
    spans = questions.durations(Question(by=(By.ORG,)), (0.25, 0.5, 0.9))
    assert spans.columns == ("org", "cases", "q0.25", "q0.5", "q0.9")
    for org, cases, *quantiles in spans.rows:
        days = sorted((row.closed_at - row.opened_at) / DAY_US for row in rows if row.org == org and row.closed_at is not None)
        assert cases == len(days)
        assert quantiles == pytest.approx([plain_quantile(days, share) for share in (0.25, 0.5, 0.9)])
        assert quantiles[1] == pytest.approx(statistics.median(days))
    closed = Counter(from_us(row.closed_at).strftime("%Y-%m") for row in rows if row.closed_at is not None)
    by_month = questions.cases(Question(by=(By.MONTH,)), Dated.CLOSED).rows
    assert sum(row[1] for row in by_month if row[0] is not None) == sum(closed.values())


def plain_quantile(values: list[float], share: float) -> float:
    place = share * (len(values) - 1)
    low = int(place)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)


def test_late_events_go_to_corrections_and_count_at_once(site: Site) -> None:
    events = record(site.services, 24)
    take_in = writer(site, settle_days=0, compact_parts=4)
    take_in.work()
    store = site.services.deep_history.store
    made_one = [part.month for part in store.read().of(Content.EVENTS, Standing.BASE)]
    assert made_one == ["2025-12", "2026-01", "2026-02"], "those that are over on 2026-03-16"
    late = replace_times(events[0], "late-1")
    site.services.recorder.record([late])
    done = take_in.work()
    assert (done.events, done.late) == (1, 1)
    [correction] = store.read().of(Content.EVENTS, Standing.LATE)
    assert correction.month == "2025-12"
    assert correction.rows == 1
    assert by_month_and_kind(site) == plain_events([*events, late], orgs(events))
    for number in range(2, 6):
        site.services.recorder.record([replace_times(events[0], f"late-{number}")])
        take_in.work()
    assert len(store.read().of(Content.EVENTS, Standing.LATE)) < 4, "made one with the month when they are many"
    assert site.services.deep_history.check.check() == []


def replace_times(event: CaseEvent, name: str) -> CaseEvent:
    return CaseEvent(source="hall", source_event_id=name, kind=EventKind.STEP, case_no=event.case_no, area=event.area,
                     claimed_at=event.claimed_at + 60_000_000, org=OWN_ORG, item=event.item, step="补录")


def test_a_person_of_an_area_asks_about_it_only(site: Site) -> None:
    events = record(site.services, 24)
    writer(site).work()
    questions = site.services.deep_history.questions
    true = len([one for one in written_versions(events) if one.area == COUNTY])
    assert questions.events(Question(by=(By.AREA,)), OF_COUNTY).rows == [(COUNTY, true)]
    assert questions.events(Question(area="360500"), OF_COUNTY).rows == [(0,)]
    assert questions.cases(Question(by=(By.AREA,)), actor=OF_COUNTY).rows[0][0] == COUNTY
    assert questions.events(Question(org="x' OR 1=1 --")).rows == [(0,)]
    with pytest.raises(InvalidInput):
        questions.events(Question(by=(By.OUTCOME,)))
    with pytest.raises(InvalidInput):
        questions.events(Question(by=("1; DROP TABLE x",)))  # type: ignore[arg-type]


def test_a_period_is_that_of_the_dates_as_written(site: Site) -> None:
    events = written_versions(record(site.services, 24))
    writer(site, settle_days=0).work()
    first, last = date(2026, 1, 10), date(2026, 2, 3)
    true = Counter(one.kind.value for one in events if first <= day_of(one) <= last)
    asked = Question(by=(By.KIND,), since=first, until=last, kinds=("accepted", "step"))
    assert dict(site.services.deep_history.questions.events(asked).rows) == {kind: true[kind] for kind in ("accepted", "step")}


def test_a_question_that_takes_too_long_is_stopped_and_sees_only_the_store(site: Site, tmp_path: Path) -> None:
    record(site.services, 12)
    with pytest.raises(NotFound, match="history_empty"):
        site.services.deep_history.questions.events(Question())
    writer(site).work()
    store = site.services.deep_history.store
    hasty = HistoryQuestions(store, QuestionRules(0.3, 256, 1))
    with pytest.raises(Unavailable, match="history_timeout"):
        hasty._answer(store.read(), "SELECT sum(a.range % 7) FROM range(100000000000) a", [], ("n",))
    other = tmp_path / "secret.csv"
    other.write_text("a\n1\n")
    with pytest.raises(Exception, match="history_failed"):
        hasty._answer(store.read(), f"SELECT * FROM read_csv('{other}')", [], ("a",))


def test_what_differs_is_found(site: Site) -> None:
    record(site.services, 12)
    take_in = writer(site, settle_days=0)
    take_in.work()
    store, check = site.services.deep_history.store, site.services.deep_history.check
    part = store.read().of(Content.EVENTS)[0]
    path = store.path(part)
    whole = path.read_bytes()
    duckdb.connect().execute(f"COPY (SELECT * FROM '{path}' LIMIT 3) TO '{path}' (FORMAT parquet)")
    (path.parent / "left.parquet").write_bytes(b"x")
    for name in ("yangguang.db", "keys/signing.pem", "recordings/1/a.mp4", "g1.txt"):  # a folder that is not the store's alone
        (store.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (store.folder / name).write_bytes(b"somebody else's")
    assert {"file_differs", "file_stray", "events_differ"} <= {one.code for one in check.check()}
    path.unlink()
    assert "file_missing" in {one.code for one in check.check()}
    path.write_bytes(whole)
    take_in.work()
    assert check.check() == [], "what no contents name is swept"
    assert not (path.parent / "left.parquet").exists()
    assert (store.folder / "yangguang.db").exists()
    assert (store.folder / "keys/signing.pem").exists()
    assert (store.folder / "recordings/1/a.mp4").exists()


def test_another_journal_is_not_mixed_in(site: Site, tmp_path: Path) -> None:
    record(site.services, 12)
    writer(site).work()
    other = site_on(tmp_path, f"sqlite:///{tmp_path / 'other.db'}")
    record(other.services, 3)
    try:
        with pytest.raises(Conflict, match="history_broken"):
            writer(other).work()
        with site.services.deep_history.store.writing(), pytest.raises(Conflict, match="history_busy"):
            writer(site).work()
    finally:
        other.services.database.dispose()


WRITE = """
import sys
from pathlib import Path
import tests.exporting as exporting
from evaluation.history.writer import HistoryWriter, WriterRules
site = exporting.site_on(Path(sys.argv[1]), sys.argv[2])
deep, rules = site.services.deep_history, WriterRules(7, 2, 0, 256)
print("ready", flush=True)
while True:
    HistoryWriter(site.services.database, deep.store, rules, site.services.clock.now_us).rebuild()
    print("made", flush=True)
"""


def test_a_writer_that_is_killed_leaves_whole_files_or_none(tmp_path: Path) -> None:
    """Killed again and again while it makes the store anew: what the contents name is whole, and the next writer goes on."""
    url = f"sqlite:///{tmp_path / 'site.db'}"
    site = site_on(tmp_path, url)
    events = record(site.services, 24)
    writer(site).work()
    expected, swept = by_month_and_kind(site), 0
    for delay in (0.05, 0.3, 0.7, 1.2, 1.9):
        child = subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path), url], cwd=REPOSITORY, stdout=subprocess.PIPE,
                                 text=True, start_new_session=True)
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(delay)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()  # waits, and closes the pipe
        faults = site.services.deep_history.check.check()
        assert {one.code for one in faults} <= {"file_stray"}, faults
        assert by_month_and_kind(site) == expected
        swept += len(faults)
    assert swept, "no kill came while it wrote"
    writer(site).work()
    assert site.services.deep_history.check.check() == []
    assert expected == plain_events(events, orgs(events))
    site.services.database.dispose()


def test_the_command_takes_in_makes_anew_and_checks(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    record(site.services, 6)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YANGGUANG_HISTORY__DIR", str(tmp_path / "past"))
    database = ("--database", str(site.services.database.url.render_as_string(hide_password=False)))
    for words in ((), ("--rebuild",), ("--check",)):
        assert main(["history", *words, *database]) == 0
    out = capsys.readouterr().out
    assert "6 standings of cases written" in out
    assert " 0 differences" in out
    next((tmp_path / "past").rglob("*.parquet")).write_bytes(b"")
    assert main(["history", "--check", *database]) == 3
    out = capsys.readouterr().out
    assert "file_differs" in out
    assert "file_unreadable" in out



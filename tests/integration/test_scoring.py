"""A month is scored, published by two persons, appealed, frozen; what the record says later stands beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from alerts.notices.models import notices
from cases.events import EventKind
from config.versions import Kind
from core.access import SYSTEM, Role
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.models import outbox
from evaluation.period import Period
from evaluation.scoring.entries import EntryWish
from evaluation.scoring.gathering import FactsReader
from evaluation.scoring.grading import APPEAL
from tests.scoring import (
    ADMINISTRATOR,
    COUNTY,
    FEBRUARY,
    INSPECTOR,
    LEADER,
    OTHER_UNIT,
    SECOND,
    UNIT,
    done,
    event,
    moved_to,
    name_contacts,
    scored_site,
)
from tests.staff import OTHER_ORG, OWN_ORG, Site, run_callback

SCHEME = "monthly-100"
AFTER_WINDOW = datetime(2026, 3, 24, 1, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    made = scored_site(tmp_path, fresh_database_url, **{"security.two_administrators": "on"})
    name_contacts(made.services)
    yield made
    made.services.database.dispose()


def published(site: Site) -> int:
    scoring = site.services.scoring
    number = scoring.service.propose(SCHEME, FEBRUARY, INSPECTOR)
    scoring.service.confirm(number, SECOND)
    return number


def line_of(site: Site, number: int, rule: str, org: str = OWN_ORG) -> int:
    _, lines = site.services.scoring.queries.department(number, org, LEADER)
    return next(at for at, line in enumerate(lines) if line.rule == rule)


def told(site: Site) -> list[tuple[str, str, str]]:
    with site.services.database.read() as conn:
        rows = conn.execute(select(notices.c.what, notices.c.org, notices.c.addressee).where(notices.c.what.like("score%"),
                            notices.c.reason != "nobody_named").order_by(notices.c.id))
        return [tuple(row) for row in rows]  # type: ignore[misc]


def enter(site: Site, rule: str, actor: Any = SECOND, **more: Any) -> int:
    given = {"scheme": SCHEME, "rule": rule, "org": OWN_ORG, "day": date(2026, 2, 11), "words": "现场检查发现",
             "basis": "检查记录 3 号"}
    return site.services.scoring.entries.enter(EntryWish(**{**given, **more}), actor)


def test_a_month_goes_from_its_record_to_a_frozen_score(site: Site) -> None:
    scoring = site.services.scoring
    enter(site, "openness_check", points=2.5)
    number = scoring.service.propose(SCHEME, FEBRUARY, INSPECTOR)
    assert scoring.queries.listed(UNIT) == []
    with pytest.raises(NotPermitted, match="score_second_person_needed"):
        scoring.service.confirm(number, INSPECTOR)
    scoring.service.confirm(number, LEADER)
    rows = {row.org: row for row in scoring.queries.departments(number, LEADER)}
    # one red card, five of twenty dissatisfied, every case without all its data, found at a check; all early, a third shorter
    expected = 10_000 - 1000 - 250 - 500 - 250 + 1000 + 300
    assert (rows[OWN_ORG].total, rows[OWN_ORG].place, rows[OWN_ORG].accepted) == (expected, 1, 30)
    # 25 yellow cards cost the whole part; incomplete data; half shorter
    assert (rows[OTHER_ORG].total, rows[OTHER_ORG].grade, rows[OTHER_ORG].place) == (10_000 - 1400 - 500 + 500, "good", 2)
    assert {row.total for row in rows.values()} - {rows[OWN_ORG].total, rows[OTHER_ORG].total} == {None}
    with pytest.raises(Conflict, match="score_window_open"):
        scoring.service.freeze(number, INSPECTOR)
    moved_to(site, AFTER_WINDOW)
    scoring.service.freeze(number, INSPECTOR)
    frozen = scoring.queries.find(number, UNIT)
    assert (frozen.state, len(frozen.digest), frozen.published_at is not None) == ("frozen", 64, True)
    assert told(site) == [("score_published", OWN_ORG, "liaison"), ("score_published", OWN_ORG, "unit_head")]
    actions = [edit.action for edit in site.services.editing.log("score")]
    assert actions == ["frozen", "published", "proposed", "entered"]
    with site.services.database.read() as conn:
        assert len(conn.execute(select(outbox.c.seq).where(outbox.c.topic == "scores")).all()) == 3


def test_every_share_opens_to_as_many_cases_as_it_says(site: Site) -> None:
    number = published(site)
    _, lines = site.services.scoring.queries.department(number, OWN_ORG, LEADER)
    by_rule = {line.rule: line for line in lines}

    assert by_rule["limits_red"].evidence == ("card:1",)
    assert len(by_rule["early"].evidence) == by_rule["early"].above == 30
    assert by_rule["satisfaction"].evidence == tuple(f"case:360500/A-{n}" for n in range(5))
    assert (by_rule["satisfaction"].above, by_rule["satisfaction"].below) == (15, 20)
    known = {area for key in by_rule["data"].evidence for area in site.services.case_queries.areas_of(key.rpartition("/")[2])}
    assert known == {"360500"}


def test_as_many_cards_are_charged_as_the_figures_of_the_month_count(site: Site) -> None:
    scheme = site.services.scoring.book.in_force(SCHEME, FEBRUARY).scheme
    _, facts = site.services.scoring.service.preview(SCHEME, scheme, FEBRUARY)
    names = ("warnings", "yellow", "red", "revoked_yellow", "revoked_red")
    figures = site.services.evaluation.queries.totals(SYSTEM, Period(FEBRUARY, date(2026, 2, 28)), "org", names)
    charged = {org: Counter(card.level for card in one.cards) for org, one in facts.items() if one.cards}

    assert {org: (levels["warning"], levels["yellow"], levels["red"]) for org, levels in charged.items()} == {
        org: (n["warnings"], n["yellow"] - n["revoked_yellow"], n["red"] - n["revoked_red"]) for org, n in figures.items()}
    assert charged[OTHER_ORG]["yellow"] == 25


def test_a_trial_scores_the_very_same_facts_twice_whatever_is_recorded_meanwhile(
        site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    book, service = site.services.scoring.book, site.services.scoring.service
    present, other = book.schemes.find(SCHEME), book.schemes.find("efficiency-100")
    assert service.what_if(SCHEME, present, other, FEBRUARY) == (
        service.preview(SCHEME, present, FEBRUARY)[0], service.preview(SCHEME, other, FEBRUARY)[0])
    assert service.what_if("new", None, present, FEBRUARY)[0] == []

    read = FactsReader.of_month
    def read_while_a_city_lives(reader: FactsReader, *given: Any, **more: Any) -> Any:
        facts = read(reader, *given, **more)
        site.services.recorder.record(list(done(site.services, f"C-{len(read_at)}", OTHER_ORG, 3, 4, 1)))
        read_at.append(len(facts))
        return facts
    read_at: list[int] = []
    monkeypatch.setattr(FactsReader, "of_month", read_while_a_city_lives)
    before, after = service.what_if(SCHEME, present, present, FEBRUARY)
    assert before == after
    assert read_at


def test_an_appeal_is_heard_in_its_window_by_somebody_else_and_both_lines_stay(site: Site) -> None:
    entry = enter(site, "openness_check", points=2.5)
    number = published(site)
    appeals, queries = site.services.scoring.appeals, site.services.scoring.queries
    red, check = line_of(site, number, "limits_red"), line_of(site, number, "openness_check")
    with pytest.raises(InvalidInput, match="score_line_not_deducted"):
        appeals.file(number, line_of(site, number, "early"), "少了", UNIT)
    with pytest.raises(NotPermitted):
        appeals.file(number, red, "不服", INSPECTOR)
    first = appeals.file(number, red, "卡由系统故障引起", UNIT)
    second = appeals.file(number, check, "检查有误", UNIT)
    with pytest.raises(Conflict, match="score_line_contested"):
        appeals.file(number, red, "再申诉", UNIT)
    for judge, appeal in ((INSPECTOR, first), (INSPECTOR, second), (SECOND, second)):  # proposed all; entered the second
        with pytest.raises(NotPermitted, match="score_judge_had_part"):
            appeals.decide(appeal, True, "属实", judge)
    moved_to(site, AFTER_WINDOW)
    with pytest.raises(Conflict, match="score_appeals_wait"):
        site.services.scoring.service.freeze(number, INSPECTOR)
    appeals.decide(first, True, "查证属实", SECOND)
    appeals.decide(second, False, "检查无误", LEADER)
    with pytest.raises(Conflict, match="score_appeal_decided"):
        appeals.decide(first, False, "改判", LEADER)
    with pytest.raises(Conflict, match="score_window_closed"):
        appeals.file(number, line_of(site, number, "data"), "迟了", UNIT)
    row, lines = queries.department(number, OWN_ORG, UNIT)
    assert (row.total, row.first_total, row.parts["limits"].points) == (10_300, 9300, 1400)
    assert [(line.points, line.of) for line in (lines[red], lines[-1])] == [(-1000, None), (1000, red)]
    assert lines[-1].rule == APPEAL
    assert [(one.state, one.words) for one in queries.appeals(UNIT)] == [("rejected", "检查无误"), ("granted", "查证属实")]
    assert queries.entries(UNIT, SCHEME, FEBRUARY, date(2026, 2, 28))[0].id == entry
    assert [what for what, _, who in told(site) if who == "liaison"] == ["score_published", "score_appeal_decided",
                                                                         "score_appeal_decided"]


def test_late_facts_change_nothing_that_is_frozen_and_stand_beside_it(site: Site) -> None:
    scoring = site.services.scoring
    number = published(site)
    moved_to(site, AFTER_WINDOW)
    scoring.service.freeze(number, INSPECTOR)
    before = scoring.queries.department(number, OWN_ORG, LEADER)
    digest = scoring.queries.find(number, LEADER).digest
    assert scoring.service.present(scoring.queries.find(number, LEADER))[OWN_ORG] == before[0].total
    enter(site, "supervision_check", points=3)

    assert scoring.service.present(scoring.queries.find(number, LEADER))[OWN_ORG] == (before[0].total or 0) - 300
    assert scoring.queries.department(number, OWN_ORG, LEADER) == before
    assert scoring.queries.find(number, LEADER).digest == digest
    with pytest.raises(Conflict, match="score_state"):
        scoring.service.withdraw(number, "重算", INSPECTOR)


def test_the_page_says_what_today_would_give_beside_what_was_published(site: Site) -> None:
    def page() -> str:
        shown = run_callback(site.client(Role.INSPECTOR), "/scores/", "..scores-head.children...scores-table.children..."
                             "scores-waiting.children...scores-detail.children..",
                             {"scores-address.search": f"?scoring={number}&org={OWN_ORG}", "scores-changed.data": None})
        return json.dumps(shown.json, ensure_ascii=False)

    number = published(site)
    assert "按今日记录重算" not in page(), "the same needs no note"
    enter(site, "supervision_check", points=3)
    assert "按今日记录重算为 92.50，已公布的 95.50 不变。" in page()


def test_a_conclusion_reported_late_moves_the_present_figure_only(site: Site) -> None:
    scoring = site.services.scoring
    number = published(site)
    site.services.recorder.record([event(site.services, "LATE-1", EventKind.CONCLUDED, datetime(2026, 1, 20, 3, tzinfo=UTC))])
    row, _ = scoring.queries.department(number, OWN_ORG, LEADER)
    present = scoring.service.present(scoring.queries.find(number, LEADER))[OWN_ORG]

    assert (row.total, present) == (9550, 10_550)  # the red card of February was none


def test_low_scorers_and_their_leaders_are_told_when_it_stands(site: Site) -> None:
    content = site.services.editing.present(Kind.SCORING, SCHEME)[1] | {"told": ["excellent", "failed"]}
    version = site.services.editing.propose(Kind.SCORING, SCHEME, content, effective_from=FEBRUARY, reason="试行",
                                            actor=INSPECTOR)
    with pytest.raises(NotPermitted):
        site.services.editing.confirm(Kind.SCORING, SCHEME, version.number, actor=INSPECTOR)
    site.services.editing.confirm(Kind.SCORING, SCHEME, version.number, actor=SECOND)
    number = published(site)
    assert site.services.scoring.queries.find(number, LEADER).version == 1
    assert site.services.scoring.book.in_force(SCHEME, date(2026, 1, 1)).version == 0
    moved_to(site, AFTER_WINDOW)
    site.services.scoring.service.freeze(number, INSPECTOR)
    assert {(org, who) for what, org, who in told(site) if what == "score_low"} == {
        (OWN_ORG, "liaison"), (OWN_ORG, "unit_head"), (OWN_ORG, "leader")}
    with site.services.database.read() as conn:
        body, data = conn.execute(select(notices.c.body, notices.c.data).where(
            notices.c.what == "score_low", notices.c.username == "zhao")).one()
    assert "2026-02 百分制月度考核" in body
    assert "得分 95.50，优秀，第 1 名" in body
    assert msgspec.json.decode(data)["link"].endswith(f"/scores/?scoring={number}&org={OWN_ORG}")


def test_who_sees_what(site: Site) -> None:
    number, queries = published(site), site.services.scoring.queries
    assert {row.org for row in queries.departments(number, UNIT)} == {OWN_ORG}
    assert {row.org for row in queries.departments(number, OTHER_UNIT)} == {OTHER_ORG}
    assert len(queries.departments(number, ADMINISTRATOR)) > 40
    for org, actor in ((OTHER_ORG, UNIT), (OWN_ORG, OTHER_UNIT)):
        with pytest.raises(NotFound):
            queries.department(number, org, actor)
    assert all(row.area == COUNTY.area for row in queries.departments(number, COUNTY))
    with pytest.raises(NotFound):
        site.services.scoring.service.withdraw(number, "越权", COUNTY)
    propose = site.services.scoring.service.propose
    for act in (lambda: propose(SCHEME, FEBRUARY, LEADER), lambda: enter(site, "liability", LEADER)):
        with pytest.raises(NotPermitted):
            act()


def test_entries_are_of_the_year_once_and_taken_back_with_a_reason(site: Site) -> None:
    entries, queries = site.services.scoring.entries, site.services.scoring.queries
    demerit = enter(site, "demerit", basis="处分决定 7 号")
    with pytest.raises(Conflict, match="score_event_counted"):
        enter(site, "demotion", basis="处分决定 7 号")
    for wish, code in (({"points": 20.0}, "score_points_invalid"), ({"points": 1.005}, "score_points_invalid"),
                       ({"day": date(2026, 4, 1), "points": 1.0}, "score_day_ahead"),
                       ({"words": " ", "points": 1.0}, "score_field")):
        with pytest.raises(InvalidInput, match=code):
            enter(site, "openness_check", **wish)
    with pytest.raises(InvalidInput, match="score_rule_not_manual"):
        enter(site, "limits_red")
    with pytest.raises(InvalidInput, match="score_org_unknown"):
        enter(site, "liability", org="nobody", points=1.0)
    published(site)
    year, half = queries.over_period(LEADER, SCHEME, 2026), queries.over_period(LEADER, SCHEME, 2026, 1)
    own = {score.org: score for score, _ in year.scores}[OWN_ORG]
    assert (year.months, year.expected, half.expected) == (("2026-02",), 12, 6)
    assert own.total == {score.org: score for score, _ in half.scores}[OWN_ORG].total - 1000 == 8550  # type: ignore[operator]
    assert {score.org for score, _ in queries.over_period(UNIT, SCHEME, 2026).scores} == {OWN_ORG}
    entries.take_back(demerit, "决定已撤销", INSPECTOR)
    with pytest.raises(Conflict, match="score_entry_taken_back"):
        entries.take_back(demerit, "再撤", INSPECTOR)
    again = {score.org: score for score, _ in queries.over_period(LEADER, SCHEME, 2026).scores}[OWN_ORG]
    assert again.total == 9550
    with pytest.raises(NotFound, match="score_period_empty"):
        queries.over_period(LEADER, SCHEME, 2026, 2)


def test_a_month_is_scored_once_at_a_time_and_only_when_it_is_over(site: Site) -> None:
    service = site.services.scoring.service
    with pytest.raises(InvalidInput, match="score_month_not_over"):
        service.propose(SCHEME, date(2026, 3, 1), INSPECTOR)
    number = service.propose(SCHEME, FEBRUARY, INSPECTOR)
    with pytest.raises(Conflict, match="score_stands"):
        service.propose(SCHEME, FEBRUARY, SECOND)
    service.withdraw(number, "方案有误", INSPECTOR)
    with pytest.raises(NotFound):
        site.services.scoring.queries.find(number, LEADER)
    again = service.propose(SCHEME, FEBRUARY, INSPECTOR)
    service.confirm(again, SECOND)
    with pytest.raises(Conflict, match="score_state"):
        service.confirm(again, LEADER)
    assert [what for what, _, who in told(site) if who == "liaison"] == ["score_published"]  # nobody knew of the first
    service.withdraw(again, "权重有误", SECOND)
    assert [what for what, _, who in told(site) if who == "liaison"] == ["score_published", "score_withdrawn"]
    assert service.propose(SCHEME, FEBRUARY, INSPECTOR) == again + 1

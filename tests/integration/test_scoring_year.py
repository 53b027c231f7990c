"""A year worked out by hand: three months frozen, discipline carried by each of them, taken once from the year, contested
there, frozen with its evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cases.events import EventKind
from core.access import Actor, Role
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from dashboard.pages.scores import wish_in
from evaluation.scoring.entries import EntryWish
from evaluation.scoring.grading import APPEAL
from tests.scoring import INSPECTOR, LEADER, OTHER_UNIT, SECOND, UNIT, event, moved_to
from tests.staff import OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site, make_site, run_callback

SCHEME = "monthly-100"
MONTHS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))
NEW_YEAR, WINDOW_OVER, YEAR_WINDOW_OVER = (datetime(2027, *day, tzinfo=UTC) for day in ((1, 4, 1), (2, 10, 1), (4, 1, 1)))
# Cases of OWN_ORG by month: accepted on the 5th and concluded on the 6th, which is early.
EARLY = (20, 40, 30)


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    made = make_site(tmp_path, **{"database.url": fresh_database_url, "security.two_administrators": "on"})
    for month, cases in zip(MONTHS, EARLY, strict=True):
        for number in range(cases):
            for kind, day in ((EventKind.ACCEPTED, 5), (EventKind.CONCLUDED, 6)):
                at = datetime(month.year, month.month, day, 2, tzinfo=UTC) + timedelta(minutes=number)
                made.services.recorder.record([event(made.services, f"{month:%m}-{number}", kind, at)])
    moved_to(made, NEW_YEAR)
    yield made
    made.services.database.dispose()


def enter(site: Site, rule: str, day: date, basis: str, org: str = OWN_ORG, **more: Any) -> int:
    return site.services.scoring.entries.enter(EntryWish(
        scheme=SCHEME, rule=rule, org=org, day=day, words="处分决定", basis=basis, **more), SECOND)


def frozen_months(site: Site) -> list[int]:
    service = site.services.scoring.service
    numbers = [service.propose(SCHEME, month, INSPECTOR) for month in MONTHS]
    for number in numbers:
        service.confirm(number, LEADER)
    moved_to(site, WINDOW_OVER)
    for number in numbers:
        service.freeze(number, INSPECTOR)
    return numbers


def own(site: Site, number: int) -> Any:
    return site.services.scoring.queries.department(number, OWN_ORG, LEADER)


def disciplines(lines: Any) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(line.rule, line.points, line.evidence) for line in lines if line.part == "integrity" and line.rule != APPEAL]


def test_a_hand_worked_year_takes_discipline_once_with_its_evidence_and_is_frozen(site: Site) -> None:
    scoring = site.services.scoring
    demerit = enter(site, "demerit", date(2026, 2, 11), "处分决定 7 号")        # 15 of the 10 points of integrity
    warning = enter(site, "disciplinary_warning", date(2026, 5, 20), "处分决定 9 号", OTHER_ORG)
    check = enter(site, "openness_check", date(2026, 3, 3), "检查记录 3 号", points=3.0)
    months = frozen_months(site)
    # every month: data incomplete in every case, -5; all early, +10; promises a third shorter, +3; March: -3 at the check
    row, lines = own(site, months[1])
    assert disciplines(lines) == [("demerit", 0, (f"entry:{demerit}",))], "told in its month, taken from the year"
    assert (row.parts["integrity"].points, row.vetoes) == (1000, ())
    totals = [own(site, number)[0].total for number in months]
    assert totals == [10_800, 10_800, 10_500]

    half = scoring.service.propose_period(SCHEME, 2026, 1, INSPECTOR)
    scoring.service.confirm(half, LEADER)
    row, lines = own(site, half)
    assert disciplines(lines) == [("demerit", 0, (f"entry:{demerit}",))]
    assert (row.parts["openness"].points, row.total, row.accepted) == (900, 10_700, 90)  # (10 + 10 + 7) / 3

    year = scoring.service.propose_period(SCHEME, 2026, 0, INSPECTOR)
    scoring.service.confirm(year, LEADER)
    row, lines = own(site, year)
    assert disciplines(lines) == [("demerit", -1500, (f"entry:{demerit}",))]
    assert (row.parts["integrity"].points, row.total, row.first_total, row.grade) == (0, 9700, 9700, "excellent")
    assert scoring.queries.department(year, OWN_ORG, UNIT)[1] == lines
    assert check not in {int(key.removeprefix("entry:")) for line in lines for key in line.evidence}, "it is in its month"
    with pytest.raises(Conflict, match="score_window_open"):
        scoring.service.freeze(year, INSPECTOR)
    moved_to(site, YEAR_WINDOW_OVER)
    for number in (half, year):
        scoring.service.freeze(number, INSPECTOR)
    frozen = scoring.queries.find(year, UNIT)
    assert (frozen.state, frozen.period, frozen.months, len(frozen.digest)) == ("frozen", "2026", tuple(sorted(months)), 64)
    assert scoring.queries.find(half, UNIT).period == "2026-H1"
    # What the record says later stands beside it.
    scoring.entries.take_back(demerit, "决定已撤销", SECOND)
    assert own(site, year)[0].total == 9700
    assert scoring.service.present(frozen)[OWN_ORG] == 10_700
    other = {number: scoring.queries.department(number, OTHER_ORG, LEADER) for number in (half, year)}
    assert [other[number][0].total for number in (half, year)] == [None, 9000], "no month of it was scored"
    assert [disciplines(other[number][1]) for number in (half, year)] == [
        [("disciplinary_warning", points, (f"entry:{warning}",))] for points in (0, -1000)]


def test_the_department_contests_the_deduction_in_the_year_and_its_points_come_back(site: Site) -> None:
    scoring = site.services.scoring
    demerit = enter(site, "demerit", date(2026, 2, 11), "处分决定 7 号")
    removal = enter(site, "removal", date(2026, 3, 11), "处分决定 8 号")
    months = frozen_months(site)
    year = scoring.service.propose_period(SCHEME, 2026, 0, INSPECTOR)
    scoring.service.confirm(year, LEADER)
    row, lines = own(site, year)
    assert (row.total, row.grade, row.vetoes) == (9800, "failed", (0,)), "somebody was removed"
    assert own(site, months[2])[0].vetoes == (), "the veto is of the year"
    number = next(at for at, line in enumerate(lines) if line.evidence == (f"entry:{removal}",))
    with pytest.raises(InvalidInput, match="score_line_not_deducted"):
        scoring.appeals.file(year, number, "不是我们的", OTHER_UNIT)
    appeal = scoring.appeals.file(year, number, "决定已被撤销", UNIT)
    with pytest.raises(NotPermitted, match="score_judge_had_part"):
        scoring.appeals.decide(appeal, True, "有理", SECOND)  # he entered it
    scoring.appeals.decide(appeal, True, "有理", LEADER)
    row, lines = own(site, year)
    # 10 of 10 - 15 for the demerit - 40 + 40 for the removal: nothing is left of integrity, but the veto is gone
    assert (row.parts["integrity"].points, row.total, row.first_total, row.grade, row.vetoes) == (
        0, 9800, 9800, "excellent", ())
    assert [line.of for line in lines if line.rule == APPEAL] == [number]
    again = scoring.appeals.file(year, next(at for at, line in enumerate(lines) if line.evidence == (f"entry:{demerit}",)),
                                 "这个也是", UNIT)
    scoring.appeals.decide(again, True, "有理", LEADER)
    row, _ = own(site, year)
    assert (row.parts["integrity"].points, row.total, row.first_total) == (1000, 10_800, 9800)
    assert scoring.service.present(scoring.queries.find(year, LEADER))[OWN_ORG] == 10_800


def test_a_longer_score_rests_on_frozen_months_and_stands_once(site: Site) -> None:
    service = site.services.scoring.service
    with pytest.raises(NotFound, match="score_period_empty"):
        service.propose_period(SCHEME, 2026, 0, INSPECTOR)
    with pytest.raises(InvalidInput, match="score_period_not_over"):
        service.propose_period(SCHEME, 2027, 1, INSPECTOR)
    with pytest.raises(NotPermitted):
        service.propose_period(SCHEME, 2026, 0, LEADER)
    open_one = service.propose(SCHEME, MONTHS[0], INSPECTOR)
    with pytest.raises(Conflict, match="score_months_open"):
        service.propose_period(SCHEME, 2026, 0, INSPECTOR)
    service.withdraw(open_one, "重来", INSPECTOR)
    frozen_months(site)
    year = service.propose_period(SCHEME, 2026, 0, INSPECTOR)
    with pytest.raises(Conflict, match="score_stands"):
        service.propose_period(SCHEME, 2026, 0, INSPECTOR)
    half = service.propose_period(SCHEME, 2026, 1, INSPECTOR)
    queries = site.services.scoring.queries
    assert queries.of_month(LEADER, SCHEME, MONTHS[0]).span == "month"  # type: ignore[union-attr]
    assert [queries.of_period(LEADER, SCHEME, 2026, number).id for number in (0, 1)] == [year, half]  # type: ignore[union-attr]
    assert queries.of_period(UNIT, SCHEME, 2026) is None, "nobody outside sees a proposal"
    assert len(queries.course(LEADER, SCHEME, OWN_ORG)) == 3, "the course is one of months"
    assert queries.over_period(LEADER, SCHEME, 2026).months == ("2026-01", "2026-02", "2026-03")
    service.withdraw(year, "重来", INSPECTOR)
    assert service.propose_period(SCHEME, 2026, 0, INSPECTOR) > half


def test_over_http_and_on_the_page(site: Site) -> None:
    enter(site, "demerit", date(2026, 2, 11), "处分决定 7 号")
    months = frozen_months(site)
    inspector, leader = site.client(Role.INSPECTOR), site.client(Role.LEADER)
    made = inspector.post("/api/v1/scores", json={"scheme": SCHEME, "month": "2026"}, headers=SAME_ORIGIN)
    assert made.status_code == 201, made.text
    number = made.json["id"]
    assert inspector.post("/api/v1/scores", json={"scheme": SCHEME, "month": "2026-H3"}, headers=SAME_ORIGIN).status_code == 400
    assert leader.post(f"/api/v1/scores/{number}/confirm", headers=SAME_ORIGIN).status_code == 200
    told = leader.get(f"/api/v1/scores/years/{SCHEME}/2026").json
    assert (told["scoring"], told["months"]) == (number, ["2026-01", "2026-02", "2026-03"])
    shown = leader.get(f"/api/v1/scores/{number}").json["scoring"]
    assert (shown["month"], shown["rests_on"]) == ("2026", sorted(months))
    outputs = "..scores-head.children...scores-table.children...scores-waiting.children...scores-detail.children.."
    page = json.dumps(run_callback(leader, "/scores/", outputs, {
        "scores-address.search": f"?scheme={SCHEME}&year=2026&org={OWN_ORG}", "scores-changed.data": None}).json,
        ensure_ascii=False)
    for words in ("记过", "处分决定 7 号", "公布（", "依据 2026-01、2026-02、2026-03 定稿"):
        assert words in page, words
    file = leader.get(f"/scores/export.csv?scheme={SCHEME}&year=2026").data.decode("utf-8-sig")
    assert "百分制月度考核 · 2026\r\n" in file


@pytest.mark.parametrize("year", ["2026", "2026&half=1"])
def test_a_department_user_is_shown_the_span_he_is_scored_in_whatever_the_last_month_says(site: Site, year: str) -> None:
    """The months are scored for his area alone, and the last whole month not at all."""
    area = site.services.catalogue.area_of(OWN_ORG)
    service = site.services.scoring.service
    for month in MONTHS:
        service.confirm(service.propose(SCHEME, month, INSPECTOR, area=area), LEADER)
    user = Actor("zhao", frozenset({Role.DEPARTMENT_USER}), org=OWN_ORG)
    assert wish_in(site.services, f"?scheme={SCHEME}&year={year}", user).area == area
    assert wish_in(site.services, f"?scheme={SCHEME}&month=2026-09", user).area == ""

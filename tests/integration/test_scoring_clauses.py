"""Floors, vetoes and grades of one's own from the edited scheme to what is published, told, shown, exported and asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from alerts.notices.models import notices
from config.versions import Kind
from core.access import Role
from evaluation.scoring.rows import ScoringRow
from tests.scoring import FEBRUARY, INSPECTOR, LEADER, UNIT, moved_to, name_contacts, scored_site
from tests.staff import OTHER_ORG, OWN_ORG, Site, run_callback

SCHEME = "monthly-100"
SHOW = "..scores-head.children...scores-table.children...scores-waiting.children...scores-detail.children.."
WATCH = {"code": "watch", "label": {"zh": "警示", "en": "Watched"}, "at_least": 40}
NO_RED = {"label": {"zh": "发生时限红牌", "en": "A red card on a limit"}, "rules": ["limits_red"], "grade": "watch", "most": 55}


def strict(content: dict[str, Any]) -> dict[str, Any]:
    """The 100-point scheme with a floor of 4 for limits, a grade more, and a red card on a limit as a veto."""
    content["parts"]["limits"]["floor"] = 4
    content["grades"].insert(3, WATCH)
    content["vetoes"].append(NO_RED)
    return content | {"told": ["watch", "failed"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = scored_site(tmp_path_factory.mktemp("clauses"), **{"bulletins.scheme": SCHEME})
    name_contacts(made.services)
    content = strict(made.services.editing.present(Kind.SCORING, SCHEME)[1])
    made.services.editing.propose(Kind.SCORING, SCHEME, content, effective_from=FEBRUARY, reason="试行", actor=INSPECTOR)
    yield made
    made.services.database.dispose()


@pytest.fixture(scope="module")
def number(site: Site) -> int:
    return site.services.scoring.service.propose(SCHEME, FEBRUARY, INSPECTOR)


@pytest.fixture(scope="module")
def frozen(site: Site, number: int) -> ScoringRow:
    """After the window; what was published goes into the bulletin from now on."""
    bulletins = site.services.bulletins
    assert "绩效评估情况" not in written(bulletins, bulletins.service.produce("", "2026-02", LEADER))
    moved_to(site, datetime(2026, 3, 24, 1, tzinfo=UTC))
    site.services.scoring.service.freeze(number, INSPECTOR)
    return site.services.scoring.queries.find(number, UNIT)


def written(bulletins: Any, number: int) -> str:
    """Text and tables of a bulletin."""
    paper = bulletins.composer.compose(bulletins.queries.find(number, LEADER).figures, "", FEBRUARY)
    return repr(paper)


def got(site: Site, path: str) -> Any:
    answer = site.client(Role.LEADER).get(f"/api/v1/scores/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json


# OWN_ORG: 95.5 as without the veto (test_scoring), 55 with it. OTHER_ORG: its 25 yellow cards leave 4 instead of 0 of the 14
# for limits: 86 + 4 = 90. So the places change.
def test_a_veto_and_a_floor_move_totals_grades_and_places(site: Site, number: int) -> None:
    rows = {row.org: row for row in site.services.scoring.queries.departments(number, LEADER)}
    own, other = rows[OWN_ORG], rows[OTHER_ORG]
    assert (own.total, own.grade, own.place, own.vetoes) == (5_500, "watch", 2, (1,))
    assert (other.total, other.grade, other.place, other.parts["limits"].points) == (9_000, "excellent", 1, 400)


def test_the_interface_tells_what_bounds_a_score_and_why(site: Site, number: int) -> None:
    whole, own, other = (got(site, path) for path in (
        str(number), f"{number}/departments/{OWN_ORG}", f"{number}/departments/{OTHER_ORG}"))
    assert whole["vetoes"][1] == {"number": 1, "label": NO_RED["label"], "grade": "watch", "most": 55.0, "period": "whole"}
    red = next(line["number"] for line in own["lines"] if line["rule"] == "limits_red")
    assert (own["before_vetoes"], own["vetoes"], own["floors"]) == (95.5, [{"number": 1, "lines": [red]}], {})
    # 125 taken of 14, down to 4: 115 spared
    assert (other["vetoes"], other["floors"]) == ([], {"limits": {"floor": 4.0, "spared": 115.0}})


def test_the_page_and_the_table_to_take_away_say_it_in_words(site: Site, number: int) -> None:
    def shown(org: str) -> str:
        answer = run_callback(site.client(Role.LEADER), "/scores/", SHOW, {
            "scores-address.search": f"?scoring={number}&org={org}", "scores-changed.data": None})
        return json.dumps(answer.json, ensure_ascii=False)

    assert "一票否决：发生时限红牌（依据：时限红牌，1 行），等次不高于警示，总分不高于 55（否决前 95.50）" in shown(OWN_ORG)
    assert "扣至保底分 4 为止，另有 115 分不再扣" in shown(OTHER_ORG)
    table = site.client(Role.LEADER).get(f"/scores/export.csv?scheme={SCHEME}&month=2026-02").data.decode("utf-8-sig")
    assert [line.split(",")[-1] for line in table.splitlines() if "市发展和改革委员会" in line] == ["发生时限红牌"]


def test_low_scorers_and_their_leaders_are_told_by_the_new_grades(site: Site, frozen: ScoringRow) -> None:
    n = notices.c
    with site.services.database.read() as conn:
        told = conn.execute(select(n.org, n.addressee, n.body).where(n.what == "score_low", n.reason != "nobody_named")).all()
    assert {(row.org, row.addressee) for row in told} == {(OWN_ORG, who) for who in ("liaison", "unit_head", "leader")}
    assert "得分 55.00，警示，第 2 名。一票否决：发生时限红牌。" in told[0].body
    assert (frozen.rules.vetoes[1].most, frozen.rules.parts["limits"].floor, len(frozen.digest)) == (55, 4, 64)


def test_the_bulletin_tells_frozen_scores_with_grades_and_vetoes(site: Site, frozen: ScoringRow) -> None:
    told = written(site.services.bulletins, site.services.bulletins.service.produce("", "2026-02", LEADER))
    for words in ("、绩效评估情况", "按照《百分制月度考核》，2个部门的得分已经定稿，其中优秀1个、警示1个",
                  "1个部门适用一票否决：市发展和改革委员会（发生时限红牌，定为警示）", frozen.digest,
                  "('1', '市民政局', '90.00', '优秀', '')", "('2', '市发展和改革委员会', '55.00', '警示', '发生时限红牌')"):
        assert words in told, words

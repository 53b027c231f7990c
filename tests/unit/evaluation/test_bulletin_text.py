"""The text of a bulletin: right for nothing, for one, for no change, up, down, and where last month is not known."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from typing import Any

import msgspec
import pytest

from config.indicators import load_indicators
from config.texts import load_texts
from evaluation.bulletins.assembly import _sentences
from evaluation.bulletins.contents import Composer, Letterhead
from evaluation.bulletins.corrections import corrections
from evaluation.bulletins.figures import (
    APPLICANTS,
    CARDS,
    COUNTED,
    Counts,
    Figures,
    MonthFigures,
    MonthScores,
    Place,
    UnitFigures,
    UnitScore,
    as_json,
    digest,
    month_before,
    month_of,
)
from evaluation.bulletins.phrases import Telling, count_change, listed, rate_change
from evaluation.bulletins.suppression import suppressed
from evaluation.bulletins.workbook import workbook
from evaluation.models import CARDS_BY_SUBJECT
from papers.official import Chart, Heading, OfficialPaper, Paragraph, Table

INDICATORS = load_indicators()
SAY = _sentences(load_texts()["zh"])
COMPOSER = Composer(INDICATORS, SAY, Letterhead("新余市行政审批电子监察中心", "各行政审批部门", ""),
                    lambda _area, _us: "2026年4月5日9时00分")
DAY = date(2026, 4, 5)


def counts(**given: int) -> Counts:
    return {**dict.fromkeys(COUNTED, 0), **given}


def unit(org: str, place: Place | None = None, zone: int = 0, before: Counts | None = None, **given: int) -> UnitFigures:
    return UnitFigures(org=org, name=f"市{org}局", counts=counts(**given), before={} if before is None else before, place=place,
                       zone=zone, cards_by_acceptance=dict.fromkeys(CARDS, 0), low=0.9, high=0.95)


def figures(*units: UnitFigures, before: Counts | None = None, **more: Any) -> Figures:
    """A month of these departments."""
    whole = {name: sum(one.counts[name] for one in units) for name in COUNTED}
    return Figures(**{"area": "", "area_name": "全市", "month": "2026-03", "as_of": 0, "version": "2026.1",
                      "rank_by": "on_time_rate", "least": 5, "counts": whole, "before": before or {},
                      "cards_by_acceptance": dict.fromkeys(CARDS, 0), "units": units,
                      "trend": (MonthFigures("2026-03", whole),), **more})


def paper(told: Figures) -> OfficialPaper:
    return COMPOSER.compose(told, "新监通报〔2026〕3号", DAY)


def text(told: Figures) -> str:
    return "\n".join(block.text for block in paper(told).body if isinstance(block, (Paragraph, Heading)))


@pytest.mark.parametrize(("now", "before", "said"), [
    (10, None, ""), (0, 0, "，与上月持平"), (10, 10, "，与上月持平"), (1, 0, "，比上月增加1件"), (0, 1, "，比上月减少1件"),
    (19, 10, "，比上月增加9件"), (30, 20, "，比上月增加10件，上升50.0%"), (0, 20, "，比上月减少20件，下降100.0%"),
    (100_001, 100_000, "，比上月增加1件"), (90, 100, "，比上月减少10件，下降10.0%")])
def test_a_count_and_its_change(now: int, before: int | None, said: str) -> None:
    assert said == count_change(now, before, "cases", SAY)


@pytest.mark.parametrize(("now", "before", "said"), [
    (0.5, None, ""), (0.9804, 0.9796, "，与上月持平"), (0.98046, 0.98054, "，比上月下降0.1个百分点"),
    (1.0, 0.0, "，比上月上升100.0个百分点"), (0.9, 0.912, "，比上月下降1.2个百分点")])
def test_a_rate_changes_by_what_is_printed(now: float, before: float | None, said: str) -> None:
    assert said == rate_change(INDICATORS.find("on_time_rate"), now, before, SAY)


def test_days_get_longer_and_shorter() -> None:
    days = INDICATORS.find("mean_days")

    assert "，比上月延长0.5个工作日" == rate_change(days, 5.0, 4.5, SAY)
    assert "，比上月缩短0.5个工作日" == rate_change(days, 4.5, 5.0, SAY)


def test_many_names_are_counted_once() -> None:
    units = [unit(str(at)) for at in range(8)]

    assert listed(units, lambda _unit: "", SAY).endswith("市5局等8个部门")
    assert listed(units, lambda _unit: "", SAY, is_counted=True).endswith("市5局等")
    assert listed(units[:1], lambda _unit: "3件", SAY) == "市0局（3件）"


def test_a_month_without_anything_says_so_and_invents_nothing() -> None:
    said = text(figures(unit("甲"), unit("乙")))

    assert "共收件0件；受理0件；办结0件。" in said
    assert "没有发出预警、黄牌和红牌" in said
    assert "本月没有收到咨询和投诉举报" in said
    assert "本月没有群众评价" in said
    assert "本月没有部门的计数达到20，按时办结率只列数据，不排位次" in said
    assert "存在的主要问题" not in said
    assert "五、下一步工作要求\n各部门要继续按照公开承诺的时限" in said
    for wrong in ("nan", "None", "—", "%，", "0.0%", "其中正常办结"):
        assert wrong not in said, wrong


def test_one_of_everything() -> None:
    said = text(figures(unit("甲", received=1, accepted=1, concluded=1, late=1, yellow=1, warnings=1, rated=5, satisfied=4,
                             dissatisfied=1, bad_duties=1, steps=2, steps_over=1, complaints=1)))

    assert "共收件1件；受理1件；办结1件，其中正常办结1件、退件0件、作废0件。" in said
    assert "共发出预警1次；黄牌1张；红牌0张。" in said
    assert "涉及1个部门：市甲局（黄牌1张）" in said
    assert "满意度80.0%" in said
    assert "转为整改任务的差评1件，已整改0件" in said
    assert "（一）超期办结仍有发生。本月超期办结1件，涉及市甲局（1件）。" in said
    assert "差评中，有1件尚未整改" in said
    assert "上月没有完整数据，本期不作环比" in said


def test_problems_and_demands_go_together() -> None:
    told = figures(unit("甲", received=40, accepted=40, concluded=40, early=20, on_due_day=10, late=10, zone=-2),
                   unit("乙", received=40, accepted=40, concluded=40, early=30))
    said = text(told)

    for problem, demand in (("超期办结仍有发生", "逐件查明超期原因"), ("部分部门效能偏低", "提高办理效能"),
                            ("部分办件时限不明", "补齐时限数据")):
        assert problem in said
        assert demand in said
    assert "有10件办结件没有可判定的时限" in said
    assert "红黄牌仍有发生" not in said


def test_cards_are_told_by_what_they_are_for_and_applicants_by_what_they_are() -> None:
    told = figures(unit("甲", received=9, received_persons=5, received_companies=3, warnings=4, yellow=3, red=1, yellow_step=1,
                        red_conduct=1, warnings_special=1), unit("乙", received=1))
    annexes = paper(told).annexes

    cases, cards = annexes[0].body[0], annexes[1].body[1]
    assert isinstance(cases, Table)
    assert isinstance(cards, Table)
    assert [head.replace("\n", "") for head in cases.head[1:4]] == ["收件", "自然人收件", "法人收件"]
    assert cases.rows[0][1:4] == ("9", "5", "3")
    assert cards.head[1:] == ("办件时限", "环节", "特别程序", "咨询", "投诉", "行为")
    assert cards.rows == (("市甲局", "3/2/0", "0/1/0", "1/0/0", "0/0/0", "0/0/0", "0/0/1"),
                          ("合计", "3/2/0", "0/1/0", "1/0/0", "0/0/0", "0/0/0", "0/0/1"))
    assert {"环节黄牌", "行为红牌", "特别程序预警", "法人收件"} <= texts_of_workbook(told)


def test_a_bulletin_of_before_tells_neither() -> None:
    newer = {*APPLICANTS, *CARDS_BY_SUBJECT}
    of_before = {name: n for name, n in counts(received=9, yellow=1).items() if name not in newer}
    told = figures(unit("甲", received=9, yellow=1))
    told = msgspec.structs.replace(told, counts=of_before, before={}, trend=(), units=tuple(
        msgspec.structs.replace(one, counts=of_before) for one in told.units))
    made = paper(told)

    cases = made.annexes[0].body[0]
    assert isinstance(cases, Table)
    assert not any("自然人" in head.replace("\n", "") for head in cases.head)
    assert len(made.annexes[1].body) == 2
    assert {"环节黄牌", "自然人收件"}.isdisjoint(texts_of_workbook(told))


def texts_of_workbook(told: Figures) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(workbook(Telling(told, INDICATORS, SAY), paper(told)))) as book:
        return set(re.findall("<t[^>]*>([^<]*)</t>", book.read("xl/sharedStrings.xml").decode()))


def test_revoked_cards_are_told_apart() -> None:
    told = figures(unit("甲", accepted=100, yellow=3, revoked_yellow=3, red=1, warnings=9),
                   unit("乙", accepted=100, yellow=2, revoked_yellow=1, red=1, revoked_red=1))
    said = text(told)

    assert "共发出预警9次；黄牌5张；红牌2张。上述牌中，经核实撤销黄牌4张、红牌1张；扣除撤销后，实有黄牌1张、红牌1张。" in said
    assert "涉及2个部门：市甲局（红牌1张）、市乙局（黄牌1张）" in said
    table = paper(told).annexes[1].body[0]
    assert isinstance(table, Table)
    assert table.head[1:6] == ("预警", "黄牌", "红牌", "撤销黄牌", "撤销红牌")
    assert table.rows[0] == ("市甲局", "9", "3", "1", "3", "0", "10.0")
    assert table.rows[-1] == ("合计", "9", "5", "2", "4", "1", "10.0")


def test_places_come_with_their_ranges() -> None:
    placed = [unit(str(rank), Place(rank, max(1, rank - 1), min(7, rank + 1)), concluded=100, accepted=100, early=100 - rank)
              for rank in range(1, 8)]
    said = text(figures(*placed, unit("小", concluded=3, accepted=3, early=3)))

    assert "本月排位次的部门7个，不排位次的1个" in said
    assert "居前3位的是市1局（99.0%，第1位，可能在第1至2位）" in said
    assert "各部门的位次均只能确定所在范围" in said
    certain = [msgspec.structs.replace(one, place=Place(at, at, at)) for at, one in enumerate(placed, 1)]
    assert "7个部门的位次均可以确定" in text(figures(*certain))
    table = paper(figures(*placed, unit("小", concluded=3, accepted=3, early=3))).annexes[2].body[0]
    assert isinstance(table, Table)
    assert table.rows[0][:3] == ("1", "1–2", "市1局")
    assert table.rows[-2][:3] == ("—", "—", "市小局")


def test_the_change_is_told_where_last_month_is_whole() -> None:
    before = counts(received=50, accepted=40, concluded=40, early=30, on_due_day=10)
    now = figures(unit("甲", received=60, accepted=60, concluded=40, early=40, before=counts(accepted=40)), before=before)
    said = text(now)

    assert "共收件60件，比上月增加10件，上升20.0%；受理60件，比上月增加20件，上升50.0%；办结40件，与上月持平" in said
    assert "提前办结率100.0%，比上月上升25.0个百分点" in said
    assert "按时办结率100.0%，与上月持平" in said
    assert "不作环比" not in said
    assert "+20" in str(paper(now).annexes[0])


def test_a_rate_beyond_all_is_explained() -> None:
    assert "故办结率可以超过100%" in text(figures(unit("甲", accepted=2, concluded=3)))
    assert "故办结率可以超过100%" not in text(figures(unit("甲", accepted=3, concluded=3)))


def test_no_denominator_is_a_dash() -> None:
    table = paper(figures(unit("甲", received=1))).annexes[0].body[0]

    assert isinstance(table, Table)
    assert table.rows[0][-2:] == ("—", "—")


# Small numbers ----------------------------------------------------------------------------------------------------------------


def rated(org: str, n: int) -> UnitFigures:
    return unit(org, rated=n, satisfied=n)


def hidden(*units: UnitFigures) -> set[str]:
    return {one.org for one in suppressed(figures(*units)).units if "rated" not in one.counts}


def test_few_ratings_go_and_enough_others_that_nobody_works_them_out() -> None:
    assert hidden(rated("甲", 5), rated("乙", 0)) == set()
    assert hidden(rated("甲", 4), rated("乙", 9), rated("丙", 30)) == {"甲", "乙"}
    assert hidden(rated("甲", 1), rated("乙", 2), rated("丙", 30), rated("丁", 6)) == {"甲", "乙", "丁"}
    assert hidden(rated("甲", 3), rated("乙", 3), rated("丙", 30)) == {"甲", "乙"}
    assert hidden(rated("甲", 2)) == {"甲"}


def owing(org: str, n_rated: int, duties: int) -> UnitFigures:
    return unit(org, rated=n_rated, satisfied=n_rated, bad_duties=duties, rectified=duties)


def without_duties(*units: UnitFigures) -> set[str]:
    return {one.org for one in suppressed(figures(*units)).units if "bad_duties" not in one.counts}


def test_a_duty_of_a_month_without_ratings_tells_of_a_hidden_one_and_goes() -> None:
    told = suppressed(figures(owing("甲", 0, 1), owing("乙", 30, 7), owing("丙", 30, 9)))
    assert {one.org: one.counts.get("bad_duties") for one in told.units} == {"甲": None, "乙": None, "丙": 9}
    assert {one.org: one.counts["rated"] for one in told.units} == {"甲": 0, "乙": 30, "丙": 30}, "ratings are told as before"
    assert told.counts["bad_duties"] == 17


def test_few_duties_go_with_enough_others_and_those_of_hidden_ratings_too() -> None:
    assert without_duties(owing("甲", 30, 4), owing("乙", 30, 2), owing("丙", 30, 9)) == {"甲", "乙"}
    assert without_duties(owing("甲", 3, 6), owing("乙", 9, 8), owing("丙", 30, 9)) == {"甲", "乙"}
    assert without_duties(owing("甲", 9, 6), owing("乙", 30, 0)) == set()


def test_a_total_that_is_that_of_one_department_is_not_told_either() -> None:
    """甲 and 乙 hide their ratings, so nobody is to learn by the total that all six duties are those of 甲."""
    told = suppressed(figures(owing("甲", 3, 6), owing("乙", 9, 0), owing("丙", 30, 0)))
    assert "bad_duties" not in told.counts
    assert told.counts["rated"] == 42
    assert "整改" not in text(told)


def test_few_ratings_of_all_are_not_told_and_last_months_neither() -> None:
    few = suppressed(figures(rated("甲", 4), before=counts(rated=3, accepted=9)))

    assert "rated" not in few.counts
    assert few.before["accepted"] == 9
    assert "rated" not in few.before
    assert "本月群众评价不足5件，为保护评价人，不予列示" in text(few)
    assert "＊" in str(paper(few).annexes[3])


# The whole -------------------------------------------------------------------------------------------------------------------


def test_an_area_tells_no_ratings_since_its_bulletin_and_that_of_everything_could_be_subtracted() -> None:
    """Of the area alone 3 and 10 would hide; of everything 3 and another area's 2 hide, so that 10 stood there."""
    everything = figures(rated("甲", 3), rated("乙", 10), rated("丙", 20))
    of_area = msgspec.structs.replace(everything, area="360502", area_name="渝水区")
    told = suppressed(of_area)
    assert all("rated" not in one for one in (told.counts, *(unit.counts for unit in told.units), told.trend[0].counts))
    assert "群众评价只在全市通报中列示" in text(told)
    assert told.counts["accepted"] == of_area.counts["accepted"]


def test_what_was_corrected_tells_no_opinion_and_no_place_by_another_indicator() -> None:
    issued = figures(unit("甲", Place(1, 1, 2), accepted=5, rated=33, satisfied=30), unit("乙", Place(2, 1, 2), accepted=7))
    now = figures(unit("甲", Place(2, 1, 2), accepted=6, rated=34, satisfied=30), unit("丙", accepted=2))
    found = {(one.org, one.figure): (one.then, one.now) for one in corrections(issued, now)}
    assert found == {("", "accepted"): ("12", "8"), ("甲", "accepted"): ("5", "6"), ("甲", "place"): ("1 (1–2)", "2 (1–2)"),
                     ("乙", "accepted"): ("7", "0"), ("乙", "place"): ("2 (1–2)", "—"), ("丙", "accepted"): ("0", "2")}
    other = msgspec.structs.replace(now, rank_by="early_rate")
    assert not [one for one in corrections(issued, other) if one.figure == "place"]


def test_the_paper_is_numbered_titled_and_has_its_annexes() -> None:
    made = paper(figures(unit("甲", received=30, accepted=30, concluded=30, early=30)))

    assert made.title == "关于2026年3月全市行政审批电子监察情况的通报"
    assert [annex.title for annex in made.annexes] == [
        "各部门办件情况统计表", "各部门预警和红黄牌情况统计表", "各部门效能比较表", "各部门咨询投诉和群众评价情况统计表",
        "统计说明"]
    assert digest(figures(unit("甲"))) in str(paper(figures(unit("甲"))).annexes[-1])
    assert made == paper(figures(unit("甲", received=30, accepted=30, concluded=30, early=30)))


def test_charts_are_numbered_as_they_come() -> None:
    trend = tuple(MonthFigures(f"2026-0{month}", counts(accepted=month)) for month in (1, 2, 3))
    made = paper(figures(unit("甲", accepted=9, yellow=1), trend=trend))
    charts = [block for block in made.body if isinstance(block, Chart)]

    assert [chart.caption[:3] for chart in charts] == ["图1　", "图2　"]
    assert charts[0].labels == ("2026年1月", "2月", "3月")


def test_equal_figures_have_equal_hashes_and_workbooks() -> None:
    one, same = (figures(unit("甲", received=1)) for _ in range(2))

    assert digest(one) == digest(same) != digest(figures(unit("甲", received=2)))
    told = Telling(one, INDICATORS, SAY)
    assert workbook(told, paper(one)) == workbook(told, paper(one))


def test_frozen_scores_are_a_section_an_annex_and_a_sheet_and_without_them_the_hash_is_what_it_was() -> None:
    plain = figures(unit("甲", received=1, accepted=1))
    rows = tuple(UnitScore(str(n), f"市{n}局", n, 10_000 - 100 * n, "优秀" if n < 4 else "不合格",
                           ("有人被开除",) if n == 6 else ()) for n in range(1, 7))
    scored = msgspec.structs.replace(plain, scores=MonthScores("百分制月度考核", "ab12", rows))
    told, whole = text(scored), paper(scored)

    assert "五、绩效评估情况" in told
    assert "6个部门的得分已经定稿，其中优秀3个、不合格3个" in told
    assert "居前的是市1局（99.00分）、市2局（98.00分）、市3局（97.00分）；居后的是市4局" in told
    assert "1个部门适用一票否决：市6局（有人被开除，定为不合格）" in told
    assert [annex.title for annex in whole.annexes][4:] == ["各部门绩效评估得分表", "统计说明"]
    book = zipfile.ZipFile(io.BytesIO(workbook(Telling(scored, INDICATORS, SAY), whole)))
    assert "绩效评估" in book.read("xl/workbook.xml").decode()
    assert "绩效评估情况" not in text(plain)
    assert b"scores" not in as_json(plain)
    assert msgspec.json.decode(as_json(scored), type=Figures) == scored


def test_months_have_their_days_and_predecessors() -> None:
    assert month_of("2024-02").last == date(2024, 2, 29)
    assert month_before(date(2026, 1, 31)) == "2025-12"

"""The case page: who sees what, the deadline in a sentence and as a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from dash.development.base_component import Component

from cases.events import CaseEvent, EventData, EventKind
from cases.explain import ClockExplanation, explain
from core.access import Role
from core.instants import HOUR_US, day_of, to_us
from dashboard.pages import case
from dashboard.panels import case_calendar, case_clocks, case_sentence
from dashboard.panels.case_facts import masked
from dashboard.times import day_at, due_stamp, stamp
from dashboard.words import Words
from tests.staff import NOW, OTHER_ORG, OWN_ORG, Site, make_site, run_callback

PATHS = {"own": "/case/360500/XY-1", "other": "/case/360500/XY-2", "none": "/case/360500/XY-404"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make_site(tmp_path_factory.mktemp("case"))
    site.record_case("XY-1", OWN_ORG)
    site.record_case("XY-2", OTHER_ORG, "李四海")
    return site


@pytest.fixture(scope="module")
def words(site: Site) -> Words:
    return Words("zh", site.services.texts("zh").tree)


def shown(site: Site, role: Role, path: str, search: str = "") -> str:
    answer = run_callback(site.client(role), "/case/", "case-body.children",
                          {"case-address.pathname": path, "case-address.search": search})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def explained(site: Site, case_no: str = "XY-1", kind: str = "promised") -> ClockExplanation:
    detail = site.services.case_queries.find_case(case_no, site.services.clock.now_us(), "360500")
    assert detail is not None
    return next(clock for clock in explain(detail, site.services.areas) if clock.kind == kind)


def components(node: Any) -> Iterator[Component]:
    if isinstance(node, list | tuple):
        for child in node:
            yield from components(child)
    elif isinstance(node, Component):
        yield node
        yield from components(getattr(node, "children", None))


def text_of(node: Any) -> str:
    if isinstance(node, Component):
        return text_of(getattr(node, "children", None))
    if isinstance(node, list | tuple):
        return "".join(text_of(child) for child in node)
    return "" if node is None else str(node)


# Who sees what


def test_a_department_user_sees_his_own_unit_and_cannot_tell_another_units_case_from_none(site: Site) -> None:
    own, other, none = (shown(site, Role.DEPARTMENT_USER, PATHS[name]) for name in ("own", "other", "none"))

    assert "XY-1" in own
    assert "XY-2" not in other
    assert "李四海" not in other
    assert other == none


def test_a_department_users_search_finds_his_own_unit_only(site: Site) -> None:
    assert "XY-2" not in shown(site, Role.DEPARTMENT_USER, "/case/", "?q=XY")
    assert "XY-2" in shown(site, Role.DUTY_OFFICER, "/case/", "?q=XY")


@pytest.mark.parametrize(("role", "sees"), [(Role.INSPECTOR, True), (Role.DEPARTMENT_USER, True), (Role.DUTY_OFFICER, False),
                                            (Role.LEADER, False), (Role.ADMINISTRATOR, False)])
def test_the_applicant_is_named_only_to_who_needs_the_name(site: Site, role: Role, sees: bool) -> None:
    assert ("王小明" in shown(site, role, PATHS["own"])) is sees


@pytest.mark.parametrize(("name", "hidden"), [
    ("王小明", "王**"), ("李四", "李*"), ("新余市钢铁贸易有限公司", "新余***公司"), ("", "")])
def test_masking_keeps_just_enough_to_recognise_a_name(name: str, hidden: str) -> None:
    assert masked(name) == hidden


def test_a_case_number_with_odd_signs_finds_its_way(site: Site) -> None:
    site.record_case("A/7 <b>&?", OWN_ORG)

    assert "A/7 <b>&?" in shown(site, Role.INSPECTOR, "/case/360500/A%2F7%20%3Cb%3E%26%3F")


def test_a_case_from_elsewhere_is_dated_as_its_source_wrote_it(site: Site) -> None:
    """23:30 of the ninth in Amsterdam is the tenth in Beijing."""
    site.services.recorder.record([CaseEvent(
        source="wabo", source_event_id="W-1", kind=EventKind.ACCEPTED, case_no="W-1", area="360500", org=OWN_ORG, utc_offset=60,
        claimed_at=to_us(datetime(2026, 3, 9, 22, 30, tzinfo=UTC)))])
    told = shown(site, Role.INSPECTOR, "/case/360500/W-1")

    assert "2026-03-09 23:30 +01:00" in told
    assert "2026-03-10 06:30" not in told


def test_a_department_user_is_met_by_his_own_cases_that_need_attention(site: Site) -> None:
    met = shown(site, Role.DEPARTMENT_USER, "/case/")

    assert "XY-1" in met
    assert "XY-2" not in met


def test_a_whole_number_leads_to_the_case_itself(site: Site) -> None:
    assert "时限是怎样计算的" in shown(site, Role.DUTY_OFFICER, "/case/", "?q=XY-2")
    assert "XY-2" not in shown(site, Role.DEPARTMENT_USER, "/case/", "?q=XY-2").replace("“XY-2”", "")


def test_a_whole_number_stands_before_those_it_begins_and_more_than_are_shown_are_told_of(site: Site) -> None:
    numbers = [(EventKind.ACCEPTED, f"B-1{number}") for number in range(case.FOUND_MAX + 1)]
    site.services.recorder.record([CaseEvent(
        source="hall", source_event_id=number, kind=kind, case_no=number, area="360500", claimed_at=to_us(NOW) - 1, org=OWN_ORG)
        for kind, number in [*numbers, (EventKind.VOIDED, "B-1")]])
    found = shown(site, Role.INSPECTOR, "/case/", "?q=B-1")

    assert f"前 {case.FOUND_MAX} 件；还有更多" in found
    assert found.index('"B-1"') < found.index('"B-10"')
    assert "找到 11 件" in shown(site, Role.INSPECTOR, "/case/", "?q=B-11")


# The sentence and the picture


def test_the_sentence_names_start_budget_what_is_left_out_and_how_it_stands(site: Site, words: Words) -> None:
    clock = explained(site)
    sentence = case_sentence.sentence(clock, site.services.clock.now_us(), words)

    assert sentence.startswith("2026-02-03 起算")
    assert f"{case_sentence.number(clock.amount)} 个工作日" in sentence
    assert f"应于 {case_calendar.date_of(clock.due_day or 0).isoformat()} 办结" in sentence
    assert f"已超 {case_sentence.number((clock.used or 0) - clock.amount)} 天" in sentence


def test_the_days_left_out_of_the_sentence_are_those_of_the_table(site: Site, words: Words) -> None:
    clock = explained(site, kind="statutory")
    until_due = [line for line in clock.days if line.day <= (clock.due_day or 0)]
    sentence = case_sentence.sentence(clock, site.services.clock.now_us(), words)

    for kind, word in (("weekend", "周末"), ("holiday", "节假日")):
        assert f"{word} {sum(line.kind == kind for line in until_due)} 天" in sentence
    assert f"调休上班 {sum(line.kind == 'make_up' for line in until_due)} 天" in sentence


def test_a_clock_that_runs_for_years_counts_all_its_days_and_lists_the_way_to_its_due_day(site: Site, words: Words) -> None:
    """Nine years from 2017-03-17 to NOW, and a due day beyond the days that are listed at least."""
    accepted = to_us(datetime(2017, 3, 17, 2, 20, tzinfo=UTC))
    for number, limit in (("XY-old", "20cd"), ("XY-far", "900cd")):
        site.services.recorder.record([CaseEvent(
            source="hall", source_event_id=number, kind=EventKind.ACCEPTED, case_no=number, area="360500", claimed_at=accepted,
            org=OWN_ORG, data=EventData(promised_limit=limit))])
    old, far = explained(site, "XY-old"), explained(site, "XY-far")
    days = day_of(NOW.date()) - day_of(date(2017, 3, 17))
    sentence = case_sentence.sentence(old, site.services.clock.now_us(), words)

    assert (old.used, far.used) == (days, days)
    assert f"已超 {days - 20} 天" in sentence
    assert [line.n for line in far.days if line.is_due] == [900]
    assert old.days[-1].n + old.days_more == days
    assert f"其后 {old.days_more} 天未逐日列出" in text_of(case_calendar.render(old, day_at(old.started_at, 480), words))


def test_a_clock_that_cannot_be_judged_says_why_and_never_on_time(site: Site, words: Words) -> None:
    from types import SimpleNamespace
    clock = SimpleNamespace(reason="limit_missing", detail="hall", limit_text="")
    sentence = case_sentence.sentence(clock, 0, words)

    assert "没有给出时限" in sentence
    assert "不视为按期" in sentence


def test_the_picture_prints_the_running_count_in_every_counted_day(site: Site, words: Words) -> None:
    clock = explained(site)
    picture = case_calendar.render(clock, day_at(site.services.clock.now_us(), 480), words)
    days = [cell for cell in components(picture) if "cal-day" in str(getattr(cell, "className", "")).split()
            and cell.to_plotly_json()["type"] == "Td"]
    counted = [cell for cell in days if "is-counted" in cell.className.split()]
    printed = [text_of(part) for cell in counted for part in components(cell) if getattr(part, "className", "") == "cal-n"]

    assert len(days) == len(clock.days)
    assert printed == [str(line.n) for line in clock.days if line.counted]


def test_every_day_is_told_by_a_sign_and_words_not_by_colour_alone(site: Site, words: Words) -> None:
    clock = explained(site, kind="statutory")
    picture = case_calendar.render(clock, day_at(site.services.clock.now_us(), 480), words)
    by_kind: dict[str, set[str]] = {}
    for cell in components(picture):
        classes = str(getattr(cell, "className", "")).split()
        if "cal-day" in classes and cell.to_plotly_json()["type"] == "Td":
            kind = next(name for name in classes if name.startswith("day-"))
            by_kind.setdefault(kind, set()).update(sign for sign in "休假班停始期" if sign in text_of(cell))
            assert cell.title.startswith("2026-")

    assert by_kind["day-weekend"] == {"休"}
    assert by_kind["day-holiday"] == {"假"}
    assert by_kind["day-make-up"] == {"班"}
    assert by_kind["day-opening"] == {"始"}


def test_a_very_long_clock_shows_its_ends_its_due_month_and_how_much_lies_between() -> None:
    from types import SimpleNamespace
    firsts = [NOW.date().replace(year=2020 + at // 12, month=at % 12 + 1, day=1) for at in range(20)]
    months = [[SimpleNamespace(day=day_of(first))] for first in firsts]
    shown_months, left_out = case_calendar._shown(months, months[9][0].day)

    assert shown_months == [*months[:3], months[9], *months[-3:]]
    assert left_out == 13


def test_the_worst_open_clock_is_shown_first_and_another_on_request(site: Site, words: Words) -> None:
    detail = site.services.case_queries.find_case("XY-1", site.services.clock.now_us(), "360500")
    assert detail is not None
    clocks = explain(detail, site.services.areas)

    def current(chosen: str) -> str:
        section = case_clocks.render(clocks, chosen, detail.as_of, site.services.presets, words)
        return next(text_of(part) for part in components(section) if "aria-current" in part.to_plotly_json()["props"])

    worst = max(clocks, key=lambda clock: clock.level)
    assert words(f"clock.{worst.kind}") in current("")
    assert words("clock.promised") in current("promised-0")


def test_times_carry_their_offset_where_it_is_not_beijings() -> None:
    assert stamp(0) == "1970-01-01 08:00"
    assert stamp(0, 60) == "1970-01-01 01:00 +01:00"
    assert stamp(None) == "—"
    assert (due_stamp(16 * HOUR_US), due_stamp(-HOUR_US, 60), due_stamp(None)) == (
        "1970-01-01 24:00", "1969-12-31 24:00 +01:00", "—")


def test_the_page_knows_both_languages(site: Site) -> None:
    client = site.client(Role.INSPECTOR)
    client.get("/case/?lang=en")
    answer = run_callback(client, "/case/", "case-body.children",
                          {"case-address.pathname": PATHS["own"], "case-address.search": ""})

    assert "How the time is counted" in answer.text
    assert case.TITLE == "case.title"


@pytest.mark.parametrize(("about", "shown"), [("site_survey", "现场勘查"), ("审核", "审核"), ("1", "1"), ("", "")])
def test_what_a_fault_is_about_is_read_in_words(words: Words, about: str, shown: str) -> None:
    assert words.subject(about) == shown


@pytest.mark.parametrize(("granularity", "reason", "says"), [
    ("instant", "", "停表 1：2026-09-15 10:00 至 2026-09-18 10:00、停表 2：2026-09-21 09:00 起，尚未恢复"), ("day", "", ""),
    ("instant", "limit_missing", "")])
def test_a_limit_to_the_minute_tells_when_its_stops_began_and_ended(site: Site, words: Words, granularity: str, reason: str,
                                                                    says: str) -> None:
    moments = [to_us(datetime(2026, 9, day, hour, tzinfo=UTC)) for day, hour in ((15, 10), (18, 10), (21, 9))]
    clock = replace(explained(site), granularity=granularity, reason=reason,
                    spans=((moments[0], moments[1]), (moments[2], None)))
    page = text_of(case_clocks.render([clock], "", clock.started_at, site.services.presets, words))
    assert ("停表 1" in page, says in page) == (bool(says), True)

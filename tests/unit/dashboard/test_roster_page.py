"""The roster page: the week with its gaps, the forms, and what a person may do with them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from alerts.roster.contacts import Addressee, Channel, Contact
from alerts.roster.plan import Shift
from core.access import Actor, Role
from core.errors import InvalidInput
from dashboard.pages import roster
from dashboard.panels.notices_log import wish_of
from dashboard.panels.roster_contacts import contact_of
from dashboard.panels.roster_plan import exception_of, minute_of, shifts_of
from dashboard.panels.roster_week import chosen_monday
from tests.staff import OWN_ORG, Site, make_site, run_callback

CHEN = Actor("chen", frozenset({Role.ADMINISTRATOR}), display_name="陈默")
TODAY = date(2026, 3, 16)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make_site(tmp_path_factory.mktemp("roster-page"))
    for weekday in range(4):
        site.services.roster_service.save_shift(Shift(
            username="zhou", role="duty_officer", weekday=weekday, from_min=480, until_min=960,
            valid_from=date(2026, 1, 1)), CHEN)
    site.services.roster_service.save_contact(Contact(
        org=OWN_ORG, role=Addressee.LIAISON, name="赵晓燕", username="zhao", phone="13800000001",
        channels=(Channel.SMS,)), CHEN)
    site.record_case("2026-1", OWN_ORG)
    return site


def told(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def test_the_week_shows_turns_and_gaps(site: Site) -> None:
    week = told(run_callback(site.client(Role.LEADER), "/roster/", "..roster-week.children...roster-way.children..",
                             {"roster-address.search": "?week=2026-03-18", "roster-plan-changed.data": None}))

    assert week.count("周立新") >= 4
    assert "16:00–17:30" in week, "office hours after the turn are a gap"
    assert "空缺" in week
    assert "渝水区" in week


def test_a_department_that_nobody_answers_for_is_named(site: Site) -> None:
    outputs = "..contacts-list.children...contacts-missing.children.."
    contacts = told(run_callback(site.client(Role.INSPECTOR), "/roster/", outputs, {"roster-contacts-changed.data": None}))

    assert "赵晓燕" in contacts
    assert "49 个部门没有联络员" in contacts  # with the three bodies that only handle complaints


def test_plan_and_journal_are_shown_with_what_was_before_and_after(site: Site) -> None:
    plan = told(run_callback(
        site.client(Role.DUTY_OFFICER), "/roster/",
        "..roster-shifts.children...roster-exceptions.children...roster-journal.children..",
        {"roster-address.search": "", "roster-plan-changed.data": None, "roster-contacts-changed.data": None}))

    assert "08:00–16:00" in plan
    assert "近期没有例外" in plan
    assert "联络人" in plan


@pytest.mark.parametrize("role", [Role.DUTY_OFFICER, Role.ADMINISTRATOR])
def test_forms_are_there_for_those_who_may_edit(site: Site, role: Role) -> None:
    with site.app.test_request_context():
        from flask import g
        g.actor = Actor("x", frozenset({role}))
        _bar, *body = roster.layout(site.services).children
        page = json.dumps(body, default=lambda one: one.to_plotly_json(), ensure_ascii=False)

    assert page.count('"hidden": true') == (3 if role is Role.DUTY_OFFICER else 0)


def test_a_form_becomes_a_line_for_every_weekday_chosen() -> None:
    lines = shifts_of(("zhou", "duty_officer", ["0", "2"], "22:00", "06:00", "", "2026-04-01"), TODAY)

    assert [(line.weekday, line.from_min, line.until_min, line.valid_from) for line in lines] == [
        (0, 1320, 1800, date(2026, 4, 1)), (2, 1320, 1800, date(2026, 4, 1))]


@pytest.mark.parametrize(("given", "code"), [
    (("", "duty_officer", ["0"], None, None, "", ""), "roster_field_missing"),
    (("zhou", "duty_officer", [], None, None, "", ""), "roster_field_missing"),
    (("zhou", "duty_officer", ["0"], "8.30", None, "", ""), "time_of_day_unreadable"),
    (("zhou", "duty_officer", ["0"], None, "24:60", "", ""), "time_of_day_unreadable"),
    (("zhou", "duty_officer", ["0"], None, None, "", "next week"), "duty_day_unreadable")])
def test_a_form_that_cannot_be_read_says_what_is_wrong(given: tuple[Any, ...], code: str) -> None:
    with pytest.raises(InvalidInput, match=code):
        shifts_of(given, TODAY)


def test_an_exception_is_of_the_whole_day_unless_it_says_otherwise() -> None:
    whole = exception_of(("2026-03-17", "absence", "zhou", None, None, None, None))

    assert (whole.from_min, whole.until_min, whole.substitute) == (0, 1440, "")
    assert minute_of("8：05") == 485


def test_a_chosen_contact_is_changed_and_another_part_is_a_new_one() -> None:
    chosen = Contact(id=7, rev=3, org="fagai", role=Addressee.LIAISON, name="旧", username="zhao")
    given = ("fagai", "liaison", "新", "zhao", "", "", ["sms"], "2", "zh")

    assert (contact_of(given, chosen).id, contact_of(given, chosen).rev) == (7, 3)
    assert contact_of(("fagai", "unit_head", *given[2:]), chosen).id == 0


def test_an_address_that_names_nonsense_shows_this_week() -> None:
    assert chosen_monday("?week=soon", date(2026, 3, 18)) == TODAY
    assert chosen_monday("?week=2026-03-29", TODAY) == date(2026, 3, 23)


def test_the_delivery_log_shows_who_was_told_and_who_was_not(site: Site) -> None:
    log = told(run_callback(site.client(Role.LEADER), "/notices/", "..notices-log.children...notices-filters.children..",
                            {"notices-tick.n_intervals": 0, "notices-address.search": "", "notices-changed.data": None}))

    assert "赵晓燕" in log
    assert "通知方式未启用" in log, "no SMS gateway is configured, and the row says so"


def test_a_chosen_notice_shows_its_words_and_only_a_dead_one_can_be_sent_again(site: Site) -> None:
    rows = site.services.notices.queries.of_card(1)
    number = next(row.id for row in rows if row.channel == "in_site" and row.state == "sent")
    shown = run_callback(site.client(Role.DUTY_OFFICER), "/notices/", "..notices-chosen.children...notices-resend.hidden..",
                         {"notices-address.search": f"?notice={number}", "notices-changed.data": None,
                          "notices-tick.n_intervals": 0})

    assert "2026-1" in told(shown)
    assert shown.json["response"]["notices-resend"]["hidden"] is True


def test_filters_that_do_not_exist_are_left_out() -> None:
    assert wish_of("?state=lost&channel=sms&card=7&notice=x") == {"channel": "sms", "card": "7"}


def test_a_card_says_who_had_duty_when_it_was_raised(site: Site) -> None:
    page = told(run_callback(site.client(Role.INSPECTOR), "/card/", "..card-body.children...card-shown.data..",
                             {"card-address.pathname": "/card/1", "card-address.search": "", "card-again.n_intervals": 0},
                             {"card-shown.data": ""}))

    assert "发牌时当班" in page

"""Who is told of a card and by which way, and why somebody is not: every answer is a row."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from alerts.occasions import Occasion, Origin
from alerts.roster.contacts import Addressee, Channel, Contact
from alerts.roster.plan import OnDuty
from cases.areas import Area, Areas
from cases.events import ClockKind, RungPassed
from config.calendars import load_calendars
from tests.unit.alerts.house import ALICE, days_ago, ended, facts_of, withdrawn
from tests.unit.alerts.notices.telling import CHEN, LEADER, LIAISON, TellingHouse, opened, shanghai
from tests.unit.cases.record import opened as opened_database


@pytest.fixture
def house(fresh_sqlite_url: str) -> Iterator[TellingHouse]:
    with opened_database(fresh_sqlite_url) as database:
        yield TellingHouse(database)


def test_the_liaison_is_told_in_site_and_by_the_first_of_his_ways(house: TellingHouse):
    house.name()
    house.raise_card("warning")

    assert house.told() == [("liaison", "赵晓燕", "in_site", "sent"), ("liaison", "赵晓燕", "sms", "queued")]
    [sms] = house.rows(channel="sms")
    assert "act on warning" in sms.body
    assert "2018-0001" in sms.body
    assert sms.reason == "addressee"


def test_a_red_card_takes_every_way(house: TellingHouse):
    house.name()
    house.raise_card("red")

    assert [row[2:] for row in house.told(addressee="liaison")] == [("in_site", "sent"), ("sms", "queued"), ("email", "queued")]


def test_a_way_that_is_off_says_so_and_the_next_one_is_taken(fresh_sqlite_url: str):
    with opened_database(fresh_sqlite_url) as database:
        house = TellingHouse(database, ways=(Channel.EMAIL,))
        house.name()
        house.raise_card("warning")

        assert [row[2:] for row in house.told()] == [("in_site", "sent"), ("sms", "channel_off"), ("email", "queued")]


def test_an_organisation_without_a_liaison_leaves_a_row_that_says_so(house: TellingHouse):
    house.raise_card("warning")

    assert house.told() == [("liaison", "", "in_site", "nobody_named")]


def test_a_yellow_card_also_goes_to_whoever_is_on_duty_and_says_who_is_not(house: TellingHouse):
    house.plan("zhou")
    house.plan("sun", weekday=1)
    house.raise_card("yellow")

    assert house.told(addressee="duty_officer") == [("duty_officer", "周立新", "in_site", "sent"),
                                                    ("duty_officer", "孙涛", "in_site", "not_on_duty")]


def test_nobody_on_duty_is_a_row_and_without_any_plan_everybody_of_the_role_is_told(house: TellingHouse):
    house.raise_card("yellow")
    assert [row[1:] for row in house.told(addressee="duty_officer")] == [("周立新", "in_site", "sent"),
                                                                         ("孙涛", "in_site", "sent")]
    house.plan("zhou", weekday=1)
    house.raise_card("yellow", 2)

    assert [row[1:] for row in house.told(addressee="duty_officer")[2:]] == [("", "in_site", "nobody_on_duty"),
                                                                             ("周立新", "in_site", "not_on_duty")]


def test_one_person_in_two_parts_is_told_once_and_the_second_is_a_duplicate(house: TellingHouse):
    house.name()
    house.name(role=Addressee.UNIT_HEAD)
    house.raise_card("red")

    assert [row[2:] for row in house.told(addressee="unit_head")] == [
        ("in_site", "duplicate"), ("sms", "duplicate"), ("email", "duplicate")]


def test_a_person_who_asked_for_worse_cards_only_keeps_his_inbox(house: TellingHouse):
    house.name(min_level=3)
    house.raise_card("warning")

    assert [row[2:] for row in house.told()] == [("in_site", "sent"), ("sms", "level_below"), ("email", "level_below")]


def test_a_person_of_another_area_is_not_told(house: TellingHouse):
    house.name(area="360502")
    house.raise_card("warning")

    assert [row[3] for row in house.told()] == ["area"]


def test_somebody_without_account_and_without_a_way_is_not_reached(house: TellingHouse):
    house.name(username="", channels=(Channel.WECOM,))
    house.raise_card("warning")

    assert [row[2:] for row in house.told()] == [("wecom", "channel_off")]


def test_quiet_hours_hold_a_yellow_card_back_until_morning_and_let_a_red_one_through(fresh_sqlite_url: str):
    with opened_database(fresh_sqlite_url) as database:
        house = TellingHouse(database, settings={"quiet_from": "21:30", "quiet_until": "07:30"})
        house.name()
        house.clock.move_to(shanghai("2018-10-15T22:00"))
        house.record(opened("yellow"), opened("red", 2))
        yellow, red = house.rows(channel="sms")

        assert (yellow.reason, yellow.next_at) == ("deferred", int(shanghai("2018-10-16T07:30").timestamp()) * 1_000_000)
        assert (red.reason, red.next_at) == ("addressee", red.created_at)
        house.send()
        assert [message.card_id for message in house.peers[Channel.SMS].got] == [2]
        house.clock.move_to(shanghai("2018-10-16T07:30"))
        house.send()
        assert [message.card_id for message in house.peers[Channel.SMS].got] == [2, 1]


def test_a_flood_stays_in_the_site_below_red(fresh_sqlite_url: str):
    with opened_database(fresh_sqlite_url) as database:
        house = TellingHouse(database, settings={"flood_per_hour": 3})
        house.name()
        for number in range(1, 6):
            house.raise_card("warning", number)
        house.record(*(opened("red", number) for number in range(6, 10)))

        assert [row.reason for row in house.rows(channel="sms", state="withheld")] == ["flood", "flood"]
        assert len(house.rows(channel="sms", state="queued")) == 3 + 4
        assert len(house.rows(channel="in_site", addressee="liaison")) == 9


def test_what_waits_for_a_card_that_closed_meanwhile_is_not_sent(house: TellingHouse):
    house.name()
    house.raise_card("warning")
    house.record(ended())

    assert [row.reason for row in house.rows(what="opened", channel="sms")] == ["closed_meanwhile"]
    assert house.send() == 0
    assert [row.state for row in house.rows(what="closed")] == ["sent"], "the inbox hears of the end"


def test_a_withdrawn_card_is_told_as_closed(house: TellingHouse):
    house.name()
    house.raise_card("yellow")
    house.record(withdrawn())

    assert {row.what for row in house.rows(addressee="liaison", state="sent")} == {"opened", "closed"}


def test_a_card_that_worsens_is_told_again_and_a_repeated_delivery_is_not(house: TellingHouse):
    house.name()
    house.raise_card("yellow")
    house.raise_card("yellow")
    assert len(house.rows(channel="sms")) == 1
    house.record(msgspec.structs.replace(opened("red"), clock=msgspec.structs.replace(
        opened("red").clock, kind=ClockKind.STATUTORY)))

    assert [row.what for row in house.rows(channel="sms")] == ["opened", "worsened"]


def test_a_shelved_card_keeps_quiet(house: TellingHouse):
    house.name()
    house.raise_card("yellow")
    house.do("shelve", LEADER, reason="等待上级批复", until="2018-10-15T11:00:00+08:00")

    assert [row.reason for row in house.rows(channel="sms")] == ["shelved"]


def test_the_department_is_asked_and_its_reply_is_told_to_the_desk(house: TellingHouse):
    house.name()
    house.plan("zhou")
    house.raise_card("yellow")
    house.do("acknowledge", ALICE)
    house.do("request_reply", ALICE, text="请说明原因", reply_limit="2wd")

    [sms] = house.rows(what="reply_requested", channel="sms")
    assert "2018-10-17 24:00" in sms.body, "the day until which the reply is due stands in the message"


def test_every_row_of_one_person_bears_the_same_words_and_none_a_name_of_an_applicant(house: TellingHouse):
    house.name(language="en")
    house.raise_card("red")
    [mail] = house.rows(channel="email")

    assert mail.subject.startswith("[Yangguang] red card, newly issued: name of D01")
    assert "/card/1/" in mail.body
    assert " in English" in mail.body, "the rule, too, is named in his language"
    assert "\n" not in mail.subject


def test_who_was_on_duty_when_a_card_was_raised_is_kept(house: TellingHouse):
    house.plan("zhou")
    house.raise_card("yellow")
    house.duty.end_shift(1, shanghai("2018-10-01T00:00").date(), CHEN)

    assert house.roster.raised_under(1) == [OnDuty("zhou", "周立新", "duty_officer")]
    assert house.roster.raised_under(99) == []


def test_an_inspector_who_is_named_takes_the_place_of_all_of_them(house: TellingHouse):
    house.raise_card("red")
    assert [row[1] for row in house.told(addressee="inspector")] == ["李敏"]
    house.name(Contact(role=Addressee.INSPECTOR, name="值班手机", phone="13900000000", channels=(Channel.SMS,)))
    house.raise_card("red", 2)

    assert house.told(addressee="inspector")[1:] == [("inspector", "值班手机", "sms", "queued")]


def test_the_address_in_a_row_is_that_of_the_moment(house: TellingHouse):
    house.name()
    house.raise_card("warning")
    house.name(phone="13700000000")
    house.send()

    assert [message.address for message in house.peers[Channel.SMS].got] == [LIAISON.phone]


# By the rule the card was issued under ----------------------------------------------------------------------------

def old_style(rung: str = "warning", version: str = "cityb@2017.3") -> RungPassed:
    """A rung of a version that named the inspector, of a place that has gone over to another ladder since."""
    return msgspec.structs.replace(opened(rung), rule_version=version)


def with_old_version(house: TellingHouse) -> None:
    """The city's ladder of 2017 told the inspector; today's, of the same rule, tells the liaison."""
    today = house.areas.presets_of("kechuang")[0]
    rules = tuple(rule.model_copy(update={"rungs": tuple(
        rung.model_copy(update={"notify": ("inspector",)}) for rung in rule.rungs)}) for rule in today.rules)
    old = today.model_copy(update={"id": "cityb", "version": "2017.3", "rules": rules})
    house.areas = Areas({"cn": load_calendars()["cn"]}, {"kechuang": today, "cityb": old},
                        Area("360500", "新余", "cn", "Asia/Shanghai", "kechuang"))
    house.office = house._office()
    house.units.reactions.update(house.office.reactions())


def test_a_card_is_told_by_the_rule_it_was_issued_under_whatever_holds_today(house: TellingHouse):
    house.name()
    with_old_version(house)
    house.record(old_style())

    assert house.told() == [("inspector", "李敏", "in_site", "sent")]
    house.record(msgspec.structs.replace(old_style("yellow"), level=2))

    assert {row[0] for row in house.told(what="worsened")} == {"inspector", "duty_officer"}
    house.raise_card("warning", 2)
    assert [row[0] for row in house.told(what="opened")[1:]] == ["liaison", "liaison"], "a new card goes by today's"


def test_a_rule_that_is_not_known_any_more_leaves_a_row_that_says_so(house: TellingHouse):
    house.name()
    house.record(old_style("yellow", "gone@2009.1"))

    assert house.told()[0] == ("rule", "", "in_site", "no_rule")
    assert {row[0] for row in house.told()[1:]} == {"duty_officer"}, "who watches the level is told all the same"


def test_an_act_is_told_to_those_its_own_evidence_names(house: TellingHouse):
    house.name()
    with house.units() as uow:
        house.cards.raise_occasions(uow, [Occasion(
            key="act:x:1:", origin=Origin.ACT, case=facts_of(1), rule="act.of.old", rule_version="gone@2009.1", level=1,
            at=days_ago(0), evidence={"title": "越权", "notify": ["liaison"]})])

    assert {row[0] for row in house.told()} == {"liaison"}


def test_what_stands_under_no_rule_says_so_too(house: TellingHouse):
    house.name()
    with house.units() as uow:
        house.cards.raise_occasions(uow, [Occasion(
            key="manual:1", origin=Origin.MANUAL, case=facts_of(1), rule="manual", rule_version="manual", level=1,
            at=days_ago(0), evidence={"title": "窗口无人"})])

    assert house.told() == [("rule", "", "in_site", "no_rule")]

"""The unit is told of proposals and urged by the configured ways, and why somebody was not told is on record."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alerts.card_commands import CardCommand, CardRef
from alerts.channels.base import Message
from alerts.channels.webhook import as_cloud_event
from alerts.notices.models import notices
from alerts.notices.queries import LogFilter
from alerts.roster.contacts import Addressee, Channel, Contact
from core.access import Actor, Role
from dashboard.panels.notices_log import render
from dashboard.words import Words
from supervision.orders.matters import Draft
from tests.staff import OWN_ORG, make_site
from tests.unit.supervision.office import INSPECTOR, LEADER, OFFICER, SHIFT_LEADER, UNIT, Office

CHIEF = Actor("chen", frozenset({Role.ADMINISTRATOR}))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """With the sandbox for every way out."""
    return Office(make_site(tmp_path, demo=True))


def name_liaison(office: Office, **more: object) -> None:
    values = {"org": OWN_ORG, "role": Addressee.LIAISON, "name": "赵晓燕", "username": "zhao", "phone": "13800000001",
              "email": "zhao@example.cn", "channels": (Channel.SMS, Channel.EMAIL), **more}
    office.services.roster_service.save_contact(Contact(**values), CHIEF)  # type: ignore[arg-type]


def issued(office: Office) -> int:
    orders = office.desk.orders
    draft = Draft("proposal", "360500", OWN_ORG, "关于规范受理工作的监察建议书", "三次未说明理由。", "逐件补充说明")
    order_id = orders.draft(draft, INSPECTOR)
    orders.submit(order_id, 1, INSPECTOR)
    orders.approve(order_id, 2, LEADER)
    return order_id


def told(office: Office, what: str) -> list[tuple[str, str, str]]:
    """(addressee, channel, state or why not) of each row."""
    with office.services.database.read() as conn:
        rows = conn.execute(select(notices).where(notices.c.what == what).order_by(notices.c.id)).all()
    return [(row.addressee, row.channel, row.reason if row.state == "withheld" else row.state) for row in rows]


def test_a_proposal_is_told_to_the_liaison_with_its_number_and_term(office: Office) -> None:
    name_liaison(office)
    order_id = issued(office)

    number = office.order(order_id).head.number
    assert told(office, "paper_issued") == [("liaison", "in_site", "sent"), ("liaison", "sms", "queued"),
                                            ("unit_head", "in_site", "nobody_named")]
    sms = next(row for row in office.services.notices.queries.log(LogFilter(paper=number)) if row.channel == "sms")
    assert number in sms.body
    assert "2026-03-30" in sms.body
    assert "监察建议书" in sms.subject
    [inbox] = office.services.notices.queries.inbox("zhao")
    assert f"/orders/?order={order_id}" in inbox.body
    assert office.services.notices.queries.unread("zhao") == 1


def test_it_is_told_in_the_language_of_the_liaison(office: Office) -> None:
    name_liaison(office, language="en")
    issued(office)

    [inbox] = office.services.notices.queries.inbox("zhao")
    assert "Supervision proposal" in inbox.subject
    assert "A written reply is due" in inbox.body


def test_nobody_is_told_of_a_draft(office: Office) -> None:
    name_liaison(office)
    office.desk.orders.draft(Draft("proposal", "360500", OWN_ORG, "题目", "问题", "要求"), INSPECTOR)

    assert told(office, "paper_issued") == []


def test_a_unit_that_nobody_answers_for_leaves_a_row_that_says_so(office: Office) -> None:
    issued(office)

    assert told(office, "paper_issued") == [("liaison", "in_site", "nobody_named"), ("unit_head", "in_site", "nobody_named")]


def test_a_unit_that_lets_the_term_pass_is_urged_by_every_way(office: Office) -> None:
    name_liaison(office)
    issued(office)
    office.clock.advance(timedelta(days=15, hours=12))  # the end of the term, then the next office morning
    office.desk.watch()
    office.desk.watch()

    assert told(office, "paper_urged") == [("liaison", "in_site", "sent"), ("liaison", "sms", "queued"),
                                           ("liaison", "email", "queued"), ("unit_head", "in_site", "nobody_named")]
    assert "催办" in office.services.notices.queries.inbox("zhao")[0].subject


def test_an_order_over_cards_is_told_on_its_cards_and_urged_as_a_paper(office: Office) -> None:
    name_liaison(office)
    card = office.card_on()
    ref = (card.id, card.rev)
    for place, person in enumerate((OFFICER, SHIFT_LEADER)):
        command = CardCommand(command_id=f"ack-{place}", cards=[CardRef(*ref)])
        ref = (card.id, office.services.alerts.execute(command, person).results[0].rev)
    office.desk.orders.dispatch("c-1", [ref], "立即办结", "5wd", OFFICER)

    assert told(office, "paper_issued") == []
    assert told(office, "order_dispatched")[0] == ("liaison", "in_site", "sent")
    office.clock.advance(timedelta(days=9))
    office.desk.watch()
    office.desk.watch()
    assert told(office, "paper_urged")[0] == ("liaison", "in_site", "sent")


def test_a_reply_that_is_not_enough_is_told_and_an_answered_paper_urges_nobody(office: Office) -> None:
    name_liaison(office)
    order_id = issued(office)
    office.desk.orders.reply(order_id, 4, UNIT, "已整改。")

    assert ("liaison", "sms", "closed_meanwhile") in told(office, "paper_issued")
    office.desk.orders.reject_reply(order_id, 5, INSPECTOR, "未附材料")
    assert told(office, "paper_rejected") == [("liaison", "in_site", "sent"), ("liaison", "sms", "queued")]


def test_the_log_names_the_paper_and_the_webhook_too(office: Office) -> None:
    name_liaison(office)
    number = office.order(issued(office)).head.number
    t = Words("zh", office.services.texts("zh").tree)
    rows = office.services.notices.queries.log(LogFilter(paper=number))
    drawn = str(render(rows, {}, office.services.case_queries.org_name, t))

    assert number in drawn
    assert "#0" not in drawn
    event = as_cloud_event(Message(uid="u", what="paper_urged", card_id=0, subject="", body="", address="", name="", at="",
                                   data={}, paper=number), "s")
    assert (event["type"], event["subject"]) == ("cn.yangguang.paper.urged", f"paper/{number}")

"""The pages of orders and complaints: what a button does is done to what the page showed; proposals of liability begin here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from core.access import Role
from core.instants import written_due, written_local
from dashboard.pages import complaints as complaints_page
from dashboard.pages import orders as orders_page
from dashboard.words import Words
from supervision.orders.matters import Draft
from tests.staff import OWN_ORG, make_site, run_callback
from tests.unit.supervision.office import INSPECTOR, LEADER, OFFICER, Office
from tests.unit.supervision.test_orders import dispatched

HIDDEN = [name for names in orders_page.PARTS.values() for name in names]
HIDDEN += [f"orders-do-{one}" for one in orders_page.ACTIONS] + [f"orders-verdict-{one}" for one in orders_page.VERDICTS]
SHOW = ["orders-detail.children", "orders-seen.data", "propose-card.value", "liability-rows.children",
        "order-edit-fields.children", *(f"{name}.hidden" for name in HIDDEN)]
DO = "..orders-said.children...orders-changed.data...orders-words.value.."


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(make_site(tmp_path))


def drawn(office: Office, search: str, role: Role = Role.LEADER) -> dict[str, Any]:
    """Every output of the right side by its id."""
    answer = run_callback(office.site.client(role), "/orders/", f"..{'...'.join(SHOW)}..",
                          {"orders-address.search": search, "orders-changed.data": None})
    assert answer.status_code == 200, answer.text
    return {name: next(iter(values.values())) for name, values in answer.json["response"].items()}  # type: ignore[index]


def press(office: Office, action: str, search: str, looked_at: Any, role: Role = Role.LEADER) -> str:
    buttons = [f"orders-do-{one}" for one in orders_page.ACTIONS] + [f"orders-verdict-{one}" for one in orders_page.VERDICTS]
    answer = run_callback(office.site.client(role), "/orders/", DO,
                          {f"{name}.n_clicks": int(name == f"orders-do-{action}") or None for name in buttons},
                          {"orders-address.search": search, "orders-words.value": "", "orders-seen.data": looked_at},
                          changed=f"orders-do-{action}.n_clicks")
    return str(answer.json["response"]["orders-said"]["children"])  # type: ignore[index]


def test_a_leader_does_not_approve_a_text_the_page_never_showed_him(office: Office) -> None:
    service = office.desk.orders
    order_id = service.draft(Draft("proposal", "360500", OWN_ORG, "题目", "旧问题", "要求"), INSPECTOR)
    service.submit(order_id, 1, INSPECTOR)
    search = f"?order={order_id}"
    looked_at = drawn(office, search)["orders-seen"]
    service.reject(order_id, 2, LEADER, "改")
    service.edit(order_id, 3, INSPECTOR, problem="新问题")
    service.submit(order_id, 4, INSPECTOR)

    assert "已被他人更新" in press(office, "approve", search, looked_at)
    assert "已被他人更新" in press(office, "approve", search, {"order": order_id + 1, "rev": 5})
    assert office.order(order_id).head.state == "submitted"
    now = drawn(office, search)
    assert "新问题" in json.dumps(now["orders-detail"], ensure_ascii=False)
    assert "已完成" in press(office, "approve", search, now["orders-seen"])
    assert office.order(order_id).head.state == "issued"


def test_a_complaint_is_acted_on_as_it_was_shown(office: Office) -> None:
    no = office.complain()
    looked_at = {"no": no, "rev": office.rev(no)}
    office.desk.complaints.note(no, office.rev(no), INSPECTOR, "情况有变")
    buttons = [f"complaints-do-{one}" for one in complaints_page.ACTIONS]
    state = {f"complaints-{name}.value": None for name in ("words", "route", "finding", "satisfaction", "days")}

    def accept(seen: Any) -> str:
        answer = run_callback(
            office.site.client(Role.DUTY_OFFICER), "/complaints/",
            "..complaints-said.children...complaints-changed.data...complaints-words.value..",
            {f"{name}.n_clicks": int(name == "complaints-do-accept") or None for name in buttons},
            {"complaints-address.search": f"?no={no}", **state, "complaints-seen.data": seen},
            changed="complaints-do-accept.n_clicks")
        return str(answer.json["response"]["complaints-said"]["children"])  # type: ignore[index]

    assert "已被他人更新" in accept(looked_at)
    assert "已被他人更新" in accept(None)
    now = complaints_page.shown(office.services, OFFICER, no, Words("zh", office.services.texts("zh").tree))[1]
    assert "已完成" in accept(now)


def test_an_inspector_proposes_liability_from_a_card_of_an_order(office: Office) -> None:
    order_id = dispatched(office)
    card_id = office.order(order_id).cards[0].card_id
    link = f"view=liability&card={card_id}"
    assert link in json.dumps(drawn(office, f"?order={order_id}", Role.INSPECTOR)["orders-detail"])
    assert link not in json.dumps(drawn(office, f"?order={order_id}", Role.DUTY_OFFICER)["orders-detail"])

    begun = drawn(office, f"?{link}", Role.INSPECTOR)
    assert (begun["orders-propose"], begun["propose-card"]) == (False, card_id)
    assert drawn(office, f"?{link}", Role.DUTY_OFFICER)["orders-propose"] is True
    propose(office, card_id, Role.DUTY_OFFICER)
    assert office.desk.liability.listed(INSPECTOR) == []
    said = propose(office, card_id, Role.INSPECTOR)
    [row] = office.desk.liability.listed(INSPECTOR)
    assert f"?view=liability&proposal={row.id}" in said
    assert "尚未作出决定" in propose(office, card_id, Role.LEADER)
    assert drawn(office, f"?view=liability&proposal={row.id}")["orders-verdict-accepted"] is False


def propose(office: Office, card_id: int, role: Role, told: dict[str, Any] | None = None) -> str:
    known = {f"propose-{name}.value": None for name in ("fault", "changed_by", "exemption", "ticks")} | (told or {})
    answer = run_callback(office.site.client(role), "/orders/", "propose-said.children", {"propose-do.n_clicks": 1},
                          {"propose-card.value": card_id, **known})
    return json.dumps(answer.json, ensure_ascii=False)


def test_a_term_that_ends_with_a_day_reads_24_00_of_that_day(office: Office) -> None:
    """As the notices of the same order do; 00:00 of the next day reads like a day more."""
    order_id = dispatched(office)
    head = office.order(order_id).head
    assert head.due_at is not None
    term = written_due(written_local(head.due_at, 480))
    page = json.dumps(drawn(office, f"?order={order_id}"), ensure_ascii=False)
    words = Words("zh", office.services.texts("zh").tree)
    table = json.dumps(orders_page.listed(office.services, INSPECTOR, {}, words), cls=PlotlyJSONEncoder, ensure_ascii=False)

    assert term.endswith(" 24:00")
    assert term in page
    assert term in table
    assert "00:00" not in page.replace(term, "") + table.replace(term, "")


def test_the_terms_of_a_complaint_read_24_00_too(office: Office) -> None:
    no = office.complain()
    words = Words("zh", office.services.texts("zh").tree)
    shown = complaints_page.shown(office.services, OFFICER, no, words)[0]
    listed = complaints_page.listed(office.services, OFFICER, {}, [("", "")], words)[1]

    for picture in (shown, listed):
        text = json.dumps(picture, cls=PlotlyJSONEncoder, ensure_ascii=False)
        assert " 24:00" in text
        assert " 00:00" not in text


def test_what_an_inspector_knows_beyond_the_record_is_proposed_with(office: Office) -> None:
    order_id = dispatched(office)
    card_id = office.order(order_id).cards[0].card_id

    propose(office, card_id, Role.INSPECTOR, {"propose-exemption.value": "force_majeure", "propose-ticks.value": ["damage"]})

    [row] = office.desk.liability.listed(INSPECTOR)
    assert row.proposal.exempt == "force_majeure"
    now = drawn(office, f"?view=liability&proposal={row.id}")
    assert now["orders-change"] is False
    assert '"liability": "person"' in json.dumps(now["liability-rows"])


def test_a_draft_is_corrected_on_the_page_by_who_may(office: Office) -> None:
    order_id = office.desk.orders.draft(Draft("proposal", "360500", OWN_ORG, "题目", "旧问题", "要求"), INSPECTOR)

    shown = drawn(office, f"?order={order_id}", Role.INSPECTOR)
    assert shown["orders-edit"] is False
    assert "旧问题" in json.dumps(shown["order-edit-fields"], ensure_ascii=False)
    assert drawn(office, f"?order={order_id}", Role.DEPARTMENT_USER)["orders-edit"] is True

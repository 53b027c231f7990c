"""The findings page: the list with its filters, one finding among its peers, and the decision."""

from __future__ import annotations

import json
from datetime import date

import pytest
from werkzeug.test import TestResponse

from cases.events import CaseEvent, EventKind
from core.access import Actor, Role
from core.instants import MINUTE_US, day_of
from dashboard.pages.findings import asked, chosen
from dashboard.panels.findings_list import address
from tests.staff import OWN_ORG, Site, make_site, run_callback
from tests.unit.alerts.detectors.logs import at

DECIDE = "..finding-said.children...finding-changed.data...finding-reason.value.."
SHOW = "..finding-detail.children...finding-form.hidden...finding-note.value...finding-judge.hidden.."
K = EventKind


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Four cases of one unit that were decided before they were accepted, and the run that finds them."""
    site = make_site(tmp_path_factory.mktemp("findings"))
    item = site.item_of(OWN_ORG)
    site.services.recorder.record([
        CaseEvent(source="hall", source_event_id=f"{number}-{kind}", kind=kind, case_no=f"F-{number}", area="360500",
                  claimed_at=at(when) + number * MINUTE_US, org=OWN_ORG, item=item, actor="张三")
        for number in range(4)
        for kind, when in ((K.DECIDED, "04-08 09:00"), (K.ACCEPTED, "04-09 09:00"), (K.CONCLUDED, "04-12 09:00"))])
    detection = site.services.detectors.detection
    detection.run(detection.period_of(day_of(date(2024, 4, 1)), day_of(date(2024, 4, 30))))
    return site


def listed(site: Site, search: str = "", role: Role = Role.INSPECTOR) -> str:
    answer = run_callback(site.client(role), "/findings/", "finding-list.children", {
        "finding-address.search": search, "finding-changed.data": None, "finding-tick.n_intervals": 0})
    return json.dumps(answer.json, ensure_ascii=False)


def shown(site: Site, search: str, role: Role = Role.INSPECTOR) -> dict[str, object]:
    answer = run_callback(site.client(role), "/findings/", SHOW, {
        "finding-address.search": search, "finding-changed.data": None})
    return answer.json["response"]  # type: ignore[index, no-any-return]


def press(site: Site, button: str, role: Role = Role.INSPECTOR, reason: str = "", note: str = "") -> TestResponse:
    names = ("finding-confirm", "finding-dismiss", "finding-keep")
    clicks = {f"{name}.n_clicks": int(name == button) or None for name in names}
    return run_callback(site.client(role), "/findings/", DECIDE, clicks, {
        "finding-reason.value": reason, "finding-note.value": note, "finding-address.search": "?finding=1"},
        changed=f"{button}.n_clicks")


def test_a_finding_is_listed_with_its_figures_and_can_be_filtered(site: Site) -> None:
    everything = listed(site)
    assert "先办后收" in everything
    assert "4 件受理件中有 4 件的决定早于受理" in everything
    assert "先办后收" in listed(site, "?detector=G4")
    assert "没有符合条件的线索" in listed(site, "?detector=G4&org=elsewhere")
    assert "没有符合条件的线索" in listed(site, "?state=dismissed")


def test_one_finding_shows_its_evidence_its_limits_and_its_parameters(site: Site) -> None:
    told = json.dumps(shown(site, "?finding=1"), ensure_ascii=False)
    for words in ("F-0", "/case/360500/F-0", "不能说明是笔误还是有意", "2026.1@", "tolerance_min", "决定在先", "#1 #2"):
        assert words in told, words


def test_inspectors_may_judge_administrators_only_note_and_duty_officers_see_nothing(site: Site) -> None:
    assert shown(site, "?finding=1")["finding-judge"] == {"hidden": False}
    administrator = shown(site, "?finding=1", Role.ADMINISTRATOR)
    assert (administrator["finding-form"], administrator["finding-judge"]) == ({"hidden": False}, {"hidden": True})
    assert site.client(Role.DUTY_OFFICER).get("/findings/").status_code == 403
    assert site.client(Role.DEPARTMENT_USER).get("/findings/").status_code == 403


def test_dismissing_needs_a_reason_and_moves_the_finding(site: Site) -> None:
    assert "请写明理由" in json.dumps(press(site, "finding-dismiss").json, ensure_ascii=False)
    press(site, "finding-dismiss", reason="系统迁移")
    assert "没有符合条件的线索" in listed(site)
    assert "先办后收" in listed(site, "?state=dismissed")
    assert shown(site, "?finding=1")["finding-judge"] == {"hidden": True}


def test_confirming_issues_the_card_and_a_note_is_kept(site: Site) -> None:
    press(site, "finding-keep", note="已约谈")
    assert shown(site, "?finding=1")["finding-note"] == {"value": "已约谈"}
    assert "已确认" in json.dumps(press(site, "finding-confirm", reason="属实").json, ensure_ascii=False)
    inspector = Actor("li", frozenset({Role.INSPECTOR}))
    number = site.services.detectors.queries.find(1, inspector).card_id
    assert [card.level for card in site.services.alert_queries.active(None, 50).cards if card.id == number] == ["red"]
    assert "已经有人作出决定" in json.dumps(press(site, "finding-confirm").json, ensure_ascii=False)


def test_an_administrator_who_presses_all_the_same_is_refused(site: Site) -> None:
    assert "finding-changed" in json.dumps(press(site, "finding-confirm", Role.ADMINISTRATOR).json)
    assert shown(site, "?finding=1")["finding-judge"] == {"hidden": False}


def test_addresses_say_what_is_asked_for() -> None:
    assert chosen(asked("?finding=17&state=open")) == 17
    assert chosen(asked("?finding=x")) is None
    assert chosen(asked(None)) is None
    assert address({"state": "all", "detector": "G4"}, detector="", finding="3") == "?state=all&finding=3"
    assert address({}) == "?state=open"

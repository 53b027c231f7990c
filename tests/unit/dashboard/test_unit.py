"""The page of a department: its own cards and nothing else, the time left in working days, its liaison."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from core.access import Role
from tests.staff import OTHER_ORG, OWN_ORG, SAME_ORIGIN, Site, make_site

MODULES = Path(__file__).resolve().parents[3] / "assets" / "js" / "modules"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = make_site(tmp_path_factory.mktemp("unit"))
    site.record_case("XY-1", OWN_ORG)
    site.record_case("XY-2", OTHER_ORG, "李四海")
    return site


def own(site: Site) -> list[dict]:
    return site.client(Role.DEPARTMENT_USER).get("/unit/cards").json["cards"]


def command(site: Site, role: Role, case_no: str, **parts: object) -> TestResponse:
    card = next(one for one in site.services.alert_queries.active().cards if one.case_no == case_no)
    body = {"command_id": f"{role}-{parts}"[:64], "cards": [{"id": card.id, "rev": card.rev}], **parts}
    return site.client(role).post("/api/v1/cards/commands", json=body, headers=SAME_ORIGIN)


def test_a_department_sees_its_own_cards_only(site: Site) -> None:
    answer = site.client(Role.DEPARTMENT_USER).get("/unit/cards")

    of_cases = {card["case_no"] for card in answer.json["cards"] if card["case_no"]}  # one issued by hand has no case
    assert of_cases == {"XY-1"}
    assert "李四海" not in answer.text
    assert "王小明" not in answer.text  # not even its own applicant travels with a list of cards


def test_nobody_else_has_a_department_page(site: Site) -> None:
    for role in (Role.DUTY_OFFICER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR):
        assert site.client(role).get("/unit/cards").status_code == 403


def test_a_card_issued_by_hand_is_not_theirs_to_see_before_somebody_confirmed_it(site: Site) -> None:
    issued = site.client(Role.DUTY_OFFICER).post(
        "/api/v1/cards/commands",
        headers=SAME_ORIGIN,
        json={
            "command_id": "by-hand",
            "type": "issue",
            "cards": [],
            "level": "yellow",
            "org": OWN_ORG,
            "title": "窗口无人",
            "text": "巡查发现",
        },
    )
    assert issued.json["ok"], issued.json
    number = issued.json["results"][0]["id"]
    assert number not in {card["id"] for card in own(site)}
    assert site.client(Role.DEPARTMENT_USER).get(f"/api/v1/cards/{number}").status_code == 404

    found = site.services.alert_queries.find(number)
    confirmed = site.client(Role.INSPECTOR).post(
        "/api/v1/cards/commands",
        headers=SAME_ORIGIN,
        json={"command_id": "confirm-it", "type": "confirm", "cards": [{"id": number, "rev": found.card.rev}]},
    )
    assert confirmed.json["ok"], confirmed.json
    assert number in {card["id"] for card in own(site)}


def test_the_time_left_is_counted_in_working_days_and_late_is_said(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.record_case("XY-1", OWN_ORG)
    assert own(site)[0]["left"] == 5  # what the rule demands by itself
    assert command(site, Role.INSPECTOR, "XY-1", type="request_reply", reply_limit="3wd").json["ok"]

    [card] = own(site)
    assert (card["left"], card["overdue"]) == (3, False)
    site.services.clock.advance(timedelta(days=7))  # 清明 is later; a week has five working days
    [card] = own(site)
    assert card["overdue"]
    assert card["left"] < 0


def test_a_reply_of_another_unit_is_refused(site: Site) -> None:
    answer = command(site, Role.DEPARTMENT_USER, "XY-2", type="reply", text="不是我们的")

    assert not answer.json["ok"]
    assert answer.json["results"][0]["error"] == "card_not_found"


def test_a_department_user_is_sent_to_his_page_and_told_who_his_liaison_is(site: Site) -> None:
    client = site.client(Role.DEPARTMENT_USER)
    frame = json.dumps(client.get("/unit/_dash-layout").json, ensure_ascii=False)

    assert client.get("/").headers["Location"] == "/unit/"
    assert "市发展和改革委员会" in frame
    assert "尚未指定联络员" in frame


def test_every_sentence_and_part_the_scripts_use_exists(site: Site) -> None:
    scripts = [path.read_text("utf-8") for path in MODULES.glob("unit_*.mjs")]
    used = {key for text in scripts for key in re.findall(r'\bt\("([\w.]+)"', text)}
    parts = set(re.findall(r'part\("(\w+)"\)', "".join(scripts)))
    frame = json.dumps(site.client(Role.DEPARTMENT_USER).get("/unit/_dash-layout").json, ensure_ascii=False)

    assert len(used) > 20
    for language in ("zh", "en"):
        assert sorted(key for key in used if not site.services.texts(language).has(key)) == []
    assert [name for name in parts if f'"data-part": "{name}"' not in frame] == []

"""人员与权限: who sees the page, what its form hands in, what waits for whom, and that a password is seen once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config.changelog import Action
from config.people import NEW, ProposalState
from config.texts import LANGUAGES, load_texts
from core.access import Role
from dashboard.panels.people_form import FIELDS
from dashboard.panels.people_views import COLUMNS, LINES
from tests.staff import OWN_ORG, SAME_ORIGIN, Site, make_site, sign_in

PASSWORD = "long enough 1"
ZHOU = {"username": "zhou", "display_name": "周立新", "roles": ["duty_officer"], "org": "", "area": "", "halls": [],
        "is_active": ["yes"],
        "reason": "调岗"}
IVY = {**ZHOU, "username": "ivy", "display_name": "艾薇", "roles": ["inspector"], "reason": "新入职"}


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """With a second administrator, 方."""
    site = make_site(tmp_path_factory.mktemp("people"))
    site.services.accounts.create("fang", PASSWORD, display_name="方敏", roles=[Role.ADMINISTRATOR])
    return site


def second(site: Site) -> FlaskClient:
    client = site.app.test_client()
    assert sign_in(client, "fang", PASSWORD).status_code == 303
    return client


def called(client: FlaskClient, input_part: str, inputs: Any, state: Any, changed: str, errors: list[Any] | None = None) -> Any:
    """The one callback of the page that has this input, asked as the browser asks it."""
    known = json.loads(client.get("/people/_dash-dependencies").text)
    output = next(one["output"] for one in known if any(input_part in str(part["id"]) for part in one["inputs"])
                  and "people-said" in one["output"])
    names = output.strip(".").split("...")
    plain = [{"id": name.split(".")[0], "property": name.rsplit(".", 1)[1]} for name in names if not name.startswith("{")]
    body = {"output": output, "outputs": [*plain, errors] if errors else plain, "inputs": inputs, "state": state,
            "changedPropIds": [changed]}
    return client.post("/people/_dash-update-component", json=body, headers=SAME_ORIGIN)


def hand_in(client: FlaskClient, values: Mapping[str, Any], based_on: int) -> TestResponse:
    places = [{"error": name, "of": "people"} for name in (*FIELDS[:-1], "reason")]
    state = [[{"id": place, "property": "id", "value": place} for place in places],
             {"id": "people-based", "property": "data", "value": based_on},
             *({"id": f"people-{name}", "property": "value", "value": values[name]} for name in FIELDS)]
    answer: TestResponse = called(client, "people-save", [{"id": "people-save", "property": "n_clicks", "value": 1}], state,
                                  "people-save.n_clicks", [{"id": place, "property": "children"} for place in places])
    return answer


def decide(client: FlaskClient, decision: str, proposal: str, remark: str = "") -> TestResponse:
    button = {"decide": decision, "proposal": proposal}
    place = {"remark": proposal}
    answer: TestResponse = called(
        client, "decide", [[{"id": button, "property": "n_clicks", "value": 1}]],
        [[{"id": place, "property": "value", "value": remark}], [{"id": place, "property": "id", "value": place}]],
        json.dumps(button, separators=(",", ":"), sort_keys=True) + ".n_clicks")
    return answer


def told(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    return str(next(part["children"] for key, part in answer.json["response"].items() if key.startswith("people-said")))


def shown(client: FlaskClient, search: str = "") -> str:
    """Accounts, proposals and history, as the page has them."""
    body = {"output": "..people-list.children...people-proposals.children...people-history.children..",
            "outputs": [{"id": f"people-{name}", "property": "children"} for name in ("list", "proposals", "history")],
            "inputs": [{"id": "people-address", "property": "search", "value": search},
                       {"id": "people-changed", "property": "data", "value": None}],
            "changedPropIds": ["people-address.search"]}
    answer = client.post("/people/_dash-update-component", json=body, headers=SAME_ORIGIN)
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


# Who may --------------------------------------------------------------------------------------------------------------

def test_administrators_see_the_page_and_nobody_else(site: Site) -> None:
    assert site.client(Role.ADMINISTRATOR).get("/people/").status_code == 200
    for role in (Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.DEPARTMENT_USER):
        assert site.client(role).get("/people/").status_code == 403
        assert site.client(role).post("/people/_dash-update-component", json={}, headers=SAME_ORIGIN).status_code == 403
    assert site.client().get("/people/").status_code in (302, 401)


def test_a_request_from_another_site_is_refused(site: Site) -> None:
    answer = site.client(Role.ADMINISTRATOR).post("/people/_dash-update-component", json={},
                                                  headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.json["code"]) == (403, "cross_site_request")


# The way of a proposal ------------------------------------------------------------------------------------------------

def test_a_change_is_proposed_shown_as_differences_and_confirmed_by_the_other(site: Site) -> None:
    first, other, officer = site.client(Role.ADMINISTRATOR), second(site), site.client(Role.DUTY_OFFICER)
    assert "等待另一名管理员复核" in told(hand_in(first, {**ZHOU, "roles": ["shift_leader"], "org": OWN_ORG}, 0))

    waiting = shown(other)
    for words in ("待复核", "值班员", "值班长", site.services.case_queries.org_name(OWN_ORG), "调岗", "chen"):
        assert words in waiting
    assert "提交人 chen 本人不能复核" in told(decide(first, "confirm", "zhou|1"))
    assert "本人提交" in shown(first)
    assert officer.get("/desk/").status_code == 200
    assert "已生效" in told(decide(other, "confirm", "zhou|1"))

    assert site.services.accounts.get("zhou").roles == {Role.SHIFT_LEADER}
    assert officer.get("/desk/").status_code in (302, 401), "his session ended with the change"
    assert "已由他人处理" in told(decide(other, "confirm", "zhou|1"))
    assert "复核生效" in shown(first)


def test_a_new_account_is_confirmed_and_its_password_is_shown_once(site: Site) -> None:
    first, other = site.client(Role.ADMINISTRATOR), second(site)
    handed_in = hand_in(first, IVY, NEW)
    assert not re.search(r"\w{4}(-\w{4}){3}", handed_in.text)
    assert "新账号" in shown(other)
    answer = decide(other, "confirm", "ivy|1")
    password = re.search(r"\w{4}(-\w{4}){3}", answer.text)

    assert password is not None
    assert answer.headers["Cache-Control"] == "no-store"
    assert sign_in(site.app.test_client(), "ivy", password[0]).status_code == 303
    assert password[0] not in shown(other) + other.get("/people/_dash-layout").text


def test_a_proposal_is_turned_down_with_a_reason(site: Site) -> None:
    first, other = site.client(Role.ADMINISTRATOR), second(site)
    hand_in(first, {**ZHOU, "is_active": []}, 0)
    assert "请填写修改理由" in told(decide(other, "reject", "zhou|1"))
    assert "已退回" in told(decide(other, "reject", "zhou|1", "仍在岗"))

    assert site.services.accounts.get("zhou").is_active
    assert "仍在岗" in shown(first)


def test_where_one_is_enough_the_page_says_so_and_it_takes_effect(tmp_path_factory: pytest.TempPathFactory) -> None:
    alone = make_site(tmp_path_factory.mktemp("alone"))
    client = alone.client(Role.ADMINISTRATOR)
    assert "目前只需一名管理员" in client.get("/people/_dash-layout").get_data(as_text=True).encode().decode("unicode_escape")

    answer = hand_in(client, IVY, NEW)
    assert "已生效" in told(answer)
    assert "people-secret" in answer.text
    assert alone.services.accounts.get("ivy").roles == {Role.INSPECTOR}


# What is wrong --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("given", "field", "words"), [
    ({"roles": []}, "roles", "至少需要一个角色"), ({"roles": ["emperor"]}, "roles", "没有角色"),
    ({"roles": ["department_user"]}, "org", "必须指定所属部门"), ({"display_name": None}, "display_name", "请填写姓名"),
    ({"reason": " "}, "reason", "请填写修改理由"), ({"area": "moon"}, "area", "没有地区"),
    ({"halls": ["月宫"], "area": "360500"}, "halls", "没有大厅 月宫"), ({"halls": ["月宫"]}, "area", "先选择所属地区"),
    ({"username": "Ivy!"}, "username", "用户名“Ivy!”不符合要求"), ({"username": "zhou"}, "username", "已被使用")])
def test_what_is_wrong_is_told_at_its_field(site: Site, given: Mapping[str, Any], field: str, words: str) -> None:
    answer = hand_in(site.client(Role.ADMINISTRATOR), {**IVY, **given}, NEW)
    at_fields = {key: part["children"] for key, part in answer.json["response"].items() if '"error"' in key}

    assert words in told(answer)
    assert {key: words in text for key, text in at_fields.items()} == {key: f'"{field}"' in key for key in at_fields}
    assert site.services.people.log(site.services.accounts.get("chen").actor) == []


def test_a_form_filled_before_the_account_changed_is_refused(site: Site) -> None:
    site.services.people.set_directly("zhou", is_active=False)
    assert "已被更改" in told(hand_in(site.client(Role.ADMINISTRATOR), ZHOU, 0))


def test_a_button_that_names_nothing_is_answered_in_words(site: Site) -> None:
    client = site.client(Role.ADMINISTRATOR)
    for proposal in ("zhou|x", "zhou|99999999999999999999", "nobody", "|"):
        assert "没有这项修改" in told(decide(client, "confirm", proposal))


def test_the_form_holds_the_chosen_account_as_it_is(site: Site) -> None:
    site.services.people.set_directly("zhou", area="360500", is_active=False)
    names = [("head", "children"), ("halls", "options"), ("based", "data"),
             ("username", "disabled"), *((name, "value") for name in FIELDS)]
    client = site.client(Role.ADMINISTRATOR)

    def filled(search: str) -> dict[str, Any]:
        body = {"output": f"..{'...'.join(f'people-{name}.{prop}' for name, prop in names)}..",
                "outputs": [{"id": f"people-{name}", "property": prop} for name, prop in names],
                "inputs": [{"id": "people-address", "property": "search", "value": search},
                           {"id": "people-changed", "property": "data", "value": None}],
                "changedPropIds": ["people-address.search"]}
        answer = client.post("/people/_dash-update-component", json=body, headers=SAME_ORIGIN)
        parts: dict[str, dict[str, Any]] = answer.json["response"]
        return {f"{name}.{prop}": value for name, part in parts.items() for prop, value in part.items()}

    known, new = filled("?account=zhou"), filled("?account=nobody")
    assert (known["people-based.data"], known["people-roles.value"], known["people-area.value"],
            known["people-is_active.value"]) == (1, ["duty_officer"], "360500", [])
    assert (new["people-based.data"], new["people-username.value"], new["people-is_active.value"]) == (NEW, "", ["yes"])


def test_a_locked_account_says_until_when(site: Site) -> None:
    for _ in range(5):
        sign_in(site.app.test_client(), "zhou", "wrong")
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d", shown(site.client(Role.ADMINISTRATOR)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_and_field_has_its_words(language: str) -> None:
    texts = load_texts()[language]
    wanted = [*(f"people_page.said.{state}" for state in ProposalState), *(f"config_action.{action}" for action in Action),
              *(f"people_page.column.{name}" for name in (*FIELDS, *COLUMNS, *LINES))]
    assert [key for key in wanted if not texts.has(key)] == []

"""The pages on which rules and limits are edited: who may what, errors at their field, preview, save, confirm."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete
from werkzeug.test import TestResponse

from alerts.models import cards
from cases.events import CaseEvent, EventKind
from config.versions import Kind, VersionState
from core.access import Role
from dashboard.pages import calendars, items, rules
from dashboard.panels import rule_form
from dashboard.panels.edit_history import differences, standings
from dashboard.words import words_of
from tests.staff import SAME_ORIGIN, Site, make_site, sign_in

SECOND = "fang"
REFUSED = "kechuang.refused_without_reason"


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("rules"))


def shown(client: FlaskClient, page: str, outputs: list[str], inputs: Mapping[str, Any],
          state: Mapping[str, Any] | None = None) -> str:
    return words(asked(client, page, outputs, inputs, state))


def asked(client: FlaskClient, page: str, outputs: list[Any], inputs: Mapping[str, Any], state: Any = None,
          changed: str = "") -> TestResponse:
    """A callback as the browser calls it. Fields of a form go in as lists, as ALL does."""
    def parts(values: Mapping[str, Any]) -> list[Any]:
        return [value if isinstance(value, list) and name.startswith("[") else
                {"id": name.rsplit(".", 1)[0], "property": name.rsplit(".", 1)[1], "value": value}
                for name, value in values.items()]

    def named(output: Any) -> Any:
        if isinstance(output, list):
            return output
        return {"id": output.rsplit(".", 1)[0], "property": output.rsplit(".", 1)[1]}
    known = json.loads(client.get(f"{page}_dash-dependencies").text)
    names = [output for output in outputs if isinstance(output, str)]
    wanted = [one["output"] for one in known if all(name in one["output"] for name in names)]
    told = [named(output) for output in outputs]
    body = {"output": wanted[0], "outputs": told if wanted[0].startswith("..") else told[0], "inputs": parts(inputs),
            "state": parts(state or {}), "changedPropIds": [changed or next(iter(inputs))]}
    return client.post(f"{page}_dash-update-component", json=body, headers=SAME_ORIGIN)


def words(answer: TestResponse) -> str:
    return json.dumps(answer.json, ensure_ascii=False)


def held(values: Mapping[str, Any], form: str, prop: str) -> list[dict[str, Any]]:
    return [{"id": {"field": name, "of": form}, "property": prop,
             "value": value if prop == "value" else {"field": name, "of": form}} for name, value in values.items()]


def places(names: list[str], form: str) -> list[dict[str, Any]]:
    return [{"id": {"error": name, "of": form}, "property": "id", "value": {"error": name, "of": form}} for name in names]


HISTORY = ["edit-proposals.children", "edit-history.children", "edit-begun.data"]
ITEM_VALUES = {"promised": "9wd", "statutory": "20wd", "granularity": "instant"}


def save(client: FlaskClient, values: Mapping[str, Any], reason: str = "试", begun: Any = None) -> TestResponse:
    names = list(ITEM_VALUES)
    errors = [{"id": {"error": name, "of": "items"}, "property": "children"} for name in names]
    return asked(client, "/items/", ["edit-said.children", errors, "edit-changed.data"], {"edit-save.n_clicks": 1}, {
        "[values": held(values, "items", "value"), "[ids": held(values, "items", "id"), "[places": places(names, "items"),
        "edit-since.value": "2026-01-01", "edit-reason.value": reason, "edit-extra.data": None,
        "edit-address.search": "?item=fagai-01", "edit-begun.data": begun})


# Who may --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("page", ["/rules/", "/calendars/", "/items/"])
def test_inspectors_leaders_and_administrators_see_the_pages_and_nobody_else(site: Site, page: str) -> None:
    for role in (Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR):
        assert site.client(role).get(page).status_code == 200
    for role in (Role.DUTY_OFFICER, Role.DEPARTMENT_USER):
        assert site.client(role).get(page).status_code == 403
    assert site.client().get(page).status_code in (302, 401)


def test_who_may_only_read_cannot_save_preview_or_decide(site: Site) -> None:
    answer = save(site.client(Role.INSPECTOR), ITEM_VALUES)
    assert answer.status_code == 403 or "没有此项权限" in words(answer)
    assert site.services.editing.history(Kind.ITEM, "fagai-01") == []


def test_a_request_from_another_site_is_refused(site: Site) -> None:
    client = site.client(Role.ADMINISTRATOR)
    answer = client.post("/items/_dash-update-component", json={}, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.json["code"]) == (403, "cross_site_request")


# Forms ----------------------------------------------------------------------------------------------------------------

def test_the_form_is_made_from_the_model_and_reads_back_what_it_shows(site: Site) -> None:
    """Every rule of every preset survives being shown and read unchanged."""
    for preset in site.services.presets.values():
        content = preset.model_dump(mode="json")
        for group in ("rules", "acts"):
            for rule in content[group]:
                values = values_shown(content, rule["id"], site.services)
                edited = rule_form.edited(content, rule["id"], values)
                checked = site.services.editing.shipped.checked(Kind.RULES, preset.id, edited, 1)
                assert checked[group] == content[group], rule["id"]


def values_shown(content: Mapping[str, Any], rule: str, services: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def walk(node: Any) -> None:
        key = getattr(node, "id", None)
        if isinstance(key, dict) and "field" in key:
            found[key["field"]] = node.value
        children = getattr(node, "children", None)
        for child in children if isinstance(children, list | tuple) else [children] if children is not None else []:
            walk(child)
    walk(rule_form.render(content, rule, words_of(services.texts, "zh-CN"), may_edit=True))
    return found


def test_a_wrong_value_is_told_at_its_field(site: Site) -> None:
    answer = save(site.client(Role.ADMINISTRATOR), {**ITEM_VALUES, "promised": "21wd"})
    assert "超过法定时限" in answer.json["response"]["edit-said"]["children"]
    at_fields = {key: value["children"] for key, value in answer.json["response"].items() if "error" in key}
    assert {key: "超过法定时限" in told for key, told in at_fields.items()} == {key: "promised" in key for key in at_fields}


def test_the_place_of_a_rung_error_is_the_rung_of_that_level(site: Site) -> None:
    values = {"1.used": [], "2.used": ["yes"], "3.used": ["yes"]}
    assert rule_form.place_of_error("rules.4.rungs.1.offset_days", values) == "3.offset_days"
    assert rule_form.place_of_error("rules.4.limit", values) == "limit"


def test_a_rule_can_be_added_changed_and_switched_off(site: Site) -> None:
    content = site.services.presets["chengdu"].model_dump(mode="json")
    values = values_shown(content, "chengdu.promised", site.services)
    changed = rule_form.edited(content, "chengdu.promised", {**values, "2.offset_days": "-2"})
    assert changed["rules"][0]["rungs"][0]["offset_days"] == "-2"
    added = rule_form.edited(content, rule_form.NEW, {**values, "id": "chengdu.step", "watches": "step"})
    assert [rule["id"] for rule in added["rules"]][-1] == "chengdu.step"
    off = rule_form.edited(content, "chengdu.own", {**values, "switched_off": ["yes"]})
    assert "chengdu.own" not in [rule["id"] for rule in off["rules"]]


# Save, confirm, history -------------------------------------------------------------------------------------------------

def test_an_edit_is_saved_shown_to_the_second_administrator_and_confirmed_by_her(site: Site) -> None:
    site.services.accounts.create(SECOND, "long enough 1", display_name="方", roles=[Role.ADMINISTRATOR])
    first = site.client(Role.ADMINISTRATOR)
    assert "等待另一名管理员复核" in save(first, ITEM_VALUES).json["response"]["edit-said"]["children"]

    told = shown(first, "/items/", HISTORY,
                 {"edit-address.search": "?item=fagai-01", "edit-changed.data": None})
    assert "7wd" in told
    assert "9wd" in told

    second = site.app.test_client()
    assert sign_in(second, SECOND, "long enough 1").status_code == 303
    assert "本人不能复核" in words(decide(first))
    assert "已复核生效" in decide(second).json["response"]["edit-said"]["children"]
    assert site.services.editing.history(Kind.ITEM, "fagai-01")[0].state is VersionState.ACTIVE


def test_who_saves_later_is_told_of_what_another_brought_into_force_meanwhile(site: Site) -> None:
    client, editing = site.client(Role.ADMINISTRATOR), site.services.editing
    drawn = asked(client, "/items/", HISTORY,
                  {"edit-address.search": "?item=fagai-01", "edit-changed.data": None}).json["response"]["edit-begun"]["data"]
    assert drawn == {"kind": "item", "subject": "fagai-01", "number": 0}

    assert "第 1 版已生效" in save(client, ITEM_VALUES, begun=drawn).json["response"]["edit-said"]["children"]
    late = save(client, {**ITEM_VALUES, "promised": "8wd"}, begun=drawn)
    assert "生效版本已变为第 1 版" in late.json["response"]["edit-said"]["children"]
    of_another = save(client, {**ITEM_VALUES, "promised": "8wd"}, begun={**drawn, "subject": "fagai-02"})
    assert "第 2 版已生效" in of_another.json["response"]["edit-said"]["children"]
    assert [version.number for version in editing.history(Kind.ITEM, "fagai-01")] == [2, 1]


def decide(client: FlaskClient) -> TestResponse:
    return _decided(client, {"decide": "confirm", "version": "item|fagai-01|1"})


def _decided(client: FlaskClient, button: Mapping[str, str]) -> TestResponse:
    known = json.loads(client.get("/items/_dash-dependencies").text)
    output = next(one["output"] for one in known if any("decide" in str(part["id"]) for part in one["inputs"]))
    names = output.strip(".").split("...")
    outputs = [{"id": name.split(".")[0], "property": name.split(".", 1)[1]} for name in names]
    body = {"output": output, "outputs": outputs, "inputs": [[{"id": button, "property": "n_clicks", "value": 1}]],
            "state": [{"id": "edit-reason", "property": "value", "value": ""}],
            "changedPropIds": [json.dumps(button, separators=(",", ":"), sort_keys=True) + ".n_clicks"]}
    return client.post("/items/_dash-update-component", json=body, headers=SAME_ORIGIN)


def test_differences_name_the_rung_and_the_field() -> None:
    before = {"rules": [{"id": "a", "rungs": [{"code": "red", "offset_days": 0}]}], "version": "1"}
    after = {"rules": [{"id": "a", "rungs": [{"code": "red", "offset_days": 2}]}], "version": "1+1"}
    assert list(differences(before, after)) == [("rules.a.rungs.red.offset_days", 0, 2)]


# Preview --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("today", "told"), [
    (date(2026, 11, 29), {4: "proposed", 3: "coming", 2: "active", 1: "superseded"}),
    (date(2027, 1, 1), {4: "proposed", 3: "active", 2: "superseded", 1: "superseded"})])
def test_a_version_holds_until_the_day_of_the_next_has_come(today: date, told: dict[int, str]) -> None:
    versions = [SimpleNamespace(number=number, state=state, effective_from=since) for number, state, since in (
        (4, VersionState.PROPOSED, date(2026, 1, 1)), (3, VersionState.ACTIVE, date(2027, 1, 1)),
        (2, VersionState.SUPERSEDED, date(2026, 6, 1)), (1, VersionState.SUPERSEDED, date(2026, 1, 1)))]
    assert standings(versions, today) == told  # type: ignore[arg-type]


def test_a_preview_runs_is_followed_to_its_end_and_shows_what_moves(site: Site) -> None:
    site.record_case("A-1", "fagai")
    client, names = site.client(Role.ADMINISTRATOR), list(ITEM_VALUES)
    item = site.item_of("fagai")
    errors = [{"id": {"error": name, "of": "items"}, "property": "children"} for name in names]
    answer = asked(client, "/items/", ["edit-run.data", errors, "edit-result.children", "edit-poll.disabled"],
                   {"edit-preview.n_clicks": 1}, {
        "[values": held(ITEM_VALUES | {"promised": "19wd"}, "items", "value"), "[ids": held(ITEM_VALUES, "items", "id"),
        "[places": places(names, "items"), "edit-from.value": "2026-01-01", "edit-to.value": "2026-03-16",
        "edit-since.value": "2026-01-01", "edit-extra.data": None, "edit-address.search": f"?item={item}"})
    run_id = answer.json["response"]["edit-run"]["data"]
    told = followed(client, run_id)
    assert "A-1" in told
    assert "消失" in told or "变动" in told


def test_an_edited_act_rule_shows_the_cards_it_would_have_raised(site: Site) -> None:
    """The level rises from yellow to red, and a person decides first: in the picture the cards of clocks are in."""
    services = site.services
    services.recorder.record([refusal(services, "A-7")])
    told = previewed(site.client(Role.ADMINISTRATOR), services, REFUSED, {"level": 3, "confirm": ["yes"]})
    assert "其中行为规则的牌：新增 0，消失 0，变动 1，不变 0" in told
    for words in ("A-7", "行为", "未说明不予理由", REFUSED, "改为发牌前由人确认", "mark-red", "mark-yellow"):
        assert words in told, words


def test_an_act_rule_that_is_switched_off_takes_its_cards_away(site: Site) -> None:
    site.services.recorder.record([refusal(site.services, "A-8")])
    told = previewed(site.client(Role.ADMINISTRATOR), site.services, REFUSED, {"switched_off": ["yes"]})
    assert "其中行为规则的牌：新增 0，消失 1，变动 0，不变 0" in told


def test_a_rule_of_an_act_can_be_added(site: Site) -> None:
    content = site.services.presets["kechuang"].model_dump(mode="json")
    values = values_shown(content, rule_form.NEW_ACT, site.services)
    added = rule_form.edited(content, rule_form.NEW_ACT, {**values, "id": "kechuang.new", "act": "late_data", "orgs": "fagai",
                                                          "parameters": "hours=72"})
    checked = site.services.editing.shipped.checked(Kind.RULES, "kechuang", added, 1)
    assert (checked["acts"][-1]["id"], checked["acts"][-1]["parameters"]) == ("kechuang.new", {"hours": 72})


def refusal(services: Any, case_no: str) -> CaseEvent:
    return CaseEvent(source="hall", source_event_id=case_no, kind=EventKind.NOT_ACCEPTED, case_no=case_no, area="360500",
                     claimed_at=services.clock.now_us() - 3_600_000_000, org="shuili", item="shuili-02")


def previewed(client: FlaskClient, services: Any, rule: str, change: Mapping[str, Any]) -> str:
    content = services.presets["kechuang"].model_dump(mode="json")
    values = {**values_shown(content, rule, services), **change}
    errors = [{"id": {"error": name, "of": "rules"}, "property": "children"} for name in values]
    answer = asked(client, "/rules/", ["edit-run.data", errors, "edit-result.children", "edit-poll.disabled"],
                   {"edit-preview.n_clicks": 1}, {
        "[values": held(values, "rules", "value"), "[ids": held(values, "rules", "id"),
        "[places": places(list(values), "rules"),
        "edit-from.value": "2026-01-01", "edit-to.value": "2026-03-16", "edit-since.value": "2026-01-01",
        "edit-extra.data": None, "edit-address.search": f"?preset=kechuang&rule={rule}"})
    return followed(client, answer.json["response"]["edit-run"]["data"], "/rules/")


def followed(client: FlaskClient, run_id: str, page: str = "/items/") -> str:
    known = json.loads(client.get(f"{page}_dash-dependencies").text)
    output = next(one["output"] for one in known if any(part["id"] == "edit-poll" for part in one["inputs"]))
    names = output.strip(".").split("...")
    outputs = [{"id": name.split(".")[0], "property": name.split(".", 1)[1]} for name in names]
    for _ in range(300):
        body = {"output": output, "outputs": outputs, "changedPropIds": ["edit-poll.n_intervals"],
                "inputs": [{"id": "edit-poll", "property": "n_intervals", "value": 1},
                           {"id": "edit-cancel", "property": "n_clicks", "value": None}],
                "state": [{"id": "edit-run", "property": "data", "value": run_id}]}
        answer = client.post(f"{page}_dash-update-component", json=body, headers=SAME_ORIGIN)
        if answer.json["response"]["edit-poll"]["disabled"]:
            return json.dumps(answer.json, ensure_ascii=False)
        time.sleep(0.1)
    raise AssertionError("the preview never ended")


def test_a_preview_belongs_to_who_started_it(site: Site) -> None:
    previews = site.services.previews
    world = previews.present()
    from alerts.backtest.service import Period
    from core.errors import NotFound
    run = site.services.backtest_runs.start("anna", world, world, world, Period(0, site.services.clock.now_us()))
    with pytest.raises(NotFound):
        site.services.backtest_runs.get(run.id, "ben")


def test_addresses_that_name_nothing_show_something(site: Site) -> None:
    assert rules.subject(site.services, "?preset=moon") == (Kind.RULES, "kechuang")
    assert items.subject(site.services, "?item=moon")[1] in site.services.catalogue.items
    assert calendars.year_of(site.services, "?year=abc") == 2026


# Patrol ---------------------------------------------------------------------------------------------------------------

FOLLOW, PAGE_OF = ("patrol-run.n_clicks", "patrol-cancel.n_clicks", "patrol-poll.n_intervals"), "patrol-findings.children"


def patrolled(client: FlaskClient, pressed: str = "") -> dict[str, Any]:
    """What the panel shows after that button."""
    outputs = ["patrol-result.children", "patrol-poll.disabled", "patrol-cancel.hidden", "patrol-offset.data"]
    inputs = {name: 1 if name == pressed else None for name in FOLLOW}
    answer = asked(client, "/rules/", outputs, inputs, changed=pressed or FOLLOW[2])
    assert answer.status_code == 200, answer.text
    return {name: answer.json["response"][name] for name in answer.json["response"]}


def to_its_end(client: FlaskClient, told: dict[str, Any]) -> str:
    for _ in range(300):
        if told["patrol-poll"]["disabled"]:
            return json.dumps(told, ensure_ascii=False)
        time.sleep(0.05)
        told = patrolled(client)
    raise AssertionError("the patrol never ended")


def findings_page(client: FlaskClient, offset: int) -> str:
    outputs = [PAGE_OF, "patrol-place.children", "patrol-paging.hidden", "patrol-newer.disabled", "patrol-older.disabled"]
    return shown(client, "/rules/", outputs, {"patrol-offset.data": offset})


def bound(site: Site, name: str, area: str) -> FlaskClient:
    site.services.accounts.create(name, "long enough 1", display_name=name, roles=[Role.INSPECTOR], area=area)
    client = site.app.test_client()
    assert sign_in(client, name, "long enough 1").status_code == 303
    return client


def without_cards(site: Site, numbers: int) -> None:
    """So many cases that ask for a card and have none."""
    for number in range(numbers):
        site.record_case(f"A-{number:03}", "fagai")
    with site.services.database.transaction() as conn:
        conn.execute(delete(cards))


def test_the_patrol_is_started_followed_and_told(site: Site) -> None:
    site.record_case("A-1", "fagai")
    client = site.client(Role.INSPECTOR)
    assert "尚未巡检" in json.dumps(patrolled(client), ensure_ascii=False)
    assert "巡检：重算 1 张牌、1 件办件" in to_its_end(client, patrolled(client, "patrol-run.n_clicks"))


def test_who_may_not_start_a_patrol_is_refused(site: Site) -> None:
    client = site.client(Role.LEADER)
    outputs = ["patrol-result.children", "patrol-poll.disabled", "patrol-cancel.hidden", "patrol-offset.data"]
    answer = asked(client, "/rules/", outputs, dict.fromkeys(FOLLOW, 1))
    assert answer.status_code == 403 or "没有此项权限" in words(answer)
    assert site.services.patroller.queries.last() is None


def test_a_patrol_is_ended_by_who_started_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Event(), threading.Event()
    batches = site.services.patroller._batches

    def waits(*args: Any) -> Any:
        began.set()
        go_on.wait(10)
        return batches(*args)
    monkeypatch.setattr(site.services.patroller, "_batches", waits)
    site.record_case("A-1", "fagai")
    client, other = site.client(Role.INSPECTOR), site.client(Role.ADMINISTRATOR)
    told = patrolled(client, "patrol-run.n_clicks")
    assert began.wait(10)
    assert (told["patrol-poll"]["disabled"], told["patrol-cancel"]["hidden"]) == (False, False)
    patrolled(other, "patrol-cancel.n_clicks")  # it is not his
    patrolled(client, "patrol-run.n_clicks")    # it runs already
    assert [run.cancelled.is_set() for run in [site.services.patrol_runs.newest("li")] if run] == [False]
    told = patrolled(client, "patrol-cancel.n_clicks")
    go_on.set()
    assert "已取消" in to_its_end(client, told)
    assert site.services.patroller.queries.last() is None


def test_findings_are_shown_page_by_page(site: Site) -> None:
    without_cards(site, 60)
    site.services.patroller.patrol("nightly")
    client = site.client(Role.LEADER)
    first, second = findings_page(client, 0), findings_page(client, 50)
    assert ("第 1–50 条，共 60 条" in first, "第 51–60 条，共 60 条" in second) == (True, True)
    assert (first.count("patrol-evidence"), second.count("patrol-evidence")) == (50, 10)


def test_an_inspector_of_a_district_sees_and_patrols_his_area_only(site: Site) -> None:
    without_cards(site, 1)
    site.services.patroller.patrol("nightly")
    client, everywhere = bound(site, "ivy", "360502"), site.client(Role.INSPECTOR)
    assert "A-000" in findings_page(everywhere, 0)
    assert "A-000" not in findings_page(client, 0)
    assert "本地区发现 0 处异常" in json.dumps(patrolled(client), ensure_ascii=False)
    assert "重算 0 张牌、0 件办件" in to_its_end(client, patrolled(client, "patrol-run.n_clicks"))
    assert "A-000" in findings_page(everywhere, 0)


def test_an_administrator_of_a_district_previews_his_area_only_and_saves_nothing_of_the_citys(site: Site) -> None:
    site.services.accounts.create("dong", "long enough 1", display_name="东", roles=[Role.ADMINISTRATOR], area="360502")
    site.services.recorder.record([refusal(site.services, "A-9")])
    client = site.app.test_client()
    assert sign_in(client, "dong", "long enough 1").status_code == 303
    assert "A-9" not in previewed(client, site.services, REFUSED, {"level": 3})
    assert "A-9" in previewed(site.client(Role.ADMINISTRATOR), site.services, REFUSED, {"level": 3})
    assert "其他地区也在使用" in save(client, ITEM_VALUES).json["response"]["edit-said"]["children"]
    assert site.services.editing.history(Kind.ITEM, "fagai-01") == []


def test_the_health_page_names_cases_of_ones_own_area_only(site: Site) -> None:
    site.services.recorder.record([CaseEvent(
        source="hall", source_event_id="U-1", kind=EventKind.ACCEPTED, case_no="U-1", area="360500", org="fagai",
        claimed_at=site.services.clock.now_us() - 3_600_000_000)])
    seen = [shown(client, "/health/", ["health-unjudgeable.children"], {"health-tick.n_intervals": 1})
            for client in (site.client(Role.INSPECTOR), bound(site, "ivy", "360502"))]
    assert ["U-1" in one for one in seen] == [True, False]

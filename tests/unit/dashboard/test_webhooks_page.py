"""The page of webhooks: what an administrator sees and does, and that nobody else does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import g

from config.changelog import ChangeLog
from config.texts import LANGUAGES, load_texts
from core.access import Actor, Role
from dashboard.pages.webhooks import done
from dashboard.panels.webhook_views import event_name, reason_words
from dashboard.words import Words
from evaluation.webhooks.kinds import TEST, EventType
from evaluation.webhooks.queries import Delivery
from tests.peers import web_server
from tests.staff import Site, make_site, run_callback

LISTED = "..webhooks-list.children...webhooks-deliveries.children.."
ADD = "..webhooks-said.children...webhooks-changed.data...webhooks-secret.value.."
ADMIN = Actor("admin", frozenset({Role.ADMINISTRATOR}))
FORM = {"webhooks-name.value": "省平台", "webhooks-url.value": "https://receiver.example/hook",
        "webhooks-types.value": ["figures.month.closed"], "webhooks-area.value": None, "webhooks-secret.value": ""}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path, **{"webhooks.loopback": True})


def listed(site: Site, role: Role = Role.ADMINISTRATOR, only: tuple[str, ...] = ()) -> str:
    answer = run_callback(site.client(role), "/webhooks/", LISTED, {
        "webhooks-tick.n_intervals": 1, "webhooks-changed.data": None, "webhooks-only.value": list(only)})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def add(site: Site, **changes: Any) -> str:
    answer = run_callback(site.client(Role.ADMINISTRATOR), "/webhooks/", ADD, {"webhooks-add.n_clicks": 1},
                          FORM | {f"webhooks-{name}.value": value for name, value in changes.items()})
    assert answer.status_code == 200, answer.text
    return json.dumps(answer.json, ensure_ascii=False)


def test_a_subscription_is_added_shows_its_secret_once_and_is_listed(site: Site) -> None:
    said = add(site, secret="x" * 32)
    assert "第 1 号" in said
    assert "x" * 32 in said
    told = listed(site)
    assert "x" * 32 not in told
    for words in ("省平台", "https://receiver.example/hook", "月度指标结算", "全市和各区域", "启用"):
        assert words in told, words
    assert "还没有订阅" not in told


@pytest.mark.parametrize(("changes", "said"), [
    ({"url": "http://receiver.example/"}, "已新建"), ({"url": "ftp://x/"}, "须为 https 地址"), ({"name": ""}, "请填写名称"),
    ({"types": []}, "至少选择一种"), ({"types": ["other"]}, "至少选择一种"), ({"area": "x"}, "没有区域 x"),
    ({"secret": "short"}, "32 至 200")])
def test_a_refusal_is_said_in_words(site: Site, changes: dict[str, Any], said: str) -> None:
    assert said in add(site, **changes)


def act(site: Site, what: str, number: int) -> str:
    """What is said when a button of the lists is pressed by an administrator."""
    with site.app.test_request_context("/webhooks/"):
        g.actor = ADMIN
        said, _ = done(site.services, what, number, Words("zh", site.services.texts("zh").tree))
        return str(said)


def test_a_trial_is_sent_and_its_outcome_stands_in_the_list(site: Site) -> None:
    with web_server() as peer:
        add(site, url=f"{peer.url}/hook")
        assert "已向第 1 号订阅推送测试事件" in act(site, "test", 1)
        site.services.webhooks.sender.work()
        assert json.loads(peer.calls[0].body)["type"] == f"cn.yangguang.{TEST}"
    told = listed(site)
    assert "已送达" in told
    assert "接收方已接收" in told
    assert "没有推送记录" in listed(site, only=("dead",))


def test_what_failed_says_why_and_can_be_sent_again_or_given_up(site: Site) -> None:
    with web_server() as peer:
        peer.answers = [(301, "", {"Location": "https://elsewhere.example/"}), (404, "", {})]
        add(site, url=peer.url)
        act(site, "test", 1)
        site.services.webhooks.sender.work()
        assert "不予跟随" in listed(site, only=("dead",))
        assert "将立即重发" in act(site, "retry", 1)
        site.services.webhooks.sender.work()
        assert "接收方答复 HTTP 404" in listed(site)
        assert "已放弃" in act(site, "give_up", 1)
        assert "不在失败之列" in act(site, "retry", 1)
    assert "已停用" in act(site, "disable", 1)
    assert "请先启用" in act(site, "test", 1)
    assert "已启用" in act(site, "enable", 1)
    assert "没有第 9 号" in act(site, "test", 9)


@pytest.mark.parametrize("role", [Role.LEADER, Role.INSPECTOR, Role.DUTY_OFFICER, Role.DEPARTMENT_USER])
def test_nobody_but_an_administrator_is_let_in(site: Site, role: Role) -> None:
    assert site.client(role).get("/webhooks/").status_code == 403


def test_edits_stand_in_the_audit_under_their_name(site: Site) -> None:
    add(site)
    with site.services.database.read() as conn:
        [edit] = ChangeLog(site.services.keys.key("config")).read(conn, "webhook")
    assert (edit.action, edit.after["url"]) == ("registered", "https://receiver.example/hook")
    for language in LANGUAGES:
        assert load_texts()[language].has("audit_page.kind.webhook")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_type_state_and_reason_has_its_words(language: str) -> None:
    t = Words(language, load_texts()[language].tree)
    for kind in (*EventType, TEST):
        assert event_name(kind, t) != kind
    assert [state for state in ("queued", "sending", "sent", "dead", "cancelled") if not t.has(f"webhook_state.{state}")] == []
    for detail in ("2xx", "sandbox", "disabled", "seal_broken", "address not allowed: ::1", "name not found: x", "HTTP 302",
                   "TimeoutError after 1 s", "HTTP 500", "ConnectionRefusedError"):
        one = Delivery(1, 1, "n", "e", "t", "s", 0, "dead", 1, None, 1, detail, None)
        assert not reason_words(one, t).startswith("webhook_reason."), detail

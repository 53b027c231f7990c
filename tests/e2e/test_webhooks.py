"""Webhooks in a browser: an administrator adds a receiver, tries it, sees what became of it, and disables it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.centre import CommandCentre, settings_for
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.peers import WebPeer, web_server


@pytest.fixture
def peer() -> Iterator[WebPeer]:
    with web_server() as found:
        yield found


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[CommandCentre]:
    with CommandCentre(settings_for(tmp_path, webhooks__loopback=True, webhooks__interval_s=0.5)) as running:
        yield running


def test_a_receiver_is_added_tried_and_disabled(centre: CommandCentre, screens: Screens, peer: WebPeer) -> None:
    page = screens.blank()
    sign_in(page, centre.address, "chen", "/webhooks/")
    page.fill("#webhooks-name", "省平台")
    page.fill("#webhooks-url", f"{peer.url}/hook")
    page.click("#webhooks-add")
    wait_for_text(page, "#webhooks-said", "已新建第 1 号订阅")
    secret = page.inner_text(".webhooks-secret")
    wait_for_text(page, "#webhooks-list", "省平台")
    page.click("#webhook-1 button:text-is('试推')")
    wait_for_text(page, "#webhooks-deliveries", "已送达")
    call = next(one for one in peer.calls if json.loads(one.body)["type"] == "cn.yangguang.webhook.test")
    seconds, digest = (part.partition("=")[2] for part in call.headers["X-Yangguang-Signature"].split(","))
    assert hmac.new(secret.encode(), f"{seconds}.".encode() + call.body, hashlib.sha256).hexdigest() == digest
    peer.answers = [(404, "", {})]
    page.click("#webhook-1 button:text-is('试推')")
    wait_for_text(page, "#webhooks-deliveries", "接收方答复 HTTP 404")
    page.check("#webhooks-only input")
    page.click("#webhooks-deliveries button:text-is('重发')")
    wait_for_text(page, "#webhooks-deliveries", "没有推送记录")
    page.click("#webhook-1 button:text-is('停用')")
    wait_for_text(page, "#webhook-1", "停用")
    page.wait_for_selector("#webhook-1 button:text-is('启用')")
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")

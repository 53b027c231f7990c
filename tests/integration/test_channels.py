"""The ways out against real peers: a mail server and web servers on this machine."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot
from pydantic import SecretStr

from alerts.channels.apprise_outlet import AppriseOutlet
from alerts.channels.base import HEADER, Message
from alerts.channels.outlets import open_outlets
from alerts.channels.sms import Gateway, Sms
from alerts.channels.webhook import Webhook
from alerts.roster.contacts import PERSONAL, Channel
from config.settings import load_settings
from core.errors import ConfigError, UpstreamError
from tests.peers import Mailbox, WebPeer, mail_server, web_server
from tests.services import free_port

SECRET = "k" * 32
MESSAGE = Message(uid="u-1", what="opened", card_id=7, subject="【阳光监察】红牌：市发改委",
                  body="请立即办结。\n“引号” & <符号>", address="liaison@example.cn", name="赵晓燕",
                  at="2018-10-15T10:00:00+08:00", data={"card": 7, "level": "red"})


@pytest.fixture
def mail() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def web() -> Iterator[WebPeer]:
    with web_server() as peer:
        yield peer


@pytest.fixture
def program_log() -> Iterator[list[str]]:
    """Everything the program's own log would write at its most talkative. (caplog also hears loggers that go nowhere.)"""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


def email_to(box: Mailbox) -> AppriseOutlet:
    return AppriseOutlet(Channel.EMAIL, f"mailto://127.0.0.1:{box.port}?from=jiancha@example.cn&mode=insecure", 3)


def sms_to(peer: WebPeer, **more: Any) -> Sms:
    return Sms(Gateway(**{"url": f"{peer.url}/send", "body": '{"mobile":"{phone}","content":"{text}","msgid":"{id}"}',
                          "content_type": "application/json", "authorization": "Bearer s3cret", "success": '"code":0',
                          "timeout_s": 3, **more}))


def refusal_of(outlet: Any, message: Message = MESSAGE) -> UpstreamError:
    with pytest.raises(UpstreamError) as refusal:
        outlet.send(message)
    return refusal.value


def test_a_mail_arrives_with_subject_text_recipient_and_the_id_of_the_notice(mail: Mailbox):
    email_to(mail).send(MESSAGE)

    [letter] = mail.mails
    assert mail.recipients == ["liaison@example.cn"]
    assert letter["Subject"] == MESSAGE.subject
    assert letter[HEADER] == "u-1"
    assert "jiancha@example.cn" in letter["From"]
    body = letter.get_body(("plain", "html"))
    assert body is not None
    assert "请立即办结。" in body.get_content()


def test_a_mail_server_that_refuses_or_is_away_is_a_failure_to_try_again(mail: Mailbox):
    mail.refuse = 550
    assert not refusal_of(email_to(mail)).permanent
    away = AppriseOutlet(Channel.EMAIL, f"mailto://127.0.0.1:{free_port()}?from=a@example.cn&mode=insecure", 1)
    assert "efused" in refusal_of(away).details["detail"]


def test_the_password_of_the_mail_server_stands_in_no_log_and_no_detail(program_log: list[str]):
    url = f"mailto://robot:hunter2secret@127.0.0.1:{free_port()}?from=a@example.cn&mode=insecure"
    refusal = refusal_of(AppriseOutlet(Channel.EMAIL, url, 1))

    assert "hunter2secret" not in "".join(program_log) + str(refusal)


def test_a_webhook_gets_a_signed_cloud_event(web: WebPeer):
    Webhook(f"{web.url}/hook?tenant=1", SECRET, "https://jiancha.example", 3, lambda: 1_700_000_000_000_000).send(MESSAGE)

    [call] = web.calls
    event = json.loads(call.body)
    assert (call.path, call.headers[HEADER]) == ("/hook?tenant=1", "u-1")
    assert call.headers["Content-Type"].startswith("application/cloudevents+json")
    assert {event[name] for name in ("specversion", "id", "source", "type", "subject")} == {
        "1.0", "u-1", "https://jiancha.example", "cn.yangguang.card.opened", "card/7"}
    assert event["data"]["level"] == "red"
    digest = hmac.new(SECRET.encode(), b"1700000000." + call.body, hashlib.sha256).hexdigest()
    assert call.headers["X-Yangguang-Signature"] == f"t=1700000000,v1={digest}"


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (404, True), (408, False), (429, False), (500, False),
                                                   (503, False)])
def test_what_a_peer_answers_says_whether_to_try_again(web: WebPeer, status: int, permanent: bool):
    web.answers = [(status, "no", {})]

    refusal = refusal_of(Webhook(web.url, SECRET, "s", 3, lambda: 0))

    assert (refusal.permanent, refusal.details["detail"]) == (permanent, f"HTTP {status}")


def test_a_redirect_is_not_followed(web: WebPeer):
    web.answers = [(302, "", {"Location": f"{web.url}/inside"})]

    assert refusal_of(Webhook(web.url, SECRET, "s", 3, lambda: 0)).permanent
    assert len(web.calls) == 1


def test_a_peer_that_hangs_is_given_up_in_time(web: WebPeer):
    free, still_hung = threading.Event(), Queue[bool]()
    web.on_call = lambda _call: still_hung.put(free.wait(60))

    refusal = refusal_of(Webhook(web.url, SECRET, "s", 0.3, lambda: 0))
    free.set()

    assert not refusal.permanent
    assert still_hung.get(timeout=60), "the peer let go by itself"


def test_an_sms_goes_out_as_the_gateway_wants_it(web: WebPeer):
    sms_to(web).send(msgspec.structs.replace(MESSAGE, address="138 0000-0001"))

    [call] = web.calls
    assert json.loads(call.body) == {"mobile": "13800000001", "content": MESSAGE.body, "msgid": "u-1"}
    assert call.headers["Authorization"] == "Bearer s3cret"
    assert call.headers[HEADER] == "u-1"


def test_a_text_cannot_become_another_field_of_the_request(web: WebPeer):
    evil = msgspec.structs.replace(MESSAGE, body='x","mobile":"13900000000', address="1380000")
    sms_to(web).send(evil)
    sms_to(web, url=f"{web.url}/send?to={{phone}}&text={{text}}", body="").send(
        msgspec.structs.replace(evil, body="x&to=13900000000"))
    sms_to(web, body="<m to='{phone}'>{text}</m>", content_type="text/xml").send(
        msgspec.structs.replace(evil, body="</m><m to='139'>"))

    assert json.loads(web.calls[0].body)["mobile"] == "1380000"
    assert web.calls[1].method == "GET"
    assert parse_qs(urlsplit(web.calls[1].path).query)["to"] == ["1380000"]
    assert web.calls[2].body == b"<m to='1380000'>&lt;/m&gt;&lt;m to=&apos;139&apos;&gt;</m>"


def test_a_gateway_that_says_no_in_a_200_is_heard(web: WebPeer):
    web.body = '{"code":7,"msg":"balance"}'

    refusal = refusal_of(sms_to(web))

    assert not refusal.permanent
    assert "balance" in refusal.details["detail"]


@pytest.mark.parametrize(("channel", "plugin", "url", "place"), [
    (Channel.WECOM, NotifyWeComBot, "wecombot://abcdefghijklmnop", "{key}"),
    (Channel.DINGTALK, NotifyDingTalk, "dingtalk://0123456789abcdef", "{token}"),
    (Channel.FEISHU, NotifyFeishu, "feishu://0123456789abcdef", "{token}")])
def test_a_group_robot_gets_the_message(web: WebPeer, monkeypatch: pytest.MonkeyPatch, program_log: list[str],
                                        channel: Channel, plugin: Any, url: str, place: str):
    monkeypatch.setattr(plugin, "notify_url", f"{web.url}/robot?key={place}")
    AppriseOutlet(channel, url, 3).send(MESSAGE)

    [call] = web.calls
    assert "请立即办结" in str(json.loads(call.body))
    web.answers = [(500, "{}", {}), (302, "", {"Location": f"{web.url}/inside"})]
    for _ in range(2):
        refusal = refusal_of(AppriseOutlet(channel, url, 3))
        assert url.partition("://")[2] not in "".join(program_log) + str(refusal)
    assert [one.path.startswith("/robot") for one in web.calls] == [True] * 3, "a redirect is not followed"


def test_which_ways_are_on_follows_from_the_settings():
    def ways(**values: Any) -> set[Channel]:
        notices = load_settings({f"notices.{name}": value for name, value in values.items()}).notices
        return set(open_outlets(notices, lambda: 0, is_demo=False))

    assert ways() == set()
    assert ways(sms_url="http://gateway.example/send") == {Channel.SMS}
    assert ways(webhook_url="https://hook.example/x", webhook_secret=SECRET) == {Channel.WEBHOOK}
    assert ways(sandbox=True) == set(PERSONAL)


def test_a_demonstration_sends_nothing_whatever_the_settings_say():
    notices = load_settings({"notices.sms_url": "http://127.0.0.1:1/send"}).notices

    assert {outlet.send(MESSAGE) for outlet in open_outlets(notices, lambda: 0, is_demo=True).values()} == {"sandbox"}


@pytest.mark.parametrize("values", [
    {"sms_url": "file:///etc/passwd"}, {"sms_url": "http://user:pw@host/"}, {"email_url": "json://host"},
    {"wecom_url": "mailto://host"}, {"webhook_url": "https://hook.example/x", "webhook_secret": "tiny-one"}])
def test_an_address_of_another_kind_is_refused_at_the_start_without_being_repeated(values: dict[str, str]):
    notices = load_settings({f"notices.{name}": value for name, value in values.items()}).notices
    with pytest.raises(ConfigError) as refusal:
        open_outlets(notices, lambda: 0, is_demo=False)
    assert not any(value in str(refusal.value) for value in values.values())
    assert isinstance(notices.model_copy(update={"sms_url": SecretStr("x")}).sms_url, SecretStr)

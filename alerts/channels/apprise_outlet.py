"""E-mail and the group robots of WeCom, DingTalk and Feishu, through apprise.

apprise only says whether it worked; what went wrong stands in its log, from where it is taken for the delivery log with
the secrets covered. Its own log goes nowhere else: at its most talkative it prints addresses with their tokens.
"""

from __future__ import annotations

import logging
import threading
from typing import Any
from urllib.parse import quote, urlsplit

import apprise

from alerts.channels.base import HEADER, Message, failed
from alerts.roster.contacts import Channel
from core.errors import ConfigError

SCHEMES = {Channel.EMAIL: ("mailto", "mailtos"), Channel.WECOM: ("wecombot",), Channel.DINGTALK: ("dingtalk",),
           Channel.FEISHU: ("feishu",)}
_SECRETS = ("password", "key", "token", "secret")
_log = logging.getLogger("apprise")
_log.propagate = False
_log.setLevel(logging.DEBUG)
logging.getLogger("urllib3").setLevel(logging.WARNING)  # prints the path of a robot, which is its secret


class AppriseOutlet:
    """One address of apprise. Every message gets a plugin of its own: they are not made for several threads."""

    def __init__(self, channel: Channel, url: str, timeout_s: float) -> None:
        self._channel, self._url, self._timeout_s = channel, url, timeout_s
        self._asset = apprise.AppriseAsset(app_id="Yangguang", async_mode=False, http_redirects=False, secure_logging=True)
        if urlsplit(url).scheme not in SCHEMES[channel] or self._plugin() is None:
            raise ConfigError("channel_url_invalid", key=f"notices.{channel.value}_url",
                              remedy=f"begin with {' or '.join(SCHEMES[channel])}:// as docs/notices.md shows")

    def send(self, message: Message) -> str:
        plugin = self._plugin()
        if self._channel is Channel.EMAIL:
            plugin.targets = [(message.name or False, message.address)]
            plugin.headers = {**plugin.headers, HEADER: message.uid}
        with _Listener() as heard:
            is_sent = plugin.notify(title=message.subject, body=message.body, notify_type=apprise.NotifyType.WARNING,
                                    body_format=apprise.NotifyFormat.TEXT)
        if not is_sent:
            raise failed(_covered(heard.said() or "not delivered", self._url, plugin))
        return "accepted"

    def _plugin(self) -> Any:
        plugin: Any = apprise.Apprise.instantiate(self._url, asset=self._asset, suppress_exceptions=True)
        if plugin is not None:
            plugin.socket_connect_timeout = plugin.socket_read_timeout = self._timeout_s
        return plugin


class _Listener(logging.Handler):
    """What apprise says in this thread while a message is sent: its warnings, and the exception behind them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._thread = threading.get_ident()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        is_ours = record.thread == self._thread
        if is_ours and (record.levelno >= logging.WARNING or "xception" in str(record.msg)):
            self._lines.append(record.getMessage())

    def said(self) -> str:
        return " / ".join(self._lines)

    def __enter__(self) -> _Listener:
        _log.addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        _log.removeHandler(self)


def _covered(text: str, url: str, plugin: Any) -> str:
    for secret in (url, *(str(getattr(plugin, name, "") or "") for name in _SECRETS)):
        for written in {secret, quote(secret)} if len(secret) > 3 else ():
            text = text.replace(written, "***")
    return text

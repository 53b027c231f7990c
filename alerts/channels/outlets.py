"""The ways out this installation has: those whose address stands in the settings, or the sandbox for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import SecretStr

from alerts.channels.apprise_outlet import AppriseOutlet
from alerts.channels.base import Outlet, Sandbox
from alerts.channels.sms import Gateway, Sms
from alerts.channels.webhook import Webhook
from alerts.roster.contacts import PERSONAL, Channel
from config.setting_groups import NoticeSettings

Outlets = Mapping[Channel, Outlet]


def open_outlets(settings: NoticeSettings, now_us: Callable[[], int], *, is_demo: bool) -> Outlets:
    """Every way that is on. Raises ConfigError for an address that cannot be one. `now_us`: the machine's own time.

    A demonstration never sends anything anywhere, whatever the settings say.
    """
    if settings.sandbox or is_demo:
        sandbox = Sandbox()
        return dict.fromkeys(PERSONAL, sandbox)
    outlets: dict[Channel, Outlet] = {}
    for channel, url in ((Channel.EMAIL, settings.email_url), (Channel.WECOM, settings.wecom_url),
                         (Channel.DINGTALK, settings.dingtalk_url), (Channel.FEISHU, settings.feishu_url)):
        if url is not None:
            outlets[channel] = AppriseOutlet(channel, url.get_secret_value(), settings.timeout_s)
    if settings.sms_url is not None:
        outlets[Channel.SMS] = Sms(_gateway(settings, settings.sms_url))
    if settings.webhook_url is not None:
        outlets[Channel.WEBHOOK] = Webhook(settings.webhook_url.get_secret_value(), _text(settings.webhook_secret),
                                           settings.base_url, settings.timeout_s, now_us)
    return outlets


def _gateway(settings: NoticeSettings, url: SecretStr) -> Gateway:
    return Gateway(url.get_secret_value(), settings.sms_body, settings.sms_content_type, _text(settings.sms_authorization),
                   settings.sms_success, settings.timeout_s)


def _text(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()

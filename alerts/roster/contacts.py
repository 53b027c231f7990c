"""People to be told: the fixed liaison of every organisation, unit heads and leaders, each with his addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from core.errors import InvalidInput

_PHONE = re.compile(r"^\+?[0-9][0-9 -]{4,30}\Z")
_EMAIL = re.compile(r"^[^@\s,;<>\"']{1,64}@[A-Za-z0-9.-]{1,60}\.[A-Za-z]{2,20}\Z|^[^@\s,;<>\"']{1,64}@localhost\Z")


class Addressee(StrEnum):
    """To whom a card goes, as rungs, escalation steps and the policy of notices name them."""

    LIAISON = "liaison"
    HANDLER = "handler"
    UNIT_HEAD = "unit_head"
    DUTY_OFFICER = "duty_officer"
    SHIFT_LEADER = "shift_leader"
    INSPECTOR = "inspector"
    LEADER = "leader"


class Channel(StrEnum):
    """The ways a notice may take."""

    IN_SITE = "in_site"
    EMAIL = "email"
    SMS = "sms"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    WEBHOOK = "webhook"


# What a person may prefer. The groups (WeCom, DingTalk, Feishu) and the webhook have one address per installation.
PERSONAL = (Channel.SMS, Channel.EMAIL, Channel.WECOM, Channel.DINGTALK, Channel.FEISHU, Channel.WEBHOOK)


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One person in one part. `org` "" is every organisation; `username` "" has no account, so no inbox.

    `channels`: how he prefers to be told outside the site, in order; `min_level`: the least serious card that is told so.
    """

    id: int = 0
    org: str = ""
    area: str = ""
    role: Addressee
    username: str = ""
    name: str
    phone: str = ""
    email: str = ""
    channels: tuple[Channel, ...] = ()
    min_level: int = 1
    language: str = "zh"
    is_active: bool = True
    rev: int = 1

    def address(self, channel: Channel) -> str:
        """Where that channel reaches him; "" when it does not. A group's channel reaches the group."""
        if channel is Channel.EMAIL:
            return self.email
        if channel is Channel.SMS:
            return self.phone
        return self.username if channel is Channel.IN_SITE else channel.value


def checked(contact: Contact) -> Contact:
    """The contact, trimmed. Raises InvalidInput naming the field that cannot be right."""
    contact = msgspec.structs.replace(contact, name=contact.name.strip(), phone=contact.phone.strip(),
                                      email=contact.email.strip(), username=contact.username.strip())
    for name, is_right in _checks(contact):
        if not is_right:
            raise InvalidInput("contact_invalid", field=name, value=str(getattr(contact, name))[:64])
    return contact


def parse_channels(names: Iterable[str]) -> tuple[Channel, ...]:
    """Channels by name, each once, in order. Raises InvalidInput for one nobody may prefer."""
    found = list(dict.fromkeys(names))
    wrong = next((name for name in found if name not in PERSONAL), None)
    if wrong is not None:
        raise InvalidInput("channel_unknown", channel=wrong[:32], accepted=", ".join(PERSONAL))
    return tuple(Channel(name) for name in found)


def _checks(contact: Contact) -> Iterable[tuple[str, bool]]:
    yield "name", 0 < len(contact.name) <= 64
    yield "phone", not contact.phone or _PHONE.match(contact.phone) is not None
    yield "email", not contact.email or (len(contact.email) <= 128 and _EMAIL.match(contact.email) is not None)
    yield "min_level", contact.min_level in (1, 2, 3)
    yield "language", contact.language in ("zh", "en")
    yield "org", contact.role is not Addressee.LIAISON or bool(contact.org)
    yield "channels", all(contact.address(channel) for channel in contact.channels)
    yield "username", bool(contact.username or contact.channels)

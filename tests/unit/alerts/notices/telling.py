"""A house that tells: the small house of the alerts with a roster, contacts, ways out that a test watches, and accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import insert, select

from alerts.alarms import standing_alarms
from alerts.card_commands import CardCommand, CardRef, CommandResult
from alerts.channels.base import Message, failed
from alerts.notices.models import notices
from alerts.notices.office import NoticeOffice, OfficeParts, build_office
from alerts.notices.rows import Notice
from alerts.roster.contacts import Addressee, Channel, Contact
from alerts.roster.plan import Shift
from alerts.roster.queries import Roster
from alerts.roster.service import RosterService
from cases.events import RungPassed
from config.setting_groups import NoticeSettings
from config.settings import load_settings
from config.texts import load_texts
from core.access import Actor, Role
from core.clock import FrozenClock
from core.models import accounts
from tests.unit.alerts.house import MORNING, ZONE, House, passed
from tests.unit.cases.record import city_areas

CHEN = Actor("chen", frozenset({Role.ADMINISTRATOR}), display_name="陈默")
LEADER = Actor("qian", frozenset({Role.SHIFT_LEADER}), display_name="钱进")
PEOPLE = (("zhou", "周立新", "duty_officer"), ("sun", "孙涛", "duty_officer"), ("qian", "钱进", "shift_leader"),
          ("li", "李敏", "inspector"), ("zhao", "赵晓燕", "department_user"))
LIAISON = Contact(org="D01", role=Addressee.LIAISON, name="赵晓燕", username="zhao", phone="13800000001",
                  email="zhao@example.cn", channels=(Channel.SMS, Channel.EMAIL))


class Peer:
    """A way out that remembers. `problems` are raised one by one; then everything is taken."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.problems: list[Exception] = []

    def send(self, message: Message) -> str:
        if self.problems:
            raise self.problems.pop(0)
        self.got.append(message)
        return "taken"

    def fail(self, times: int = 1, *, permanent: bool = False) -> None:
        self.problems += [failed("no", permanent=permanent) for _ in range(times)]


@dataclass
class TellingHouse(House):
    """`sms` and `email` are on unless `ways` says otherwise; quiet hours are off unless settings turn them on."""

    settings: dict[str, Any] = field(default_factory=dict)
    ways: tuple[Channel, ...] = (Channel.SMS, Channel.EMAIL)
    machine: FrozenClock = field(default_factory=lambda: FrozenClock(MORNING))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.areas = city_areas()
        self.roster = Roster(self.database, self.areas)
        self.duty = RosterService(self.units, self.roster, self.alarms, lambda: ["D01", "D02"])
        self.peers = {channel: Peer() for channel in self.ways}
        self.office = self._office()
        for kind, reacting in self.office.reactions().items():
            self.units.reactions[kind] = reacting
        with self.units() as uow:
            if uow.conn.execute(select(accounts)).first() is None:
                uow.conn.execute(insert(accounts), [
                    {"username": name, "display_name": shown, "password_hash": "x", "roles": role,
                     "org": "D01" if role == "department_user" else "", "area": "", "is_active": True, "generation": 0,
                     "failed_attempts": 0, "locked_until": 0, "created_at": 0} for name, shown, role in PEOPLE])

    def _office(self) -> NoticeOffice:
        texts = load_texts()
        parts = OfficeParts(self.units, self.areas, self.roster, self.alarms, self.writer, texts.__getitem__, ZONE, False,
                            self.machine)
        return build_office(settings_of(**self.settings), parts, self.peers)

    # What happens -----------------------------------------------------------------------------------------------------

    def plan(self, *usernames: str, role: str = "duty_officer", weekday: int = 0, begin: int = 480, end: int = 1080) -> None:
        for username in usernames:
            self.duty.save_shift(Shift(username=username, role=role, weekday=weekday, from_min=begin, until_min=end,
                                       valid_from=date(2018, 1, 1)), CHEN)

    def name(self, contact: Contact = LIAISON, **change: Any) -> Contact:
        return self.duty.save_contact(msgspec.structs.replace(contact, **change), CHEN)

    def raise_card(self, rung: str = "yellow", case_id: int = 1) -> None:
        self.record(opened(rung, case_id))

    def do(self, kind: str, by: Actor, **members: Any) -> CommandResult:
        """A command on the one active card."""
        card = self.only_card()
        command = CardCommand(command_id=f"{kind}-{card.rev}-{by.name}", type=kind, cards=[CardRef(card.id, card.rev)],
                              **members)
        result = self.cards.execute(command, by)
        assert result.ok, result
        return result

    def later(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))
        self.machine.advance(timedelta(**span))

    def send(self) -> int:
        return self.office.sender.send_due()

    # What came of it --------------------------------------------------------------------------------------------------

    def rows(self, **wanted: str) -> list[Notice]:
        with self.database.read() as conn:
            found = [Notice(**row) for row in conn.execute(select(notices).order_by(notices.c.id)).mappings()]
        return [row for row in found if all(getattr(row, name) == value for name, value in wanted.items())]

    def told(self, **wanted: str) -> list[tuple[str, str, str, str]]:
        """(addressee, name, channel, state or why not) of each row, in order; without the handlers nobody named in this house,
        of whom the rungs of the shipped ladders speak too."""
        return [(row.addressee, row.name, row.channel, row.reason if row.is_withheld else row.state)
                for row in self.rows(**wanted) if (row.addressee, row.reason) != ("handler", "nobody_named")]

    def alarm_codes(self) -> dict[str, int]:
        with self.database.read() as conn:
            return {alarm.code: alarm.count for alarm in standing_alarms(conn)}


def opened(rung: str = "yellow", case_id: int = 1) -> RungPassed:
    """A rung of a rule that config/rules knows: it names the liaison."""
    rule = "kechuang.statutory" if rung == "red" else "kechuang.promised"
    return msgspec.structs.replace(passed(rung, case_id=case_id), rule=rule)


def settings_of(**values: Any) -> NoticeSettings:
    quiet = {"quiet_from": None, "quiet_until": None}
    return load_settings({f"notices.{name}": value for name, value in {**quiet, **values}.items()}).notices


def shanghai(text: str) -> datetime:
    """`2018-10-15T22:00` on Shanghai's clocks."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)

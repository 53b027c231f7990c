"""From parts to people: who is meant by liaison, duty officer or leader for this card at this instant.

One look at the small tables of people serves a whole batch of cards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection, select

from alerts.notices.words import Reason
from alerts.roster.contacts import Addressee, Channel, Contact
from alerts.roster.plan import OnDuty
from alerts.roster.queries import Roster
from alerts.roster.rows import contacts_of
from core.models import accounts

_OF_UNIT = frozenset({Addressee.LIAISON, Addressee.HANDLER, Addressee.UNIT_HEAD})
_ON_DUTY = frozenset({Addressee.DUTY_OFFICER, Addressee.SHIFT_LEADER})


class Concerned(Protocol):
    """What people are told of, a card or a paper, as far as it decides who they are."""

    @property
    def area(self) -> str: ...

    @property
    def org(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be told, with the ways that reach him. `area` "" is every area."""

    username: str
    name: str
    area: str = ""
    min_level: int = 1
    language: str = "zh"
    channels: tuple[Channel, ...] = ()
    contact: Contact | None = None

    def address(self, channel: Channel) -> str:
        if channel is Channel.IN_SITE:
            return self.username
        return "" if self.contact is None else self.contact.address(channel)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one part of one card: a person with the reason he is told, or is not."""

    addressee: Addressee
    person: Person | None
    reason: Reason


@dataclass
class People:
    """The people of a moment. `at` is microseconds UTC."""

    conn: Connection
    roster: Roster
    at: int
    orgs: Iterable[str]
    _duty: dict[str, list[OnDuty]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._contacts: dict[tuple[str, Addressee], list[Contact]] = defaultdict(list)
        self._by_username: dict[str, Contact] = {}
        for contact in contacts_of(self.conn, self.orgs):
            self._contacts[contact.org, contact.role].append(contact)
            if contact.username:
                self._by_username.setdefault(contact.username, contact)
        self._accounts = {row.username: row for row in self.conn.execute(
            select(accounts.c.username, accounts.c.display_name, accounts.c.roles, accounts.c.area)
            .where(accounts.c.is_active)).all()}
        self._planned: Mapping[str, str] = self.roster.planned_in(self.conn, self.at)

    def found(self, card: Concerned, addressee: Addressee) -> Iterator[Found]:
        """Everybody meant by that part, and those who belong to it but are not told; at least one answer."""
        if addressee in _ON_DUTY and self._planned:
            yield from self._of_shift(card, addressee)
        elif named := self._named(card, addressee):
            for contact in named:
                yield Found(addressee, self._person_of(contact), Reason.ADDRESSEE)
        elif addressee in _OF_UNIT:
            yield Found(addressee, None, Reason.NOBODY_NAMED)
        else:
            yield from self._with_role(addressee)

    def _of_shift(self, card: Concerned, addressee: Addressee) -> Iterator[Found]:
        present = {one.username for one in self.on_duty(card.area) if one.role == addressee}
        for username in present:
            yield Found(addressee, self._person(username), Reason.ON_DUTY)
        if not present:
            yield Found(addressee, None, Reason.NOBODY_ON_DUTY)
        for username, role in self._planned.items():
            if role == addressee and username not in present:
                yield Found(addressee, self._person(username), Reason.NOT_ON_DUTY)

    def on_duty(self, area: str) -> list[OnDuty]:
        """Who is on duty in the area now, asked once per area."""
        if area not in self._duty:
            self._duty[area] = self.roster.on_duty_in(self.conn, self.at, area)
        return self._duty[area]

    def _named(self, card: Concerned, addressee: Addressee) -> list[Contact]:
        own = self._contacts.get((card.org, addressee), [])
        return own if addressee in _OF_UNIT else [*own, *self._contacts.get(("", addressee), [])]

    def _with_role(self, addressee: Addressee) -> Iterator[Found]:
        with_role = [row.username for row in self._accounts.values() if addressee.value in row.roles.split()]
        for username in with_role:
            yield Found(addressee, self._person(username), Reason.ROLE)
        if not with_role:
            yield Found(addressee, None, Reason.NOBODY_NAMED)

    def _person(self, username: str) -> Person:
        contact, account = self._by_username.get(username), self._accounts.get(username)
        if contact is not None:
            return self._person_of(contact)
        if account is None:
            return Person("", username)
        return Person(username, account.display_name, account.area)

    def _person_of(self, contact: Contact) -> Person:
        account = self._accounts.get(contact.username)
        username = contact.username if account is not None else ""
        area = contact.area or (account.area if account is not None else "")
        return Person(username, contact.name, area, contact.min_level, contact.language, contact.channels, contact)

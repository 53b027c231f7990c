"""Applicants' accounts: in by a code or by a password, and what their owner keeps in them.

Registration is the same step as signing in by a code: who has shown that a number is his has an account. Every refusal is one
answer after one amount of work, whether or not an account exists.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from applicants.codes import Codes
from applicants.contacts import Contact
from applicants.models import applicant_contacts, applicants
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted, TooLarge
from core.instants import MINUTE_US
from core.passwords import Passwords
from core.sealing import Sealer
from core.unit_of_work import UnitOfWorkFactory

FACTS = ("kind", "name", "identity_no", "address", "agent")
FACT_MAX = 256
TOLD_BY = ("", "sms", "email", "none")
SEAL_PURPOSE = b"applicant"


@dataclass(frozen=True, slots=True)
class Applicant:
    """An account as its owner sees it. `told_by` is the way he wants notices: sms, email, none, "" for what there is."""

    id: str
    contacts: tuple[Contact, ...]
    facts: Mapping[str, str] = field(repr=False)
    told_by: str
    has_password: bool

    def contact(self, kind: str) -> str:
        return next((one.address for one in self.contacts if one.kind == kind), "")

    @property
    def form(self) -> dict[str, str]:
        """What an application begins with."""
        return {**self.facts, "phone": self.contact("phone"), "email": self.contact("email")}


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """So many wrong passwords in a row lock the password for so long; a code still opens the account."""

    after: int = 5
    minutes: int = 15


class Applicants:
    """Each call is one transaction, or two where a hash is computed between them. `clock` is the machine's own."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, key: bytes, codes: Codes, passwords: Passwords,
                 lock: LockPolicy) -> None:
        self._units, self._clock, self._key, self._codes = units, clock, key, codes
        self.passwords, self._lock = passwords, lock
        self._sealer = Sealer(key, SEAL_PURPOSE)

    # Getting in ---------------------------------------------------------------------------------------------------

    def send_code(self, contact: Contact) -> str:
        """See `Codes.send`."""
        return self._codes.send(contact)

    def enter_with_code(self, contact: Contact, code: str) -> Applicant:
        """The account of that contact, made when there is none. Raises NotAuthenticated("code_refused")."""
        self._codes.use(contact, code)
        with self._units() as uow:
            found = self._of_contact(uow.conn, contact)
            number = found if found is not None else self._open(uow.conn, contact)
            uow.conn.execute(update(applicants).where(applicants.c.id == number).values(failed_attempts=0, locked_until=0))
            return self._read(uow.conn, number)

    def enter_with_password(self, contact: Contact, password: str) -> Applicant:
        """Raises NotAuthenticated("applicant_sign_in_failed"): unknown, without a password, wrong or locked."""
        with self._units.database.read() as conn:
            number = self._of_contact(conn, contact)
            stored = conn.scalar(select(applicants.c.password_hash).where(applicants.c.id == number)) if number else ""
        is_right = self.passwords.verifies(stored or self.passwords.of_nobody, password)
        if number is None or not stored:
            raise NotAuthenticated("applicant_sign_in_failed")
        with self._units() as uow:
            row = uow.conn.execute(select(applicants).where(applicants.c.id == number)).one()
            is_open = row.locked_until <= self._clock.now_us() and row.password_hash == stored
            if is_right and is_open:
                self._note(uow.conn, number, failed_attempts=0, locked_until=0)
                return self._read(uow.conn, number)
            if is_open:
                self._note(uow.conn, number, **self._after_failure(row.failed_attempts + 1))
        raise NotAuthenticated("applicant_sign_in_failed")

    # What its owner changes ---------------------------------------------------------------------------------------

    def set_password(self, number: str, old: str, new: str) -> None:
        """The first one, or another. Raises NotPermitted("old_password_wrong"), InvalidInput for one that is too short."""
        applicant = self.get(number)
        hashed = self.passwords.hash(new)
        if applicant.has_password:
            try:
                self.enter_with_password(applicant.contacts[0], old)
            except NotAuthenticated as refusal:
                raise NotPermitted("old_password_wrong") from refusal
        with self._units() as uow:
            self._note(uow.conn, number, password_hash=hashed, failed_attempts=0, locked_until=0)

    def add_contact(self, number: str, contact: Contact, code: str) -> None:
        """A second way in, or another number for the old one of its kind. Raises Conflict when another account has it."""
        self._codes.use(contact, code)
        c = applicant_contacts.c
        with self._units() as uow:
            owner = self._of_contact(uow.conn, contact)
            if owner is not None and owner != number:
                raise Conflict("applicant_contact_taken")
            if owner is None:
                uow.conn.execute(applicant_contacts.delete().where(c.applicant_id == number, c.kind == contact.kind))
                self._keep_contact(uow.conn, number, contact)

    def save(self, number: str, facts: Mapping[str, str], told_by: str) -> None:
        """What applications begin with, and how he wants to be told. Raises InvalidInput or TooLarge naming the field."""
        if told_by not in TOLD_BY:
            raise InvalidInput("applicant_told_by_unknown", key="told_by")
        kept = {name: facts.get(name, "").strip() for name in FACTS}
        for name, value in kept.items():
            if len(value) > FACT_MAX:
                raise TooLarge("field_too_long", key=name, most=FACT_MAX)
        with self._units() as uow:
            self._note(uow.conn, number, facts=self._sealed(number, kept), told_by=told_by)

    def get(self, number: str) -> Applicant:
        """Raises NotFound."""
        with self._units.database.read() as conn:
            return self._read(conn, number)

    # Inside -------------------------------------------------------------------------------------------------------

    def _open(self, conn: Connection, contact: Contact) -> str:
        number = secrets.token_hex(12)
        conn.execute(insert(applicants).values(id=number, password_hash="", facts=self._sealed(number, {}),
                                               created_at=self._clock.now_us()))
        self._keep_contact(conn, number, contact)
        return number

    def _keep_contact(self, conn: Connection, number: str, contact: Contact) -> None:
        conn.execute(insert(applicant_contacts).values(
            contact_hash=contact.hash(self._key), applicant_id=number, kind=contact.kind,
            sealed=self._sealer.seal(contact.address.encode(), f"contact/{number}"), confirmed_at=self._clock.now_us()))

    def _of_contact(self, conn: Connection, contact: Contact) -> str | None:
        c = applicant_contacts.c
        return conn.scalar(select(c.applicant_id).where(c.contact_hash == contact.hash(self._key)))

    def _read(self, conn: Connection, number: str) -> Applicant:
        row = conn.execute(select(applicants).where(applicants.c.id == number)).first()
        if row is None:
            raise NotFound("applicant_not_found")
        c = applicant_contacts.c
        contacts = conn.execute(select(c.kind, c.sealed).where(c.applicant_id == number).order_by(c.confirmed_at)).all()
        known = tuple(Contact(one.kind, self._sealer.open(one.sealed, f"contact/{number}").decode()) for one in contacts)
        facts = msgspec.json.decode(self._sealer.open(row.facts, f"facts/{number}"))
        return Applicant(number, known, facts, row.told_by, bool(row.password_hash))

    def _sealed(self, number: str, facts: Mapping[str, str]) -> bytes:
        return self._sealer.seal(msgspec.json.encode(dict(facts)), f"facts/{number}")

    def _note(self, conn: Connection, number: str, **values: Any) -> None:
        conn.execute(update(applicants).where(applicants.c.id == number).values(**values))

    def _after_failure(self, failures: int) -> dict[str, int]:
        if failures < self._lock.after:
            return {"failed_attempts": failures}
        return {"failed_attempts": 0, "locked_until": self._clock.now_us() + self._lock.minutes * MINUTE_US}

"""Codes, locks and seals of applicants' accounts: on the machine's clock, and unreadable in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from applicants.assembly import ApplicantDesk, build_applicants
from applicants.codes import TooManyCodes
from applicants.contacts import Contact, read_contact
from applicants.models import applicant_codes, applicant_contacts, applicant_drafts, applicants
from config.settings import load_settings
from core.clock import FrozenClock
from core.database import Database
from core.doorbell import InProcessDoorbell
from core.errors import InvalidInput, NotAuthenticated, NotFound
from core.passwords import Passwords
from core.unit_of_work import UnitOfWorkFactory

PHONE, MAIL = Contact("phone", "13979000001"), Contact("email", "wang@example.com")
SECRET = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Kept:
    """A way out that keeps what it was given; what really sends is tested in test_channel.py."""

    def __init__(self) -> None:
        self.sent: list[tuple[Contact, str]] = []

    def carries(self, contact: Contact) -> bool:
        return True

    def send(self, contact: Contact, code: str, minutes: int, uid: str) -> None:
        self.sent.append((contact, code))


@dataclass
class Office:
    desk: ApplicantDesk
    clock: FrozenClock
    database: Database
    kept: Kept

    def code(self, contact: Contact = PHONE) -> str:
        self.clock.advance(timedelta(minutes=1))
        return self.desk.people.send_code(contact)

    def enter(self, contact: Contact = PHONE) -> str:
        return self.desk.people.enter_with_code(contact, self.code(contact)).id


@pytest.fixture
def office(tmp_path: Path) -> Office:
    clock, database, kept = FrozenClock(datetime(2026, 3, 16, 1, 0, tzinfo=UTC)), Database(f"sqlite:///{tmp_path}/a.db"), Kept()
    database.create_all()
    units = UnitOfWorkFactory(database, clock, InProcessDoorbell())
    desk = build_applicants(load_settings().applicants, units, clock, b"k" * 32, kept, Passwords(10, 4, QUICK))
    return Office(desk, clock, database, kept)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.parametrize(("text", "contact"), [
    (" 139 7900-0001 ", PHONE), ("+8613979000001", PHONE), ("Wang@Example.COM", MAIL)])
def test_a_contact_is_written_in_one_way(text: str, contact: Contact):
    assert read_contact(text) == contact


@pytest.mark.parametrize("text", ["", "12345678901", "139790000011", "a@b", "a b@example.com", "x@example.com\nBcc: y",
                                  "一三九"])
def test_what_is_no_contact_is_refused(text: str):
    with pytest.raises(InvalidInput, match="applicant_contact_invalid"):
        read_contact(text)


def test_a_code_counts_once_for_its_contact_within_its_minutes(office: Office):
    people, code = office.desk.people, office.code()
    with pytest.raises(NotAuthenticated):
        people.enter_with_code(MAIL, code)
    people.enter_with_code(PHONE, f" {code[:3]} {code[3:]} ")
    with pytest.raises(NotAuthenticated):
        people.enter_with_code(PHONE, code)
    late = office.code()
    office.clock.advance(timedelta(minutes=5))
    with pytest.raises(NotAuthenticated):
        people.enter_with_code(PHONE, late)


def test_after_five_wrong_tries_the_right_code_is_worth_nothing(office: Office):
    code = office.code()
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            office.desk.people.enter_with_code(PHONE, wrong(code))
    with pytest.raises(NotAuthenticated):
        office.desk.people.enter_with_code(PHONE, code)


def test_codes_to_one_contact_are_limited_by_pause_window_and_day(office: Office):
    people = office.desk.people
    people.send_code(PHONE)
    with pytest.raises(TooManyCodes) as refusal:
        people.send_code(PHONE)
    assert refusal.value.retry_after == 60
    office.code(), office.code()
    with pytest.raises(TooManyCodes):
        office.code()
    people.send_code(MAIL)
    for _ in range(7):
        office.clock.advance(timedelta(minutes=16))
        people.send_code(PHONE)
    office.clock.advance(timedelta(hours=1))
    with pytest.raises(TooManyCodes):
        people.send_code(PHONE)
    office.clock.advance(timedelta(days=1))
    people.send_code(PHONE)


def test_the_installation_sends_so_many_in_a_day(office: Office):
    units, settings = office.desk.people._units, load_settings({"applicants.codes_per_day": 2}).applicants
    limited = build_applicants(settings, units, office.clock, b"k" * 32, office.kept, Passwords(10, 4, QUICK))
    for one in ("13979000001", "13979000002"):
        limited.people.send_code(Contact("phone", one))
    with pytest.raises(TooManyCodes):
        limited.people.send_code(Contact("phone", "13979000003"))


def test_five_wrong_passwords_lock_the_password_but_not_the_code(office: Office):
    people, number = office.desk.people, office.enter()
    people.set_password(number, "", SECRET)
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            people.enter_with_password(PHONE, "wrong password")
    with pytest.raises(NotAuthenticated):
        people.enter_with_password(PHONE, SECRET)
    assert office.enter() == number
    people.enter_with_password(PHONE, SECRET)


def test_the_lock_ends_by_itself(office: Office):
    people, number = office.desk.people, office.enter()
    people.set_password(number, "", SECRET)
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            people.enter_with_password(PHONE, "wrong password")
    office.clock.advance(timedelta(minutes=15))
    assert people.enter_with_password(PHONE, SECRET).id == number


def test_an_account_without_a_password_opens_by_none(office: Office):
    office.enter()
    for given in ("", SECRET):
        with pytest.raises(NotAuthenticated):
            office.desk.people.enter_with_password(PHONE, given)


def test_the_database_holds_no_contact_code_name_or_key_of_a_draft(office: Office):
    number, code = office.enter(), office.code()
    office.desk.people.save(number, {"name": "王小明", "identity_no": "360502199001010011"}, "sms")
    office.desk.holdings.keep_draft(number, "gongxin-01", "the-key-of-a-draft")
    with office.database.read() as conn:
        held = repr([tuple(row) for table in (applicants, applicant_contacts, applicant_codes, applicant_drafts)
                     for row in conn.execute(select(table))])
    for secret in (PHONE.address, f"'{code}'", "王小明", "\\xe7\\x8e\\x8b", "360502199001010011", "the-key-of-a-draft"):
        assert secret not in held
    applicant = office.desk.people.get(number)
    assert (applicant.contact("phone"), applicant.facts["name"], applicant.told_by) == (PHONE.address, "王小明", "sms")
    assert office.desk.holdings.draft(number, "gongxin-01").key == "the-key-of-a-draft"


def test_a_session_ends_by_idleness_and_in_any_case(office: Office):
    sessions, number = office.desk.sessions, office.enter()
    idle = sessions.open(number, "203.0.113.9", "Chrome")
    office.clock.advance(timedelta(minutes=31))
    assert sessions.find(idle) is None
    used = sessions.open(number, "203.0.113.9", "Chrome")
    for _ in range(24):
        office.clock.advance(timedelta(minutes=20))
        used_by = sessions.find(used)
    assert used_by is None
    office.clock.advance(timedelta(minutes=1))
    sessions.open(number, "", "")
    assert len(sessions.of(number)) == 1


def test_one_account_ends_no_session_of_another(office: Office):
    mine, other = office.enter(), office.enter(MAIL)
    token = office.desk.sessions.open(mine, "", "")
    name = office.desk.sessions.of(mine)[0].name
    for given in (name, name[:4], "%", ""):
        with pytest.raises(NotFound):
            office.desk.sessions.end_named(other, given)
    assert office.desk.sessions.find(token) == mine


def test_who_filed_a_case_decides_how_its_notices_come(office: Office):
    mine, other, holdings = office.enter(), office.enter(MAIL), office.desk.holdings
    office.desk.people.save(mine, {}, "email")
    office.desk.people.save(other, {}, "none")
    holdings.add_case(other, "360500-a", "linked")
    assert wish(office, "360500-a") == "none"
    holdings.add_case(mine, "360500-a", "filed")
    holdings.add_case(mine, "360500-a", "linked")
    assert wish(office, "360500-a") == "email"
    assert wish(office, "360500-b") == ""


def wish(office: Office, case_no: str) -> str:
    with office.database.read() as conn:
        return office.desk.holdings.told_by(conn, case_no)

"""Accounts under two persons: who may propose and confirm, what is refused, what the log keeps, who is signed out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from bootstrap import Services, build_services
from config.changelog import ROLE, ChangeLog
from config.models import account_proposals, config_log
from config.people import COMMAND_LINE, NEW, Outcome, PeopleService, ProposalState, made_up_password
from config.settings import load_settings
from core.access import Actor, Role
from core.accounts import Account, Accounts, Standing
from core.clock import FrozenClock
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, SupervisionError
from core.models import accounts as account_table

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "long enough 1"
INSPECTOR = Standing("艾薇", frozenset({Role.INSPECTOR}))


class House:
    """An installation with the administrators anna, ben and carl and the officer zhou."""

    def __init__(self, url: str, folder: Path, clock: FrozenClock, mode: str) -> None:
        self.services: Services = build_services(load_settings({
            "database.url": url, "journal.key": "j" * 32, "security.secret_key": "s" * 32,
            "security.two_administrators": mode, "journal.anchor_dir": str(folder / "anchors"),
            "feeds.drop_dir": str(folder / "drop")}), clock)
        self.accounts = Accounts(self.services.uow, clock, hasher=QUICK)
        self.people: PeopleService = self.services.people
        self.people._accounts = self.accounts
        for name in ("anna", "ben", "carl"):
            self.accounts.create(name, PASSWORD, display_name=name.title(), roles=[Role.ADMINISTRATOR])
        self.accounts.create("zhou", PASSWORD, display_name="周立新", roles=[Role.DUTY_OFFICER])

    def actor(self, username: str) -> Actor:
        return self.accounts.get(username).actor

    def propose(self, username: str, by: str = "anna", **given: object) -> Outcome:
        """What an administrator asks for who sees the account as it is."""
        account = self.accounts.get(username)
        return self.people.propose(username, account.standing.changed(**given), reason="调岗", actor=self.actor(by),
                                   based_on=account.generation)

    def propose_new(self, username: str = "ivy", by: str = "anna", standing: Standing = INSPECTOR) -> Outcome:
        return self.people.propose(username, standing, reason="新入职", actor=self.actor(by), based_on=NEW)

    def lines(self) -> list[tuple[str, str, str, object, object]]:
        """(actor, action, subject, roles before, roles after) of the log, oldest first."""
        with self.services.database.read() as conn:
            lines = self.people._changes.read(conn, ROLE)
        return [(line.actor, line.action, line.subject, line.before.get("roles"), line.after.get("roles"))
                for line in reversed(lines)]


@pytest.fixture
def opened(fresh_database_url: str, tmp_path: Path, frozen_clock: FrozenClock) -> Iterator[Callable[[str], House]]:
    houses: list[House] = []

    def open_house(mode: str) -> House:
        houses.append(House(fresh_database_url, tmp_path, frozen_clock, mode))
        return houses[-1]

    yield open_house
    for house in houses:
        house.services.database.dispose()


@pytest.fixture
def house(opened: Callable[[str], House]) -> House:
    return opened("on")


def refused(act: Callable[[], object], kind: type[SupervisionError], code: str) -> SupervisionError:
    with pytest.raises(kind) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


# Two persons ----------------------------------------------------------------------------------------------------------

def test_a_change_of_roles_waits_for_another_administrator_and_then_signs_the_person_out(house: House) -> None:
    session = house.accounts.issue_token("session", "zhou")
    proposal = house.propose("zhou", roles={Role.SHIFT_LEADER}, area="360500").proposal

    assert house.accounts.get("zhou").roles == {Role.DUTY_OFFICER}
    assert house.accounts.find_token("session", session) is not None
    assert house.people.proposals(house.actor("ben")) == [(proposal, house.accounts.get("zhou"))]

    decided = house.people.confirm("zhou", 1, actor=house.actor("ben"))
    after = house.accounts.get("zhou")
    assert (after.roles, after.area, after.generation) == ({Role.SHIFT_LEADER}, "360500", 1)
    assert (decided.proposal.state, decided.proposal.decided_by, decided.password) == (ProposalState.CONFIRMED, "ben", "")
    assert house.accounts.find_token("session", session) is None
    assert house.people.proposals(house.actor("ben")) == []


def test_nobody_confirms_his_own_proposal_even_when_he_is_the_only_one_left(opened: Callable[[str], House]) -> None:
    house = opened("auto")
    house.propose("zhou", roles={Role.LEADER})
    refused(lambda: house.people.confirm("zhou", 1, actor=house.actor("anna")), NotPermitted, "second_administrator_needed")
    for name in ("ben", "carl"):
        house.people.set_directly(name, is_active=False)
    assert not house.people.needs_two()
    refused(lambda: house.people.confirm("zhou", 1, actor=house.actor("anna")), NotPermitted, "second_administrator_needed")

    assert house.accounts.get("zhou").roles == {Role.DUTY_OFFICER}
    assert house.people.reject("zhou", 1, actor=house.actor("anna"), reason="收回").state is ProposalState.REJECTED


def test_where_one_is_enough_it_takes_effect_at_once_and_is_logged_all_the_same(opened: Callable[[str], House]) -> None:
    house = opened("off")
    assert house.propose("zhou", roles={Role.LEADER}).proposal.state is ProposalState.CONFIRMED
    made = house.propose_new()

    assert house.accounts.get("zhou").roles == {Role.LEADER}
    assert house.accounts.authenticate("ivy", made.password).roles == {Role.INSPECTOR}
    assert house.lines() == [
        ("anna", "proposed", "zhou", ["duty_officer"], ["leader"]), ("anna", "confirmed", "zhou", ["duty_officer"], ["leader"]),
        ("anna", "proposed", "ivy", None, ["inspector"]), ("anna", "confirmed", "ivy", None, ["inspector"])]


def test_a_new_account_exists_when_it_is_confirmed_and_only_the_confirmer_learns_its_password(house: House) -> None:
    assert house.propose_new().password == ""
    assert house.accounts.find("ivy") is None

    made = house.people.confirm("ivy", 1, actor=house.actor("ben"))
    assert house.accounts.authenticate("ivy", made.password).display_name == "艾薇"
    assert made.password not in repr(made)
    assert house.accounts.get("ivy").must_change
    with house.services.database.read() as conn:
        kept = [*conn.execute(select(account_proposals)), *conn.execute(select(config_log))]
    assert made.password not in str(kept)
    assert "argon2" not in str(kept)


def test_a_made_up_password_is_as_long_as_the_installation_asks_for() -> None:
    assert [len(made_up_password(least)) for least in (10, 19, 20, 30)] == [19, 19, 24, 34]
    assert made_up_password() != made_up_password()


def test_of_two_who_confirm_at_once_one_is_told_it_is_decided(house: House) -> None:
    house.propose_new()
    start, answers = threading.Barrier(2), list[str]()

    def confirm(actor: Actor) -> None:
        start.wait()
        try:
            house.people.confirm("ivy", 1, actor=actor)
            answers.append("confirmed")
        except Conflict as refusal:
            answers.append(refusal.code)

    in_parallel([lambda name=name: confirm(house.actor(name)) for name in ("ben", "carl")])

    assert sorted(answers) == ["account_proposal_decided", "confirmed"]
    assert [line[1] for line in house.lines()] == ["proposed", "confirmed"]


def test_one_who_confirms_while_another_rejects_meets_one_end_only(house: House) -> None:
    house.propose("zhou", roles={Role.LEADER})
    start, answers = threading.Barrier(2), list[str]()

    def decide(act: Callable[[], object]) -> None:
        start.wait()
        try:
            act()
            answers.append("done")
        except Conflict as refusal:
            answers.append(refusal.code)

    ben, carl = house.actor("ben"), house.actor("carl")
    in_parallel([lambda: decide(lambda: house.people.confirm("zhou", 1, actor=ben)),
                 lambda: decide(lambda: house.people.reject("zhou", 1, actor=carl, reason="无依据"))])

    assert sorted(answers) == ["account_proposal_decided", "done"]
    is_confirmed = house.lines()[-1][1] == "confirmed"
    assert house.accounts.get("zhou").roles == ({Role.LEADER} if is_confirmed else {Role.DUTY_OFFICER})


def test_of_two_who_propose_at_once_one_is_told_that_a_proposal_waits(house: House) -> None:
    start, answers = threading.Barrier(2), list[str]()

    def propose(by: str) -> None:
        start.wait()
        try:
            house.propose("zhou", by, roles={Role.LEADER})
            answers.append("proposed")
        except Conflict as refusal:
            answers.append(refusal.code)

    in_parallel([lambda by=by: propose(by) for by in ("anna", "ben")])
    assert sorted(answers) == ["account_proposal_waits", "proposed"]


def in_parallel(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# What is refused ------------------------------------------------------------------------------------------------------

def test_a_proposal_made_from_what_the_account_no_longer_is_is_refused(house: House) -> None:
    seen = house.accounts.get("zhou")
    house.propose("zhou", roles={Role.LEADER})
    house.people.set_directly("zhou", is_active=False)

    refused(lambda: house.people.confirm("zhou", 1, actor=house.actor("ben")), Conflict, "account_outdated")
    house.people.reject("zhou", 1, actor=house.actor("ben"), reason="已变")
    refused(lambda: house.people.propose("zhou", replace(seen.standing, org="fagai"), reason="试", actor=house.actor("anna"),
                                         based_on=seen.generation), Conflict, "account_outdated")
    assert house.accounts.get("zhou").roles == {Role.DUTY_OFFICER}


def test_an_account_made_meanwhile_is_not_overwritten(house: House) -> None:
    house.propose_new()
    house.people.set_directly("ivy", password=PASSWORD, roles=[Role.LEADER])

    refused(lambda: house.people.confirm("ivy", 1, actor=house.actor("ben")), Conflict, "username_taken")
    refused(lambda: house.propose_new("zhou"), Conflict, "username_taken")
    assert house.accounts.authenticate("ivy", PASSWORD).roles == {Role.LEADER}


def test_one_proposal_at_a_time_and_a_decided_one_makes_room(house: House) -> None:
    house.propose("zhou", roles={Role.LEADER})
    refused(lambda: house.propose("zhou", "ben", org="fagai"), Conflict, "account_proposal_waits")
    house.people.reject("zhou", 1, actor=house.actor("ben"), reason="无依据")

    refused(lambda: house.people.confirm("zhou", 1, actor=house.actor("carl")), Conflict, "account_proposal_decided")
    assert house.propose("zhou", "ben", org="fagai").proposal.number == 2
    refused(lambda: house.people.confirm("zhou", 3, actor=house.actor("carl")), NotFound, "account_proposal_unknown")


@pytest.mark.parametrize("change", [{"roles": {Role.LEADER}}, {"is_active": False}])
def test_the_last_active_administrator_stays(opened: Callable[[str], House], change: dict[str, object]) -> None:
    house = opened("auto")
    waiting = house.propose("ben", **change)
    house.people.set_directly("anna", roles=[Role.LEADER])  # who proposed it is no administrator any more
    house.people.set_directly("carl", is_active=False)

    refused(lambda: house.propose("ben", "ben", **change), Conflict, "last_administrator")
    refused(lambda: house.people.set_directly("ben", **change), Conflict, "last_administrator")
    assert waiting.proposal.state is ProposalState.PROPOSED
    assert house.accounts.get("ben").standing == Standing("Ben", frozenset({Role.ADMINISTRATOR}))


def test_two_administrators_who_dismiss_each_other_at_once_leave_one(opened: Callable[[str], House]) -> None:
    house = opened("off")
    house.people.set_directly("carl", is_active=False)
    start, answers = threading.Barrier(2), list[str]()

    def dismiss(by: Actor, target: Account) -> None:
        start.wait()
        try:
            house.people.propose(target.username, target.standing.changed(is_active=False), reason="试", actor=by,
                                 based_on=target.generation)
            answers.append("done")
        except SupervisionError as refusal:
            answers.append(refusal.code)

    anna, ben = house.accounts.get("anna"), house.accounts.get("ben")
    in_parallel([lambda: dismiss(anna.actor, ben), lambda: dismiss(ben.actor, anna)])

    assert sorted(answers) == ["done", "not_permitted"]
    assert [one.is_active for one in (house.accounts.get("anna"), house.accounts.get("ben"))].count(True) == 1


def test_who_is_no_administrator_may_do_none_of_it(house: House) -> None:
    house.propose("carl", roles={Role.LEADER})
    stale = house.actor("ben")
    house.people.set_directly("ben", roles=[Role.INSPECTOR])  # his request began before

    for actor in (house.actor("zhou"), stale):
        refused(lambda actor=actor: house.people.propose("zhou", INSPECTOR, reason="试", actor=actor, based_on=0),
                NotPermitted, "not_permitted")
        refused(lambda actor=actor: house.people.confirm("carl", 1, actor=actor), NotPermitted, "not_permitted")
        refused(lambda actor=actor: house.people.reject("carl", 1, actor=actor, reason="试"), NotPermitted, "not_permitted")


def test_an_administrator_bound_to_an_area_has_no_say_over_other_people(house: House) -> None:
    house.people.set_directly("ben", area="360500")
    bound = house.actor("ben")
    house.propose("zhou", roles={Role.LEADER})

    refused(lambda: house.people.confirm("zhou", 1, actor=bound), NotPermitted, "not_permitted")
    refused(lambda: house.propose("ben", "ben", area=""), NotPermitted, "not_permitted")
    assert [account.username for account in house.people.people(bound)] == ["ben"]
    assert house.people.proposals(bound) == []
    assert [line.subject for line in house.people.log(bound)] == ["ben"]


def test_people_are_bound_to_halls_that_have_cameras_and_nobody_frees_himself(house: House) -> None:
    refused(lambda: house.propose("zhou", halls={"政务大厅"}, area=house.people._catalogue.default_area), InvalidInput,
            "account_hall_unknown")
    house.people._halls = lambda: ["便民中心", "政务大厅"]
    refused(lambda: house.propose("zhou", halls={"政务大厅"}), InvalidInput, "halls_need_area")
    area = house.people._catalogue.default_area
    proposed = house.propose("zhou", halls={"政务大厅"}, area=area).proposal
    assert house.people.confirm("zhou", proposed.number, actor=house.actor("ben")).proposal.standing.halls == {"政务大厅"}
    assert house.actor("zhou").halls == {"政务大厅"}

    house.people.set_directly("ben", halls={"政务大厅"}, area=area)
    bound = house.actor("ben")
    for halls in (set(), {"便民中心"}, {"政务大厅", "便民中心"}):
        refused(lambda halls=halls: house.propose("ben", "ben", halls=halls), NotPermitted, "not_permitted")
    refused(lambda: house.propose("carl", "ben", halls={"政务大厅"}, area=area), NotPermitted, "not_permitted")
    assert [account.username for account in house.people.people(bound)] == ["ben", "zhou"]
    assert house.people.halls(bound) == ["政务大厅"]
    assert {line.subject for line in house.people.log(bound)} == {"ben", "zhou"}
    assert house.people.halls(house.actor("anna")) == ["便民中心", "政务大厅"]
    refused(lambda: house.propose("zhou", halls={" "}, area=area), InvalidInput, "halls_invalid")


@pytest.mark.parametrize(("given", "code", "key"), [
    ({"roles": set()}, "roles_missing", "roles"),
    ({"roles": {Role.DEPARTMENT_USER}}, "department_user_needs_org", "org"),
    ({"org": "moon"}, "org_unknown", "org"),
    ({"area": "moon"}, "account_area_unknown", "area"),
    ({"display_name": " "}, "display_name_invalid", "display_name"),
    ({"display_name": "名" * 65}, "display_name_invalid", "display_name")])
def test_what_cannot_be_is_refused_at_its_field(house: House, given: dict[str, object], code: str, key: str) -> None:
    assert refused(lambda: house.propose("zhou", **given), InvalidInput, code).details["key"] == key
    assert house.lines() == []


def test_a_name_no_reason_and_no_change_are_refused(house: House) -> None:
    refused(lambda: house.propose_new("Ivy!"), InvalidInput, "username_invalid")
    refused(lambda: house.propose("zhou"), Conflict, "account_unchanged")
    refused(lambda: house.people.propose("nobody", INSPECTOR, reason="试", actor=house.actor("anna"), based_on=0), NotFound,
            "account_not_found")
    house.propose("zhou", roles={Role.LEADER})
    refused(lambda: house.people.reject("zhou", 1, actor=house.actor("ben"), reason=" "), InvalidInput, "reason_missing")


# The log --------------------------------------------------------------------------------------------------------------

def test_every_step_is_a_line_with_before_and_after_in_the_one_chain(house: House) -> None:
    house.propose("zhou", roles={Role.LEADER})
    house.people.reject("zhou", 1, actor=house.actor("ben"), reason="无依据")
    house.propose("zhou", "ben", roles={Role.INSPECTOR})
    house.people.confirm("zhou", 2, actor=house.actor("anna"), reason="同意")

    assert house.lines() == [
        ("anna", "proposed", "zhou", ["duty_officer"], ["leader"]), ("ben", "rejected", "zhou", ["duty_officer"], ["leader"]),
        ("ben", "proposed", "zhou", ["duty_officer"], ["inspector"]),
        ("anna", "confirmed", "zhou", ["duty_officer"], ["inspector"])]
    assert [line.reason for line in house.people.log(house.actor("anna"), "zhou")] == ["同意", "调岗", "无依据", "调岗"]
    assert first_fault(house) is None
    with house.services.database.transaction() as conn:
        conn.execute(update(config_log).where(config_log.c.seq == 2).values(after="{}"))
    assert first_fault(house) == 2


def first_fault(house: House) -> int | None:
    with house.services.database.read() as conn:
        return ChangeLog(house.services.keys.key("config")).first_fault(conn)


def test_the_command_line_needs_no_second_but_leaves_its_line(house: House) -> None:
    house.people.set_directly("ivy", password=PASSWORD, roles=[Role.LEADER], display_name="艾薇")
    house.people.set_directly("ivy", roles=[Role.INSPECTOR])
    house.people.set_directly("ivy", password="another one 2")

    assert house.lines() == [("command line", "set", "ivy", None, ["leader"]),
                             ("command line", "set", "ivy", ["leader"], ["inspector"]),
                             ("command line", "set", "ivy", ["inspector"], ["inspector"])]
    newest = house.people.log(house.actor("anna"))[0]
    assert (newest.actor_name, newest.before | {"password": "set"}) == (COMMAND_LINE.display_name, newest.after)
    assert first_fault(house) is None


def test_the_owner_replaces_a_password_that_was_set_meanwhile_from_what_it_is_now(house: House,
                                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the check of the old one and the new one the technician sets another: his holds, and the owner is told."""
    verified = house.accounts.authenticate

    def overtaken(username: str, password: str, _code: str) -> Account:
        account = verified(username, password)
        house.people.set_directly(username, password="set in between 1")
        return account

    monkeypatch.setattr(house.accounts, "authenticate", overtaken)
    with pytest.raises(Conflict, match="account_outdated"):
        house.people.change_own_password("zhou", PASSWORD, "of my own choice")
    monkeypatch.undo()

    assert house.accounts.authenticate("zhou", "set in between 1").must_change
    done = house.people.change_own_password("zhou", "set in between 1", "of my own choice")
    assert (done.must_change, house.lines()[-1][:3]) == (False, ("zhou", "own", "zhou"))
    assert first_fault(house) is None


def test_a_line_that_is_not_written_leaves_the_account_as_it_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.propose_new()

    def fail(*_given: object, **_more: object) -> None:
        raise Conflict("version_outdated")
    monkeypatch.setattr(house.people._changes, "append", fail)
    refused(lambda: house.people.confirm("ivy", 1, actor=house.actor("ben")), Conflict, "version_outdated")
    refused(lambda: house.people.set_directly("zhou", roles=[Role.LEADER]), Conflict, "version_outdated")

    assert house.accounts.find("ivy") is None
    assert house.accounts.get("zhou").roles == {Role.DUTY_OFFICER}
    with house.services.database.read() as conn:
        assert conn.scalars(select(account_proposals.c.state)).all() == ["proposed"]
        assert len(conn.execute(select(account_table)).all()) == 4

"""Accounts and their roles under two persons: proposed by one administrator, in force when another confirms.

1. `propose` checks what is asked for and keeps it; the account stays as it is. One proposal at a time per account.
2. `confirm` by another administrator puts it into effect, unless the account changed meanwhile, and ends the person's sessions.
3. Both are lines of the change log with before, after, actor and reason; so is what the technician does at the command line.

Where one person is enough (`security.two_administrators`), `propose` puts it into effect at once.

The password of a new account is made up here when the account is made, and given to the one who confirmed it, once. Had the
author set it with his proposal, he could ask for an inspector and then sign in as him; so it takes two to get a usable account,
nobody chooses a weak password, and no proposal that is turned down leaves one behind. It is in no log, and opens nothing but
the page on which its owner replaces it: what somebody else has set must be changed first (`Account.must_change`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from config.catalogue import Catalogue
from config.changelog import ROLE, Action, ChangeLog, Edit
from config.models import account_proposals
from config.service import NeedsTwo, checked_reason
from config.two_persons import administrators
from core.access import Actor, Role, require
from core.accounts import Account, Accounts, Standing, check_username, find_account
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

NEW = -1  # the generation of an account that does not exist yet
COMMAND_LINE = Actor("command line", frozenset(), display_name="命令行")  # the space: no account can be called so
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that are mistaken for another when read from a slip of paper
_GROUP = 4
_WAITING = account_proposals.c.state == "proposed"


class ProposalState(StrEnum):
    """The life of a proposal."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to become of an account. `based_on` is the generation its author saw, NEW for an account to be made."""

    username: str
    number: int
    based_on: int
    standing: Standing
    state: ProposalState
    reason: str
    made_by: str
    made_at: int
    decided_by: str | None
    decided_at: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A proposal after a step; `password` is that of an account just made, and this is the only time it can be seen."""

    proposal: Proposal
    password: str = field(default="", repr=False)


class PeopleService:
    """The writing side of accounts, for people. `Accounts` below it asks for no second person and keeps no log."""

    def __init__(self, units: UnitOfWorkFactory, accounts: Accounts, changes: ChangeLog, needs_two: NeedsTwo,
                 catalogue: Catalogue, halls: Callable[[], Collection[str]]) -> None:
        self._units, self._accounts, self._changes = units, accounts, changes
        self._needs_two, self._catalogue, self._halls = needs_two, catalogue, halls

    def propose(self, username: str, standing: Standing, *, reason: str, actor: Actor, based_on: int) -> Outcome:
        """Ask for a new account (`based_on` NEW) or another standing of one; in effect at once where one person is enough.

        Raises InvalidInput naming the field, NotFound, NotPermitted for an account outside the actor's area, and Conflict:
        another proposal waits, the account is not as its author saw it, nothing would change, no administrator would be left.
        """
        require(actor, Role.ADMINISTRATOR)
        check_username(username)
        told = checked_reason(reason)
        fresh = self._fresh_password(based_on)
        with self._units() as uow:
            before = _seen(uow.conn, username, based_on)
            self._check(uow.conn, before, standing, actor)
            _refuse_second(uow.conn, username)
            proposal = _keep(uow, username, based_on, standing, told, actor)
            self._log(uow, actor, proposal, Action.PROPOSED, told, before)
            if self._needs_two(uow.conn):
                return Outcome(proposal)
            return self._put_into_effect(uow, proposal, actor, told, before, fresh)

    def confirm(self, username: str, number: int, *, actor: Actor, reason: str = "") -> Outcome:
        """Put a proposal into effect. Raises NotPermitted for its author, also where he is the only administrator by now:
        what was to be seen by two is not to be done by one. He may take it back and make it anew."""
        require(actor, Role.ADMINISTRATOR)
        fresh = self._fresh_password(self._based_on(username, number))
        with self._units() as uow:
            proposal = _waiting(uow.conn, username, number)
            if proposal.made_by == actor.name:
                raise NotPermitted("second_administrator_needed", made_by=proposal.made_by)
            before = _seen(uow.conn, username, proposal.based_on)
            self._check(uow.conn, before, proposal.standing, actor)
            return self._put_into_effect(uow, proposal, actor, reason.strip() or proposal.reason, before, fresh)

    def reject(self, username: str, number: int, *, actor: Actor, reason: str) -> Proposal:
        """Turn a proposal down, or take one's own back. The log keeps it."""
        require(actor, Role.ADMINISTRATOR)
        told = checked_reason(reason)
        with self._units() as uow:
            proposal = _waiting(uow.conn, username, number)
            before = find_account(uow.conn, username)
            _require_sight(uow.conn, actor, before, proposal.standing)
            _decide(uow, proposal, ProposalState.REJECTED, actor)
            self._log(uow, actor, proposal, Action.REJECTED, told, before)
            return _proposal(uow.conn, username, number)

    def set_directly(self, username: str, *, password: str | None = None, **given: Any) -> Account:
        """The technician's way, at the command line: no second person, but a line of the log. `given`: as `Accounts.change`."""
        hashed = None if password is None else self._accounts.hash(password)
        with self._units() as uow:
            before = find_account(uow.conn, username)
            standing = (Standing(username, frozenset()) if before is None else before.standing).changed(**given)
            _refuse_last(uow.conn, before, standing)
            after = self._write(uow.conn, username, before, standing, hashed)
            told = content_of(after) | ({"password": "set"} if before is not None and hashed is not None else {})
            self._changes.append(uow, COMMAND_LINE, ROLE, username, 0, Action.SET, "", content_of(before), told)
            return after

    def change_own_password(self, username: str, old: str, new: str, code: str = "") -> Account:
        """The person himself, who knows the old one. Ends his sessions, the present one too; leaves a line of the log.

        Raises InvalidInput for a new one that is too short or the old one again, NotPermitted("old_password_wrong") also while
        the account is locked (a wrong one counts like a failed sign-in), Conflict when the account changed meanwhile.
        """
        hashed = self._accounts.hash(new)
        try:
            seen = self._accounts.authenticate(username, old, code)
        except NotAuthenticated as refusal:
            raise NotPermitted("old_password_wrong") from refusal
        if new == old:
            raise InvalidInput("password_unchanged")
        with self._units() as uow:
            before = _seen(uow.conn, username, seen.generation)
            after = self._accounts.change_in(uow.conn, username, seen.standing, hashed, must_change=False)
            held = content_of(before)
            self._changes.append(uow, seen.actor, ROLE, username, 0, Action.OWN, "", held, held | {"password": "set"})
            return after

    def set_own_factor(self, username: str, password: str, salt: str, code: str) -> Account:
        """The person himself gets a second factor: he knows his password, and shows a code of the new key. Leaves a line of
        the log.

        Raises NotPermitted("old_password_wrong") and NotPermitted("code_wrong").
        """
        seen = self._known(username, password, "")
        after = self._accounts.set_factor(username, salt, code)
        self._tell_factor(seen, "set")
        return after

    def drop_own_factor(self, username: str, password: str, code: str) -> Account:
        """He gives it up: with password and a code. Raises NotPermitted("old_password_wrong") for either."""
        seen = self._known(username, password, code)
        after = self._accounts.drop_factor(username)
        self._tell_factor(seen, "dropped")
        return after

    def drop_factor_directly(self, username: str) -> Account:
        """The technician's way, when a telephone is lost. Raises NotFound."""
        seen = self._accounts.get(username)
        after = self._accounts.drop_factor(username)
        self._tell_factor(seen, "dropped", COMMAND_LINE)
        return after

    def _known(self, username: str, password: str, code: str) -> Account:
        try:
            return self._accounts.authenticate(username, password, code)
        except NotAuthenticated as refusal:
            raise NotPermitted("old_password_wrong") from refusal

    def _tell_factor(self, account: Account, told: str, actor: Actor | None = None) -> None:
        held = content_of(account)
        with self._units() as uow:
            self._changes.append(uow, actor or account.actor, ROLE, account.username, 0, Action.OWN, "", held,
                                 held | {"second_factor": told})

    def end_session(self, username: str, session: str, *, actor: Actor) -> None:
        """An administrator ends a session of somebody. Leaves a line of the log.

        Raises NotPermitted, NotFound for a session that has ended and for a person outside his area.
        """
        require(actor, Role.ADMINISTRATOR)
        account = self._accounts.get(username)
        if not _is_in_sight(actor, account, account.standing):
            raise NotFound("account_not_found", username=username)
        self._accounts.sessions.end(username, session)
        with self._units() as uow:
            held = content_of(account)
            self._changes.append(uow, actor, ROLE, username, 0, Action.SIGNED_OUT, session, held, held)

    # Reads the page asks for ----------------------------------------------------------------------------------------

    def people(self, actor: Actor) -> list[Account]:
        """The accounts this administrator may edit, by name; those of his area where he is bound to one."""
        return [account for account in self._accounts.list() if _is_in_sight(actor, account, account.standing)]

    def proposals(self, actor: Actor) -> list[tuple[Proposal, Account | None]]:
        """What waits, oldest first, each with the account as it is now."""
        with self._units.database.read() as conn:
            rows = conn.execute(select(account_proposals).where(_WAITING).order_by(
                account_proposals.c.made_at, account_proposals.c.username)).all()
            found = [(_of_row(row), find_account(conn, row.username)) for row in rows]
        return [(proposal, account) for proposal, account in found if _is_in_sight(actor, account, proposal.standing)]

    def log(self, actor: Actor, username: str = "", limit: int = 30) -> list[Edit]:
        """Lines of the change log about accounts, newest first."""
        with self._units.database.read() as conn:
            lines = self._changes.read(conn, ROLE, username, limit)
        return [line for line in lines if actor.area in ("", line.before.get("area"), line.after.get("area"))
                and (not actor.halls or any(actor.halls.issuperset(one.get("halls") or ("",))
                                            for one in (line.before, line.after)))]

    def halls(self, actor: Actor) -> list[str]:
        """The halls with cameras that he may bind people to, and those they are bound to already."""
        held = {hall for account in self.people(actor) for hall in account.halls}
        return sorted(hall for hall in held.union(self._halls()) if not actor.halls or hall in actor.halls)

    def needs_two(self) -> bool:
        """Whether a second administrator must confirm at present."""
        with self._units.database.read() as conn:
            return self._needs_two(conn)

    # Inside ---------------------------------------------------------------------------------------------------------

    def _check(self, conn: Connection, before: Account | None, standing: Standing, actor: Actor) -> None:
        standing.check()
        _require_sight(conn, actor, before, standing)
        held = Standing("", frozenset()) if before is None else before.standing
        if standing.org not in ("", held.org) and standing.org not in [one.code for one in self._catalogue.units]:
            raise InvalidInput("org_unknown", key="org", org=standing.org)
        if standing.area not in ("", held.area, self._catalogue.default_area) and standing.area not in self._catalogue.areas:
            raise InvalidInput("account_area_unknown", key="area", area=standing.area)
        unknown = sorted(standing.halls - held.halls - set(self._halls()))
        if unknown:
            raise InvalidInput("account_hall_unknown", key="halls", hall=unknown[0])
        if standing == held:
            raise Conflict("account_unchanged")
        _refuse_last(conn, before, standing)

    def _put_into_effect(self, uow: UnitOfWork, proposal: Proposal, actor: Actor, reason: str, before: Account | None,
                         fresh: tuple[str, str] | None) -> Outcome:
        password, hashed = fresh or ("", None)
        _decide(uow, proposal, ProposalState.CONFIRMED, actor)
        self._write(uow.conn, proposal.username, before, proposal.standing, hashed)
        self._log(uow, actor, proposal, Action.CONFIRMED, reason, before)
        return Outcome(_proposal(uow.conn, proposal.username, proposal.number), password)

    def _write(self, conn: Connection, username: str, before: Account | None, standing: Standing,
               hashed: str | None) -> Account:
        if before is not None:
            return self._accounts.change_in(conn, username, standing, hashed)
        if hashed is None:
            raise NotFound("account_not_found", username=username)
        return self._accounts.create_in(conn, username, standing, hashed)

    def _log(self, uow: UnitOfWork, actor: Actor, proposal: Proposal, action: Action, reason: str,
             before: Account | None) -> None:
        self._changes.append(uow, actor, ROLE, proposal.username, proposal.number, action, reason, content_of(before),
                             content_of_standing(proposal.standing))

    def _based_on(self, username: str, number: int) -> int:
        with self._units.database.read() as conn:
            return _proposal(conn, username, number).based_on

    def _fresh_password(self, based_on: int) -> tuple[str, str] | None:
        """(password, hash) for an account to be made: before the transaction, which everybody else's writing waits for."""
        if based_on != NEW:
            return None
        password = made_up_password(self._accounts.policy.password_min_length)
        return password, self._accounts.hash(password)


def made_up_password(at_least: int = 0) -> str:
    """`k7mw-2xpd-…`: four groups or more of four letters, 79 bits at least, that can be read out and typed in."""
    groups = max(4, -(-(at_least + 1) // (_GROUP + 1)))
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(groups))


def content_of(account: Account | None) -> dict[str, Any]:
    """What the log keeps of an account; nothing of one that does not exist."""
    return {} if account is None else content_of_standing(account.standing)


def content_of_standing(standing: Standing) -> dict[str, Any]:
    """What a proposal keeps of the standing it asks for, in the shape of the log."""
    return {"display_name": standing.display_name, "roles": sorted(role.value for role in standing.roles), "org": standing.org,
            "area": standing.area, "halls": sorted(standing.halls), "is_active": standing.is_active}


def _standing(content: Mapping[str, Any]) -> Standing:
    return Standing(content["display_name"], frozenset(Role(name) for name in content["roles"]), content["org"],
                    content["area"], content["is_active"], frozenset(content.get("halls", ())))


def _seen(conn: Connection, username: str, based_on: int) -> Account | None:
    """The account, if it is still as its editor saw it."""
    account = find_account(conn, username)
    if account is None and based_on != NEW:
        raise NotFound("account_not_found", username=username)
    if account is not None and based_on == NEW:
        raise Conflict("username_taken", key="username", username=username)
    if account is not None and account.generation != based_on:
        raise Conflict("account_outdated", username=username)
    return account


def _is_in_sight(actor: Actor, before: Account | None, standing: Standing) -> bool:
    """An administrator bound to an area or to halls has no say over people of others, and cannot free anybody of its bounds."""
    return all(actor.area in ("", one.area) and (not actor.halls or (one.halls and one.halls <= actor.halls))
               for one in (standing, before) if one is not None)


def _require_sight(conn: Connection, actor: Actor, before: Account | None, standing: Standing) -> None:
    """The actor may do this, by what stands in the database now: he may have lost the role since his request began."""
    known = find_account(conn, actor.name)
    if known is None or not known.is_active or not _is_in_sight(require(known.actor, Role.ADMINISTRATOR), before, standing):
        raise NotPermitted("not_permitted", needs=[Role.ADMINISTRATOR.value])


def _refuse_last(conn: Connection, before: Account | None, standing: Standing) -> None:
    """Without an active administrator nobody could ever confirm anything again."""
    was = before is not None and before.is_active and Role.ADMINISTRATOR in before.roles
    stays = standing.is_active and Role.ADMINISTRATOR in standing.roles
    if was and not stays and administrators(conn) < 2:
        raise Conflict("last_administrator", key="roles")


def _refuse_second(conn: Connection, username: str) -> None:
    if conn.scalar(select(account_proposals.c.number).where(account_proposals.c.username == username, _WAITING)) is not None:
        raise Conflict("account_proposal_waits", username=username)


def _keep(uow: UnitOfWork, username: str, based_on: int, standing: Standing, reason: str, actor: Actor) -> Proposal:
    last = uow.conn.scalar(select(func.max(account_proposals.c.number)).where(account_proposals.c.username == username))
    number = int(last or 0) + 1
    content = msgspec.json.encode(content_of_standing(standing)).decode()
    uow.conn.execute(insert(account_proposals).values(
        username=username, number=number, based_on=based_on, content=content, state=ProposalState.PROPOSED.value,
        reason=reason, made_by=actor.name, made_at=uow.now_us))
    return _proposal(uow.conn, username, number)


def _decide(uow: UnitOfWork, proposal: Proposal, state: ProposalState, actor: Actor) -> None:
    """The conditional update is the claim: of two administrators who decide at once, one is told that it is decided."""
    c = account_proposals.c
    done = uow.conn.execute(
        update(account_proposals).where(c.username == proposal.username, c.number == proposal.number, _WAITING)
        .values(state=state.value, decided_by=actor.name, decided_at=uow.now_us))
    if done.rowcount != 1:
        raise Conflict("account_proposal_decided", username=proposal.username)


def _waiting(conn: Connection, username: str, number: int) -> Proposal:
    found = _proposal(conn, username, number)
    if found.state is not ProposalState.PROPOSED:
        raise Conflict("account_proposal_decided", username=username)
    return found


def _proposal(conn: Connection, username: str, number: int) -> Proposal:
    row = conn.execute(select(account_proposals).where(
        account_proposals.c.username == username, account_proposals.c.number == number)).first()
    if row is None:
        raise NotFound("account_proposal_unknown", username=username, number=number)
    return _of_row(row)


def _of_row(row: Row[Any]) -> Proposal:
    return Proposal(row.username, row.number, row.based_on, _standing(msgspec.json.decode(row.content)),
                    ProposalState(row.state), row.reason, row.made_by, row.made_at, row.decided_by, row.decided_at)

"""Who holds which post (岗位) in which unit. A post entitles to the steps that name it; nothing else does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from approval.models import staff_posts
from config.changelog import ROLE, Action, ChangeLog
from config.service import checked_reason
from core.access import Actor, Role, require
from core.accounts import find_account
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.statements import Statement
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory

EVERY_UNIT = "*"  # the one window that accepts for all (一窗受理)
_OF_PERSON = Statement(select(staff_posts.c.org, staff_posts.c.post).where(
    staff_posts.c.username == bindparam("username")).order_by(staff_posts.c.org, staff_posts.c.post))
STAFF = frozenset({Role.APPROVAL_STAFF})


class Posts:
    """Reading and giving of posts."""

    def __init__(self, units: UnitOfWorkFactory, changes: ChangeLog) -> None:
        self._units, self._changes = units, changes

    def edit(self, username: str, org: str, posts: Collection[str], *, reason: str, actor: Actor) -> None:
        """The same by an administrator, with a line in the change log. Raises NotPermitted, NotFound for a person outside his
        area, InvalidInput naming the field for nobody, one who is not of the staff or no reason, Conflict for no change."""
        require(actor, Role.ADMINISTRATOR)
        if not username:
            raise InvalidInput("post_person_missing", key="person")
        told = checked_reason(reason)
        with self._units() as uow:
            account = find_account(uow.conn, username)
            if account is None or actor.area not in ("", account.area):
                raise NotFound("account_not_found", key="person", username=username[:64])
            if Role.APPROVAL_STAFF not in account.roles:
                raise InvalidInput("post_not_staff", key="person", username=username[:64])
            before = [post for unit, post in posts_in(uow, username) if unit == org]
            if set(before) == set(posts):
                raise Conflict("posts_unchanged", key="held")
            self._give(uow, username, org, posts)
            self._changes.append(uow, actor, ROLE, username, 0, Action.POSTS, told, _line(account.area, org, before),
                                 _line(account.area, org, sorted(set(posts))))

    def give(self, username: str, org: str, posts: Collection[str]) -> None:
        """The posts of a person in a unit from now on: exactly these. Raises InvalidInput for one without a name."""
        with self._units() as uow:
            self._give(uow, username, org, posts)

    def _give(self, uow: UnitOfWork, username: str, org: str, posts: Collection[str]) -> None:
        if not username or not org or any(not post.strip() for post in posts):
            raise InvalidInput("post_invalid", key="posts")
        c = staff_posts.c
        uow.kept.pop((staff_posts, username), None)
        uow.conn.execute(delete(staff_posts).where(c.username == username, c.org == org))
        if posts:
            uow.conn.execute(insert(staff_posts), [
                {"username": username, "org": org, "post": post} for post in sorted(set(posts))])

    def of(self, username: str) -> list[tuple[str, str]]:
        """(unit, post) of a person."""
        with self._units.database.read() as conn:
            return posts_of(conn, username)

    def holders(self, org: str, posts: Collection[str]) -> list[str]:
        """Who holds one of these posts in that unit."""
        c = staff_posts.c
        with self._units.database.read() as conn:
            return list(conn.scalars(select(c.username).where(c.org.in_([org, EVERY_UNIT]), c.post.in_(list(posts)))
                                     .distinct().order_by(c.username)))


def _line(area: str, org: str, posts: Sequence[str]) -> dict[str, Any]:
    """As the change log keeps it: the area decides who reads it."""
    return {"area": area, f"post:{org}": list(posts)}


def posts_of(conn: Connection, username: str) -> list[tuple[str, str]]:
    """(unit, post) of a person, as this transaction sees it."""
    return [(org, post) for org, post in _OF_PERSON.rows(conn, username=username)]


def posts_in(uow: UnitOfWork, username: str) -> list[tuple[str, str]]:
    """The same in a writing transaction: every act asks."""
    return uow.keep((staff_posts, username), lambda conn: posts_of(conn, username))


def holds(held: Sequence[tuple[str, str]], org: str, wanted: Sequence[str]) -> bool:
    """Whether one of these (unit, post) is a wanted one of that unit."""
    return any(unit in (org, EVERY_UNIT) and post in wanted for unit, post in held)


def post_for(uow: UnitOfWork, actor: Actor, org: str, wanted: Sequence[str]) -> str:
    """The post by which this person may do it: the first wanted one he holds in that unit. Raises NotPermitted."""
    if not actor.has(*STAFF):
        raise NotPermitted("not_permitted", needs=[role.value for role in STAFF])
    held = {post for unit, post in posts_in(uow, actor.name) if unit in (org, EVERY_UNIT)}
    found = next((post for post in wanted if post in held), "")
    if not found:
        raise NotPermitted("post_missing", org=org, posts="、".join(wanted))
    return found

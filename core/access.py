"""Who may do what: roles, the actor behind a request, and the one check everything goes through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.errors import NotAuthenticated, NotPermitted


class Role(StrEnum):
    """The roles of domain.md §1.2 that this program knows."""

    WALL_SCREEN = "wall_screen"
    DUTY_OFFICER = "duty_officer"
    INSPECTOR = "inspector"
    LEADER = "leader"
    DEPARTMENT_USER = "department_user"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a screen, a feed or the system itself. `org` limits a department user to his own unit."""

    name: str
    roles: frozenset[Role]
    org: str = ""
    display_name: str = ""

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def may_see_org(self, org: str) -> bool:
        """A department user sees his own unit; every other role sees all of them."""
        return self.org == org or bool(self.roles - {Role.DEPARTMENT_USER})


SYSTEM = Actor("system", frozenset(), display_name="系统")


def require(actor: Actor | None, *roles: Role) -> Actor:
    """The actor, if he has one of the roles. Raises NotAuthenticated or NotPermitted."""
    if actor is None:
        raise NotAuthenticated("sign_in_required")
    if not actor.has(*roles):
        raise NotPermitted("not_permitted", needs=[role.value for role in roles])
    return actor

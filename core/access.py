"""Who may do what: roles, the actor behind a request, and the one check everything goes through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.errors import NotAuthenticated, NotPermitted


class Role(StrEnum):
    """The roles of domain.md §1.2 that this program knows."""

    WALL_SCREEN = "wall_screen"
    DUTY_OFFICER = "duty_officer"
    SHIFT_LEADER = "shift_leader"  # may do what a duty officer may, and signs red cards with one
    INSPECTOR = "inspector"
    LEADER = "leader"
    DEPARTMENT_USER = "department_user"
    APPROVAL_STAFF = "approval_staff"  # windows, handlers, reviewers, approvers; which of them, their posts say
    ADMINISTRATOR = "administrator"


OF_ONE_UNIT = frozenset({Role.DEPARTMENT_USER, Role.APPROVAL_STAFF})


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a screen, a feed or the system itself.

    `org` limits a department user to his own unit; `area` limits whoever has one to cards, cases and complaints of it;
    `halls` limit whoever has some to the cameras of these, and to what was recorded there.
    """

    name: str
    roles: frozenset[Role]
    org: str = ""
    display_name: str = ""
    area: str = ""
    halls: frozenset[str] = frozenset()

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    @property
    def only_org(self) -> str | None:
        """The one unit this actor sees; None when he sees every unit."""
        return None if self.roles - OF_ONE_UNIT else self.org

    def may_see(self, area: str, org: str) -> bool:
        """A department user sees his own unit, a person bound to an area that area; every other role sees all."""
        return self.area in ("", area) and self.only_org in (None, org)

    def reaches(self, area: str, hall: str) -> bool:
        """Whether a camera of that hall is within his bounds; what his roles let him do there is asked elsewhere."""
        return self.area in ("", area) and (not self.halls or hall in self.halls)


SYSTEM = Actor("system", frozenset(), display_name="系统")


def require(actor: Actor | None, *roles: Role) -> Actor:
    """The actor, if he has one of the roles. Raises NotAuthenticated or NotPermitted."""
    if actor is None:
        raise NotAuthenticated("sign_in_required")
    if not actor.has(*roles):
        raise NotPermitted("not_permitted", needs=[role.value for role in roles])
    return actor

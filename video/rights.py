"""Who may see what of the hall cameras. The gate lets roles to the routes; here stands which cameras each of them sees.

Those who watch the halls see live pictures; departments and approval staff do not see their colleagues' (docs/video.md).
Whoever is bound to an area or to halls sees the cameras of these only, live and recorded; others do not exist for him.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, select, true

from core.access import Actor, Role, require
from core.errors import NotFound
from video.models import cameras

WATCHERS = frozenset({Role.WALL_SCREEN, Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR})
EDITORS = frozenset({Role.ADMINISTRATOR})
REVIEWERS = frozenset({Role.ADMINISTRATOR, Role.INSPECTOR})  # of who looked at what


def require_watcher(actor: Actor | None) -> Actor:
    """Raises NotAuthenticated or NotPermitted."""
    return require(actor, *WATCHERS)


def require_editor(actor: Actor | None, area: str, hall: str) -> Actor:
    """Somebody who may change cameras of that hall. Raises NotAuthenticated, NotPermitted, or NotFound."""
    return require_reach(require(actor, *EDITORS), area, hall)


def require_reach(person: Actor, area: str, hall: str, camera: str = "") -> Actor:
    """Raises NotFound for a camera of another area or hall than his."""
    if not person.reaches(area, hall):
        raise NotFound("camera_unknown", camera=camera[:40])
    return person


def within_reach(person: Actor, table: FromClause = cameras) -> ColumnElement[bool]:
    """The same of rows that carry an area and a hall."""
    of_area = table.c.area == person.area if person.area else true()
    return of_area & table.c.hall.in_(sorted(person.halls)) if person.halls else of_area


def cameras_within_reach(person: Actor, column: Any = cameras.c.id) -> Select[Any]:
    """Their numbers (or another column), for rows that know only the camera."""
    return select(column).where(within_reach(person))


def may_see(person: Actor, row: Any) -> bool:
    """Whether what has an `area`, a `hall` and an `org` is within his bounds."""
    return person.may_see(row.area, row.org) and person.reaches(row.area, row.hall)

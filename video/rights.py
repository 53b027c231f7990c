"""Who may see what of the hall cameras. The gate lets roles to the routes; here stands which cameras each of them sees.

Those who watch the halls see live pictures; departments and approval staff do not see their colleagues' (docs/video.md).
Whoever is bound to an area sees its cameras only.
"""

from __future__ import annotations

from core.access import Actor, Role, require
from core.errors import NotFound

WATCHERS = frozenset({Role.WALL_SCREEN, Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR})
EDITORS = frozenset({Role.ADMINISTRATOR})
REVIEWERS = frozenset({Role.ADMINISTRATOR, Role.INSPECTOR})  # of who looked at what


def require_watcher(actor: Actor | None) -> Actor:
    """Raises NotAuthenticated or NotPermitted."""
    return require(actor, *WATCHERS)


def require_editor(actor: Actor | None, area: str) -> Actor:
    """Somebody who may change cameras of that area; those of another do not exist for him."""
    editor = require(actor, *EDITORS)
    if editor.area not in ("", area):
        raise NotFound("camera_unknown", camera="")
    return editor


def may_watch(actor: Actor | None, area: str) -> bool:
    """Whether this person or screen sees live pictures of that area."""
    return actor is not None and actor.has(*WATCHERS) and actor.area in ("", area)

"""Who may look at what was recorded. Cards decide about their own evidence (alerts/evidence.py)."""

from __future__ import annotations

from core.access import Actor, Role, require
from core.errors import NotFound

LOOKERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER})
OF_CARDS = frozenset({Role.DEPARTMENT_USER, Role.ADMINISTRATOR})  # further ones who see evidence, of cards they may see
MARKERS = frozenset({Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER})  # of incidents; they fill the forms, too


def require_looker(actor: Actor | None, area: str, camera: str) -> Actor:
    """Raises NotAuthenticated, NotPermitted, or NotFound for a camera of another area than his."""
    person = require(actor, *LOOKERS)
    if person.area not in ("", area):
        raise NotFound("camera_unknown", camera=camera[:40])
    return person

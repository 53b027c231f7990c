"""Who may look at what was recorded. Cards decide about their own evidence (alerts/evidence.py), within his halls."""

from __future__ import annotations

from typing import Protocol

from core.access import Actor, Role, require
from video.rights import require_reach

LOOKERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER})
OF_CARDS = frozenset({Role.DEPARTMENT_USER, Role.ADMINISTRATOR})  # further ones who see evidence, of cards they may see
MARKERS = frozenset({Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER})  # of incidents; they fill the forms, too


class Looked(Protocol):
    """A camera as far as rights go."""

    @property
    def area(self) -> str: ...

    @property
    def hall(self) -> str: ...

    @property
    def code(self) -> str: ...


def require_looker(actor: Actor | None, camera: Looked) -> Actor:
    """Raises NotAuthenticated, NotPermitted, or NotFound for a camera of another area or hall than his."""
    return require_reach(require(actor, *LOOKERS), camera.area, camera.hall, camera.code)

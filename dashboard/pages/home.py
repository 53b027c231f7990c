"""The address without a path: everybody is sent to the page he works on."""

from __future__ import annotations

from core.access import Actor, Role

SIGN_IN = "/sign-in/"
# The first role that matches decides: whoever is on duty works at the desk, whatever else he may be.
HOMES = (
    (Role.DUTY_OFFICER, "/desk/"),
    (Role.SHIFT_LEADER, "/desk/"),
    (Role.INSPECTOR, "/desk/"),
    (Role.APPROVAL_STAFF, "/worklist/"),
    (Role.DEPARTMENT_USER, "/unit/"),
    (Role.ADMINISTRATOR, "/feeds/"),
    (Role.LEADER, "/wall/"),
    (Role.WALL_SCREEN, "/wall/"),
)


def address_for(actor: Actor | None) -> str:
    """Where this person, screen or visitor belongs."""
    if actor is None:
        return SIGN_IN
    return next((address for role, address in HOMES if actor.has(role)), SIGN_IN)

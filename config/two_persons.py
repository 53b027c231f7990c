"""Whether a second administrator must confirm: `on`, `off`, or `auto`, as soon as there are two to choose from."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.access import Role
from core.models import accounts


class TwoPersons:
    """Answers for one installation; asked inside the transaction that depends on it."""

    def __init__(self, mode: str) -> None:
        self._mode = mode

    def __call__(self, conn: Connection) -> bool:
        if self._mode in ("on", "off"):
            return self._mode == "on"
        return administrators(conn) > 1


def administrators(conn: Connection) -> int:
    """How many active administrators there are."""
    roles = conn.scalars(select(accounts.c.roles).where(accounts.c.is_active.is_(True)))
    return sum(Role.ADMINISTRATOR.value in held.split() for held in roles)

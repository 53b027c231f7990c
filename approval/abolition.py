"""What stands in the way of abolishing a unit: its open cases, its items in service, and people who work there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from approval.models import staff_posts
from cases.models import case_table
from config.catalogue import Catalogue
from config.versions import Kind
from core.errors import Conflict
from core.models import accounts


class Abolition:
    """A guard of the editing: a unit with work cannot just vanish."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __call__(self, conn: Connection, kind: Kind, subject: str, content: Mapping[str, Any]) -> None:
        """Raises Conflict that counts what is in the way."""
        if kind is not Kind.ORGANISATION or not content.get("abolished"):
            return
        counts = {"cases": self._open_cases(conn, subject), "items": self._items(subject),
                  "people": self._people(conn, subject), "units": self._units(subject)}
        if any(counts.values()):
            raise Conflict("organisation_in_use", key="abolished", org=subject, **counts)

    def _open_cases(self, conn: Connection, org: str) -> int:
        c = case_table.c
        return int(conn.scalar(select(func.count()).where(c.org == org, c.closed_at.is_(None))) or 0)

    def _items(self, org: str) -> int:
        return sum(item.org == org and not item.retired for item in self._catalogue.items.values())

    def _people(self, conn: Connection, org: str) -> int:
        holders = set(conn.scalars(select(staff_posts.c.username).where(staff_posts.c.org == org)))
        members = set(conn.scalars(select(accounts.c.username).where(accounts.c.org == org, accounts.c.is_active.is_(True))))
        return len(holders | members)

    def _units(self, org: str) -> int:
        return sum(unit.parent == org and not unit.abolished for unit in self._catalogue.organisations.values())

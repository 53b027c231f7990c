"""What stands in the way of abolishing a unit: its open cases, its items in service, and people who work there. One to be
abolished takes no item any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select

from approval.models import hosted_nodes, staff_posts
from cases.models import case_table
from config.catalogue import Catalogue
from config.versions import TABLES, Kind, VersionState
from core.errors import Conflict, InvalidInput
from core.models import accounts


class Abolition:
    """A guard of the editing: a unit with work cannot just vanish."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __call__(self, conn: Connection, kind: Kind, subject: str, content: Mapping[str, Any]) -> None:
        """Raises Conflict that counts what is in the way, InvalidInput for an item of a unit that is, or will be, abolished."""
        if kind is Kind.ITEM and not content["retired"] and self._is_going(conn, content["org"]):
            raise InvalidInput("item_org_unknown", key="org", org=self._catalogue.organisations[content["org"]].name)
        if kind is not Kind.ORGANISATION or not content.get("abolished"):
            return
        counts = {"cases": self._open_cases(conn, subject), "items": self._items(conn, subject),
                  "people": self._people(conn, subject), "units": self._units(subject)}
        if any(counts.values()):
            raise Conflict("organisation_in_use", key="abolished", org=subject, **counts)

    def _open_cases(self, conn: Connection, org: str) -> int:
        c = case_table.c
        return _count(conn, c.org == org, c.closed_at.is_(None)) + self._planned(conn, org)

    def _planned(self, conn: Connection, org: str) -> int:
        """Parts of projects that wait for another part: cases of the unit before long."""
        n, h = hosted_nodes.c, case_table.c
        return _count(conn, n.org == org, n.case_id.is_(None), n.project_id == h.case_id, h.closed_at.is_(None))

    def _items(self, conn: Connection, org: str) -> int:
        """Those of today and those whose day is still to come."""
        today = {code for code, item in self._catalogue.items.items() if item.org == org and not item.retired}
        ahead = {code for code, content in _active(conn, Kind.ITEM)
                 if content.get("org") == org and not content.get("retired")}
        return len(today | ahead)

    def _is_going(self, conn: Connection, org: str) -> bool:
        """Whether it is abolished, whatever its first day."""
        return any(content["abolished"] for code, content in _active(conn, Kind.ORGANISATION) if code == org)

    def _people(self, conn: Connection, org: str) -> int:
        holders = set(conn.scalars(select(staff_posts.c.username).where(staff_posts.c.org == org)))
        members = set(conn.scalars(select(accounts.c.username).where(accounts.c.org == org, accounts.c.is_active.is_(True))))
        return len(holders | members)

    def _units(self, org: str) -> int:
        return sum(unit.parent == org and not unit.abolished for unit in self._catalogue.organisations.values())


def _count(conn: Connection, *conditions: ColumnElement[bool]) -> int:
    return int(conn.scalar(select(func.count()).where(*conditions)) or 0)


def _active(conn: Connection, kind: Kind) -> Iterator[tuple[str, dict[str, Any]]]:
    """The newest confirmed version of each subject that was edited, also one whose day is still to come."""
    c = TABLES[kind].c
    for subject, content in conn.execute(select(c.subject, c.content).where(c.state == VersionState.ACTIVE.value)):
        yield subject, msgspec.json.decode(content)

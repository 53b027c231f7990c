"""Whoever is bound to an area edits what that area alone goes by: its plan, its items and units, and the ladder or calendar no
other area uses. Words of papers and schemes of scoring are everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cases.areas import Areas
from config.catalogue import Catalogue
from config.versions import Kind
from core.access import Actor


class EditingBounds:
    """Holds no state."""

    def __init__(self, areas: Areas, catalogue: Catalogue) -> None:
        self._areas, self._catalogue = areas, catalogue

    def __call__(self, actor: Actor, kind: Kind, subject: str, content: Mapping[str, Any]) -> bool:
        """Whether an edit stays within the area of its author."""
        return not actor.area or self._concerned(kind, subject, content) <= {actor.area}

    def _concerned(self, kind: Kind, subject: str, content: Mapping[str, Any]) -> set[str]:
        """The areas whose cases, units or papers it changes."""
        every = {*self._areas.known_areas(), *self._catalogue.areas}
        if kind is Kind.AREA:
            return {subject}
        if kind is Kind.RULES:
            return {area for area in every if self._areas.plan_of(area).preset == subject}
        if kind is Kind.CALENDAR:
            return {area for area in every if self._areas.plan_of(area).calendar == subject}
        if kind is Kind.ITEM:
            known = self._catalogue.find_item(subject)
            return self._areas_of({str(content.get("org") or ""), known.org if known is not None else ""})
        if kind is Kind.ORGANISATION:
            return {str(content.get("area") or ""), self._catalogue.area_of(subject) or ""} - {""}
        return every

    def _areas_of(self, orgs: set[str]) -> set[str]:
        return {self._catalogue.area_of(org) or self._catalogue.default_area for org in orgs - {""}}

"""What of an export may name people, and what becomes of it: kept, replaced by a pseudonym, or left out.

A pseudonym is a keyed hash (HMAC-SHA256 with a key of the installation): the same person has the same one in every export, and
nobody without the key can try names. Texts written by hand may name anybody, so they are kept whole or left out.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from cases.events import EventData
from evaluation.exports.columns import PERSONAL_DATA, Personal

_REMEMBERED = 50_000


class Treatment(StrEnum):
    """What becomes of a value that may name somebody."""

    KEEP = "keep"
    PSEUDONYM = "pseudonym"
    OMIT = "omit"


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """From the settings. `attributes` are the names of source attributes that name nobody."""

    applicants: Treatment
    officers: Treatment
    attributes: frozenset[str]


class Privacy:
    """The treatment of one export. `personal`: everything is kept, for who has the right and says why."""

    def __init__(self, rules: PrivacyRules, key: bytes, personal: bool) -> None:
        self.personal, self._key, self._attributes = personal, key, rules.attributes
        kept = Treatment.KEEP
        self.treatments: Mapping[Personal, Treatment] = {
            Personal.APPLICANT: kept if personal else rules.applicants,
            Personal.OFFICER: kept if personal else rules.officers,
            Personal.FREE_TEXT: kept if personal else Treatment.OMIT}
        self._known: dict[tuple[Personal, str], str] = {}

    def text(self, value: str | None, personal: Personal) -> str | None:
        """The value as it may leave."""
        if not value:
            return None
        treatment = self.treatments[personal]
        if treatment is Treatment.KEEP:
            return value
        return self._pseudonym(value, personal) if treatment is Treatment.PSEUDONYM else None

    def actor(self, value: str | None, applicants: Collection[str]) -> str | None:
        """Who acted: an officer, or the applicant himself, whose name the case's events tell."""
        return self.text(value, Personal.APPLICANT if value in applicants else Personal.OFFICER)

    def data(self, data: EventData) -> EventData:
        """The same data without what may not leave."""
        if self.personal:
            return data
        changes: dict[str, Any] = {}
        for name, personal in PERSONAL_DATA.items():
            value = getattr(data, name)
            if value is not None:
                changes[name] = self.text(value, personal)
        if data.attributes is not None:
            changes["attributes"] = {name: text for name, text in data.attributes.items() if name in self._attributes} or None
        return msgspec.structs.replace(data, **changes) if changes else data

    def told(self) -> dict[str, str]:
        """For the manifest."""
        return {personal.value: treatment.value for personal, treatment in self.treatments.items()}

    def _pseudonym(self, value: str, personal: Personal) -> str:
        known = self._known.get((personal, value))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            digest = hmac.digest(self._key, f"{personal.value}\x1f{value}".encode(), "sha256")
            known = self._known[personal, value] = f"P{digest[:10].hex()}"
        return known

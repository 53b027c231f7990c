"""What an edit starts from and what makes it right: shipped contents as plain data, and the check of an edited one.

A content has the shape of the shipped file, so that the same reader judges both and names the field that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from config import item_document, organisation_document
from config.calendars import calendar_of
from config.catalogue import Catalogue
from config.ladders import Preset, preset_of
from config.paper_templates import PaperTemplates
from config.schemes import BLANK as BLANK_SCHEME
from config.schemes import Schemes
from config.versions import AreaPlan, Kind
from core.errors import InvalidInput, NotFound

SHIPPED = 0


@dataclass(frozen=True)
class Shipped:
    """Version 0 of everything; `catalogue` is that of today, whose organisations and posts an edited item may name. `calendars`
    are the contents of the files."""

    presets: Mapping[str, Preset]
    calendars: Mapping[str, Mapping[str, Any]]
    catalogue: Catalogue
    plan_of: Any  # (area) → AreaPlan as stored, before any edit
    papers: PaperTemplates
    schemes: Schemes = field(default_factory=lambda: Schemes({}, ()))

    def content(self, kind: Kind, subject: str) -> dict[str, Any]:
        """The shipped content, the caller's own to change. Raises NotFound for a subject that does not exist."""
        found = self.find(kind, subject)
        if found is None:
            raise NotFound("config_subject_unknown", kind=kind.value, subject=subject)
        return found

    def find(self, kind: Kind, subject: str) -> dict[str, Any] | None:
        """The shipped content, None for what was not shipped."""
        if kind is Kind.RULES:
            preset = self.presets.get(subject)
            return None if preset is None else preset.model_dump(mode="json")
        if kind is Kind.CALENDAR:
            content = self.calendars.get(subject)
            return None if content is None else deepcopy({**content, "years": _with_text_keys(content["years"])})
        if kind is Kind.ITEM:
            item = self.catalogue.as_shipped.find_item(subject)
            return None if item is None else item_document.document_of(item)
        if kind is Kind.ORGANISATION:
            organisation = self.catalogue.as_shipped.find_organisation(subject)
            return None if organisation is None else organisation_document.document_of(organisation)
        if kind is Kind.PAPER:
            template = self.papers.shipped.get(subject)
            return None if template is None else asdict(template)
        if kind is Kind.SCORING:
            scheme = self.schemes.shipped.get(subject)
            return None if scheme is None else scheme.model_dump(mode="json")
        return asdict(self.plan_of(subject))

    def blank(self, kind: Kind) -> dict[str, Any]:
        """What a new subject of that kind begins with. Raises NotFound for a kind of which none can be made."""
        if kind is Kind.ITEM:
            return dict(deepcopy(item_document.BLANK))
        if kind is Kind.ORGANISATION:
            return {**deepcopy(organisation_document.BLANK), "area": self.catalogue.default_area}
        if kind is Kind.SCORING:
            return dict(deepcopy(BLANK_SCHEME))
        raise NotFound("config_subject_unknown", kind=kind.value, subject="")

    def posts_of(self, org: str) -> list[str]:
        """The posts a step of that organisation's items may name: those any item names, and its own."""
        named = (post for item in self.catalogue.as_shipped.items.values() for posts in (
            *item.details.posts.values(), *item.details.signers.values()) for post in posts)
        known = self.catalogue.find_organisation(org)
        return list(dict.fromkeys((*named, *(known.posts if known is not None else ()))))

    def checked(self, kind: Kind, subject: str, content: Mapping[str, Any], number: int) -> dict[str, Any]:
        """The content as it will be stored under that number. Raises ConfigError or InvalidInput naming the field."""
        if kind is Kind.RULES:
            return self._checked_rules(subject, content, number)
        if kind is Kind.CALENDAR:
            return self._checked_calendar(subject, content, number)
        if kind is Kind.ITEM:
            return self._checked_item(subject, content)
        if kind is Kind.ORGANISATION:
            return self._checked_organisation(subject, content)
        if kind is Kind.PAPER:
            return self.papers.checked(subject, content)
        if kind is Kind.SCORING:
            return self.schemes.checked(content, subject).model_dump(mode="json")
        return self._checked_area(content)

    def _checked_rules(self, subject: str, content: Mapping[str, Any], number: int) -> dict[str, Any]:
        named = {**content, "id": subject, "version": _name_of(self.presets[subject].version, number)}
        return preset_of(named, subject).model_dump(mode="json")

    def _checked_calendar(self, subject: str, content: Mapping[str, Any], number: int) -> dict[str, Any]:
        named = {**content, "id": subject, "version": _name_of(str(self.calendars[subject]["version"]), number)}
        calendar_of(named, subject)
        return named

    def _checked_item(self, subject: str, content: Mapping[str, Any]) -> dict[str, Any]:
        whole = {**(self.find(Kind.ITEM, subject) or item_document.BLANK), **content}
        power = self.catalogue.as_shipped.powers.get(str(whole["kind"]))
        if power is None:
            raise InvalidInput("power_unknown", key="kind", kind=str(whole["kind"])[:40])
        whole["power"] = power.model_dump(mode="json")
        document = item_document.read_document_of(whole, subject)
        orgs = [one.code for one in self.catalogue.units]
        item_document.check_document(document, orgs, self.posts_of(document.org))
        return document.model_dump(mode="json")

    def _checked_organisation(self, subject: str, content: Mapping[str, Any]) -> dict[str, Any]:
        document = organisation_document.read_document_of(content, subject)
        organisation_document.check_document(subject, document, self.catalogue.areas, self.catalogue.organisations)
        return document.model_dump(mode="json")

    def _checked_area(self, content: Mapping[str, Any]) -> dict[str, Any]:
        plan = AreaPlan(**{name: str(content.get(name, "")).strip() for name in ("name", "calendar", "timezone", "preset")})
        if plan.calendar not in self.calendars:
            raise InvalidInput("calendar_unknown", key="calendar", value=plan.calendar)
        if plan.preset not in self.presets:
            raise InvalidInput("preset_unknown", key="preset", value=plan.preset)
        if plan.timezone not in available_timezones() or not ZoneInfo(plan.timezone):
            raise InvalidInput("timezone_unknown", key="timezone", value=plan.timezone)
        return asdict(plan)


def _name_of(shipped: str, number: int) -> str:
    """`2018.1+3`: the third edit of what was shipped as 2018.1."""
    return f"{shipped}+{number}" if number else shipped


def _with_text_keys(years: Any) -> Any:
    return years if isinstance(years, str) else {str(year): notice for year, notice in years.items()}


# Calendars: one day at a time ------------------------------------------------------------------------------------

def with_day(content: Mapping[str, Any], day: date, kind: str, name: str) -> dict[str, Any]:
    """The calendar's content with one day changed. `kind`: off (holiday), work (make-up working day) or plain (what its weekday
    says). Raises InvalidInput for a calendar without years or a year that is not published."""
    years = content["years"]
    if isinstance(years, str) or str(day.year) not in years or not years[str(day.year)].get("published"):
        raise InvalidInput("calendar_year_not_editable", key="day", year=day.year)
    edited = {year: _without(notice, int(year), day) for year, notice in years.items()}
    if kind != "plain":
        notice = edited[str(day.year)]
        spans = dict(notice.get(kind) or {})
        named = name.strip() or ("调休上班" if kind == "work" else "放假")
        edited[str(day.year)] = {**notice, kind: {**spans, named: [*spans.get(named, ()), day.isoformat()]}}
    return {**content, "years": edited}


def _without(notice: Mapping[str, Any], year: int, day: date) -> dict[str, Any]:
    return {**notice, **{part: _parts_without(notice[part], year, day) for part in ("off", "work") if notice.get(part)}}


def _parts_without(named: Mapping[str, Any], year: int, day: date) -> dict[str, list[str]]:
    kept = {name: [one for span in spans for one in _cut(span, year, day)] for name, spans in named.items()}
    return {name: spans for name, spans in kept.items() if spans}


def _cut(span: str, year: int, day: date) -> list[str]:
    """The span without the day: itself, or up to two shorter ones."""
    first, _, last = span.partition("..")
    begin, end = _date(year, first), _date(year, last or first)
    if not begin <= day <= end:
        return [span]
    one = timedelta(days=1)
    return [_span(start, stop) for start, stop in ((begin, day - one), (day + one, end)) if start <= stop]


def _span(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()}..{last.isoformat()}"


def _date(year: int, text: str) -> date:
    return date.fromisoformat(text if len(text) == 10 else f"{year}-{text}")

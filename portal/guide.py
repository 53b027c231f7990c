"""The catalogue as applicants see it: what a citizen may file, by department, power, handling and words; one in full."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from markupsafe import escape

from approval.flow import flow_of
from config.catalogue import Item
from config.item_guide import lines
from core.errors import InvalidInput, NotFound
from core.limits import parse_limit
from portal.parts import Portal, Say, page

CATEGORIES = ("instant", "promised", "forwarded", "joint")
SHOWN_MAX = 60


class GuidePages:
    """Home, list and item."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def home(self) -> Response:
        catalogue = self._portal.catalogue
        counts = {org: sum(is_public(item) for item in items) for org, items in catalogue.items_by_org.items()}
        units = [(catalogue.organisations[code], n) for code, n in counts.items() if n]
        figures = self._portal.desk.figures()
        kinds = {kind: sum(item.category == kind for item in public_items(self._portal)) for kind in CATEGORIES}
        return page(self._portal, "home", units=units, kinds=kinds, figures=figures)

    def listed(self) -> Response:
        wanted = {name: request.args.get(name, "").strip()[:60] for name in ("q", "org", "kind", "power")}
        found = [item for item in public_items(self._portal) if _fits(item, wanted, self._portal)]
        by_org = self._portal.catalogue.items_by_org
        orgs = [org for org in self._portal.catalogue.organisations.values() if any(map(is_public, by_org[org.code]))]
        return page(self._portal, "items", wanted=wanted, found=found[:SHOWN_MAX], total=len(found), orgs=orgs,
                    kinds=CATEGORIES, powers=list(dict.fromkeys(item.kind for item in public_items(self._portal))),
                    org_of=self._portal.catalogue.organisations, limit=limit_words)

    def item(self, code: str) -> Response:
        item, t = public_item(self._portal, code), self._portal.words()
        return page(self._portal, "item", item=item, org=self._portal.catalogue.organisations[item.org],
                    steps=steps_of(item, t), limit=limit_words, hidden=item.details.unpublished,
                    lines=list(lines(item.details.guide, t, self._name)),
                    materials=list(item.details.materials.values()), fees=list(item.details.fees.values()))


    def _name(self, code: str) -> str:
        item = self._portal.catalogue.find_item(code)
        return code if item is None else item.name


def is_public(item: Item) -> bool:
    """What a citizen may file himself: not internal management, nothing an office opens, nothing out of service."""
    return item.power.is_public and not item.retired


def public_items(portal: Portal) -> list[Item]:
    return [item for item in portal.catalogue.items.values() if is_public(item)]


def public_item(portal: Portal, code: str) -> Item:
    """Raises NotFound, also for an internal item."""
    item = portal.catalogue.find_item(code)
    if item is None or not is_public(item):
        raise NotFound("public_item_not_found")
    return item


def limit_words(limit: object, t: Say) -> str:
    """10 个工作日; a limit of the catalogue or its text."""
    if not limit:
        return t("limit.none")
    try:
        read = parse_limit(str(limit))
    except InvalidInput:
        return str(escape(str(limit)))
    return t("limit.mo", n=read.months) if read.months else t(f"limit.{read.unit.value}", n=read.amount)


def steps_of(item: Item, t: Say) -> list[dict[str, Any]]:
    """The flow as a list for the picture."""
    return [{"name": step.name, "posts": step.posts, "limit": limit_words(step.limit, t) if step.limit else "", "mark": "plain"}
            for step in flow_of(item).steps]


def _fits(item: Item, wanted: dict[str, str], portal: Portal) -> bool:
    org = portal.catalogue.organisations[item.org]
    words = f"{item.name} {org.name} {org.short} {item.legal_basis} {item.code}".lower()
    return (wanted["org"] in ("", item.org) and wanted["power"] in ("", item.kind) and wanted["kind"] in ("", item.category)
            and all(part in words for part in wanted["q"].lower().split()))

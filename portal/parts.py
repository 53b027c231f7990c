"""What the public pages are given by `server`, and how every one of them is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Response, make_response, render_template, request

from approval.assembly import Approval
from cases.areas import Areas
from cases.queries import CaseQueries
from config.catalogue import Catalogue
from config.follow_up import ComplaintRules
from core.clock import Clock
from core.errors import SupervisionError
from papers.checking import PaperCheck
from papers.service import PaperService
from portal.cookies import Cookies
from portal.limits import Allowance
from portal.payment import Gateway
from supervision.complaints.queries import ComplaintQueries
from supervision.complaints.service import ComplaintService


class Say(Protocol):
    """The words of this request (dashboard/words.py)."""

    language: str

    def __call__(self, key: str, /, **values: Any) -> str: ...
    def has(self, key: str) -> bool: ...
    def first(self, *keys: str, **values: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Each in its own window: wrong passwords by address and by number, forms sent, files sent, papers checked by address."""

    address: Allowance
    number: Allowance
    forms: Allowance
    files: Allowance
    checks: Allowance


@dataclass(frozen=True, slots=True)
class Portal:
    """Services and queries the pages see. `words` and `csrf` are those of the request."""

    approval: Approval
    papers: PaperService
    paper_check: PaperCheck
    complaints: ComplaintService
    complaint_queries: ComplaintQueries
    complaint_rules: ComplaintRules
    cases: CaseQueries
    areas: Areas
    catalogue: Catalogue
    clock: Clock
    cookies: Cookies
    limits: Limits
    gateway: Gateway
    secret: str
    words: Callable[[], Say]
    csrf: Callable[[], str]
    is_demo: bool = False


def page(portal: Portal, name: str, status: int = 200, /, **values: Any) -> Response:
    """A page of the templates; Jinja escapes every value."""
    t = portal.words()
    values = {"t": t, "csrf": portal.csrf(), "city": _city(portal, t), "is_demo": portal.is_demo, "may_switch": True,
              "has_case": portal.cookies.case() is not None, "place": request.path, **values}
    return make_response(render_template(f"portal/{name}.html", **values), status)


def sentence(error: SupervisionError, t: Say) -> str:
    """What a person reads about this error."""
    values = error.details | ({} if error.retry_after is None else {"retry_after": error.retry_after})
    if "key" in values:
        values["key"] = t.first(f"portal.field.{values['key']}", "portal.field.other")
    return t.first(f"error.{error.code}", f"error.status_{error.status}", **values)


def address() -> str:
    """Who asks, for the limits; kept in memory only."""
    return request.remote_addr or ""


def _city(portal: Portal, t: Say) -> str:
    return portal.catalogue.city if t.language == "zh" else portal.catalogue.city_en

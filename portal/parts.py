"""What the public pages are given by `server`, and how every one of them is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from approval.payments.service import Payments
from config.catalogue import Catalogue
from config.follow_up import ComplaintRules
from core.errors import SupervisionError
from core.instants import from_us
from portal.cookies import Cookies
from portal.desk import Desk, Problem
from portal.limits import Limits
from portal.visitors import Accounts

if TYPE_CHECKING:
    from portal.bulletins import Shelf


class Say(Protocol):
    """The words of this request (dashboard/words.py)."""

    language: str

    def __call__(self, key: str, /, **values: Any) -> str: ...
    def has(self, key: str) -> bool: ...
    def first(self, *keys: str, **values: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Portal:
    """What the pages see; all they know of the inside is the desk. `words` and `csrf` are those of the request."""

    desk: Desk
    complaint_rules: ComplaintRules
    catalogue: Catalogue
    timezone: tzinfo
    cookies: Cookies
    account: Accounts
    limits: Limits
    payments: Payments
    bulletins: Shelf
    secret: str
    public_url: str  # where applicants reach this site
    words: Callable[[], Say]
    csrf: Callable[[], str]
    is_demo: bool = False
    has_staff: bool = True  # whether members of staff sign in on this machine


def page(portal: Portal, name: str, status: int = 200, /, **values: Any) -> Response:
    """A page of the templates; Jinja escapes every value."""
    t = portal.words()
    values = {"t": t, "csrf": portal.csrf(), "city": _city(portal, t), "is_demo": portal.is_demo,
              "may_switch": request.method == "GET",  # the answer to a form would be lost with what was typed into it
              "in_other_language": _in_other_language(t),
              "has_staff": portal.has_staff, "has_case": portal.cookies.case() is not None,
              "has_accounts": portal.account.are_kept, "is_signed_in": portal.account.current() is not None, **values}
    return make_response(render_template(f"portal/{name}.html", **values), status)


def _in_other_language(t: Say) -> str:
    """The address of this very page, with what was searched for, in the other language."""
    return f"?{urlencode({**request.args.to_dict(), 'lang': 'en' if t.language == 'zh' else 'zh'})}"


def sentence(error: SupervisionError, t: Say) -> str:
    """What a person reads about this error."""
    values = error.details | ({} if error.retry_after is None else {"retry_after": error.retry_after})
    if "key" in values:
        values["key"] = t.first(f"portal.field.{values['key']}", "portal.field.other")
    return t.first(f"error.{error.code}", f"error.status_{error.status}", **values)


def told(problem: Problem, t: Say) -> str:
    """The sentence of a refusal that came from elsewhere."""
    error = SupervisionError(problem.code, **problem.values)
    error.status = problem.status
    return sentence(error, t)


def written_here(portal: Portal, us: int) -> str:
    """An instant on the wall clock of the city."""
    return f"{from_us(us).astimezone(portal.timezone):%Y-%m-%d %H:%M}"


def address() -> str:
    """Who asks, for the limits; kept in memory only."""
    return request.remote_addr or ""


def _city(portal: Portal, t: Say) -> str:
    return portal.catalogue.city if t.language == "zh" else portal.catalogue.city_en

"""岗位: who of the staff holds which post in which unit, and the form by which an administrator says so. Pure but for names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from dash import dcc, html

from approval.posts import EVERY_UNIT
from core.access import Role
from core.accounts import Account
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import grid
from dashboard.words import Words

FORM = "posts"


def layout(services: Any, t: Words) -> list[Any]:
    units: Any = [{"label": t("people_page.posts_every"), "value": EVERY_UNIT},
                  *({"label": one.name, "value": one.code} for one in services.catalogue.units)]
    posts: Any = [{"label": post, "value": post} for post in known_posts(services)]
    fields = [_field("posts_person", dcc.Dropdown(id="posts-person", options=[], className="edit-choice",
                                                  labels=dropdown_words(t)), t),
              _field("posts_org", dcc.Dropdown(id="posts-org", options=units, value=EVERY_UNIT, clearable=False,
                                               className="edit-choice", labels=dropdown_words(t)), t),
              html.Div([html.Label(t("people_page.posts_held")),
                        dcc.Checklist(id="posts-held", options=posts, value=[], className="edit-check people-check"),
                        _place("held")], className="edit-field is-long")]
    reason = html.Div([html.Label(t("people_page.reason"), htmlFor="posts-reason"),
                       dcc.Input(id="posts-reason", type="text", autoComplete="off", className="field edit-input"),
                       _place("reason")], className="edit-field edit-reason")
    save = html.Button(t("people_page.posts_save"), id="posts-save", className="button button-main")
    return [html.H2(t("people_page.posts")), html.P(t("people_page.posts_words"), className="panel-note"),
            html.Div(id="posts-list", className="people-scroll"), html.Div(fields, className="edit-fields"),
            html.Div([reason, save], className="edit-bar"), html.P(id="posts-said", className="form-said", role="status")]


def known_posts(services: Any) -> list[str]:
    """Every post some step of the catalogue or a unit names, and those that decide on more days."""
    of_steps = (post for item in services.catalogue.items.values() for posts in item.details.posts.values() for post in posts)
    own = (post for unit in services.catalogue.organisations.values() for post in unit.posts)
    return list(dict.fromkeys((*of_steps, *own, *services.settings.approval.extension_posts)))


def staff(people: Sequence[Account]) -> list[Account]:
    return [one for one in people if Role.APPROVAL_STAFF in one.roles]


def options(people: Sequence[Account]) -> Any:
    return [{"label": f"{one.display_name} {one.username}", "value": one.username} for one in people]


def table(services: Any, people: Sequence[Account], t: Words) -> Any:
    """A row per person and unit."""
    rows = [html.Tr([html.Td(f"{one.display_name} {one.username}"), html.Td(unit_name(services, unit, t)),
                     html.Td("、".join(post for _, post in held))])
            for one in people for unit, held in groupby(services.approval.posts.of(one.username), key=lambda pair: pair[0])]
    if not rows:
        return html.P(t("people_page.posts_none"), className="case-none")
    return grid([t(f"people_page.{name}") for name in ("posts_person", "posts_org", "posts_held")], rows)


def unit_name(services: Any, unit: str, t: Words) -> str:
    return t("people_page.posts_every") if unit == EVERY_UNIT else str(services.case_queries.org_name(unit))


def _field(name: str, control: Any, t: Words) -> html.Div:
    place = _place(name.removeprefix("posts_"))
    return html.Div([html.Label(t(f"people_page.{name}")), control, place], className="edit-field")


def _place(name: str) -> html.Small:
    return html.Small(id={"error": name, "of": FORM}, className="field-error", role="alert")

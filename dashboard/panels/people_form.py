"""The form in which an account is made or changed: who he is called, what he may do, where he belongs. Pure."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from core.access import Role
from core.accounts import Account
from core.errors import SupervisionError
from dashboard.panels.form_fields import dropdown_words
from dashboard.words import Words

FORM = "people"
FIELDS = ("username", "display_name", "roles", "org", "area", "halls", "is_active", "reason")


def layout(services: Any, t: Words) -> html.Div:
    roles = [{"value": role.value, "label": t(f"role.{role.value}")} for role in Role]
    orgs = [{"value": "", "label": t("people_page.no_org")},
            *({"value": one.code, "label": one.name} for one in services.catalogue.units)]
    areas = [{"value": "", "label": t("people_page.every_area")},
             *({"value": code, "label": area_name(services, code, t)} for code in known_areas(services))]
    allow = [{"value": "yes", "label": t("people_page.allow")}]
    fields = [_text("username", t), _text("display_name", t), _several("roles", roles, t), _choice("org", orgs, t),
              _choice("area", areas, t), _several("halls", [], t, is_long=True), _several("is_active", allow, t)]
    two = t("people_page.two_needed" if services.people.needs_two() else "people_page.one_enough")
    reason = [html.Label(t("people_page.reason"), htmlFor="people-reason"), _input("people-reason"), _place("reason")]
    save = html.Button(t("people_page.save"), id="people-save", className="button button-main")
    return html.Div([html.Header(id="people-head", className="edit-head"),
                     html.P(t("people_page.form_words"), className="panel-note"), html.Div(fields, className="edit-fields"),
                     html.P(two, className="panel-note"),
                     html.Div([html.Div(reason, className="edit-field edit-reason"), save], className="edit-bar")])


def head(services: Any, account: Account | None, t: Words) -> list[Any]:
    """Whose account the form holds, and the way to a new one."""
    if account is None:
        return [html.H2(t("people_page.form_new"))]
    return [html.H2(t("people_page.form_edit", username=account.username)),
            dcc.Link(t("people_page.new_account"), href="?", refresh=False)]


def values_of(account: Account | None) -> tuple[Any, ...]:
    """What the fields hold of an account, in their order; the reason is asked anew each time."""
    if account is None:
        return "", "", [], "", "", [], ["yes"], ""
    return (account.username, account.display_name, sorted(role.value for role in account.roles), account.org, account.area,
            sorted(account.halls), ["yes"] if account.is_active else [], "")


def key_of(refusal: SupervisionError) -> str:
    """The field an error is about; empty when it is about none."""
    return str(refusal.details.get("key", ""))


def known_areas(services: Any) -> list[str]:
    return sorted({*services.catalogue.areas, services.catalogue.default_area})


def area_name(services: Any, code: str, t: Words) -> str:
    """An area as people call it; the code where nobody named it."""
    if not code:
        return t("people_page.every_area")
    area = services.catalogue.areas.get(code)
    if area is not None:
        return str(area.name)
    return services.catalogue.city if code == services.catalogue.default_area else code


def _text(name: str, t: Words) -> html.Div:
    return _field(name, _input(f"people-{name}"), t)


def _choice(name: str, options: list[dict[str, str]], t: Words) -> html.Div:
    control = dcc.Dropdown(id=f"people-{name}", options=options, value="", clearable=False, searchable=len(options) > 8,
                           placeholder="", className="edit-choice", labels=dropdown_words(t))
    return _field(name, control, t)


def _several(name: str, options: list[dict[str, str]], t: Words, *, is_long: bool = False) -> html.Div:
    box = dcc.Checklist(id=f"people-{name}", options=options, value=[], className="edit-check people-check")
    return _field(name, box, t, " is-long" if is_long or len(options) > 1 else "")


def _input(key: str) -> dcc.Input:
    return dcc.Input(id=key, type="text", autoComplete="off", className="field edit-input")


def _field(name: str, control: Any, t: Words, more: str = "") -> html.Div:
    label = html.Label(t(f"people_page.column.{name}"), htmlFor=f"people-{name}")
    return html.Div([label, control, _place(name)], className=f"edit-field{more}")


def _place(name: str) -> html.Small:
    return html.Small(id={"error": name, "of": FORM}, className="field-error", role="alert")

"""The people a card is told to: the fixed liaison of every organisation, unit heads, leaders. Pure but for `register`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html
from dash.exceptions import PreventUpdate
from flask import g

from alerts.roster.contacts import PERSONAL, Addressee, Contact, parse_channels
from core.errors import InvalidInput, SupervisionError
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import grid, num
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

HEADS = ("org", "contact_role", "name", "account", "phone", "email", "channels", "min_level", "")
LEVELS = ("1", "2", "3")
LEVEL_NAMES = {1: "warning", 2: "yellow", 3: "red"}
MISSING_SHOWN = 12
_FIELDS = ("org", "role", "name", "username", "phone", "email", "channels", "level", "language")


def layout(services: Any, t: Words, *, may_edit: bool) -> html.Section:
    said = html.P(id="contacts-said", className="form-said", role="status")
    return html.Section([html.H2(t("roster.contacts")), html.P(t("roster.contacts_words"), className="panel-note"),
                         html.Div(id="contacts-missing"), _form(services, t, may_edit), said, html.Div(id="contacts-list")],
                        className="panel", id="contacts")


def _form(services: Any, t: Words, may_edit: bool) -> html.Div:
    orgs = [{"value": "", "label": t("roster.every_org")},
            *({"value": unit, "label": services.case_queries.org_name(unit)} for unit in services.answering_units)]
    roles = [{"value": role.value, "label": t(f"addressee.{role.value}")} for role in Addressee]
    people = [{"value": "", "label": t("roster.no_account")},
              *({"value": name, "label": shown} for name, shown in services.roster.people(lambda _role: True))]
    ways = [{"value": way.value, "label": t(f"notice.channel.{way.value}")} for way in PERSONAL]
    levels = [{"value": level, "label": t(f"level.{LEVEL_NAMES[int(level)]}")} for level in LEVELS]
    languages = [{"value": "zh", "label": "中文"}, {"value": "en", "label": "English"}]
    fields = [_choice(t, "org", t("roster.org"), orgs), _choice(t, "role", t("roster.contact_role"), roles, "liaison"),
              _text("name", t("roster.name")), _choice(t, "username", t("roster.account"), people, ""),
              _text("phone", t("roster.phone")), _text("email", t("roster.email")),
              _choice(t, "channels", t("roster.channels"), ways, multi=True),
              _choice(t, "level", t("roster.min_level"), levels, "1"),
              _choice(t, "language", t("roster.language"), languages, "zh"),
              html.Button(t("roster.save_contact"), id="contact-save", className="button button-main")]
    return html.Div(html.Div(fields, className="form-row"), hidden=not may_edit)


def _choice(t: Words, name: str, label: str, options: Sequence[Mapping[str, str]], first: str | None = None, *,
            multi: bool = False) -> html.Label:
    control = dcc.Dropdown(id=f"contact-{name}", options=list(options), value=first, multi=multi, clearable=False,
                           searchable=len(options) > 8, placeholder="", className="form-choice", labels=dropdown_words(t))
    return html.Label([html.Span(label), control], className="form-field form-wide" if multi or name == "org" else "form-field")


def _text(name: str, label: str) -> html.Label:
    return html.Label([html.Span(label), dcc.Input(id=f"contact-{name}", type="text", autoComplete="off", className="field")],
                      className="form-field")


def register(app: Dash, services: Any) -> None:
    def words() -> Words:
        return words_of(services.texts, services.settings.display.language)

    @app.callback(Output("contacts-list", "children"), Output("contacts-missing", "children"),
                  Input("roster-contacts-changed", "data"))
    def refresh(_changed: Any) -> tuple[Any, Any]:
        t, contacts, units = words(), services.roster.contacts(), services.answering_units
        missing = services.roster.without_liaison(units)
        return (render(contacts, services.case_queries.org_name, t),
                render_missing(missing, len(units), services.case_queries.org_name, t))

    @app.callback(*(Output(f"contact-{name}", "value") for name in _FIELDS), Input("roster-address", "search"),
                  prevent_initial_call=True)
    def choose(search: str | None) -> tuple[Any, ...]:
        """`?contact=7` fills the form with that person."""
        chosen = chosen_contact(search, services.roster.contacts())
        if chosen is None:
            raise PreventUpdate
        return (chosen.org, chosen.role.value, chosen.name, chosen.username, chosen.phone, chosen.email,
                [channel.value for channel in chosen.channels], str(chosen.min_level), chosen.language)

    @app.callback(Output("contacts-said", "children"), Output("roster-contacts-changed", "data"),
                  Input("contact-save", "n_clicks"), Input({"type": "contact-remove", "id": ALL}, "n_clicks"),
                  *(State(f"contact-{name}", "value") for name in _FIELDS), State("roster-address", "search"),
                  prevent_initial_call=True)
    def change(_saves: Any, _removals: Any, *given: Any) -> tuple[str, Any]:
        if not ctx.triggered or not ctx.triggered[0]["value"]:
            raise PreventUpdate
        t, pressed = words(), ctx.triggered_id
        try:
            if pressed == "contact-save":
                chosen = chosen_contact(given[-1], services.roster.contacts())
                stored = services.roster_service.save_contact(contact_of(given[:-1], chosen), g.actor)
                said = t("roster.contact_saved", name=stored.name)
            else:
                services.roster_service.remove_contact(pressed["id"], g.actor)
                said = t("roster.done")
        except SupervisionError as refusal:
            said = sentence(refusal, t)
        return said, [str(pressed), str(ctx.triggered[0]["value"])]


def chosen_contact(search: str | None, contacts: Sequence[Contact]) -> Contact | None:
    """The contact named in the address: ?contact=7."""
    text = parse_qs((search or "").lstrip("?")).get("contact", [""])[0]
    return next((contact for contact in contacts if str(contact.id) == text), None)


def contact_of(given: Sequence[Any], chosen: Contact | None) -> Contact:
    """What the form says: a change of the chosen one when it is still of the same organisation and part, else a new one."""
    org, role, name, username, phone, email, channels, level, language = given
    if org is None or not role:
        raise InvalidInput("roster_field_missing", field="org")
    same = chosen if chosen is not None and (chosen.org, chosen.role.value) == (org, role) else None
    return Contact(id=same.id if same else 0, rev=same.rev if same else 1, area=same.area if same else "", org=org,
                   role=Addressee(role), name=name or "", username=username or "", phone=phone or "", email=email or "",
                   channels=parse_channels(channels or ()), min_level=int(level or 1), language=language or "zh")


def render(contacts: Sequence[Contact], org_name: Callable[[str], str], t: Words) -> Any:
    """A row per contact."""
    if not contacts:
        return html.P(t("roster.contacts_empty"), className="case-none")
    return grid([t(f"roster.{head}") if head else "" for head in HEADS], (_row(one, org_name, t) for one in contacts))


def _row(one: Contact, org_name: Callable[[str], str], t: Words) -> html.Tr:
    ways = " → ".join(t(f"notice.channel.{channel.value}") for channel in one.channels) or t("notice.channel.in_site")
    small = "button button-small"
    buttons = html.Span([dcc.Link(t("roster.edit"), href=f"?contact={one.id}#contacts", refresh=False, className=small),
                         html.Button(t("roster.remove"), id={"type": "contact-remove", "id": one.id}, className=small)],
                        className="row-buttons")
    return html.Tr([html.Td(org_name(one.org) if one.org else t("roster.every_org")), html.Td(t(f"addressee.{one.role.value}")),
                    html.Td(html.Strong(one.name)), html.Td(one.username or "—"), num(one.phone or "—"), num(one.email or "—"),
                    html.Td(ways), html.Td(t(f"level.{LEVEL_NAMES[one.min_level]}")), html.Td(buttons)])


def render_missing(missing: Sequence[str], total: int, org_name: Callable[[str], str], t: Words) -> Any:
    """Which organisations nobody can be told for."""
    if not missing:
        return html.P(t("roster.all_liaisons", n=total), className="contacts-complete")
    named = "、".join(org_name(org) for org in missing[:MISSING_SHOWN])
    more = t("roster.and_more", n=len(missing) - MISSING_SHOWN) if len(missing) > MISSING_SHOWN else ""
    return html.P([html.Strong(t("roster.without_liaison", n=len(missing))), f" {named}{more}"], className="contacts-missing")

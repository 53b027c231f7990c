"""人员与权限: who may sign in and what he may do; an administrator proposes a change, another confirms it or turns it down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from config.people import NEW, Outcome
from core.access import Role
from core.accounts import Account, Standing
from core.errors import InvalidInput, SupervisionError
from dashboard.gate import PEOPLES_SESSIONS
from dashboard.panels import people_form, people_posts, people_views, top_bar
from dashboard.panels.edit_console import asked
from dashboard.panels.people_form import FIELDS, key_of
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/people/"
TITLE = "people_page.title"


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    hidden = [dcc.Location(id="people-address", refresh=False), dcc.Store(id="people-changed"), dcc.Store(id="people-based")]
    head = [html.H2(t("people_page.accounts")), html.P(t("people_page.words"), className="panel-note"),
            html.P(html.A(t("sessions_page.everybody"), href=PEOPLES_SESSIONS))]
    left = html.Div([html.Section([*head, html.Div(id="people-list", className="people-scroll")], className="panel"),
                     html.Section(id="people-history", className="panel people-scroll")], className="people-column")
    said = [html.P(id="people-said", className="form-said", role="status"), html.Div(id="people-password", role="status")]
    right = html.Div([html.Section([people_form.layout(services, t), *said], className="panel"),
                      html.Section(id="people-proposals", className="panel"),
                      html.Section(people_posts.layout(services, t), className="panel")], className="people-column")
    bar = top_bar.layout(t, "people", services.settings.demo.enabled)
    return html.Div([*hidden, bar, html.Main([left, right], className="people-body")], className="staff edit people")


def register(app: Dash, services: Any) -> None:
    _register_reading(app, services)
    _register_proposing(app, services)
    _register_deciding(app, services)
    _register_posts(app, services)


def _register_reading(app: Dash, services: Any) -> None:
    @app.callback(Output("people-list", "children"), Output("people-proposals", "children"),
                  Output("people-history", "children"), Input("people-address", "search"), Input("people-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any, Any]:
        t, waiting = _words(services), services.people.proposals(g.actor)
        return (people_views.accounts(services, services.people.people(g.actor), waiting, asked(search or "", "account"), t),
                people_views.proposals(services, waiting, g.actor, t),
                people_views.history(services, services.people.log(g.actor), t))

    @app.callback(Output("people-head", "children"), Output("people-halls", "options"), Output("people-based", "data"),
                  Output("people-username", "disabled"),
                  *(Output(f"people-{name}", "value") for name in FIELDS), Input("people-address", "search"),
                  Input("people-changed", "data"))
    def choose(search: str | None, _changed: Any) -> tuple[Any, ...]:
        """`?account=zhou` fills the form with what that account is now; it says so to the server when it is handed in."""
        t, account = _words(services), _chosen(services, search)
        based_on = NEW if account is None else account.generation
        return (people_form.head(services, account, t), services.people.halls(g.actor), based_on, account is not None,
                *people_form.values_of(account))


def _register_proposing(app: Dash, services: Any) -> None:
    places = {"error": ALL, "of": people_form.FORM}

    @app.callback(Output("people-said", "children"), Output("people-password", "children"), Output("people-changed", "data"),
                  Output(places, "children"), Input("people-save", "n_clicks"), State(places, "id"),
                  State("people-based", "data"), *(State(f"people-{name}", "value") for name in FIELDS),
                  prevent_initial_call=True)
    def save(clicks: int | None, fields: list[Any], based_on: int | None, *given: Any) -> tuple[Any, Any, Any, Any]:
        if not clicks:
            raise PreventUpdate
        t, values = _words(services), dict(zip(FIELDS, given, strict=True))
        try:
            outcome = proposed(services, values, NEW if based_on is None else based_on)
        except SupervisionError as refusal:
            told = sentence(refusal, t)
            return told, "", no_update, [told if key_of(refusal) == place["error"] else "" for place in fields]
        return *_told(outcome, t), [""] * len(fields)


def proposed(services: Any, values: Mapping[str, Any], based_on: int) -> Outcome:
    """Hand in what the form holds. Raises what is wrong with it."""
    standing = Standing((values["display_name"] or "").strip(), frozenset(map(_role, values["roles"] or ())),
                        values["org"] or "", values["area"] or "", bool(values["is_active"]),
                        frozenset(values["halls"] or ()))
    outcome: Outcome = services.people.propose((values["username"] or "").strip(), standing, reason=values["reason"] or "",
                                               actor=g.actor, based_on=based_on)
    return outcome


def _role(name: Any) -> Role:
    if name not in list(Role):
        raise InvalidInput("role_unknown", key="roles", value=name)
    return Role(name)


def _register_deciding(app: Dash, services: Any) -> None:
    @app.callback(Output("people-said", "children", allow_duplicate=True),
                  Output("people-password", "children", allow_duplicate=True),
                  Output("people-changed", "data", allow_duplicate=True), Input({"decide": ALL, "proposal": ALL}, "n_clicks"),
                  State({"remark": ALL}, "value"), State({"remark": ALL}, "id"), prevent_initial_call=True)
    def decide(clicks: list[int | None], remarks: list[str | None], places: list[Any]) -> tuple[Any, Any, Any]:
        pressed = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        remark = {place["remark"]: words for place, words in zip(places, remarks, strict=True)}.get(pressed["proposal"])
        return decided(services, pressed["decide"], pressed["proposal"], remark or "")


def decided(services: Any, decision: str, proposal: str, remark: str) -> tuple[Any, Any, Any]:
    """Confirm or turn down; `proposal` is username|number."""
    t = _words(services)
    username, _, text = proposal.partition("|")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    try:
        if decision == "confirm":
            return _told(services.people.confirm(username, number, actor=g.actor, reason=remark), t)
        return _told(Outcome(services.people.reject(username, number, actor=g.actor, reason=remark)), t)
    except SupervisionError as refusal:
        return sentence(refusal, t), "", no_update


def _told(outcome: Outcome, t: Words) -> tuple[Any, Any, Any]:
    """(what is said, the password of an account just made, what makes the page read anew)."""
    done = outcome.proposal
    password = people_views.password(done.username, outcome.password, t) if outcome.password else ""
    return (t(f"people_page.said.{done.state.value}", username=done.username), password,
            json.dumps([done.username, done.number, done.state.value]))


def _register_posts(app: Dash, services: Any) -> None:
    @app.callback(Output("posts-person", "options"), Output("posts-list", "children"), Input("people-changed", "data"),
                  Input("posts-said", "children"))
    def show(_changed: Any, _said: Any) -> tuple[Any, Any]:
        staff = people_posts.staff(services.people.people(g.actor))
        return people_posts.options(staff), people_posts.table(services, staff, _words(services))

    @app.callback(Output("posts-held", "value"), Input("posts-person", "value"), Input("posts-org", "value"))
    def held(username: str | None, org: str | None) -> list[str]:
        return [post for unit, post in services.approval.posts.of(username or "") if unit == org]

    places = {"error": ALL, "of": people_posts.FORM}

    @app.callback(Output("posts-said", "children"), Output("people-changed", "data", allow_duplicate=True),
                  Output(places, "children"), Output("posts-reason", "value"), Input("posts-save", "n_clicks"),
                  State(places, "id"), State("posts-person", "value"), State("posts-org", "value"),
                  State("posts-held", "value"), State("posts-reason", "value"), prevent_initial_call=True)
    def give(clicks: int | None, fields: list[Any], username: str | None, org: str | None, posts: list[str] | None,
             reason: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        said, changed, key = given(services, username or "", org or "", posts or [], reason or "", _words(services))
        at_field = [said if key == place["error"] else "" for place in fields]
        is_done = changed is not no_update  # the reason of one change is none of the next
        return "" if any(at_field) else said, changed, at_field, "" if is_done else no_update


def given(services: Any, username: str, org: str, posts: list[str], reason: str, t: Words) -> tuple[Any, Any, str]:
    """The posts of a person in a unit from now on: what is said, what makes the page read anew, the field an error is about."""
    try:
        services.approval.posts.edit(username, org, posts, reason=reason, actor=g.actor)
    except SupervisionError as refusal:
        return sentence(refusal, t), no_update, key_of(refusal)
    return t("people_page.posts_saved", username=username), json.dumps([username, org, *posts]), ""


def _chosen(services: Any, search: str | None) -> Account | None:
    wanted = asked(search or "", "account")
    return next((account for account in services.people.people(g.actor) if account.username == wanted), None)


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)

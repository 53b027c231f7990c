"""版本迁移: running cases of an item moved to another of its versions, by plan: what each step becomes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from config.versions import Kind
from core.access import Role, require
from core.errors import SupervisionError
from dashboard.panels import migration_views, top_bar
from dashboard.panels.edit_console import asked
from dashboard.panels.edit_tabs import may_edit, tabs
from dashboard.refusals import sentence
from dashboard.words import Words, words_of

PREFIX = "/migrations/"
TITLE = "migration_page.title"


def layout(services: Any) -> html.Div:
    t = _words(services)
    steps = [html.Div(id="migration-choice"), html.Div(id="migration-steps", className="edit-fields"),
             html.Button(t("migration_page.preview"), id="migration-preview", className="button button-main",
                         hidden=not may_edit()),
             html.P(id="migration-said", className="feeds-said", role="status")]
    reason = html.Div([html.Label(t("rules_page.reason"), htmlFor="migration-reason"),
                       dcc.Input(id="migration-reason", className="field edit-input", type="text", autoComplete="off")],
                      className="edit-field edit-reason")
    propose = html.Div([reason, html.Button(t("migration_page.propose"), id="migration-propose",
                                            className="button button-main")], className="edit-bar", hidden=not may_edit())
    body = [tabs("migrations", t), html.Div([
        html.Div([html.Section([html.H2(t("migration_page.title")), html.P(t("migration_page.words"), className="panel-note"),
                                *steps], className="panel"),
                  html.Section([html.H2(t("migration_page.preview_title")), html.Div(id="migration-cases"), propose],
                               className="panel")], className="edit-left"),
        html.Section(id="migration-plans", className="panel")], className="edit-columns edit-wide"),
        dcc.Location(id="migration-address", refresh=False), dcc.Store(id="migration-seen"), dcc.Store(id="migration-changed")]
    return html.Div([top_bar.layout(t, "migrations", services.settings.demo.enabled), html.Main(body, className="edit-body")],
                    className="staff edit")


def register(app: Dash, services: Any) -> None:
    _register_choice(app, services)
    _register_preview(app, services)
    _register_plans(app, services)


def _register_choice(app: Dash, services: Any) -> None:
    @app.callback(Output("migration-choice", "children"), Output("migration-steps", "children"),
                  Input("migration-address", "search"), Input("migration-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any]:
        t = _words(services)
        item, before, after = chosen(services, search or "")
        items = _items(services) or [(item, services.case_queries.item_name(item))]
        view = migration_views.choice(items, item, _numbers(services, item), before, after, t)
        if before == after:
            return view, html.P(t("migration_page.one_version"), className="case-none")
        old, new = (services.approval.migrations.version(item, number) for number in (before, after))
        return view, migration_views.steps(old, new, t)

    @app.callback(Output("migration-address", "search"), Input({"choose": ALL}, "value"), State({"choose": ALL}, "id"),
                  State("migration-address", "search"), prevent_initial_call=True)
    def choose(values: list[Any], ids: list[Any], search: str | None) -> Any:
        wanted = {one["choose"]: value for one, value in zip(ids, values, strict=True)}
        here = chosen(services, search or "")
        if not wanted or here == (wanted["item"], wanted["from"], wanted["to"]):
            return no_update  # the page itself drew what the address says
        return "?" + urlencode(wanted if wanted["item"] == here[0] else {"item": wanted["item"]})


def _register_preview(app: Dash, services: Any) -> None:
    steps = {"step": ALL}

    @app.callback(Output("migration-cases", "children"), Output("migration-seen", "data"), Output("migration-said", "children"),
                  Input("migration-preview", "n_clicks"), State(steps, "value"), State(steps, "id"),
                  State("migration-address", "search"), prevent_initial_call=True)
    def preview(clicks: int | None, values: list[str | None], ids: list[Any], search: str | None) -> tuple[Any, Any, Any]:
        if not clicks:
            raise PreventUpdate
        require(g.actor, Role.ADMINISTRATOR)
        t, seen = _words(services), _question(services, search, values, ids)
        try:
            found = services.approval.migrations.preview(seen["item"], seen["from"], seen["to"], seen["steps"])
        except SupervisionError as refusal:
            return [], None, sentence(refusal, t)
        movable = [(one.case_no, one.rev) for one in found if not one.why]
        seen["cases"] = movable
        told = t("migration_page.previewed", cases=len(found), movable=len(movable),
                 most=services.approval.migrations.cases_max)
        return migration_views.cases(found, t), seen, told

    @app.callback(Output("migration-said", "children", allow_duplicate=True), Output("migration-changed", "data"),
                  Output("migration-seen", "data", allow_duplicate=True), Input("migration-propose", "n_clicks"),
                  State("migration-seen", "data"), State("migration-reason", "value"), State(steps, "value"),
                  State(steps, "id"), State("migration-address", "search"), prevent_initial_call=True)
    def propose(clicks: int | None, seen: Any, reason: str | None, values: list[str | None], ids: list[Any],
                search: str | None) -> tuple[Any, Any, Any]:
        """Exactly what was previewed; with another item, version or step chosen since, it is previewed anew."""
        if not clicks:
            raise PreventUpdate
        t = _words(services)
        if not seen or _question(services, search, values, ids) != {**seen, "cases": ()}:
            return t("migration_page.preview_first"), no_update, None
        migrations = services.approval.migrations
        try:
            plan = migrations.propose(seen["item"], seen["from"], seen["to"], seen["steps"],
                                      [(str(no), int(rev)) for no, rev in seen["cases"]], reason=reason or "", actor=g.actor)
        except SupervisionError as refusal:
            return sentence(refusal, t), no_update, no_update
        return t(f"migration_page.said.{plan.state.value}", n=plan.id), f"propose {plan.id}", None


def _register_plans(app: Dash, services: Any) -> None:
    @app.callback(Output("migration-plans", "children"), Input("migration-address", "search"),
                  Input("migration-changed", "data"))
    def show(_search: str | None, _changed: Any) -> Any:
        return migration_views.plans(services.approval.migrations.plans(), services.case_queries.item_name, g.actor,
                                     services.editing.needs_two(), _words(services))

    @app.callback(Output("migration-said", "children", allow_duplicate=True),
                  Output("migration-changed", "data", allow_duplicate=True), Input({"plan": ALL, "do": ALL}, "n_clicks"),
                  State("migration-reason", "value"), prevent_initial_call=True)
    def act(clicks: list[int | None], reason: str | None) -> tuple[Any, Any]:
        pressed: Any = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        t, migrations = _words(services), services.approval.migrations
        try:
            if pressed["do"] == "reject":
                plan = migrations.reject(pressed["plan"], actor=g.actor, reason=reason or "")
            elif pressed["do"] == "confirm":
                plan = migrations.confirm(pressed["plan"], actor=g.actor, reason=reason or "")
            else:
                plan = migrations.carry_out(pressed["plan"], actor=g.actor)
        except SupervisionError as refusal:
            return sentence(refusal, t), no_update
        return t(f"migration_page.said.{plan.state.value}", n=plan.id), f"{pressed['do']} {plan.id}"


def chosen(services: Any, search: str) -> tuple[str, int, int]:
    """(item, from, to) of the address; else the first edited item, from the oldest version in use to the newest in force."""
    items = _items(services)
    wanted = asked(search, "item")
    item = wanted if wanted in dict(items) else items[0][0] if items else next(iter(services.catalogue.items))
    numbers = _numbers(services, item)
    running = [number for number in services.approval.migrations.running(item) if number in numbers]
    before = _number(asked(search, "from"), numbers, running[0] if running else numbers[0])
    return item, before, _number(asked(search, "to"), numbers, numbers[-1])


def _question(services: Any, search: str | None, values: list[str | None], ids: list[Any]) -> dict[str, Any]:
    """What the page asks now: the item, from which version to which, and what each step becomes."""
    item, before, after = chosen(services, search or "")
    named = {one["step"]: value or "" for one, value in zip(ids, values, strict=True)}
    return {"item": item, "from": before, "to": after, "steps": named, "cases": ()}


def _items(services: Any) -> list[tuple[str, str]]:
    """The items of which there is more than what was shipped."""
    return [(code, services.case_queries.item_name(code)) for code in sorted(services.editing.edited(Kind.ITEM))]


def _numbers(services: Any, item: str) -> list[int]:
    first = [0] if item in services.catalogue.as_shipped.items else []
    known = [version.number for version in services.editing.history(Kind.ITEM, item)
             if version.state.value in ("active", "superseded")]
    return [*first, *sorted(known)] or [0]


def _number(text: str, known: list[int], otherwise: int) -> int:
    return int(text) if text.isdigit() and int(text) in known else otherwise


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)

"""导出: the journal or a slice of it for other tools: choose, start, watch, take away. All of it stands in the audit."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g, has_request_context, request

from core.access import Actor
from core.errors import SupervisionError
from core.instants import DAY_US
from dashboard.panels import export_views, top_bar
from dashboard.refusals import sentence
from dashboard.times import begin_of
from dashboard.words import Words, words_of
from evaluation.exports.queries import sees_all
from evaluation.exports.service import ExportWish
from evaluation.exports.slices import Slice, kinds_of

PREFIX = "/exports/"
TITLE = "exports_page.title"
REFRESH_MS = 2_000
FIELDS = ("format", "by", "since", "until", "area", "org", "item", "kinds", "whole", "personal", "reason")


def layout(services: Any) -> html.Div:
    t = _words(services)
    names = Choices(services, _actor())
    hidden = [dcc.Store(id="exports-changed"), dcc.Interval(id="exports-tick", interval=REFRESH_MS)]
    new = html.Section([html.H2(t("exports_page.new")), html.P(t("exports_page.words"), className="panel-note"),
                        export_views.form(names.areas, names.orgs, names.items, t),
                        html.P(_limits(services, t), className="panel-note")], className="panel exports-new")
    actor = _actor()
    title = html.H2(t("exports_page.list_all" if actor is not None and sees_all(actor) else "exports_page.list"))
    there = html.Section([title, html.Div(id="exports-list")], className="panel exports-there")
    bar = top_bar.layout(t, "exports", services.settings.demo.enabled)
    return html.Div([*hidden, bar, html.Main([new, there], className="exports-body")], className="staff edit exports")


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("exports-list", "children"), Input("exports-tick", "n_intervals"), Input("exports-changed", "data"))
    def listed(_ticks: int | None, _changed: Any) -> Any:
        return list_of(services, g.actor, _words(services))

    @app.callback(Output("exports-personal-part", "hidden"), Input("exports-changed", "data"))
    def allowed(_changed: Any) -> bool:
        return not services.exports.desk.may_have_personal(g.actor)

    @app.callback(Output("exports-said", "children"), Output("exports-changed", "data"), Input("exports-start", "n_clicks"),
                  [State(f"exports-{name}", "value") for name in FIELDS], prevent_initial_call=True)
    def start(clicks: int | None, *values: Any) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        return started(services, dict(zip(FIELDS, values[0] if len(values) == 1 else values, strict=True)), _words(services))

    @app.callback(Output("exports-said", "children", allow_duplicate=True),
                  Output("exports-changed", "data", allow_duplicate=True), Input({"cancel": ALL}, "n_clicks"),
                  prevent_initial_call=True)
    def cancel(clicks: list[int | None]) -> tuple[Any, Any]:
        pressed = ctx.triggered_id
        if not pressed or not any(clicks):
            raise PreventUpdate
        try:
            services.exports.desk.cancel(int(pressed["cancel"]), g.actor)
        except SupervisionError as refusal:
            return sentence(refusal, _words(services)), no_update
        return "", ["cancelled", pressed["cancel"]]


def started(services: Any, form: dict[str, Any], t: Words) -> tuple[Any, Any]:
    """(what is said, what makes the list read anew)."""
    try:
        number = services.exports.desk.ask(wish_of(form), g.actor, request.remote_addr or "")
    except SupervisionError as refusal:
        return sentence(refusal, t), no_update
    return t("exports_page.queued", number=number), ["queued", number]


def wish_of(form: dict[str, Any]) -> ExportWish:
    """Days are those of Beijing, the last one included. Raises InvalidInput."""
    by = "received" if form["by"] == "received" else "claimed"
    wanted = Slice(since=begin_of(form["since"], 0), until=begin_of(form["until"], 1), by=by, area=_text(form["area"]),
                   org=_text(form["org"]), item=_text(form["item"]), kinds=kinds_of(str(one) for one in form["kinds"] or ()),
                   whole_cases=bool(form["whole"]))
    return ExportWish(format=_text(form["format"]), slice=wanted, personal=bool(form["personal"]), reason=_text(form["reason"]))


def list_of(services: Any, actor: Actor, t: Words) -> Any:
    """The exports he may see, with what can be taken away."""
    exports = services.exports
    rows = exports.queries.listed(actor)
    kept = exports.desk.rules.keep_days * DAY_US
    until = {row.id: row.ended_at + kept for row in rows if row.ended_at is not None}
    files = {row.id: list(exports.desk.files(row)) for row in rows
             if not row.personal or exports.desk.may_have_personal(actor)}
    return export_views.table(rows, files, until,
                              Choices(services, actor).every, t)


class Choices:
    """What there is to choose, by code."""

    def __init__(self, services: Any, actor: Actor | None) -> None:
        catalogue = services.catalogue
        stored = services.exports.queries.areas(actor) if actor is not None else {}
        shipped = {code: area.name for code, area in catalogue.areas.items() if actor is not None and actor.area in ("", code)}
        self.areas = {**stored, **shipped}
        self.orgs = {code: unit.name for code, unit in catalogue.organisations.items()
                     if actor is not None and actor.area in ("", unit.area) and actor.only_org in (None, code)}
        self.items = {code: item.name for code, item in catalogue.items.items()}

    @property
    def every(self) -> dict[str, str]:
        return {**self.items, **self.orgs, **self.areas}


def _limits(services: Any, t: Words) -> str:
    given = services.settings.exports
    return t("exports_page.limits", rows=f"{given.rows_max:,}", days=given.keep_days,
             applicants=t(f"exports_page.treatment_{given.applicants}"), officers=t(f"exports_page.treatment_{given.officers}"))


def _text(value: Any) -> str:
    """What the browser sent, without what no code, name or reason has in it."""
    return "".join(sign for sign in str(value or "") if sign.isprintable())[:200].strip()


def _actor() -> Actor | None:
    return g.get("actor") if has_request_context() else None


def _words(services: Any) -> Words:
    return words_of(services.texts, services.settings.display.language)

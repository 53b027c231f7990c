"""现场信号, what cameras found: the queue to confirm or reject, what goes on, what became of the rest, and the empty seats."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from core.errors import SupervisionError
from dashboard.panels import signal_seats, signal_views, top_bar
from dashboard.refusals import sentence
from dashboard.words import Words, words_of
from video.onsite.service import DECIDERS
from video.references import CONSENTERS

PREFIX = "/signals/"
TITLE = "signals_page.title"
REFRESH_MS = 5_000
_DECIDE = ("signal-confirm", "signal-reject", "seat-ask", "seat-accept", "seat-beside", "seat-refuse")


def layout(services: Any) -> html.Div:
    t = words_of(services.texts, services.settings.display.language)
    hidden = [dcc.Location(id="signal-address", refresh=False), dcc.Store(id="signal-changed"), dcc.Store(id="signal-shown"),
              dcc.Interval(id="signal-tick", interval=REFRESH_MS)]
    left = html.Section(html.Div(id="signal-list"), className="panel finding-index")
    right = html.Div([html.Div(id="signal-detail"), _forms(t)], className="finding-side")
    body = html.Main([*hidden, html.Div([left, right], className="finding-pair signal-pair"), html.Div(id="signal-records")],
                     className="findings-body")
    return html.Div([top_bar.layout(t, "signals", services.settings.demo.enabled), body], className="staff findings signals",
                    **{"data-signal-keys": "true"})


def _forms(t: Words) -> html.Section:
    """Both forms; the server refuses who may not."""
    judge = html.Div([
        html.Label(t("signals_page.reason"), htmlFor="signal-reason"),
        dcc.Textarea(id="signal-reason", placeholder=t("signals_page.reason_words"), maxLength=500),
        html.Div([_button("signal-confirm", "confirm", "Enter", t, main=True), _button("signal-reject", "reject", "X", t)],
                 className="repair-buttons"),
        html.P(t("signals_page.keys"), className="panel-note signal-keys")], id="signal-judge", hidden=True)
    seat = html.Div([
        html.Label(t("signals_page.reason"), htmlFor="seat-reason"),
        dcc.Textarea(id="seat-reason", placeholder=t("signals_page.seat.reason_words"), maxLength=500),
        html.Div([_button("seat-accept", "seat.accept", "", t, main=True), _button("seat-beside", "seat.beside", "", t),
                  _button("seat-refuse", "seat.refuse", "", t), _button("seat-ask", "seat.ask", "", t)],
                 className="repair-buttons")], id="seat-judge", hidden=True)
    return html.Section([judge, seat, html.P(id="signal-said", className="feeds-said", role="status")],
                        className="panel repair-form finding-form signal-form")


def _button(name: str, words: str, key: str, t: Words, *, main: bool = False) -> html.Button:
    sign = [html.Kbd(key)] if key else []
    return html.Button([t(f"signals_page.{words}"), *sign], id=name, className="button button-main" if main else "button")


def register(app: Dash, services: Any) -> None:
    def words() -> Words:
        return words_of(services.texts, services.settings.display.language)

    @app.callback(Output("signal-list", "children"), Output("signal-records", "children"), Input("signal-address", "search"),
                  Input("signal-changed", "data"), Input("signal-tick", "n_intervals"))
    def show_list(search: str | None, _changed: Any, _ticks: int | None) -> tuple[Any, Any]:
        return list_of(services, asked(search), words())

    @app.callback(Output("signal-detail", "children"), Output("signal-judge", "hidden"), Output("seat-judge", "hidden"),
                  Output("signal-shown", "data"), Input("signal-address", "search"), Input("signal-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, bool, bool, int | None]:
        t = words()
        try:
            return detail_of(services, asked(search), t)
        except SupervisionError as refusal:
            return _nothing(sentence(refusal, t)), True, True, None

    @app.callback(Output("signal-said", "children"), Output("signal-changed", "data"), Output("signal-reason", "value"),
                  Output("seat-reason", "value"), Output("signal-address", "search"),
                  *(Input(name, "n_clicks") for name in _DECIDE),
                  State("signal-reason", "value"), State("seat-reason", "value"), State("signal-address", "search"),
                  State("signal-shown", "data"), prevent_initial_call=True)
    def decide(*given: Any) -> tuple[str, Any, str, str, Any]:
        clicks, (reason, seat_reason, search, shown) = given[:len(_DECIDE)], given[len(_DECIDE):]
        button = str(ctx.triggered_id)
        if not any(clicks):
            raise PreventUpdate
        try:
            said = (_about_signal(services.analysis, button, shown, reason or "") if button.startswith("signal-") else
                    _about_seat(services.analysis, button, number_of(asked(search), "camera"), seat_reason or ""))
        except SupervisionError as refusal:
            return sentence(refusal, words()), list(clicks), reason or "", seat_reason or "", no_update
        onward = "?tab=waiting" if button.startswith("signal-") else no_update  # to the next one that waits
        return words()(f"signals_page.said.{said}"), list(clicks), "", "", onward


def list_of(services: Any, wanted: dict[str, str], t: Words) -> tuple[Any, Any]:
    """The chosen tab's list, and the record of the cameras below."""
    queries, actor, tab = services.analysis.queries, g.actor, tab_of(wanted)
    signals = {"waiting": queries.waiting, "standing": queries.standing, "history": queries.history}
    counts = {"waiting": len(queries.waiting(actor)), "standing": len(queries.standing(actor))}
    if tab == "seats":
        rows = queries.seats(actor)
        body = signal_seats.seats(rows, number_of(wanted, "camera"), t)
    else:
        body = signal_views.queue(signals[tab](actor), number_of(wanted, "signal"), tab, t)
    below = signal_views.records(queries.records(actor), t) if tab != "seats" else None
    return [signal_views.tabs(tab, counts, t), body], below


def detail_of(services: Any, wanted: dict[str, str], t: Words) -> tuple[Any, bool, bool, int | None]:
    """(what is shown, whether the form of signals is hidden, that of references, the number of the signal). Without a choice
    the oldest that waits."""
    queries, actor, tab = services.analysis.queries, g.actor, tab_of(wanted)
    if tab == "seats":
        camera = number_of(wanted, "camera")
        if camera is None:
            return _nothing(t("signals_page.seat.select")), True, True, None
        return signal_seats.pair(queries.references(camera, actor), t), True, not actor.has(*CONSENTERS), None
    number = number_of(wanted, "signal")
    waiting = queries.waiting(actor) if number is None and tab == "waiting" else []
    if number is None and not waiting:
        return _nothing(t("signals_page.select")), True, True, None
    one = waiting[0] if number is None else queries.find(number, actor)
    may_decide = actor.has(*DECIDERS) and one.state == "to_confirm"
    return signal_views.detail(one, services.case_queries.org_name(one.org), t), not may_decide, True, one.id


def _about_signal(analysis: Any, button: str, number: int | None, reason: str) -> str:
    """What was done, by the name of its words. Decided is the signal that is shown, whatever came meanwhile."""
    if number is None:
        raise PreventUpdate
    if button == "signal-confirm":
        analysis.signals.confirm(number, g.actor, reason)
        return "confirmed"
    analysis.signals.reject(number, g.actor, reason)
    return "rejected"


def _about_seat(analysis: Any, button: str, camera: int | None, reason: str) -> str:
    actor = g.actor
    if camera is None:
        raise PreventUpdate
    if button == "seat-ask":
        analysis.references.ask(camera, actor)
        return "asked"
    proposed = next((one for one in analysis.queries.references(camera, actor) if one.state.value == "proposed"), None)
    if proposed is None:
        return "nothing_proposed"
    if button == "seat-refuse":
        analysis.references.refuse(proposed.id, actor, reason)
        return "refused"
    analysis.references.accept(proposed.id, actor, beside=button == "seat-beside")
    return "accepted"


def _nothing(words: str) -> html.Section:
    return html.Section(html.P(words, className="case-none"), className="panel")


def asked(search: str | None) -> dict[str, str]:
    """What the address asks for: tab, signal, camera."""
    return {name: values[0] for name, values in parse_qs((search or "").lstrip("?")).items()}


def tab_of(wanted: dict[str, str]) -> str:
    """The tab in the address, that of what waits for one that is none."""
    tab = wanted.get("tab", "waiting")
    return tab if tab in signal_views.TABS else "waiting"


def number_of(wanted: dict[str, str], name: str) -> int | None:
    """A number in the address: ?signal=17."""
    text = wanted.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None

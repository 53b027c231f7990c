"""现场信号, what cameras found: the queue to confirm or reject, what goes on, what became of the rest, and the empty seats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from core.errors import SupervisionError
from dashboard.panels import signal_seats, signal_views, top_bar
from dashboard.panels.drafts import answer_about, said_beside, turned
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
              dcc.Store(id="signal-drafts"),
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
                  Output("signal-shown", "data"), Output("signal-drafts", "data"), Output("signal-reason", "value"),
                  Output("seat-reason", "value"), Input("signal-address", "search"), Input("signal-changed", "data"),
                  Input("signal-tick", "n_intervals"), State("signal-shown", "data"), State("signal-drafts", "data"),
                  State("signal-reason", "value"), State("seat-reason", "value"))
    def show(search: str | None, answer: Any, _ticks: int | None, before: dict[str, Any] | None, kept: Any,
             *written: str | None) -> tuple[Any, ...]:
        t, wanted = words(), asked(search)
        sent = answer["of"] if "signal-changed.data" in ctx.triggered_prop_ids and answer["isDone"] else ""
        stays = ctx.triggered_id == "signal-tick"
        try:
            found = detail_of(services, staying(wanted, before) if stays else wanted, t)
        except SupervisionError as refusal:
            found = Detail(_nothing(sentence(refusal, t)))
        shown = found.shown()
        if stays and shown == before:
            raise PreventUpdate
        if before is None or before["of"] == shown["of"]:
            reasons: Sequence[Any] = ("", "") if sent == shown["of"] != "" else (no_update, no_update)
            return found.body, found.hides_judge, found.hides_seat, shown, no_update, *reasons
        drafts, reasons = turned(kept, before["of"], shown["of"], written, ("", ""), sent)
        return found.body, found.hides_judge, found.hides_seat, shown, drafts, *reasons

    _register_decisions(app, services, words)


def _register_decisions(app: Dash, services: Any, words: Callable[[], Words]) -> None:
    @app.callback(Output("signal-changed", "data"), *(Input(name, "n_clicks") for name in _DECIDE),
                  State("signal-reason", "value"), State("seat-reason", "value"), State("signal-address", "search"),
                  State("signal-shown", "data"), prevent_initial_call=True)
    def decide(*given: Any) -> dict[str, Any]:
        clicks, (reason, seat_reason, search, shown) = given[:len(_DECIDE)], given[len(_DECIDE):]
        button, shown = str(ctx.triggered_id), shown or {}
        if not any(clicks):
            raise PreventUpdate
        times = sum(count or 0 for count in clicks)
        try:
            said = (_about_signal(services.analysis, button, shown.get("signal"), reason or "")
                    if button.startswith("signal-") else
                    _about_seat(services.analysis, button, number_of(asked(search), "camera"), shown.get("proposed"),
                                seat_reason or ""))
        except SupervisionError as refusal:
            return answer_about(shown, sentence(refusal, words()), times, is_done=False)
        return answer_about(shown, words()(f"signals_page.said.{said}"), times, is_done=True,
                            search=search or "" if button.startswith("signal-") else None)

    @app.callback(Output("signal-said", "children"), Output("signal-address", "search"), Input("signal-changed", "data"),
                  State("signal-shown", "data"), State("signal-address", "search"), prevent_initial_call=True)
    def heard(answer: Any, shown: dict[str, Any] | None, search: str | None) -> tuple[str, Any]:
        """After a decision the next signal that waits, unless the person chose one in the meantime."""
        is_onward = answer["isDone"] and answer["search"] == (search or "")
        return said_beside(answer, (shown or {}).get("of", ""), words()), "?tab=waiting" if is_onward else no_update


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


@dataclass(frozen=True, slots=True)
class Detail:
    """What is shown on the right. `of` names it, `mark` changes when it would be drawn otherwise; `proposed` is the picture of
    an empty seat one may consent to: (number, revision)."""

    body: Any
    hides_judge: bool = True
    hides_seat: bool = True
    of: str = ""
    mark: str = ""
    signal: int | None = None
    proposed: tuple[int, int] | None = None

    def shown(self) -> dict[str, Any]:
        """What the browser keeps of it, and sends with a decision."""
        return {"of": self.of, "mark": self.mark, "signal": self.signal, "proposed": list(self.proposed or ())}


def staying(wanted: dict[str, str], before: dict[str, Any] | None) -> dict[str, str]:
    """What is looked at when nobody chose anything: while one decides about a signal no other takes its place."""
    signal = (before or {}).get("signal")
    return wanted if signal is None or "signal" in wanted else {**wanted, "signal": str(signal)}


def detail_of(services: Any, wanted: dict[str, str], t: Words) -> Detail:
    """A signal, or the pictures of an empty seat. Without a choice the signal that waits longest."""
    queries, actor, tab = services.analysis.queries, g.actor, tab_of(wanted)
    if tab == "seats":
        camera = number_of(wanted, "camera")
        if camera is None:
            return Detail(_nothing(t("signals_page.seat.select")))
        return _seat(camera, queries.references(camera, actor), t, hides=not actor.has(*CONSENTERS))
    number = number_of(wanted, "signal")
    waiting = queries.waiting(actor) if number is None and tab == "waiting" else []
    if number is None and not waiting:
        return Detail(_nothing(t("signals_page.select")))
    one = waiting[0] if number is None else queries.find(number, actor)
    may_decide = actor.has(*DECIDERS) and one.state == "to_confirm"
    body = signal_views.detail(one, services.case_queries.org_name(one.org), t)
    return Detail(body, not may_decide, True, f"signal {one.id}", f"{one.rev} {bool(one.picture)}", one.id)


def _seat(camera: int, references: Sequence[Any], t: Words, *, hides: bool) -> Detail:
    proposed = signal_seats.proposed_of(references)
    mark = " ".join(f"{one.id}:{one.rev}" for one in references)
    return Detail(signal_seats.pair(references, t), True, hides, f"seat {camera}", mark,
                  proposed=None if proposed is None else (proposed.id, proposed.rev))


def _about_signal(analysis: Any, button: str, number: int | None, reason: str) -> str:
    """What was done, by the name of its words. Decided is the signal that is shown, whatever came meanwhile."""
    if number is None:
        raise PreventUpdate
    if button == "signal-confirm":
        return "confirmed" if analysis.signals.confirm(number, g.actor, reason).org else "confirmed_without_unit"
    analysis.signals.reject(number, g.actor, reason)
    return "rejected"


def _about_seat(analysis: Any, button: str, camera: int | None, proposed: Sequence[int] | None, reason: str) -> str:
    """Decided is about the picture that is shown, not about one that took its place meanwhile."""
    actor = g.actor
    if camera is None:
        raise PreventUpdate
    if button == "seat-ask":
        analysis.references.ask(camera, actor)
        return "asked"
    if not proposed:
        return "nothing_proposed"
    number, rev = proposed
    if button == "seat-refuse":
        analysis.references.refuse(number, actor, reason, rev=rev)
        return "refused"
    analysis.references.accept(number, actor, beside=button == "seat-beside", rev=rev)
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

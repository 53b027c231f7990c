"""The quarantine: refused records with their reason, and for an administrator their repair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import g

from cases.events import Status
from core.access import Role, require
from core.errors import SupervisionError
from dashboard.panels.tables import facts, grid
from dashboard.refusals import sentence
from dashboard.times import stamp
from dashboard.words import Words, words_of

HEADS = ("received", "source", "reason", "where")
PAGE = 50
RAW_SHOWN = 20_000


def layout(t: Words, *, may_repair: bool) -> html.Div:
    """List on the left, the chosen record and its repair on the right."""
    note = html.P(t("feeds_page.quarantine_words"), className="panel-note")
    left = html.Section([html.H2(t("feeds_page.quarantine")), note, html.Div(id="feeds-quarantine")], className="panel")
    said = html.P(id="feeds-said", className="feeds-said", role="status")
    right = html.Section([html.Div(id="feeds-record"), _form(t, may_repair), said], className="panel")
    hidden = [dcc.Location(id="feeds-address", refresh=False), dcc.Store(id="feeds-changed")]
    return html.Div([*hidden, left, right], className="feeds-pair")


def _form(t: Words, may_repair: bool) -> html.Div:
    """The ids are there for everybody, so that one set of callbacks serves both; the server refuses the others."""
    buttons = [html.Button(t("feeds_page.replay"), id="feeds-replay", className="button button-main"),
               html.Button(t("feeds_page.dismiss"), id="feeds-dismiss", className="button"),
               html.Button(t("feeds_page.replay_alike"), id="feeds-replay-alike", className="button",
                           title=t("feeds_page.replay_alike_words"))]
    fields = [html.Label(t("feeds_page.repair"), htmlFor="feeds-raw"), dcc.Textarea(id="feeds-raw", spellCheck=False),
              html.Div(buttons, className="repair-buttons")]
    note = html.P(t("feeds_page.only_administrator"), className="panel-note", hidden=may_repair)
    return html.Div([html.Div(fields, className="repair-form", hidden=not may_repair), note], id="feeds-form", hidden=True)


def register(app: Dash, services: Any) -> None:
    def words() -> Words:
        return words_of(services.texts, services.settings.display.language)

    @app.callback(Output("feeds-quarantine", "children"), Input("feeds-tick", "n_intervals"), Input("feeds-address", "search"),
                  Input("feeds-changed", "data"))
    def refresh(_ticks: int | None, search: str | None, _changed: Any) -> Any:
        before = older_than(search)
        return render(services.feed_queries.quarantined(before=before, limit=PAGE), chosen_id(search), words(), before)

    @app.callback(Output("feeds-record", "children"), Output("feeds-raw", "value"), Output("feeds-form", "hidden"),
                  Input("feeds-address", "search"), Input("feeds-changed", "data"))
    def show(search: str | None, _changed: Any) -> tuple[Any, Any, bool]:
        record_id = chosen_id(search)
        if record_id is None:
            return html.P(words()("feeds_page.select"), className="case-none"), "", True
        try:
            record = services.feed_queries.get_quarantined(record_id)
        except SupervisionError as refusal:
            return html.P(sentence(refusal, words()), className="case-none"), "", True
        # What is being corrected stays as it stands: others may have been replayed, or the database was away for a moment.
        raw = no_update if ctx.triggered_id == "feeds-changed" else record.to_repair
        return render_record(record, words()), raw, record.state != "open"

    @app.callback(Output("feeds-said", "children"), Output("feeds-changed", "data"), Input("feeds-replay", "n_clicks"),
                  Input("feeds-dismiss", "n_clicks"), Input("feeds-replay-alike", "n_clicks"), Input("feeds-address", "search"),
                  State("feeds-raw", "value"), prevent_initial_call=True)
    def handle(replays: int | None, dismissals: int | None, alike: int | None, search: str | None,
               raw: str | None) -> tuple[str, Any]:
        if ctx.triggered_id == "feeds-address":
            return "", no_update  # what was said is about another record
        record_id = chosen_id(search)
        if record_id is None or not (replays or dismissals or alike):
            raise PreventUpdate
        require(g.actor, Role.ADMINISTRATOR)
        try:
            said = _handle(services, ctx.triggered_id, record_id, raw or "", words())
        except SupervisionError as refusal:
            said = sentence(refusal, words())
        return said, [replays, dismissals, alike]


def _handle(services: Any, button: str, record_id: int, raw: str, t: Words) -> str:
    if button == "feeds-dismiss":
        services.repairs.dismiss(record_id, g.actor)
        return t("feeds_page.dismissed")
    if button == "feeds-replay-alike":
        told = services.repairs.replay_alike(record_id, g.actor)
        recorded = told[Status.OK] + told[Status.DUPLICATE]
        return t("feeds_page.replayed_alike", n=told.total(), recorded=recorded, refused=told.total() - recorded)
    outcome = services.repairs.repair(record_id, raw, g.actor)
    words = t(f"outcome.{outcome.status.value}")
    is_in = outcome.status in (Status.OK, Status.DUPLICATE)
    why = "" if is_in else t.first(f"feed.reason.{outcome.code}", "case.clock.plain", name=outcome.code)
    return t("feeds_page.replayed", outcome="：".join(filter(None, (words, why))))


def chosen_id(search: str | None) -> int | None:
    """The record named in the address: ?record=17."""
    return _number(search, "record")


def older_than(search: str | None) -> int | None:
    """The record after which the page in the address begins: ?before=17. None: the newest."""
    return _number(search, "before")


def _number(search: str | None, name: str) -> int | None:
    text = parse_qs((search or "").lstrip("?")).get(name, [""])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def render(page: Any, chosen: int | None, t: Words, before: int | None = None) -> Any:
    """A row per QuarantinedRecord, and the way to older ones."""
    if not page.total:
        return html.P(t("feeds_page.quarantine_empty"), className="case-none")
    place = "" if before is None else f"&before={before}"
    table = grid([t(f"feeds_page.{name}") for name in HEADS],
                 (_row(record, record.id == chosen, place, t) for record in page.records))
    links: list[Any] = [] if before is None else [" · ", dcc.Link(t("feeds_page.newest"), href="?", refresh=False)]
    if page.next_before is not None:
        links += [" · ", dcc.Link(t("feeds_page.older"), href=f"?before={page.next_before}", refresh=False)]
    shown = t("feeds_page.shown", n=len(page.records), all=page.total)
    return [table, html.P([shown, *links], className="panel-note")]


def _row(record: Any, is_chosen: bool, place: str, t: Words) -> html.Tr:
    link = dcc.Link(stamp(record.received_at), href=f"?record={record.id}{place}", refresh=False)
    times = f" × {record.times}" if record.times > 1 else ""
    return html.Tr([html.Td(link, className="num"), html.Td(record.source), html.Td([*_reasons(record, t), times]),
                    html.Td(_place(record, t))], className="is-chosen" if is_chosen else "")


def _place(record: Any, t: Words) -> str:
    return " ".join(filter(None, (record.origin, place_in_words(record.position, t))))


def place_in_words(position: str, t: Words) -> str:
    """`line 1, trace 3, event 2` as its reader says it."""
    parts = (part.partition(" ") for part in position.split(", ") if part)
    return t("feeds_page.place_between").join(
        t.first(f"feeds_page.place.{name}", "case.clock.plain", n=number, name=f"{name} {number}") for name, _, number in parts)


def _reason(fault: Any, t: Words) -> Sequence[Any]:
    field = " ".join(filter(None, (fault.field, f"“{fault.value}”" if fault.value else "")))
    words = t.first(f"feed.reason.{fault.code}", "case.clock.plain", name=fault.code)
    return [html.Span(words, className="refused-code"), html.Span(field, className="event-detail")]


def _reasons(record: Any, t: Words) -> Sequence[Any]:
    """The first one, and how many stand beside it."""
    first, *others = record.faults
    more = [html.Span(t("feeds_page.faults_more", n=len(others)), className="event-detail")] if others else []
    return [*_reason(first, t), *more]


def render_record(record: Any, t: Words) -> html.Div:
    """All that is wrong with the record and what can be done about it, where it stands, and the record as it came."""
    state = t.first(f"feeds_page.record_state.{record.state}", "case.clock.plain", name=record.state)
    rows = [("source", record.source), ("where", _place(record, t)), ("received", stamp(record.received_at)), ("state", state)]
    recorded = [html.P(t("feeds_page.recorded"), className="panel-note")] if record.is_recorded else []
    return html.Div([*(_fault(fault, t) for fault in record.faults), *recorded,
                     facts((t(f"feeds_page.{name}"), value) for name, value in rows),
                     html.H3(t("feeds_page.record")), html.Pre(record.raw[:RAW_SHOWN], className="raw")])


def _fault(fault: Any, t: Words) -> html.Div:
    remedy = t.first(f"feed.remedy.{fault.code}", "case.clock.plain", name=fault.remedy)
    told = [("problem", fault.problem), ("remedy", remedy)]
    return html.Div([html.H2(_reason(fault, t)), facts((t(f"feeds_page.{name}"), value) for name, value in told)],
                    className="refused-fault")

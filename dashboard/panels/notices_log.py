"""The delivery log with its filters, and the chosen notice with its attempts. Pure but for `register`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from dash import Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate
from flask import g, has_request_context

from alerts.notices.queries import LogFilter
from alerts.notices.words import NoticeState
from alerts.roster.contacts import Channel
from core.errors import SupervisionError
from dashboard.panels.marks import mark
from dashboard.panels.tables import facts, grid, num
from dashboard.refusals import sentence
from dashboard.times import stamp
from dashboard.words import Words, words_of

HEADS = ("when", "level", "what", "card", "org", "to", "channel", "state", "why")
PAGE, REFRESH_MS = 60, 5_000
LEVEL_NAMES = {1: "warning", 2: "yellow", 3: "red"}
OrgName = Callable[[str], str]


def layout(t: Words, *, may_resend: bool) -> list[Any]:
    """Filters and list on the left, the chosen notice on the right."""
    hidden = [dcc.Location(id="notices-address", refresh=False), dcc.Interval(id="notices-tick", interval=REFRESH_MS),
              dcc.Store(id="notices-changed")]
    said = html.P(id="notices-said", className="form-said", role="status")
    resend = html.Button(t("notices_page.resend"), id="notices-resend", className="button button-main", hidden=True)
    left = html.Section([html.Div([html.H2(t("notices_page.log")), html.Div(id="notices-filters")], className="roster-head"),
                         html.Div(id="notices-log")], className="panel")
    right = html.Section([html.Div(id="notices-chosen"), html.Div(resend, hidden=not may_resend), said],
                         className="panel notices-chosen")
    return [*hidden, html.Div([left, right], className="notices-pair")]


def register(app: Dash, services: Any) -> None:
    def words() -> Words:
        return words_of(services.texts, services.settings.display.language)

    @app.callback(Output("notices-log", "children"), Output("notices-filters", "children"),
                  Input("notices-tick", "n_intervals"), Input("notices-address", "search"), Input("notices-changed", "data"))
    def refresh(_ticks: int | None, search: str | None, _changed: Any) -> tuple[Any, Any]:
        queries, t, wish = services.notices.queries, words(), wish_of(search)
        rows = queries.log(asked_of(search), PAGE)
        return render(rows, wish, services.case_queries.org_name, t), render_filters(wish, queries.counts(_area()), t)

    @app.callback(Output("notices-chosen", "children"), Output("notices-resend", "hidden"), Input("notices-address", "search"),
                  Input("notices-changed", "data"), Input("notices-tick", "n_intervals"))
    def show(search: str | None, _changed: Any, _ticks: int | None) -> tuple[Any, bool]:
        queries, t, number = services.notices.queries, words(), number_of(search, "notice")
        rows = queries.log(LogFilter(before=number + 1, area=_area()), 1) if number is not None else []
        if not rows or rows[0].id != number:
            return html.P(t("notices_page.select"), className="case-none"), True
        return (render_chosen(rows[0], queries.attempts(rows[0].id), services.case_queries.org_name, t),
                rows[0].state != NoticeState.DEAD)

    @app.callback(Output("notices-said", "children"), Output("notices-changed", "data"), Input("notices-resend", "n_clicks"),
                  State("notices-address", "search"), prevent_initial_call=True)
    def resend(clicks: int | None, search: str | None) -> tuple[str, Any]:
        number = number_of(search, "notice")
        if not clicks or number is None:
            raise PreventUpdate
        try:
            services.notices.actions.resend(number, g.actor)
            return words()("notices_page.resent"), clicks
        except SupervisionError as refusal:
            return sentence(refusal, words()), clicks


def _area() -> str:
    actor = g.get("actor") if has_request_context() else None
    return actor.area if actor is not None else ""


def wish_of(search: str | None) -> dict[str, str]:
    """The filters named in the address, those that can be: state, channel, card, before, notice."""
    given = {name: values[0] for name, values in parse_qs((search or "").lstrip("?")).items()}
    known = {"state": set(NoticeState), "channel": set(Channel)}
    return {name: value for name, value in given.items()
            if value in known.get(name, ()) or (name in ("card", "before", "notice") and number_of(search, name) is not None)}


def number_of(search: str | None, name: str) -> int | None:
    text = parse_qs((search or "").lstrip("?")).get(name, [""])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def asked_of(search: str | None) -> LogFilter:
    wish = wish_of(search)
    return LogFilter(wish.get("state", ""), wish.get("channel", ""), number_of(search, "card"), number_of(search, "before"),
                     _area())


def render_filters(wish: Mapping[str, str], counts: Mapping[str, int], t: Words) -> list[Any]:
    """A row of links per filter; states that ask for something bear their count."""
    def link(words: str, change: Mapping[str, str], count: int = 0) -> dcc.Link:
        asked = {**{name: value for name, value in wish.items() if name in ("state", "channel", "card")}, **change}
        is_here = all(wish.get(name, "") == value for name, value in change.items())
        number = [html.B(f"{count:,}", className="num")] if count else []
        return dcc.Link([words, *number], href=f"?{urlencode({k: v for k, v in asked.items() if v})}", refresh=False,
                        className="way-link is-here" if is_here else "way-link")

    states = [link(t("notices_page.all"), {"state": ""}),
              *(link(t(f"notice.state.{state.value}"), {"state": state.value}, counts.get(state.value, 0))
                for state in NoticeState)]
    ways = [link(t("notices_page.all"), {"channel": ""}),
            *(link(t(f"notice.channel.{way.value}"), {"channel": way.value}) for way in Channel)]
    card = [html.Span(link(t("notices_page.one_card", card=wish["card"]), {"card": ""}))] if "card" in wish else []
    return [html.Span(states, className="way-areas"), html.Span(ways, className="way-areas"), *card]


def render(rows: Sequence[Any], wish: Mapping[str, str], org_name: OrgName, t: Words) -> Any:
    """A row per NoticeView, and the way to older ones."""
    if not rows:
        return html.P(t("notices_page.empty"), className="case-none")
    table = grid([t(f"notices_page.{head}") for head in HEADS],
                 (_row(row, wish, org_name, t) for row in rows), class_name="notices-grid")
    older = {**{name: value for name, value in wish.items() if name != "notice"}, "before": str(rows[-1].id)}
    return [table, html.P(dcc.Link(t("feeds_page.older"), href=f"?{urlencode(older)}", refresh=False), className="panel-note")]


def _row(row: Any, wish: Mapping[str, str], org_name: OrgName, t: Words) -> html.Tr:
    link = dcc.Link(stamp(row.created_at), href=f"?{urlencode({**wish, 'notice': row.id})}", refresh=False)
    chosen = "is-chosen" if wish.get("notice") == str(row.id) else ""
    return html.Tr([html.Td(link, className="num"), html.Td(mark(LEVEL_NAMES[row.level], t) if row.card_id else "—"),
                    html.Td(t(f"notice.what.{row.what}")), html.Td(_about(row), className="num"),
                    html.Td(org_name(row.org)), html.Td([html.Strong(row.name or "—"), " ",
                                                         html.Span(t(f"addressee.{row.addressee}"), className="event-detail")]),
                    html.Td(t(f"notice.channel.{row.channel}")),
                    html.Td(t(f"notice.state.{row.state}"), className=f"notice-state notice-{row.state}"),
                    html.Td(_why(row, t), className="event-detail")], className=chosen)


def _about(row: Any) -> Any:
    """The card, as a filter of this list; or the paper or score, where it is; or the number of the case."""
    if row.case_no:
        return row.case_no
    if row.paper.startswith("score:"):
        _, number, org = row.paper.split(":", 2)
        return html.A(row.paper, href=f"/scores/?{urlencode({'scoring': number, 'org': org})}")
    if row.paper:
        return html.A(row.paper, href=f"/orders/?{urlencode({'view': 'papers', 'q': row.paper})}")
    return dcc.Link(f"#{row.card_id}", href=f"?card={row.card_id}", refresh=False)


def _why(row: Any, t: Words) -> str:
    why = t(f"notice.reason.{row.reason}")
    return f"{why} · {row.error}" if row.error and row.state != NoticeState.SENT else why


def render_chosen(row: Any, attempts: Sequence[Any], org_name: OrgName, t: Words) -> html.Div:
    """What was said to whom, and every attempt."""
    rows = [("state", f"{t(f'notice.state.{row.state}')} · {_why(row, t)}"), ("org", org_name(row.org)),
            ("to", f"{row.name or '—'}（{t(f'addressee.{row.addressee}')}）"),
            ("channel", " ".join(filter(None, (t(f"notice.channel.{row.channel}"), row.address)))),
            ("created", stamp(row.created_at, seconds=True)), ("next", stamp(row.next_at, seconds=True) if row.next_at else ""),
            ("ended", stamp(row.ended_at, seconds=True) if row.ended_at else ""),
            ("read", stamp(row.read_at, seconds=True) if row.read_at else ""), ("id", row.uid)]
    words = [html.H3(t("notices_page.words")), html.Pre(row.body, className="raw")] if row.body else []
    return html.Div([html.H2(row.subject or t(f"notice.what.{row.what}")),
                     facts((t(f"notices_page.{name}"), value) for name, value in rows), *words, *_attempts(attempts, t)])


def _attempts(attempts: Sequence[Any], t: Words) -> list[Any]:
    if not attempts:
        return []
    heads = [t(f"notices_page.{head}") for head in ("attempt", "when", "took", "outcome", "detail")]
    return [html.H3(t("notices_page.attempts")), grid(heads, (html.Tr([
        num(str(one.number)), num(stamp(one.at, seconds=True)), num(f"{one.took_ms} ms"),
        html.Td(t(f"notice.outcome.{one.outcome}")), html.Td(one.detail, className="event-detail")]) for one in attempts))]

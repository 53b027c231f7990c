"""Health of every source: is it heard of, how late are its events, what became of them. Pure but for `register`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, dcc, html

from core.instants import SECOND_US
from dashboard.panels.tables import grid, num
from dashboard.times import span_text, stamp
from dashboard.words import Words, words_of

HEADS = ("source", "state", "last_event", "lag", "accepted", "duplicate", "rejected", "waiting")
REFRESH_MS = 5_000


def layout(t: Words) -> html.Section:
    tick = dcc.Interval(id="feeds-tick", interval=REFRESH_MS)
    return html.Section([html.H2(t("feeds_page.sources")), html.Div(id="feeds-sources"), tick], className="panel")


def render(sources: Sequence[Any], t: Words) -> Any:
    """A row per FeedHealth."""
    if not sources:
        return html.P(t("feeds_page.no_sources"), className="case-none")
    heads = [t(f"feeds_page.{name}") for name in HEADS]
    return grid(heads, (_row(source, t) for source in sources), right=range(4, len(HEADS)))


def register(app: Dash, services: Any) -> None:
    @app.callback(Output("feeds-sources", "children"), Input("feeds-tick", "n_intervals"))
    def refresh(_ticks: int | None) -> Any:
        t = words_of(services.texts, services.settings.display.language)
        return render(services.feed_queries.health(services.clock.now_us()), t)


def _row(source: Any, t: Words) -> html.Tr:
    code = [html.Span(source.source, className="event-detail")] if source.name != source.source else []
    state = html.Span(t(f"feed.state.{source.state}"), className=f"feed-state feed-{source.state}")
    lag = "—" if source.lag_s is None else span_text(int(source.lag_s * SECOND_US), t)
    numbers = (source.accepted, source.duplicates, source.rejected, source.open_quarantined)
    return html.Tr([html.Td([html.Strong(source.name), *code]), html.Td(state), num(stamp(source.last_event_at)), num(lag),
                    *(html.Td(f"{number:,}", className="num right") for number in numbers)])

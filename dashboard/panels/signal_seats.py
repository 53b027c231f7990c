"""空座参照, the references of empty seats: which camera has one, the present and the proposed picture side by side. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from dashboard.panels.tables import grid
from dashboard.times import stamp
from dashboard.words import Words


def seats(rows: Sequence[Any], chosen: int | None, t: Words) -> Any:
    """The cameras of windows; those that want a person first."""
    if not rows:
        return html.P(t("signals_page.nothing.seats"), className="case-none")
    return html.Ol([_line(row, row.camera_id == chosen, t) for row in rows], className="finding-lines signal-lines")


def _line(row: Any, is_here: bool, t: Words) -> html.Li:
    state = row.waiting or ("active" if row.active else "none")
    if not row.has_seat:
        state = "no_seat"
    head = html.Span([html.Strong(row.name), html.Span(" ".join((row.hall, row.window)), className="finding-kind")],
                     className="finding-head")
    chip = html.Span(t(f"seat_state.{state}"), className=f"chip seat-{state}")
    return html.Li(dcc.Link([html.Span(className="signal-dot", **{"aria-hidden": "true"}),
                             html.Span([head, chip], className="finding-words")], href=f"?tab=seats&camera={row.camera_id}",
                            refresh=False, className="finding-line is-here" if is_here else "finding-line"))


def pair(references: Sequence[Any], t: Words) -> html.Section:
    """Present and proposed, side by side, and what became of those before."""
    active = next((one for one in references if one.state.value == "active"), None)
    proposed = proposed_of(references)
    asked = any(one.state.value == "asked" for one in references)
    empty = t("signals_page.seat.asked" if asked else "signals_page.seat.none_proposed")
    pictures = html.Div([_picture(active, "present", t("signals_page.seat.none"), t),
                         _picture(proposed, "proposed", empty, t)], className="seat-pair")
    rows = [html.Tr([html.Td(stamp(one.taken_at), className="num"), html.Td(t(f"seat_state.{one.state.value}")),
                     html.Td(t(f"seat_why.{one.reason.value}")), html.Td(one.decided_name or "—"),
                     html.Td(stamp(one.decided_at), className="num"), html.Td(one.comment)]) for one in references]
    heads = [t(f"signals_page.seat.{name}") for name in ("taken", "state", "why", "who", "when", "comment")]
    return html.Section([html.H2(t("signals_page.seat.title")), html.P(t("signals_page.seat.words"), className="panel-note"),
                         pictures, html.H3(t("signals_page.seat.history")), grid(heads, rows)], className="panel finding")


def proposed_of(references: Sequence[Any]) -> Any:
    """The newest that waits for consent; None without one."""
    return next((one for one in references if one.state.value == "proposed"), None)


def _picture(one: Any, name: str, nothing: str, t: Words) -> html.Figure:
    if one is None:
        return html.Figure([html.Div(nothing, className="seat-nothing"), html.Figcaption(t(f"signals_page.seat.{name}"))])
    told = t("signals_page.seat.taken_at", at=stamp(one.taken_at), why=t(f"seat_why.{one.reason.value}"))
    differs = [] if one.difference is None else [t("signals_page.seat.differs", share=f"{one.difference * 100:.0f} %")]
    return html.Figure([html.Img(src=f"/api/v1/video/references/{one.id}/picture.jpg", alt=t(f"signals_page.seat.{name}"),
                                 className="signal-picture"),
                        html.Figcaption([html.Strong(t(f"signals_page.seat.{name}")), html.Span(told), *differs])])

"""Parts of the page of the monthly bulletins: the form, the list, the head of the one shown, what was corrected. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from config.indicators import Indicators
from dashboard.panels.follow_up import link, log
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import facts, grid
from dashboard.times import stamp
from dashboard.words import Words
from evaluation.bulletins.corrections import Correction
from evaluation.bulletins.queries import BulletinRow, Detail
from evaluation.bulletins.schedule import BulletinSchedule, Choice
from evaluation.bulletins.service import FILES

SHOWN_MAX = 60  # corrections; more are counted
ALL = "all"  # what everything is called in a field, where "" would be nothing


def form(months: Sequence[str], areas: Mapping[str, str], t: Words) -> html.Div:
    """Month and area; the newest month that is over is chosen."""
    options: Any = [{"label": month_words(month, t), "value": month} for month in months]
    where: Any = [{"label": name, "value": code or ALL} for code, name in areas.items()]
    first = next(iter(areas), "")
    return html.Div([
        _field("month", dcc.Dropdown(options, months[0], id="bulletins-month", clearable=False, className="edit-choice",
                                     labels=dropdown_words(t)), t),
        _field("area", dcc.Dropdown(where, first or ALL, id="bulletins-area", clearable=False, className="edit-choice",
                                    labels=dropdown_words(t)), t),
        html.Div([html.Button(t("bulletins_page.produce"), id="bulletins-produce", className="button button-main"),
                  html.Span(id="bulletins-made", className="feeds-said", role="status")], className="act-buttons")],
        className="bulletins-form")


def schedule(made: BulletinSchedule, areas: Mapping[str, str], t: Words) -> list[Any]:
    """Of which areas a draft is made by itself, to be put on and off; who changed one that is on last."""
    options: Any = [{"label": name, "value": code or ALL} for code, name in areas.items()]
    choices = {area: one for area, one in made.choices().items() if area in areas}
    last = max(choices.values(), key=lambda one: one.at, default=Choice(False))
    said = t("bulletins_page.chosen_last", name=last.actor_name, at=stamp(last.at)) if last.at else ""
    on = areas_on(made, areas)
    return [html.H2(t("bulletins_page.by_itself")), dcc.Store(id="bulletins-drawn", data=on),
            html.P(t("bulletins_page.by_itself_words", day=made.rules.day, hour=made.rules.hour), className="panel-note"),
            dcc.Checklist(options, on, id="bulletins-scheduled", className="edit-check bulletins-scheduled"),
            html.Div([html.Button(t("bulletins_page.choose_areas"), id="bulletins-choose", className="button"),
                      html.Span(said, id="bulletins-chosen", className="feeds-said", role="status")], className="act-buttons")]


def areas_on(made: BulletinSchedule, areas: Mapping[str, str]) -> list[str]:
    """Those of them whose draft is made by itself, as the list calls them."""
    return [area or ALL for area, one in made.choices().items() if one.is_on and area in areas]


def _field(name: str, control: Any, t: Words) -> html.Div:
    return html.Div([html.Label(t(f"bulletins_page.{name}"), htmlFor=f"bulletins-{name}"), control], className="edit-field")


def month_words(month: str, t: Words) -> str:
    """2026 年 3 月."""
    return t("bulletins_page.month_name", year=month[:4], month=int(month[5:]))


def table(rows: Sequence[BulletinRow], chosen: int, t: Words) -> Any:
    if not rows:
        return html.P(t("bulletins_page.none"), className="case-none")
    heads = [t(f"bulletins_page.head_{name}") for name in ("month", "state", "number")]
    lines = (html.Tr([html.Td(link(row.title, bulletin=str(row.id))), html.Td(chip(row, t)), html.Td(row.number or "—")],
                     className="is-chosen" if row.id == chosen else "") for row in rows)
    return grid(heads, lines, "bulletins-grid")


def chip(row: BulletinRow, t: Words) -> html.Span:
    """Where it stands: published is a standing of its own."""
    state = "published" if row.state == "issued" and row.published_at is not None else row.state
    return html.Span(t(f"bulletin_state.{state}"), className=f"chip bulletin-{state}")


def head(detail: Detail, hashes: Mapping[str, str], t: Words) -> html.Div:
    """Title, standing, who did what when, files with their hashes."""
    row = detail.head
    told = facts([(t("bulletins_page.fact_number"), row.number or ""),
                  (t("bulletins_page.fact_made"), f"{row.made_name} · {stamp(row.made_at)}"),
                  (t("bulletins_page.fact_as_of"), stamp(detail.figures.as_of)),
                  (t("bulletins_page.fact_issued"), f"{row.issued_name} · {stamp(row.issued_at)}" if row.issued_at else ""),
                  (t("bulletins_page.fact_published"), stamp(row.published_at) if row.published_at else ""),
                  (t("bulletins_page.fact_withdrawn"), f"{stamp(row.ended_at)} · {row.reason}" if row.reason else ""),
                  (t("bulletins_page.fact_digest"), row.figures_sha256)])
    public = [html.A(t("bulletins_page.public"), href=f"/public/bulletins/{row.id}/", target="_blank", rel="noopener")]
    return html.Div([html.Div([html.H2(row.title), chip(row, t)], className="bulletins-title"), told,
                     _files(row, hashes, t), *(public if row.published_at is not None else [])])


def _files(row: BulletinRow, hashes: Mapping[str, str], t: Words) -> html.Ul:
    """Taken away by their kind; the hash is there once the file was made."""
    lines = [html.Li([html.A(t(f"bulletins_page.file_{kind}"), href=f"/api/v1/bulletins/{row.id}/files/{kind}",
                             className="export-file"),
                      html.Span(f"SHA-256 {hashes[kind]}", className="digest num") if kind in hashes else
                      html.Span(t("bulletins_page.no_hash" if row.number else "bulletins_page.copy"), className="digest")])
             for kind in FILES]
    return html.Ul(lines, className="bulletins-files")


def corrected(found: Sequence[Correction], indicators: Indicators, t: Words) -> Any:
    """Which figures the record says otherwise by now."""
    if not found:
        return None
    heads = [t(f"bulletins_page.head_{name}") for name in ("unit", "figure", "then", "now")]
    lines = (html.Tr([html.Td(one.name or t("bulletins_page.all_units")), html.Td(figure_words(one, indicators, t)),
                      html.Td(one.then, className="num right"), html.Td(one.now, className="num right")])
             for one in found[:SHOWN_MAX])
    more = len(found) - SHOWN_MAX
    return html.Section([html.H3(t("bulletins_page.corrected", n=len(found))),
                         html.P(t("bulletins_page.corrected_words"), className="panel-note"),
                         grid(heads, lines, "bulletins-corrected", right=(2, 3)),
                         html.P(t("bulletins_page.more", n=more), className="panel-note") if more > 0 else None],
                        className="bulletins-corrections")


def figure_words(one: Correction, indicators: Indicators, t: Words) -> str:
    if one.figure == "place":
        return t("bulletins_page.place")
    label = indicators.figures[one.figure].label.in_language(t.language)
    return t("bulletins_page.by_acceptance", figure=label) if one.by == "acceptance" else label


def history(detail: Detail, t: Words) -> html.Details:
    return html.Details([html.Summary(t("bulletins_page.log")), log(detail.log, "bulletin_action", t)])

"""The form of a scheme: what stands above it, its sections one below the other, and saving it as another. Pure."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.panels import scheme_rows
from dashboard.panels.scheme_fields import FORM, Desk, adder, error, text

UNSAVED = "unsaved"  # what is said of the whole form, beside the sentences of its rows
SECTIONS = ("general", "parts", "bonus", "coefficients", "grades", "vetoes")


def form(code: str, desk: Desk) -> html.Div:
    """Every section of the content; a scheme without a code is one to be made."""
    parts = [scheme_rows.part(desk, name, node) for name, node in desk.content["parts"].items()]
    return html.Div([_head(code, desk), _general(desk),
                     html.Div([*parts, error("parts"), *adder(desk, "parts")], id="scheme-parts"),
                     scheme_rows.bonus(desk), scheme_rows.coefficients(desk), scheme_rows.grades(desk),
                     scheme_rows.vetoes(desk),
                     *([_saving_as(code, desk)] if desk.may_edit else [])])


def _head(code: str, desk: Desk) -> html.Div:
    """Stays in sight: name, full points, what is not saved, the way to each section."""
    t, name = desk.t, desk.content["name"]["zh" if desk.t.language == "zh" else "en"]
    top = sum(_points(part["points"]) for part in desk.content["parts"].values())
    title = html.Header([html.H2(name), html.Span(code, className="edit-id num"),
                         html.Span(t("schemes_page.top", points=f"{top:g}"), className="chip"),
                         html.Span(id={"says": UNSAVED, "of": FORM}, className="chip scheme-unsaved", role="status"),
                         *_discard(desk)], className="edit-head")
    links = [html.A(t(f"scheme_section.{one}"), href=f"#scheme-{one}") for one in SECTIONS]
    return html.Div([title, html.Nav(links, className="scheme-sections")], className="scheme-head")


def _discard(desk: Desk) -> list[html.Button]:
    if not desk.may_edit:
        return []
    return [html.Button(desk.t("scheme_act.discard"), id={"do": "discard", "of": "", "at": ""},
                        className="button scheme-discard")]


def _general(desk: Desk) -> html.Section:
    content = desk.content
    fields = [text(desk, "name.zh", content["name"]["zh"]),
              text(desk, "name.en", content["name"]["en"]),
              text(desk, "appeal_days", content.get("appeal_days", 5)), text(desk, "order", content.get("order", 100)),
              text(desk, "source", content.get("source"))]
    return html.Section([html.Div(fields, className="edit-fields")], id="scheme-general")


def _saving_as(code: str, desk: Desk) -> html.Section:
    """For one that has a code, a code makes it another; one that has none needs it."""
    key = "save_as" if code else "save_new"
    return html.Section([html.H3(desk.t(f"schemes_page.{key}")),
                         html.P(desk.t(f"schemes_page.{key}_words"), className="panel-note"),
                         text(desk, "code", "", name="new_code")], className="scheme-part")


def _points(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0

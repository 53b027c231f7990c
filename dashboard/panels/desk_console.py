"""Frame of the duty desk: places that assets/js/modules/desk_*.mjs fill from the live link."""

from __future__ import annotations

from dash import html

from dashboard.panels.marks import part
from dashboard.words import Words

HEADS = ("level", "what", "org", "limit", "due", "state")
KEYS = (("↑ ↓", "move"), ("A", "sign"), ("Enter", "open"), ("desk.keys.space", "mark"), ("*", "mark_all"), ("/", "search"))


def layout(t: Words, *, may_acknowledge: bool) -> html.Main:
    """Left the list under its filters, right the card one stands on."""
    return html.Main(
        [html.Section([_strip(t), _list(t), _foot(t)], className="desk-left"), _right(t)],
        className="desk-main", **{"data-live": "desk-console", "data-may-acknowledge": str(may_acknowledge).lower()})


def _strip(t: Words) -> html.Div:
    span = part("oldest", html.Strong, "oldest-span num", "—")
    oldest = html.Div([html.Span(t("desk.oldest"), className="oldest-label"), span], className="desk-oldest")
    return html.Div([part("filters", html.Div, "desk-filters"), oldest], className="desk-strip")


def _list(t: Words) -> html.Div:
    mark_all = html.Button("✓", type="button", className="row-check head-check", title=t("desk.list.check_all"),
                           **{"data-part": "all", "aria-label": t("desk.list.check_all")})
    heads = [html.Span(t(f"desk.list.head_{name}"), className=f"head-{name}") for name in HEADS]
    rows = html.Ul(className="desk-list", tabIndex=0, role="listbox",
                   **{"data-part": "list", "aria-label": t("desk.list.label"), "aria-multiselectable": "true"})
    return html.Div([html.Div([mark_all, *heads], className="desk-heads"), rows, part("empty", html.P, "desk-empty")],
                    className="desk-table")


def _foot(t: Words) -> html.Div:
    keys = [html.Span([html.Kbd(t(key) if "." in key else key), t(f"desk.keys.{name}")]) for key, name in KEYS]
    said = html.P(className="desk-said", role="status", **{"data-part": "said", "aria-live": "polite"})
    return html.Div([said, html.Div(keys, className="desk-keys")], className="desk-foot")


def _right(t: Words) -> html.Aside:
    return html.Aside([part("detail", html.Div, "desk-detail"), part("sign", html.Div, "desk-sign")],
                      className="desk-right", **{"aria-label": t("desk.detail.label")})

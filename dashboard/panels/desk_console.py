"""Frame of the duty desk: places that assets/js/modules/desk_*.mjs fill from the live link."""

from __future__ import annotations

from dash import html

from dashboard.panels.marks import part
from dashboard.words import Words

HEADS = ("level", "what", "org", "limit", "due", "state")
KEYS = (("↑ ↓", "move"), ("F8", "next_waiting"), ("F2", "sign"), ("desk.keys.space", "mark"), ("*", "mark_all"),
        ("1–9", "view"), ("/", "search"), ("Enter", "open"))


def layout(t: Words, me: str, places: str, rules: str = "{}") -> html.Main:
    """Left the queue under its filters, right the card one stands on and what can be done with it.

    `me`, `places` and `rules` are JSON: who works here, the departments and items a manual card may name, and the limits of
    the server that the page goes by.
    """
    left = html.Section([_strip(t), part("flood", html.Div, "desk-flood"), _list(t), _foot(t)], className="desk-left")
    return html.Main([left, _right(t), _help()], className="desk-main",
                     **{"data-live": "desk-console", "data-me": me, "data-places": places, "data-rules": rules})


def _strip(t: Words) -> html.Div:
    oldest = [html.Div([html.Span(t(f"desk.{name}"), className="oldest-label"),
                        part(name, html.Strong, f"oldest-span {name}-span num", "—")], className="oldest-figure")
              for name in ("unsigned", "oldest")]
    return html.Div([part("filters", html.Div, "desk-filters"), html.Div(oldest, className="desk-oldest")],
                    className="desk-strip")


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
    more = html.Button([html.Kbd("?"), t("desk.keys.help")], type="button", className="keys-more", **{"data-part": "help-open"})
    said = html.P(className="desk-said", role="status", **{"data-part": "said", "aria-live": "polite"})
    return html.Div([said, html.Div([*keys, more], className="desk-keys")], className="desk-foot")


def _right(t: Words) -> html.Aside:
    return html.Aside([part("detail", html.Div, "desk-detail"), part("act", html.Div, "desk-act")],
                      className="desk-right", **{"aria-label": t("desk.detail.label")})


def _help() -> html.Dialog:
    return html.Dialog(className="help-sheet", **{"data-part": "help"})

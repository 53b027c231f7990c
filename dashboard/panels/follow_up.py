"""What the pages of orders and complaints share: figures that filter, a log, and the form of the actions a person may take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from dash import dcc, html

from dashboard.times import stamp
from dashboard.words import Words


def asked(search: str | None) -> dict[str, str]:
    """The address as plain values: ?view=papers&no=… ."""
    return {name: values[0] for name, values in parse_qs((search or "").lstrip("?")).items()}


def number_in(text: str) -> int:
    """The number of a paper or card in an address; 0 when there is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0


def link(words: Any, class_name: str = "", **query: str) -> dcc.Link:
    """A link to the same page with this query; empty values are left out."""
    kept = {name: value for name, value in query.items() if value}
    return dcc.Link(words, href=f"?{urlencode(kept)}" if kept else "?", refresh=False, className=class_name)


def figures(rows: Iterable[tuple[str, int, str, str, bool]]) -> html.Nav:
    """(name, count, standing, tone, is chosen): each a figure that shows what it counts."""
    return html.Nav([link([html.B(str(count), className="num"), html.Span(name)],
                          f"figure tone-{tone}{' is-chosen' if chosen else ''}", standing=standing)
                     for name, count, standing, tone, chosen in rows], className="figures")


def views(names: Sequence[tuple[str, str]], chosen: str) -> html.Nav:
    """The tabs of a page."""
    return html.Nav([link(words, "tab" + (" is-chosen" if name == chosen else ""), view=name) for name, words in names],
                    className="tabs")


def flat(values: Iterable[Any]) -> list[Any]:
    """Outputs in one row, as Dash wants them: lists within are laid out."""
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def light(name: str, words: str) -> html.Span:
    """A light with its word; its shape differs as well as its colour."""
    return html.Span([html.I(className=f"lamp lamp-{name}"), words], className="lamp-words")


def log(entries: Iterable[Any], group: str, t: Words) -> html.Ol:
    """What was done, newest first: when, by whom, in which words."""
    return html.Ol([_entry(entry, group, t) for entry in reversed(list(entries))], className="life")


def _entry(entry: Any, group: str, t: Words) -> html.Li:
    head = [html.Span(stamp(entry.at), className="num life-at"), html.Strong(t(f"{group}.{entry.action}")),
            html.Span(entry.actor_name, className="life-who")]
    return html.Li([html.Div(head, className="life-head"), html.P(entry.words) if entry.words else None])


def buttons(page: str, actions: Sequence[str], group: str, t: Words, main: Sequence[str] = ()) -> html.Div:
    """A button for every action there is; those not allowed now are hidden, and the server refuses them all the same."""
    return html.Div([html.Button(t(f"{group}.{action}"), id=f"{page}-do-{action}", hidden=True,
                                 className="button button-main" if action in main else "button") for action in actions],
                    className="act-buttons")


def words_field(page: str, t: Words) -> html.Div:
    return html.Div([html.Label(t("follow_page.words"), htmlFor=f"{page}-words"),
                     dcc.Textarea(id=f"{page}-words", className="act-words", spellCheck=False)], className="act-field")


def choice(page: str, name: str, group: str, codes: Iterable[str], t: Words) -> html.Div:
    """One of a few, e.g. what was found; shown when an action needs it."""
    options: Any = [{"label": t(f"{group}.{code}"), "value": code} for code in codes]
    return html.Div([html.Label(t(f"follow_page.{name}")), dcc.RadioItems(options, id=f"{page}-{name}",
                                                                          className="act-choice")],
                    id=f"{page}-{name}-field", className="act-field", hidden=True)

"""Two small arrangements the staff pages share: a table with heads, and a list of facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dash import html


def grid(heads: Sequence[str], rows: Iterable[html.Tr], class_name: str = "", right: Sequence[int] = ()) -> html.Table:
    """A table; the heads at the places in `right` stand over numbers."""
    cells = [html.Th(head, scope="col", className="right" if at in right else "") for at, head in enumerate(heads)]
    return html.Table([html.Thead(html.Tr(cells)), html.Tbody(list(rows))], className=f"grid {class_name}".strip())


def facts(rows: Iterable[tuple[str, Any]]) -> html.Dl:
    """Name and value of every row that has a value."""
    known = [(name, value) for name, value in rows if value]
    return html.Dl([part for name, value in known for part in (html.Dt(name), html.Dd(value, className="num"))],
                   className="facts")


def num(text: str) -> html.Td:
    """A cell whose figures stand in columns."""
    return html.Td(text, className="num")

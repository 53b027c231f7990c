"""The list of 对账 with its period, its sums and its lines, and the same as a table to take away. Pure but for names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlencode

from dash import dcc, html

from approval.charging.queries import SETTLED, Finding, Line
from approval.payments.matters import yuan
from dashboard.panels.downloads import KINDS
from dashboard.panels.tables import grid, num
from dashboard.times import begin_of, day_in, stamp
from dashboard.words import Words
from evaluation.spreadsheets import Sheet

HEADS = ("finding", "case", "org", "item", "fee", "amount", "charged", "way", "reference", "settled", "receipt", "by")
AMOUNT = HEADS.index("amount")
FeeName = Callable[[Line], tuple[str, str, str]]  # unit, item, fee


def wish_of(search: str | None, today: date) -> dict[str, str]:
    """The period (this month unless said) and whether only what does not match is wanted."""
    given = {name: values[0].strip()[:20] for name, values in parse_qs((search or "").lstrip("?")).items()}
    first, last = day_in(given.get("since", "")), day_in(given.get("until", ""))
    return {"since": (first or today.replace(day=1)).isoformat(), "until": (last or today).isoformat(),
            "show": "all" if given.get("show") == "all" else "open"}


def span_of(wish: Mapping[str, str]) -> tuple[int, int]:
    """Days are those of Beijing, the last one included."""
    since, until = begin_of(wish["since"], 0), begin_of(wish["until"], 1)
    assert since is not None
    assert until is not None
    return since, until


def form(wish: Mapping[str, str], t: Words) -> html.Form:
    """A plain GET form, so that an address of what was found can be kept."""
    parts = [dcc.Link(t(f"charges.show.{show}"), href=f"?{urlencode({**wish, 'show': show})}", refresh=False,
                      className=f"way-link{' is-here' if wish['show'] == show else ''}") for show in ("open", "all")]
    inputs = [html.Label([html.Span(t(f"charges.{name}")), dcc.Input(
        name=name, value=wish[name], type="date", className="field", id=f"charges-{name}")]) for name in ("since", "until")]
    files = [html.A(t(f"charges.take.{kind}"), href=f"/charges/export.{kind}?{urlencode(wish)}", className="button")
             for kind in KINDS]
    return html.Form([html.Span(parts, className="way-areas"), html.Div([
        dcc.Input(name="show", value=wish["show"], type="hidden", id="charges-show"), *inputs,
        html.Button(t("charges.go"), type="submit", className="button button-main"), *files], className="audit-filters")],
        action="/charges/", method="GET", className="audit-form")


def sums(lines: Sequence[Line], t: Words) -> html.P:
    """How many lines there are of each finding, and what they come to."""
    counts = Counter(line.finding for line in lines)
    told = [t("charges.sum", finding=t(f"charges.finding.{one.value}"), n=counts[one],
              amount=yuan(sum(line.amount_fen for line in lines if line.finding is one))) for one in Finding if counts[one]]
    return html.P("；".join(told), className="panel-note", id="charges-sums")


def table(lines: Sequence[Line], named: FeeName, t: Words) -> Any:
    if not lines:
        return html.P(t("charges.none"), className="case-none")
    return grid([t(f"charges.head.{head}") for head in HEADS], (_row(line, named, t) for line in lines), right=(AMOUNT,))


def sheet(lines: Sequence[Line], named: FeeName, wish: Mapping[str, str], t: Words) -> Sheet:
    """The same as a table to take away; amounts are numbers."""
    rows = []
    for line in lines:
        texts: list[Any] = _texts(line, named, t)
        texts[AMOUNT] = line.amount_fen / 100
        rows.append(texts)
    words = [t("charges.title"), f"{wish['since']} — {wish['until']} · {t('charges.show.' + wish['show'])}"]
    formats = ["0.00" if head == "amount" else "" for head in HEADS]
    return Sheet(t("charges.title"), words, [t(f"charges.head.{head}") for head in HEADS], rows, formats)


def _row(line: Line, named: FeeName, t: Words) -> html.Tr:
    texts = _texts(line, named, t)
    look = "chip chip-ok" if line.finding in SETTLED else "chip"
    case = html.A(line.case_no, href=f"/hosted/?no={line.case_no}")
    return html.Tr([html.Td(html.Span(texts[0], className=look)), html.Td(case, className="num"),
                    *(html.Td(text) for text in texts[2:AMOUNT]), html.Td(texts[AMOUNT], className="num right"),
                    *(num(text) for text in texts[AMOUNT + 1:])])


def _texts(line: Line, named: FeeName, t: Words) -> list[str]:
    way = t(f"charges.way.{line.way}") if line.way else "—"
    settled = "—" if line.settled_at is None else stamp(line.settled_at)
    return [t(f"charges.finding.{line.finding.value}"), line.case_no, *named(line), yuan(line.amount_fen),
            stamp(line.charged_at), way, line.reference or "—", settled, line.receipt_no or "—", line.by or "—"]

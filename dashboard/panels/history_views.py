"""A question to the deep history as a form, its answer as a table and as a file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dash import dcc, html

from cases.events import EventKind
from config.indicators import Indicators
from dashboard.panels.downloads import KINDS
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import grid
from dashboard.words import Words
from evaluation.history.asking import Asked, Subject, address_of
from evaluation.history.questions import Answer, By, Dated
from evaluation.spreadsheets import Sheet, Value

SHOWN_MAX = 500
FIELDS = ("subject", "by", "from", "to", "dated", "area", "org", "item", "kinds")
_NAMED = (By.AREA, By.ORG, By.ITEM)
_SHARES, _DAYS, _COUNT = "0.0%", "0.0", "#,##0"
Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer: its head, Excel's format ("": text), and what a value of it is called."""

    head: str
    form: str
    told: Callable[[Any], Value]


# The form ------------------------------------------------------------------------------------------------------------------


def form(areas: Names, orgs: Names, items: Names, t: Words) -> html.Div:
    """Choices have the names people know; codes are what is asked for."""
    every = t("history_page.every")
    rows = [
        _field("subject", _choice("subject", _words(Subject, "history_subject", t), t, value=Subject.RATES.value,
                                  clearable=False), t),
        _field("by", _choice("by", _words(By, "history_page.column", t), t, multi=True, value=[By.ORG.value],
                             placeholder=t("history_page.together")), t),
        _field("from", _date("from"), t), _field("to", _date("to"), t),
        _field("area", _choice("area", _options(areas), t, placeholder=every), t),
        _field("org", _choice("org", _options(orgs), t, placeholder=every), t),
        _field("item", _choice("item", _options(items), t, placeholder=every), t),
        html.Div(_field("dated", dcc.RadioItems(_words(Dated, "history_dated", t), Dated.CLOSED.value, id="past-dated",
                                                className="act-choice"), t), id="past-dated-part"),
        html.Div(_field("kinds", _choice("kinds", _words(EventKind, "event_kind", t), t, multi=True, placeholder=every), t),
                 id="past-kinds-part", hidden=True)]
    acts = [html.Button(t("history_page.ask"), id="past-ask", className="button button-main"),
            html.Button(t("history_page.stop"), id="past-stop", className="button", hidden=True),
            html.Span(id="past-said", className="feeds-said", role="status")]
    return html.Div([html.Div(rows, className="exports-fields"), html.Div(acts, className="act-buttons")])


def splits(subject: Subject, known: Sequence[By], t: Words) -> list[dict[str, str]]:
    """What an answer about this subject may be told apart by."""
    return _words(known, "history_page.column", t)


def _field(name: str, control: Any, t: Words) -> html.Div:
    return html.Div([html.Label(t(f"history_page.{name}"), htmlFor=f"past-{name}"), control], className="edit-field")


def _choice(name: str, options: Sequence[Any], t: Words, **more: Any) -> dcc.Dropdown:
    given = {"multi": False, "placeholder": "", "value": None, "clearable": True, **more}
    return dcc.Dropdown(id=f"past-{name}", options=list(options), searchable=len(options) > 8, className="edit-choice",
                        labels=dropdown_words(t), **given)


def _date(name: str) -> dcc.Input:
    return dcc.Input(id=f"past-{name}", type="date", className="field edit-input")


def _options(names: Names) -> list[dict[str, str]]:
    return [{"label": name, "value": code} for code, name in names.items()]


def _words(codes: Any, group: str, t: Words) -> list[dict[str, str]]:
    return [{"label": t(f"{group}.{code.value}"), "value": code.value} for code in codes]


# The answer ----------------------------------------------------------------------------------------------------------------


def answer_table(asked: Asked, answer: Answer, given: Mapping[str, str], names: Names, indicators: Indicators, t: Words) -> Any:
    """The first rows with what may be taken away, and up to where the store knows."""
    columns = columns_of(asked, answer, names, indicators, t)
    said = html.P([t("history_page.told", rows=f"{len(answer.rows):,}", head=f"{answer.head:,}", ms=f"{answer.took_ms:,}"),
                   " ", *_cut(answer, t)], className="panel-note")
    query = address_of(given)
    files = html.Div([html.A(t(f"file_page.{kind}"), href=f"/history/answer.{kind}?{query}", className="button")
                      for kind in KINDS], className="comparison-exports")
    if not answer.rows:
        return html.Div([said, html.P(t("history_page.none"), className="case-none")])
    rows = (html.Tr([_cell(column, value) for column, value in zip(columns, row, strict=True)])
            for row in answer.rows[:SHOWN_MAX])
    return html.Div([html.Div([said, files], className="webhooks-line"),
                     html.Div(grid([one.head for one in columns], rows, "history-grid", [
                         at for at, one in enumerate(columns) if one.form]), className="comparison-scroll")])


def sheet(asked: Asked, answer: Answer, names: Names, indicators: Indicators, t: Words) -> Sheet:
    """All rows; beside a name stands its code."""
    columns = columns_of(asked, answer, names, indicators, t)
    coded = [str(by) in _NAMED for by in answer.columns]
    heads, formats = list[str](), list[str]()
    for column, has_code in zip(columns, coded, strict=True):
        heads += [column.head, t("history_page.code", of=column.head)] if has_code else [column.head]
        formats += [column.form, ""] if has_code else [column.form]
    rows = [[one for column, value, has_code in zip(columns, row, coded, strict=True)
             for one in ((column.told(value), value) if has_code else (column.told(value),))] for row in answer.rows]
    words = [t(f"history_subject.{asked.subject.value}"), _period(asked, t),
             t("history_page.told", rows=f"{len(answer.rows):,}", head=f"{answer.head:,}", ms=f"{answer.took_ms:,}"),
             *_cut(answer, t)]
    return Sheet(t("history_page.title"), words, heads, rows, formats)


def columns_of(asked: Asked, answer: Answer, names: Names, indicators: Indicators, t: Words) -> list[Column]:
    """Splits first, then figures."""
    splits_of = set(asked.question.by)
    return [_split(By(name), names, t) if name in splits_of else _figure(name, indicators, t) for name in answer.columns]


def _split(by: By, names: Names, t: Words) -> Column:
    words = {By.KIND: "event_kind", By.STATE: "state", By.OUTCOME: "history_outcome"}.get(by)

    def told(value: Any) -> Value:
        if value is None:
            return None
        if isinstance(value, date):
            return f"{value:%Y-%m}"
        return t(f"{words}.{value}") if words else names.get(str(value), str(value)) if by in _NAMED else str(value)

    return Column(t(f"history_page.column.{by.value}"), "", told)


def _figure(name: str, indicators: Indicators, t: Words) -> Column:
    known = indicators.indicators.get(name)
    if name.endswith("_rate"):
        return Column(known.label.in_language(t.language) if known else name, _SHARES, _as_it_is)
    if name.startswith("q"):
        return Column(t("history_page.quantile", share=f"{float(name[1:]) * 100:g}"), _DAYS, _as_it_is)
    return Column(t(f"history_page.column.{name}"), _COUNT, _as_it_is)


def _as_it_is(value: Any) -> Value:
    return None if value is None else float(value) if isinstance(value, float) else int(value)


def _cell(column: Column, value: Any) -> html.Td:
    told = column.told(value)
    if told is None:
        return html.Td("—", className="num right is-quiet" if column.form else "is-quiet")
    if isinstance(told, str):
        return html.Td(told)
    text = f"{told:.1%}" if column.form == _SHARES else f"{told:,.1f}" if column.form == _DAYS else f"{told:,}"
    return html.Td(text, className="num right")


def _period(asked: Asked, t: Words) -> str:
    since, until = asked.question.since, asked.question.until
    return t("history_page.period", since=since.isoformat() if since else "…", until=until.isoformat() if until else "…",
             dated=t(f"history_dated.{asked.dated.value}" if asked.subject is not Subject.EVENTS else "history_dated.written"))


def _cut(answer: Answer, t: Words) -> list[str]:
    return [t("history_page.cut")] if answer.is_cut else []

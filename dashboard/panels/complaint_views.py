"""Complaints as seen: the list, and one with its facts, text, answer and life."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from dashboard.panels.follow_up import asked, figures, light, link, log
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.tables import facts, grid, num
from dashboard.times import due_stamp, stamp
from dashboard.words import Words

HEADS = ("no", "about", "unit", "handler", "term", "state")


def figure_row(counts: dict[str, int], standing: str, t: Words) -> html.Nav:
    rows = (("open", "info"), ("late", "late"), ("to_call", "near"), ("all", "plain"))
    return figures([(t(f"complaints_page.{name}"), counts[name], "" if name == "all" else name, tone,
                     standing == ("" if name == "all" else name)) for name, tone in rows])


def table(rows: Sequence[Any], total: int, query: dict[str, str], now_us: int, org_name: Any, t: Words) -> Any:
    """A row a complaint, what is owed soonest first."""
    if not rows:
        return html.P(t("complaints_page.none"), className="case-none")
    heads = [t(f"complaints_page.head.{name}") for name in HEADS]
    found = grid(heads, (_row(row, query, now_us, org_name, t) for row in rows), "follow-grid")
    return [found, html.P(t("follow_page.shown", n=len(rows), all=total), className="panel-note")]


def _row(row: Any, query: dict[str, str], now_us: int, org_name: Any, t: Words) -> html.Tr:
    kept = {name: query.get(name, "") for name in ("standing", "kind")}
    about = html.Div([html.Strong(row.title), html.Span(f"{t(f'complaint_kind.{row.kind}')} · "
                                                        f"{t(f'complaint_category.{row.category}')}")], className="two-lines")
    lamp = row.light(now_us)
    state = light(lamp, t(f"complaint_state.{row.state}"))
    return html.Tr([html.Td(link(row.no, "num", no=row.no, **kept)), html.Td(about), html.Td(org_name(row.org)),
                    html.Td(t(f"complaint_body.{row.route}")), _term(row.term(), lamp), html.Td(state)],
                   className="is-chosen" if query.get("no") == row.no else "")


def _term(term: int | None, lamp: str) -> html.Td:
    return html.Td(due_stamp(term), className=f"num term-{lamp}")


def detail(found: Any, now_us: int, org_name: Any, t: Words, may_read_identity: bool) -> html.Div:
    """One complaint. Who reported is not in it; a person who may asks below, with his reason."""
    head = found.head
    n = len(found.earlier) + 1
    again = [html.Span(t("complaints_page.round", n=n), className="chip chip-acked")] if n > 1 else []
    title = html.Header([html.Div([light(head.light(now_us), t(f"complaint_state.{head.state}")), *again,
                                   html.Span(t(f"complaint_kind.{head.kind}"), className="chip"),
                                   html.Span(t("complaints_page.named" if head.is_named else "complaints_page.anonymous"),
                                             className="chip")], className="detail-lights"),
                         html.H2(head.title), html.P(head.no, className="case-number num")])
    asked_for = t("complaints_page.asked_days", n=found.asked_days) if found.asked_days else ""
    rows = [("category", t(f"complaint_category.{head.category}")), ("unit", org_name(head.org)),
            ("handler", t(f"complaint_body.{head.route}")), ("about_case", head.about_case), ("filed_at", stamp(head.filed_at)),
            ("accept_due", due_stamp(head.accept_due_at) if head.state == "received" else ""), ("due", _due(found, t)),
            ("extended", t("complaints_page.days", n=found.extra_days) if found.extra_days else ""), ("asked", asked_for),
            ("finding", t(f"complaint_finding.{head.finding}") if head.finding else ""),
            ("satisfaction", t(f"complaint_satisfaction.{head.satisfaction}") if head.closed_at and head.satisfaction else "")]
    answer = [html.H3(t("complaints_page.answer")), html.P(found.answer, className="said")] if found.answer else []
    before = [part for one in reversed(found.earlier) for part in _earlier(one, t)]
    sealed = _sealed(found, may_read_identity, t)
    return html.Div([title, facts((t(f"complaints_page.fact.{name}"), value) for name, value in rows),
                     html.H3(t("complaints_page.content")), html.P(found.content, className="said"), *answer, *before, *sealed,
                     html.H3(t("follow_page.life")), log(found.log, "complaint_action", t)], className="follow-detail")


def _due(found: Any, t: Words) -> str:
    """Of one opened again: that its term is a new one, which runs."""
    due = due_stamp(found.head.due_at)
    return t("complaints_page.due_again", due=due) if found.earlier and found.head.term() is not None else due


def _earlier(one: Any, t: Words) -> list[Any]:
    """An answer of a round that is over, with its day, what was found, and what the reporter said of it."""
    said = [t("complaints_page.earlier", n=one.n, at=stamp(one.answered_at)),
            t(f"complaint_finding.{one.finding}") if one.finding else "",
            t(f"complaint_satisfaction.{one.satisfaction}") if one.satisfaction else ""]
    return [html.H3(" · ".join(filter(None, said))), html.P(one.answer, className="said")]


def _sealed(found: Any, may_read: bool, t: Words) -> list[Any]:
    if not found.has_reporter:
        return []
    return [html.P(t("complaints_page.sealed_may" if may_read else "complaints_page.sealed"), className="sealed")]


def reporter(told: Any, t: Words) -> html.Div:
    """Who reported, for this one look."""
    rows = [("name", told.name), ("phone", told.phone), ("address", told.address), ("id_number", told.id_number),
            ("original", told.original)]
    return html.Div([facts((t(f"complaints_page.reporter.{name}"), value) for name, value in rows)], className="sealed-open")


def filing_form(units: Sequence[tuple[str, str]], categories: dict[str, Sequence[str]], t: Words) -> html.Div:
    """Taking in what came by phone, letter or visit."""
    kinds: Any = [{"label": t(f"complaint_kind.{kind}"), "value": kind} for kind in ("complaint", "consultation")]
    options: Any = [{"label": name, "value": code} for code, name in units]
    channels: Any = [{"label": t(f"complaints_page.channel.{name}"), "value": name} for name in ("phone", "visit", "letter")]
    who = [_field(f"complaint-{name}", t(f"complaints_page.reporter.{name}")) for name in ("name", "phone", "address")]
    return html.Div([
        html.H2(t("complaints_page.new")), html.P(t("complaints_page.new_words"), className="panel-note"),
        html.Div([
            _labelled(t("complaints_page.fact.kind"), dcc.RadioItems(kinds, "complaint", id="complaint-kind",
                                                                     className="act-choice")),
            _labelled(t("complaints_page.fact.channel"), dcc.RadioItems(channels, "phone", id="complaint-channel",
                                                                        className="act-choice")),
            _labelled(t("complaints_page.fact.category"), dcc.RadioItems(
                categories_of("complaint", categories, t), id="complaint-category", className="act-choice")),
            _labelled(t("complaints_page.fact.unit"), dcc.Dropdown(options, id="complaint-org",
                                                                   placeholder=t("complaints_page.choose_unit"),
                                                                   labels=dropdown_words(t))),
            _field("complaint-title", t("complaints_page.fact.title")),
            _field("complaint-case", t("complaints_page.fact.about_case")),
            html.Div(_labelled(t("complaints_page.content"), dcc.Textarea(id="complaint-content", className="act-words")),
                     className="wide"),
            html.Div([html.H3(t("complaints_page.who")), html.P(t("complaints_page.who_words"), className="panel-note"),
                      html.Div(who, className="form-grid")], className="wide sealed-form"),
        ], className="form-grid"),
        html.Div([html.Button(t("complaints_page.file"), id="complaint-file", className="button button-main"),
                  html.Span(id="complaint-filed", className="feeds-said", role="status")], className="act-buttons")])


def categories_of(kind: str, categories: dict[str, Sequence[str]], t: Words) -> Any:
    return [{"label": t(f"complaint_category.{code}"), "value": code} for code in categories.get(kind, ())]


def _field(name: str, words: str) -> html.Div:
    return _labelled(words, dcc.Input(id=name, className="field", autoComplete="off"))


def _labelled(words: str, control: Any) -> html.Div:
    return html.Div([html.Label(words), control], className="act-field")


__all__ = ["asked", "categories_of", "detail", "figure_row", "filing_form", "num", "reporter", "table"]

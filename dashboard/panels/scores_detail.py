"""One department: its parts, under each the lines that made it, every line open to what is behind it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dash import html

from config.indicators import Indicators
from config.scoring import BONUS, FaultyRule, Scheme, ShorteningRule
from core.instants import date_of
from dashboard.panels.case_search import address_of
from dashboard.panels.scores_bounds import floor_words, vetoes_of
from dashboard.panels.scores_table import grade_chip
from dashboard.panels.scores_view import View
from dashboard.times import due_stamp, stamp
from dashboard.words import Words
from evaluation.scoring.grading import APPEAL, Line
from evaluation.scoring.queries import AppealRow, EntryRow
from evaluation.scoring.rows import DepartmentRow
from evaluation.scoring.wording import number_of, signed, total_of
from evaluation.wording import value_text

SHOWN = 60       # keys of one line that are shown at once
FURTHER = 600    # and each time more are asked for: a line may rest on twenty thousand
LINES_APART = 3  # of one rule; more stand behind their sum


@dataclass(frozen=True, slots=True)
class Names:
    """What keys are called: departments, items, entries by their number; and the numbers of the cases of cards."""

    org: Callable[[str], str]
    item: Callable[[str], str]
    entries: Mapping[int, EntryRow]
    indicators: Indicators
    cases: Mapping[int, str]


def detail(view: View, names: Names, t: Words) -> list[Any]:
    """Head, parts with their lines, bonus."""
    row = view.opened
    if row is None:
        return [html.P(t("scores_page.choose"), className="case-none")]
    appeals = {appeal.line: appeal for appeal in view.appeals if appeal.org == row.org}
    parts = [_part(code, row, view, appeals, names, t) for code in view.scheme.parts]
    added = signed(row.bonus) if row.bonus else "0"
    bonus = _section(t("scores_page.bonus"), added, _numbered(view.lines, BONUS), view, appeals, names, t)
    return [_head(row, view, names, t), html.Div([*parts, bonus], className="score-parts")]


def _head(row: DepartmentRow, view: View, names: Names, t: Words) -> html.Header:
    counted = sum(other.total is not None for other in view.rows)
    place = "place_of" if counted > 1 else "place_only"
    facts = [t(f"scores_page.{place}", place=row.place or "—", n=counted)]
    if view.state != "period":
        facts.append(t("scores_page.accepted", n=f"{row.accepted:,}"))
    if row.first_total is not None and row.first_total != row.total:
        facts.append(t("scores_page.first_total", total=total_of(row.first_total)))
    notes = [html.P(words, className="score-note") for words in _notes(row, view, t)]
    title = html.Div([html.H2(names.org(row.org)), grade_chip(view.scheme, row.grade, t)])
    return html.Header([html.Div([title, html.P(" · ".join(facts), className="panel-note"), *notes]),
                        html.Strong(total_of(row.total), className="score-big num")], className="score-head")


def _notes(row: DepartmentRow, view: View, t: Words) -> list[str]:
    told = vetoes_of(row, view.scheme, view.lines, t)
    if row.org in view.present:
        told.append(t("scores_page.present_note", total=total_of(view.present[row.org]), published=total_of(row.total)))
    coefficient = view.scheme.coefficients.get(row.org)
    return [*told, *([t("scores_page.coefficient", n=str(coefficient))] if coefficient is not None else [])]


def _part(code: str, row: DepartmentRow, view: View, appeals: Mapping[int, AppealRow], names: Names, t: Words) -> html.Section:
    part, rule = row.parts.get(code), view.scheme.parts[code]
    label, lines = rule.label.in_language(t.language), _numbered(view.lines, code)
    if part is None or (not part.is_graded and not lines):
        top = number_of(int(rule.points * 100))
        return _section(label, t("scores_page.of_top", points="—", top=top), [], view, appeals, names, t,
                        note=t("scores_page.ungraded", points=top))
    note = floor_words(part, rule, [line for _, line in lines], code, view, t)
    points = t("scores_page.of_top", points=number_of(part.points), top=number_of(part.top))
    return _section(label, points, lines, view, appeals, names, t, note=note)


def _section(label: str, points: str, lines: Sequence[tuple[int, Line]], view: View, appeals: Mapping[int, AppealRow],
             names: Names, t: Words, note: str = "") -> html.Section:
    rows = [row for run in _runs(lines) for row in _run(run, view, appeals, names, t)]
    notes = [html.P(note, className="panel-note")] if note else []
    return html.Section([html.H3([html.Span(label), html.Span(points, className="num")]), *rows, *notes],
                        className="score-part" + ("" if rows else " is-whole"))


def _run(run: Sequence[tuple[int, Line]], view: View, appeals: Mapping[int, AppealRow], names: Names, t: Words) -> list[Any]:
    """Lines of one rule; many of them behind one that adds them up."""
    rows = [_line(number, line, view, appeals.get(number), names, t) for number, line in run]
    if len(rows) <= LINES_APART:
        return rows
    added = sum(line.points for _, line in run)
    points = html.Strong(signed(added), className="num " + ("score-minus" if added < 0 else "score-plus"))
    summary = html.Summary([points, html.Span(label_of(run[0][1], view, t)), html.Small(t("scores_page.lines", n=len(rows)))])
    return [html.Details([summary, html.Div(rows, className="score-run")], className="score-line",
                         open=any(number in appeals for number, _ in run))]


def _runs(lines: Sequence[tuple[int, Line]]) -> list[list[tuple[int, Line]]]:
    return [list(run) for _, run in groupby(lines, lambda one: one[1].rule)]


def _line(number: int, line: Line, view: View, appeal: AppealRow | None, names: Names, t: Words) -> html.Details:
    chips = [] if appeal is None else [
        html.Span(t(f"score_appeal_state.{appeal.state}"), className=f"chip score-appeal is-{appeal.state}")]
    points = html.Strong(signed(line.points), className="num " + ("score-minus" if line.points < 0 else "score-plus"))
    summary = html.Summary([points, html.Span(label_of(line, view, t)), *chips,
                            html.Small(basis_of(line, view.scheme, names, t))])
    told = [_appeal_words(appeal, t)] if appeal else []
    return html.Details([summary, *told, *evidence(number, line, 0, names, t)], id=f"score-line-{number}",
                        className="score-line" + (" is-returned" if _is_returned(number, view.lines) else ""))


def label_of(line: Line, view: View, t: Words) -> str:
    """What the line is for."""
    if line.rule == APPEAL and line.of is not None:
        return t("scores_page.given_back", n=line.of + 1)
    rule = view.scheme.rules.get(line.rule)
    return rule.label.in_language(t.language) if rule is not None else line.rule


def named_line(line: Line, view: View, names: Names, t: Words) -> str:
    """The line among others of its rule: what it is for, its points, and the first card, case or entry it rests on."""
    kind, _, rest = (line.evidence[0] if line.evidence else "").partition(":")
    about = names.cases.get(int(rest), "") if kind == "card" else t("scores_page.entry", n=rest) if kind == "entry" else ""
    return f"{label_of(line, view, t)} {signed(line.points)}" + (f" · {about}" if about else "")


def basis_of(line: Line, scheme: Scheme, names: Names, t: Words) -> str:
    """What a share was made of, or how many things it rests on."""
    rule = scheme.rules.get(line.rule)
    if isinstance(rule, ShorteningRule) and line.above is not None:
        return f"{line.above * 100:.1f} %"
    if line.above is not None and line.below:
        ratio = f"{line.above:,.0f} ÷ {line.below:,.0f}"
        if isinstance(rule, FaultyRule):
            return f"{line.above / line.below * 100:.1f} %（{ratio}）"
        indicator = names.indicators.find(rule.indicator) if rule is not None and hasattr(rule, "indicator") else None
        if indicator is not None:
            scale = indicator.scale
            return f"{value_text(indicator, line.above / line.below * scale, t)}（{ratio}）"
    return t("scores_page.rests_on", n=len(line.evidence)) if len(line.evidence) > 1 else ""


def shown_of(line: Line, start: int) -> Sequence[str]:
    """The keys that are shown together from there on."""
    return line.evidence[start:start + (FURTHER if start else SHOWN)]


def evidence(number: int, line: Line, start: int, names: Names, t: Words) -> list[Any]:
    """What it rests on from there on, and the way to what follows."""
    keys = shown_of(line, start)
    shown = [html.Li(_key(key, names, t)) for key in keys] or [html.Li(t("scores_page.no_evidence"))]
    left, after = len(line.evidence) - start - len(keys), start + len(keys)
    place = {"line": number, "after": after}
    more = html.Button(t("scores_page.more", n=f"{left:,}"), id={"evidence": "more", **place}, type="button",
                       className="button")
    rest = [html.Div(more, id={"evidence": "rest", **place}, className="score-more")] if left else []
    return [html.Ul(shown, className="score-evidence"), *rest]


def _key(key: str, names: Names, t: Words) -> Any:
    kind, _, rest = key.partition(":")
    if kind == "card":
        case = names.cases.get(int(rest))
        return html.A([t("scores_page.card", n=rest), *([f" · {case}"] if case else [])], href=f"/card/{rest}/")
    if kind == "case":
        area, _, number = rest.partition("/")
        return html.A(number, href=address_of(area, number), className="num")
    if kind == "complaint":
        return html.A(rest, href=f"/complaints/?no={rest}", className="num")
    if kind == "item":
        return names.item(rest)
    return _entry(names.entries.get(int(rest)), rest, t)


def _entry(entry: EntryRow | None, number: str, t: Words) -> Any:
    if entry is None:
        return t("scores_page.entry", n=number)
    taken = t("scores_page.entry_taken", reason=entry.taken_reason or "") if entry.taken_at is not None else ""
    return t("scores_page.entry_told", n=entry.id, day=date_of(entry.day).isoformat(), words=entry.words, basis=entry.basis,
             who=entry.made_name) + taken


def _appeal_words(appeal: AppealRow, t: Words) -> html.P:
    told = t("scores_page.appeal_filed", who=appeal.filed_name, at=stamp(appeal.filed_at), reason=appeal.reason)
    if appeal.decided_at is not None:
        told += t("scores_page.appeal_decided", who=appeal.decided_name or "", at=stamp(appeal.decided_at), words=appeal.words)
    return html.P(told, className="score-appeal-words")


def _numbered(lines: Sequence[Line], part: str) -> list[tuple[int, Line]]:
    return [(number, line) for number, line in enumerate(lines) if line.part == part]


def _is_returned(number: int, lines: Sequence[Line]) -> bool:
    return any(line.of == number for line in lines)


def window_words(view: View, t: Words) -> str:
    """Where the scoring stands, in a sentence."""
    scoring = view.scoring
    if scoring is None:
        return t(f"scores_page.standing_{view.state}", months="、".join(view.months), n=len(view.months), all=view.expected)
    values = {"who": scoring.made_name, "at": stamp(scoring.made_at), "by": scoring.decided_name or "",
              "published": stamp(scoring.published_at), "until": due_stamp(scoring.appeal_until),
              "frozen": stamp(scoring.frozen_at), "digest": scoring.digest[:12]}
    one = "_one" if scoring.state == "published" and scoring.made_by == scoring.decided_by else ""
    made_of = [t("scores_page.made_of", months="、".join(view.months))] if view.months else []
    return " ".join([t(f"scores_page.standing_{scoring.state}{one}", **values), *made_of])



"""The tables of a bulletin, as they stand in its annexes: a row for every department, and one for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from alerts.lifecycle import Subject
from config.indicators import Unit
from evaluation.bulletins.figures import APPLICANTS, CARDS, Counts, MonthScores, UnitFigures, value
from evaluation.bulletins.phrases import Telling, cell_text
from evaluation.models import CARDS_BY_SUBJECT, SUBJECTS_APART
from evaluation.scoring.wording import total_of
from evaluation.small_numbers import RATINGS
from papers.official import Annex, Chart, Paragraph
from papers.official import Table as TableBlock

POINTS, ORG_SHARE = 9.0, 3.8
LEVELS = ("warnings", "yellow", "red")
FOLDED_FROM = 4  # characters of a head
HIDDEN = "＊"
RATES = ("early_rate", "on_time_rate", "overdue_rate", "statutory_speed", "promised_speed", "mean_days")


def annexes(t: Telling, ranks: Chart | None, notes: Sequence[str]) -> tuple[Annex, ...]:
    """附件1 to 附件5, and the scores before the notes where there are any; the picture of the ranks goes with their table."""
    title = {name: t.say(f"bulletin.table.{name}") for name in ("cases", "cards", "efficiency", "people", "scores", "notes")}
    scores = t.figures.scores
    scored = () if isinstance(scores, msgspec.UnsetType) else (Annex(
        title["scores"], (_scores(t, scores), Paragraph(t.say("bulletin.scores.frozen", digest=scores.digest)))),)
    return (Annex(title["cases"], (_cases(t),)),
            Annex(title["cards"], (_cards(t), *_cards_by_subject(t), _cards_by_acceptance(t))),
            Annex(title["efficiency"], (_efficiency(t), *([] if ranks is None else [ranks]))),
            Annex(title["people"], (_people(t),)), *scored, Annex(title["notes"], tuple(map(Paragraph, notes))))


def _cases(t: Telling) -> TableBlock:
    names = ("received", *(name for name in APPLICANTS if t.is_told(name)), "accepted", "concluded", "returned", "voided",
             "not_accepted")  # bulletins of before tell of no applicants
    at = names.index("concluded")
    heads = [t.indicators.figures[name].label.zh for name in names]
    finished, rate = t.say("bulletin.table.finished"), t.indicators.find("finish_rate")

    def row(name: str, counts: Counts, before: Counts) -> tuple[str, ...]:
        cells = [str(counts[one]) for one in names]
        cells.insert(at, str(t.sum(counts, "concluded", "returned", "voided")))
        return (name, *cells, cell_text(rate, value(t.indicators, "finish_rate", counts)), change_text(counts, before))

    rows = [row(unit.name, unit.counts, unit.before) for unit in t.figures.units]
    whole = row(t.say("bulletin.table.sum"), t.figures.counts, t.figures.before)
    named = (t.say("bulletin.table.org"), *heads[:at], finished, *heads[at:], rate.label.zh, t.say("bulletin.table.change"))
    counted = (1.0,) * at if at > 2 else (1.15,) * at
    return _table(named, (*rows, whole), (*counted, 1.15, 1.25, 0.95, 0.95, 1.25, 1.4, 1.2))


def change_text(counts: Counts, before: Counts) -> str:
    """+12, -3, 0; — where last month is not known."""
    if not before:
        return "—"
    change = counts.get("accepted", 0) - before.get("accepted", 0)
    return f"{change:+d}" if change else "0"


def _cards(t: Telling) -> TableBlock:
    rate = t.indicators.find("cards_per_1000")

    def row(name: str, counts: Counts) -> tuple[str, ...]:
        return (name, *(str(counts.get(one, 0)) for one in CARDS), cell_text(rate, value(t.indicators, rate.code, counts)))

    rows = [row(unit.name, unit.counts) for unit in t.figures.units]
    return _table((t.say("bulletin.table.org"), *_card_heads(t), rate.label.zh),
                  (*rows, row(t.say("bulletin.table.sum"), t.figures.counts)), (1.7,) * 6, t.say("bulletin.table.by_card"))


def _cards_by_subject(t: Telling) -> list[TableBlock]:
    """Warnings, yellow and red cards by what they are for; only departments that have any. Bulletins of before do not tell."""
    if not all(t.is_told(name) for name in CARDS_BY_SUBJECT):
        return []

    def row(name: str, counts: Counts) -> tuple[str, ...]:
        return (name, *("/".join(map(str, of_subject)) for of_subject in by_subject(counts)))

    rows = [row(unit.name, unit.counts) for unit in t.figures.units if any(unit.counts.get(one) for one in LEVELS)]
    heads = [t.say(f"bulletin.table.subject.{subject.value}") for subject in Subject]
    return [_table((t.say("bulletin.table.org"), *heads), (*rows, row(t.say("bulletin.table.sum"), t.figures.counts)),
                   (1.9,) * len(heads), t.say("bulletin.table.by_subject"))]


def by_subject(counts: Counts) -> list[list[int]]:
    """Warnings, yellow and red cards for each subject in its order; those for limits of cases are the rest."""
    apart = [[counts.get(f"{level}_{subject}", 0) for level in LEVELS] for subject in SUBJECTS_APART]
    rest = [counts.get(level, 0) - sum(one[place] for one in apart) for place, level in enumerate(LEVELS)]
    return [rest, *apart]


def _cards_by_acceptance(t: Telling) -> TableBlock:
    """Only departments that have any: the others would be a page of noughts."""
    def row(name: str, counts: Mapping[str, int]) -> tuple[str, ...]:
        return (name, *(str(counts.get(one, 0)) for one in CARDS))

    rows = [row(unit.name, unit.cards_by_acceptance) for unit in t.figures.units if any(unit.cards_by_acceptance.values())]
    return _table((t.say("bulletin.table.org"), *_card_heads(t)),
                  (*rows, row(t.say("bulletin.table.sum"), t.figures.cards_by_acceptance)), (2.0,) * 5,
                  t.say("bulletin.table.by_acceptance"))


def _card_heads(t: Telling) -> list[str]:
    return [t.indicators.figures[name].label.zh for name in CARDS]


def _efficiency(t: Telling) -> TableBlock:
    """By place, those without one after them."""
    rates = rates_of(t)
    heads = [t.say("bulletin.table.days") if t.indicators.find(code).unit is Unit.WORKING_DAYS else t.label(code)
             for code in rates]

    def cells(counts: Counts) -> list[str]:
        return [cell_text(t.indicators.find(code), value(t.indicators, code, counts)) for code in rates]

    rows = [(*_place(unit), unit.name, *cells(unit.counts)) for unit in in_order(t)]
    whole = ("—", "—", t.say("bulletin.table.sum"), *cells(t.figures.counts))
    named = (t.say("bulletin.table.place"), t.say("bulletin.table.range"), t.say("bulletin.table.org"), *heads)
    return TableBlock(tuple(map(_folded, named)), (*rows, whole), widths=(1.0, 1.4, ORG_SHARE, *(1.4,) * len(rates)),
                 align="ccl" + "r" * len(rates), points=POINTS, sums=1)


def rates_of(t: Telling) -> list[str]:
    """The indicator that ranks, then the others."""
    return list(dict.fromkeys((t.figures.rank_by, *RATES)))


def in_order(t: Telling) -> list[UnitFigures]:
    """Best first, those without a place last."""
    return [*t.figures.ranked, *(unit for unit in t.figures.units if unit.place is None)]


def _place(unit: UnitFigures) -> tuple[str, str]:
    if unit.place is None:
        return "—", "—"
    one = unit.place
    return str(one.rank), str(one.best) if one.is_certain else f"{one.best}–{one.worst}"


def _people(t: Telling) -> TableBlock:
    names = ("consultations", "consultations_answered", "complaints", "complaints_answered")
    rate = t.indicators.find("satisfaction")

    def row(name: str, counts: Counts) -> tuple[str, ...]:
        is_told = "rated" in counts
        told = [str(counts[one]) if is_told else HIDDEN for one in RATINGS]
        share = cell_text(rate, value(t.indicators, rate.code, counts)) if is_told else HIDDEN
        return (name, *(str(counts[one]) for one in names), *told, share)

    heads = [t.indicators.figures[name].label.zh for name in (*names, *RATINGS)]
    rows = [row(unit.name, unit.counts) for unit in t.figures.units]
    return _table((t.say("bulletin.table.org"), *heads, rate.label.zh),
                  (*rows, row(t.say("bulletin.table.sum"), t.figures.counts)), (1.3,) * 8)


def _scores(t: Telling, scores: MonthScores) -> TableBlock:
    """By place, as they were frozen; a veto by its name."""
    heads = score_heads(t)
    rows = [(str(unit.place), unit.name, total_of(unit.total), unit.grade, "、".join(unit.vetoes)) for unit in scores.units]
    return TableBlock(tuple(heads), tuple(rows), t.say("bulletin.scores.caption", scheme=scores.scheme),
                      widths=(1.0, ORG_SHARE, 1.6, 1.6, ORG_SHARE), align="clrcl", points=POINTS)


def score_heads(t: Telling) -> list[str]:
    return [t.say("bulletin.table.place"), t.say("bulletin.table.org"),
            *(t.say(f"bulletin.scores.{name}") for name in ("total", "grade", "veto"))]


def _table(heads: Sequence[str], rows: Sequence[tuple[str, ...]], shares: Sequence[float], caption: str = "") -> TableBlock:
    """Departments at the left, figures at the right, the sum set off."""
    widths, align = (ORG_SHARE, *shares), "l" + "r" * len(shares)
    return TableBlock(tuple(map(_folded, heads)), tuple(rows), caption, widths, align, POINTS, sums=1)


def _folded(head: str) -> str:
    """A long head over a narrow column is two lines of nearly the same length."""
    return head if len(head) <= FOLDED_FROM else f"{head[:len(head) // 2]}\n{head[len(head) // 2:]}"

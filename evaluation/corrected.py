"""What changed of an answer's period after its days were over: who read it before read another figure. Read as the figures are,
under the same rights, so that a department user who is shown others without a name learns of his own unit's days only.

Told of figures that stand on their own days. One that stands on the day of acceptance changes by nature until the case ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.access import Actor
from core.instants import from_us
from evaluation.comparison import Question, area_of, orgs_of
from evaluation.period import Basis, Corrected, Period
from evaluation.queries import IndicatorQueries


def of_figures(queries: IndicatorQueries, actor: Actor | None, period: Period, basis: Basis, *, orgs: Sequence[str] = (),
               area: str = "") -> Corrected | None:
    """None where it is not told: figures by the day of acceptance."""
    return queries.corrected(actor, period, orgs=orgs, area=area) if basis is Basis.EVENT else None


def of_units(queries: IndicatorQueries, actor: Actor, question: Question) -> Corrected | None:
    """Behind units side by side."""
    return of_figures(queries, actor, question.period, question.basis, orgs=orgs_of(question), area=area_of(question, actor))


def of_subject(queries: IndicatorQueries, actor: Actor, question: Question) -> Corrected | None:
    """Behind what was drilled down to: department, area, or everything."""
    return of_figures(queries, actor, question.period, question.basis, orgs=subject_orgs(question),
                      area=question.area)


def subject_orgs(question: Question) -> tuple[str, ...]:
    return (question.org,) if question.org else ()


def as_told(known: Corrected | None) -> tuple[int | None, str | None]:
    """How an interface says it: how many, and when last."""
    if known is None:
        return None, None
    return known.rows, None if known.last_at is None else from_us(known.last_at).isoformat()

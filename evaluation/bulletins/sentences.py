"""The text of a bulletin, section by section: cases, cards, efficiency, what people asked and said. Only what figures say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from evaluation.bulletins.figures import UnitFigures, UnitScore, total, value
from evaluation.bulletins.phrases import Telling, by_count, listed, value_text
from evaluation.scoring.wording import total_of

FIRST_UNITS = 3        # departments named as the busiest, the best and the last
UNITS_FOR_FIRST = 2 * FIRST_UNITS  # naming three of four as the busiest says nothing
FAR = 2


def about_cases(t: Telling) -> list[str]:
    """Received, accepted and finished, in time or late, and who had most."""
    return [said for said in (_volume(t), _timeliness(t), _busiest(t)) if said]


def _volume(t: Telling) -> str:
    where = t.figures.area_name
    said = t.say("bulletin.cases.volume", month=t.figures.period.first.month, area=where, received=t.counted("received"),
                 accepted=t.counted("accepted"), finished=t.counted("concluded", "returned", "voided"))
    if t.sum(t.figures.counts, "concluded", "returned", "voided"):
        said += t.say("bulletin.cases.of_finished", concluded=t.count("concluded"), returned=t.count("returned"),
                      voided=t.count("voided"))
    said += t.say("bulletin.stop")
    others = [t.say(f"bulletin.cases.{name}", n=t.count(name)) for name in ("not_accepted", "withdrawn") if t.count(name)]
    if others:
        said += t.say("bulletin.cases.besides", what="、".join(others))
    rate = t.rate("finish_rate")
    if rate is not None:
        finish_rate = value(t.indicators, "finish_rate", t.figures.counts) or 0.0
        said += t.say("bulletin.cases.finish_rate", rate=rate) + (t.say("bulletin.cases.older") if finish_rate > 1 else "")
    return said


def _timeliness(t: Telling) -> str:
    concluded = t.count("concluded")
    if not concluded:
        return ""
    unjudged = concluded - t.sum(t.figures.counts, "early", "on_due_day", "late")
    return t.say("bulletin.cases.timeliness", concluded=concluded, early=t.count("early"), on_due_day=t.count("on_due_day"),
                 late=t.count("late"), unjudged=t.say("bulletin.cases.unjudged", n=unjudged) if unjudged else "",
                 early_rate=t.rate("early_rate"), on_time_rate=t.rate("on_time_rate"), overdue_rate=t.rate("overdue_rate"))


def _busiest(t: Telling) -> str:
    busy, said = by_count(t.figures.units, "accepted"), ""
    if len(busy) >= UNITS_FOR_FIRST:
        first = busy[:FIRST_UNITS]
        share = total(first, "accepted") / t.count("accepted")
        said = t.say("bulletin.cases.busiest", share=f"{share * 100:.1f}%",
                     names=listed(first, lambda unit: t.say("bulletin.n.cases", n=unit.counts["accepted"]), t.say))
    idle = [unit for unit in t.figures.units if not unit.counts.get("accepted")]
    if idle and busy:
        said += t.say("bulletin.cases.idle", n=len(idle), names=listed(idle, lambda _unit: "", t.say, is_counted=True))
    return said


# Cards ----------------------------------------------------------------------------------------------------------------------


def about_cards(t: Telling) -> list[str]:
    """Issued and revoked by the day of the card, whom they concern, and the same by the day of acceptance."""
    said = [_issued(t)]
    units = _carded(t.figures.units)
    if units:
        said.append(t.say("bulletin.cards.whom", n=len(units), names=listed(
            units, lambda unit: _cards_of(t, unit), t.say, is_counted=True)))
    if any(t.figures.cards_by_acceptance.values()):
        counts = t.figures.cards_by_acceptance
        other = t.say("bulletin.cards.by_acceptance", month=t.figures.period.first.month, **counts)
        differ = any(counts[name] != t.figures.counts.get(name) for name in counts)
        said.append(other + t.say("bulletin.cards.two_dates") if differ else other)
    return said


def _issued(t: Telling) -> str:
    counts = t.figures.counts
    if not t.sum(counts, "warnings", "yellow", "red"):
        return t.say("bulletin.cards.none", month=t.figures.period.first.month)
    said = t.say("bulletin.cards.issued", month=t.figures.period.first.month, warnings=t.counted("warnings", of="times"),
                 yellow=t.counted("yellow", of="cards"), red=t.counted("red", of="cards"))
    if t.sum(counts, "revoked_yellow", "revoked_red"):
        said += t.say("bulletin.cards.revoked", yellow=counts["revoked_yellow"], red=counts["revoked_red"],
                      left_yellow=counts["yellow"] - counts["revoked_yellow"], left_red=counts["red"] - counts["revoked_red"])
    rate = t.rate("cards_per_1000")
    return said if rate is None else said + t.say("bulletin.cards.per_1000", rate=rate)


def net_cards(unit: UnitFigures) -> tuple[int, int]:
    """(yellow, red) cards that were not revoked."""
    counts = unit.counts
    return (counts.get("yellow", 0) - counts.get("revoked_yellow", 0), counts.get("red", 0) - counts.get("revoked_red", 0))


def _carded(units: tuple[UnitFigures, ...]) -> list[UnitFigures]:
    """Those with cards that were not revoked: red before yellow, the most first."""
    return sorted((unit for unit in units if any(net_cards(unit))), key=lambda unit: (
        -net_cards(unit)[1], -net_cards(unit)[0], unit.name))


def _cards_of(t: Telling, unit: UnitFigures) -> str:
    yellow, red = net_cards(unit)
    parts = [t.say(f"bulletin.cards.{name}", n=n) for name, n in (("of_red", red), ("of_yellow", yellow)) if n]
    return "、".join(parts)


# Efficiency -----------------------------------------------------------------------------------------------------------------


def about_efficiency(t: Telling) -> list[str]:
    """Places with their ranges, who differs more than chance, and how quick everybody was."""
    return [said for said in (_ranking(t), _beyond(t), _speed(t)) if said]


def _ranking(t: Telling) -> str:
    indicator, ranked = t.indicators.find(t.figures.rank_by), t.figures.ranked
    if not ranked:
        return t.say("bulletin.ranks.none", indicator=indicator.label.zh, minimum=indicator.minimum)
    said = t.say("bulletin.ranks.basis", indicator=indicator.label.zh, minimum=indicator.minimum, n=len(ranked),
                 others=len(t.figures.units) - len(ranked))
    if len(ranked) >= UNITS_FOR_FIRST:
        first, last = ranked[:FIRST_UNITS], ranked[-FIRST_UNITS:]
        said += t.say("bulletin.ranks.ends", first=listed(first, lambda unit: _placed(t, unit), t.say),
                      last=listed(last, lambda unit: _placed(t, unit), t.say))
    sure = sum(unit.place is not None and unit.place.is_certain for unit in ranked)
    if len(ranked) > 1:
        said += t.say("bulletin.ranks." + {0: "none_certain", len(ranked): "all_certain"}.get(sure, "certain"), n=sure)
    return said


def _placed(t: Telling, unit: UnitFigures) -> str:
    """98.0%，第1位; 97.1%，第2位（可能在第1至4位）."""
    assert unit.place is not None
    shown = _valued(t, unit)
    key = "place" if unit.place.is_certain else "place_within"
    return t.say(f"bulletin.ranks.{key}", value=shown, rank=unit.place.rank, best=unit.place.best, worst=unit.place.worst)


def beyond(t: Telling, *, is_better: bool) -> list[UnitFigures]:
    """Departments beyond the outer limit of the funnel, on the good or on the bad side."""
    higher = t.indicators.find(t.figures.rank_by).better == "higher"
    side = FAR if higher is is_better else -FAR
    minimum = t.indicators.find(t.figures.rank_by).minimum
    return [unit for unit in t.figures.units if unit.zone == side and _size(t, unit) >= minimum]


def _size(t: Telling, unit: UnitFigures) -> float:
    _, size, _ = t.indicators.find(t.figures.rank_by).worked_out(unit.counts)
    return size or 0.0


def _beyond(t: Telling) -> str:
    indicator, said = t.indicators.find(t.figures.rank_by), ""
    overall = value_text(indicator, value(t.indicators, indicator.code, t.figures.counts), t.say)
    for name, is_better in (("better", True), ("worse", False)):
        units = beyond(t, is_better=is_better)
        if units:
            names = listed(units, lambda unit: _valued(t, unit), t.say, is_counted=True)
            said += t.say(f"bulletin.ranks.{name}", n=len(units), indicator=indicator.label.zh, overall=overall, names=names)
    return said


def _valued(t: Telling, unit: UnitFigures) -> str:
    return value_text(t.indicators.find(t.figures.rank_by), value(t.indicators, t.figures.rank_by, unit.counts), t.say)


def _speed(t: Telling) -> str:
    parts = [t.say("bulletin.ranks.rate", label=t.label(code), rate=rate)
             for code in ("statutory_speed", "promised_speed", "mean_days") if (rate := t.rate(code)) is not None]
    return t.say("bulletin.ranks.speed", area=t.figures.area_name, what="；".join(parts)) if parts else ""


# Scores ---------------------------------------------------------------------------------------------------------------------


def about_scores(t: Telling) -> list[str]:
    """By which scheme, how many of each grade, who is best and last, whom a veto bounds."""
    scores = t.figures.scores
    if isinstance(scores, msgspec.UnsetType) or not scores.units:
        return []
    grades = Counter(unit.grade for unit in scores.units)
    said = [t.say("bulletin.scores.grades", scheme=scores.scheme, n=len(scores.units), grades="、".join(
        t.say("bulletin.scores.of_grade", grade=grade, n=n) for grade, n in grades.items()))]
    if len(scores.units) >= UNITS_FOR_FIRST:
        said[0] += t.say("bulletin.scores.ends", first=_scored(t, scores.units[:FIRST_UNITS]),
                         last=_scored(t, scores.units[-FIRST_UNITS:]))
    vetoed = [t.say("bulletin.scores.vetoed", name=unit.name, vetoes="、".join(unit.vetoes), grade=unit.grade)
              for unit in scores.units if unit.vetoes]
    return [*said, *([t.say("bulletin.scores.vetoes", n=len(vetoed), names="；".join(vetoed))] if vetoed else [])]


def _scored(t: Telling, units: Sequence[UnitScore]) -> str:
    return "、".join(t.say("bulletin.scores.unit", name=unit.name, total=total_of(unit.total)) for unit in units)


# Consultations, complaints, ratings -----------------------------------------------------------------------------------------


def about_people(t: Telling) -> list[str]:
    """What was asked and complained of, and how people rated."""
    return [_matters(t), _ratings(t)]


def _matters(t: Telling) -> str:
    if not t.sum(t.figures.counts, "consultations", "complaints", "consultations_answered", "complaints_answered"):
        return t.say("bulletin.people.no_matters")
    return t.say("bulletin.people.matters", consultations=t.counted("consultations"),
                 consultations_answered=t.count("consultations_answered"), complaints=t.counted("complaints"),
                 complaints_answered=t.count("complaints_answered"))


def _ratings(t: Telling) -> str:
    if t.figures.area:
        return t.say("bulletin.people.ratings_elsewhere")
    if not t.is_told("rated"):
        return t.say("bulletin.people.few_ratings", least=t.figures.least)
    if not t.count("rated"):
        return t.say("bulletin.people.no_ratings")
    said = t.say("bulletin.people.ratings", rated=t.counted("rated"), satisfied=t.count("satisfied"),
                 satisfaction=t.rate("satisfaction"), bad=t.count("dissatisfied"))
    if t.count("bad_duties"):
        said += t.say("bulletin.people.duties", n=t.count("bad_duties"), rectified=t.count("rectified"),
                      called_back=t.count("called_back"))
    return said

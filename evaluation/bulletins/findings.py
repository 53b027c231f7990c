"""存在问题 and 工作要求: only problems the figures show, and to each the demand that follows from it."""

from __future__ import annotations

from collections.abc import Callable

from evaluation.bulletins.phrases import Telling, by_count, listed, value_text
from evaluation.bulletins.sentences import beyond, net_cards

Finding = tuple[str, str]  # (what is wrong, what is demanded)


def findings(t: Telling) -> list[Finding]:
    """In the order of their weight."""
    found = [look(t) for look in _LOOKS]
    return [(problem, t.say(f"bulletin.demand.{name}")) for name, problem in
            ((one[0], one[1]) for one in found if one is not None)]


def _late(t: Telling) -> Finding | None:
    late = by_count(t.figures.units, "late")
    if not t.count("late"):
        return None
    names = listed(late, lambda unit: t.say("bulletin.n.cases", n=unit.counts["late"]), t.say)
    return "late", t.say("bulletin.problem.late", n=t.counted("late"), names=names)


def _cards(t: Telling) -> Finding | None:
    yellow = sum(net_cards(unit)[0] for unit in t.figures.units)
    red = sum(net_cards(unit)[1] for unit in t.figures.units)
    if not yellow and not red:
        return None
    parts = [t.say(f"bulletin.cards.{name}", n=n) for name, n in (("of_red", red), ("of_yellow", yellow)) if n]
    return "cards", t.say("bulletin.problem.cards", what="、".join(parts),
                          n=sum(any(net_cards(unit)) for unit in t.figures.units))


def _behind(t: Telling) -> Finding | None:
    units, indicator = beyond(t, is_better=False), t.indicators.find(t.figures.rank_by)
    if not units:
        return None
    names = listed(units, lambda unit: value_text(indicator, indicator.worked_out(unit.counts)[2], t.say), t.say)
    return "behind", t.say("bulletin.problem.behind", indicator=indicator.label.zh, names=names, n=len(units))


def _steps(t: Telling) -> Finding | None:
    if not t.count("steps_over"):
        return None
    return "steps", t.say("bulletin.problem.steps", n=t.count("steps_over"), rate=t.rate("step_overrun_rate"))


def _unjudged(t: Telling) -> Finding | None:
    n = t.count("concluded") - t.sum(t.figures.counts, "early", "on_due_day", "late")
    return ("unjudged", t.say("bulletin.problem.unjudged", n=n, rate=t.rate("unjudged_rate"))) if n > 0 else None


def _unrectified(t: Telling) -> Finding | None:
    n = t.count("bad_duties") - t.count("rectified")
    return ("unrectified", t.say("bulletin.problem.unrectified", n=n)) if n > 0 else None


_LOOKS: tuple[Callable[[Telling], Finding | None], ...] = (_late, _cards, _behind, _steps, _unjudged, _unrectified)

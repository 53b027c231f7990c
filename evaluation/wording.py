"""What a picture shows, in words: who lies beyond the limits, which places are certain, since when something has changed.

Sentences come from the texts under `comparison_says.`; `say` puts the values in (a language's texts or a page's words).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config.indicators import Indicator, Unit
from evaluation.comparison import Row, SideBySide
from evaluation.control_charts import POINTS_MIN, Signal
from evaluation.over_time import Course, Season
from evaluation.statistics import Shape

Say = Callable[..., str]  # key, values → sentence
NAMES_MAX = 6             # of units in one sentence; more are counted
FAR_ZONE, NEAR_ZONE = 2, 1
TELLING_SIGNALS = 4       # sentences about one chart; the newest


def value_text(indicator: Indicator, value: float | None, say: Say) -> str:
    """As it is read: 87.3 %, 4.2 工作日, 12.5 ‰-like per 1,000, 1,204; "—" without a denominator."""
    if value is None:
        return "—"
    if indicator.unit is Unit.SHARE:
        return f"{value * 100:.1f} %"
    if indicator.unit is Unit.COUNT:
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    if indicator.unit is Unit.WORKING_DAYS:
        return say("comparison_says.working_days", n=f"{value:.1f}")
    if indicator.unit is Unit.WORKING_HOURS:
        return say("comparison_says.working_hours", n=f"{value:.1f}")
    return f"{value:.1f}"


def change_text(indicator: Indicator, change: float, say: Say) -> str:
    """A difference without its sign: 2.3 个百分点 for shares."""
    if indicator.unit is Unit.SHARE:
        return say("comparison_says.points", n=f"{abs(change) * 100:.1f}")
    return value_text(indicator, abs(change), say)


# Side by side ---------------------------------------------------------------------------------------------------------


def about_funnel(table: SideBySide, say: Say) -> list[str]:
    """Who lies beyond the limits, by direction; that units differ more than chance; who is too small to be ranked."""
    if table.is_hidden:
        return [say("comparison_says.hidden")]
    if table.target is None or table.indicator.denominator is None:
        return [say("comparison_says.no_funnel")]
    told = [_beyond(table, side, say) for side in (1, -1)]
    said = [one for one in told if one] or [say("comparison_says.none_beyond" if table.shape is not Shape.MEAN
                                                else "comparison_says.none_apart")]
    near = sum(abs(row.zone) == NEAR_ZONE for row in table.rows)
    if near and table.shape is not Shape.MEAN:
        said.append(say("comparison_says.between", n=near))
    if table.is_over_dispersed:
        said.append(say("comparison_says.dispersed", times=f"{table.dispersion:.1f}"))
    return said


def about_ranks(table: SideBySide, say: Say) -> list[str]:
    """How far places can be told apart, and who has none."""
    ranked = [row for row in table.rows if row.ranked is not None]
    said = []
    if len(ranked) > 1:
        said.append(_first(ranked, say))
        said.append(say("comparison_says.certain", n=sum(_is_certain(row) for row in ranked), all=len(ranked)))
    few = [row for row in table.rows if row.why == "few"]
    if few:
        said.append(say("comparison_says.few", n=len(few), minimum=table.indicator.minimum))
    return said


def _first(ranked: Sequence[Row], say: Say) -> str:
    """Who is first, for certain or not; or how many share the place."""
    first, tied = ranked[0], sum(row.ranked is not None and row.ranked.rank == 1 for row in ranked)
    assert first.ranked is not None
    if tied > 1:
        return say("comparison_says.first_tied", n=tied, others=first.ranked.alike + 1 - tied)
    key = "first_alone" if first.ranked.is_certain else "first_alike"
    return say(f"comparison_says.{key}", name=_name(first, say), n=first.ranked.alike)


def why_unranked(row: Row, table: SideBySide, say: Say) -> str:
    """Why this one has no place."""
    return say(f"comparison_why.{row.why}", minimum=table.indicator.minimum) if row.why else ""


def _beyond(table: SideBySide, side: int, say: Say) -> str:
    """{n} 个部门高于上 99.8 % 界限：… (较好); of means, those whose interval leaves the common value out."""
    rows = [row for row in table.rows if row.zone == FAR_ZONE * side]
    if not rows:
        return ""
    named = [_name(row, say) for row in rows if row.name or row.is_own]
    names = say("comparison_says.join").join(named[:NAMES_MAX]) + (
        say("comparison_says.and_more", n=len(named) - NAMES_MAX) if len(named) > NAMES_MAX else "")
    where = ("above" if side > 0 else "below") + ("_mean" if table.shape is Shape.MEAN else "")
    said = say(f"comparison_says.{where}", n=len(rows), which=say("comparison_says.which", names=names) if names else "")
    better = table.indicator.better
    if better == "neither":
        return said
    return said + say("comparison_says.good" if (better == "higher") is (side > 0) else "comparison_says.bad")


def _name(row: Row, say: Say) -> str:
    return row.name or say("comparison_says.nameless")


def _is_certain(row: Row) -> bool:
    return row.ranked is not None and row.ranked.is_certain


# Over time ------------------------------------------------------------------------------------------------------------


def about_course(course: Course, say: Say) -> list[str]:
    """What the runs rules say, newest first; or that nothing but chance is seen. And what no point can have of reports."""
    spans = [say("comparison_says.reported_spans")] if course.is_of_reports and course.grain != "month" else []
    return [*_seen(course, say), *spans]


def _seen(course: Course, say: Say) -> list[str]:
    if course.chart.centre is None:
        return [say("comparison_says.too_few_points", n=POINTS_MIN)]
    newest = sorted(course.chart.signals, key=lambda one: (-one.last, one.first))[:TELLING_SIGNALS]
    said = [_signal(one, course, say) for one in newest]
    more = len(course.chart.signals) - len(newest)
    if more:
        said.append(say("comparison_says.more_signals", n=more))
    if not said:
        said = [say("comparison_says.stable")]
    if course.chart.widened > 1.2:
        said.append(say("comparison_says.widened", times=f"{course.chart.widened:.1f}"))
    return said


def _signal(signal: Signal, course: Course, say: Say) -> str:
    side = "up" if signal.side > 0 else "down"
    first, last = (course.starts[place] for place in (signal.first, signal.last))
    said = say(f"comparison_says.{signal.rule}_{side}", since=day_words(first, course.grain, say),
               until=day_words(last, course.grain, say), n=signal.points)
    if course.indicator.better == "neither":
        return said
    is_good = (course.indicator.better == "higher") is (signal.side > 0)
    return said + say("comparison_says.good" if is_good else "comparison_says.bad")


def day_words(day: object, grain: str, say: Say) -> str:
    """3 月 12 日; 3 月 9 日当周; 2026 年 3 月."""
    return say(f"comparison_says.on_{grain}", year=day.year, month=day.month, day=day.day)  # type: ignore[attr-defined]


# Seasons --------------------------------------------------------------------------------------------------------------


def about_seasons(indicator: Indicator, seasons: Sequence[Season], say: Say) -> list[str]:
    """One sentence per comparable period: by how much it differs, and whether that is more than chance."""
    return [_season(indicator, one, say) for one in seasons] or [say("comparison_says.no_season")]


def _season(indicator: Indicator, season: Season, say: Say) -> str:
    stretch, scale = season.comparable.stretch, indicator.scale
    days = say(f"comparison_says.with_{season.comparable.name}", first=stretch.first.isoformat(),
               last=stretch.last.isoformat(), n=season.comparable.working_days)
    if season.comparable.is_short:
        days += say("comparison_says.shorter", n=season.worked)
    if season.now is None or season.before is None:
        return days + say("comparison_says.nothing_then")
    change = (season.now - season.before) * scale
    values = {"change": change_text(indicator, change, say), "before": value_text(indicator, season.before * scale, say)}
    if season.change is not None:
        ends = {"low": season.change.low, "high": season.change.high}
        values |= {name: _signed(indicator, end * scale, say) for name, end in ends.items()}
    ending = "unsure" if season.change is None else "certain" if season.is_certain else "chance"
    return days + say(f"comparison_says.{'rose' if change >= 0 else 'fell'}_{ending}", **values)


def _signed(indicator: Indicator, change: float, say: Say) -> str:
    return ("−" if change < 0 else "+") + change_text(indicator, change, say)

"""The areas as a sketch, coloured by an indicator, each with its value: outlines on plain axes, no tiles, nothing fetched.

Lines and letters are sized to be read from five metres on a wall 2.4 m wide (1920 pixels); a larger screen enlarges the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.district_map import DistrictMap, Region
from dashboard.figures import Figure
from dashboard.panels.comparison_table import SIGNS, zone_tone
from dashboard.panels.map_colours import Steps, steps_of
from dashboard.theme import Theme
from dashboard.words import Words
from evaluation.comparison import Row, SideBySide
from evaluation.wording import value_text, why_unranked

VALUE_SIZE, NAME_SIZE, TITLE_SIZE, LEGEND_SIZE = 30, 22, 26, 20
SWATCH, BORDER, BEYOND = 22, 2, 6
ROOM = 0.03   # around the map, of its width
LEGEND_ROOM = 256
TONES = {"good": "ok", "bad": "offline", "out": "info"}
INKS = ("text-hi", "text-hi", "text-hi", "bg-0", "bg-0")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn: the boundaries, the areas this person sees, by code, and what stands above them."""

    map: DistrictMap
    shown: SideBySide
    title: str

    @property
    def rows(self) -> Mapping[str, Row]:
        return {row.key: row for row in self.shown.rows}


def map_figure(drawn: Drawn, theme: Theme, t: Words) -> Figure:
    """Fills first, which tell a click whose they are (`meta`); then lines, of areas beyond the limits last; then words."""
    steps = steps_of(drawn.shown)
    rows, regions = drawn.rows, drawn.map.regions
    fills = [_fill(region, rows.get(code), drawn.shown, steps, theme, t) for code, region in regions.items()]
    outlined = sorted(regions, key=lambda code: abs(rows[code].zone) if code in rows else 0)
    lines = [_outline(regions[code], rows.get(code), drawn.shown, theme) for code in outlined]
    words = _words([(region, rows[code]) for code, region in regions.items() if code in rows], drawn.shown, steps, theme, t)
    return {"data": [*fills, *lines, words, *_legend(drawn.shown, steps, theme, t)], "layout": _layout(drawn, theme, t)}


# Areas ---------------------------------------------------------------------------------------------------------------------


def _fill(region: Region, row: Row | None, shown: SideBySide, steps: Steps, theme: Theme, t: Words) -> Figure:
    xs, ys = _path(region)
    trace: Figure = {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "fill": "toself", "line": {"width": 0},
                     "hoveron": "fills", "hoverinfo": "text", "showlegend": False, "meta": region.code if row else ""}
    if row is None:  # somebody else's area: its shape and nothing more
        return trace | {"fillcolor": theme.color("bg-1"), "hoverinfo": "skip"}
    return trace | {"text": _hover(row, shown, t), **_colour(row, shown, steps, theme)}


def _colour(row: Row, shown: SideBySide, steps: Steps, theme: Theme) -> Figure:
    at = steps.of(row)
    if at is not None:
        return {"fillcolor": theme.color(f"map-{at}")}
    if value_of(row, shown) is None:
        return {"fillcolor": theme.color("bg-2")}
    return {"fillcolor": theme.color("bg-2"), "fillpattern": _hatch(theme)}


def _hatch(theme: Theme) -> Figure:
    return {"shape": "/", "size": 14, "solidity": 0.16, "fgcolor": theme.color("line-strong"), "bgcolor": theme.color("bg-2")}


def _outline(region: Region, row: Row | None, shown: SideBySide, theme: Theme) -> Figure:
    xs, ys = _path(region)
    is_beyond = row is not None and abs(row.zone) == 2
    color = TONES[zone_tone(row, shown)] if row is not None and is_beyond else "text-low" if row is None else "bg-0"
    return {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "hoverinfo": "skip", "showlegend": False,
            "line": {"color": theme.color(color), "width": BEYOND if is_beyond else BORDER, "dash": "solid" if row else "dot"}}


def _path(region: Region) -> tuple[list[float | None], list[float | None]]:
    """All rings of an area as one line with gaps."""
    points = [point for rings in region.polygons for ring in rings for point in (*ring, (None, None))][:-1]
    return [x for x, _ in points], [y for _, y in points]


def value_of(row: Row, shown: SideBySide) -> float | None:
    """As it is shown; None without a denominator."""
    figure = row.figures.get(shown.indicator.code)
    return figure.value if figure is not None else None


# Words ----------------------------------------------------------------------------------------------------------------------


def _words(placed: Sequence[tuple[Region, Row]], shown: SideBySide, steps: Steps, theme: Theme, t: Words) -> Figure:
    return {"type": "scatter", "mode": "text", "x": [region.label[0] for region, _ in placed],
            "y": [region.label[1] for region, _ in placed], "text": [_label(row, shown, t) for _, row in placed],
            "textfont": {"size": VALUE_SIZE, "color": [theme.color(_ink(row, steps)) for _, row in placed]},
            "hoverinfo": "skip", "showlegend": False, "cliponaxis": False}


def _label(row: Row, shown: SideBySide, t: Words) -> str:
    sign = SIGNS[row.zone] if abs(row.zone) == 2 else ""
    value = f"<b>{sign} {value_text(shown.indicator, value_of(row, shown), t)}</b>".replace("<b> ", "<b>")
    return f'{value}<br><span style="font-size:{NAME_SIZE}px">{row.name}</span>'


def _ink(row: Row, steps: Steps) -> str:
    at = steps.of(row)
    return "text-hi" if at is None else INKS[at - 1]


def _hover(row: Row, shown: SideBySide, t: Words) -> str:
    lines = [f"<b>{row.name}</b>", value_text(shown.indicator, value_of(row, shown), t)]
    if row.band is not None:
        ends = (value_text(shown.indicator, end * shown.scale, t) for end in (row.band.low, row.band.high))
        lines.append(f"{t('comparison_page.band')} {' – '.join(ends)}")
    if row.sample is not None:
        lines.append(f"{t('comparison_page.counted')} {row.sample.size:,.0f}")
    if abs(row.zone) == 2:
        lines.append(t(f"comparison_page.legend_zone.{zone_tone(row, shown)}"))
    return "<br>".join(filter(None, [*lines, why_unranked(row, shown, t)]))


# Legend and frame -----------------------------------------------------------------------------------------------------------


def _legend(shown: SideBySide, steps: Steps, theme: Theme, t: Words) -> list[Figure]:
    """The greatest first, as in a table; then what has no colour, if there is such an area."""
    entries = [_entry(_range(steps, at, shown, t), {"color": theme.color(f"map-{step}")})
               for at, step in reversed(list(enumerate(steps.used)))]
    without = [row for row in shown.rows if steps.of(row) is None]
    if any(value_of(row, shown) is not None for row in without):
        entries.append(_entry(t("map_page.small", minimum=shown.indicator.minimum),
                              {"symbol": "square-x-open", "color": theme.color("line-strong")}))
    if any(value_of(row, shown) is None for row in without):
        edge = {"width": 1, "color": theme.color("line-strong")}
        entries.append(_entry(t("map_page.none"), {"color": theme.color("bg-2"), "line": edge}))
    tones = sorted({zone_tone(row, shown) for row in shown.rows if abs(row.zone) == 2})
    return entries + [_entry(t(f"map_page.beyond_{tone}"), {"symbol": "square-open", "color": theme.color(TONES[tone]),
                                                            "line": {"width": 4}}) for tone in tones]


def _range(steps: Steps, at: int, shown: SideBySide, t: Words) -> str:
    low, high = (value_text(shown.indicator, end, t) for end in steps.ends(at))
    return low if low == high else f"{low} – {high}"


def _entry(name: str, marker: Figure) -> Figure:
    return {"type": "scatter", "mode": "markers", "x": [None], "y": [None], "name": name, "hoverinfo": "skip",
            "marker": {"symbol": "square", "size": SWATCH, **marker}}


def _layout(drawn: Drawn, theme: Theme, t: Words) -> Figure:
    low, high = drawn.map.low, drawn.map.high
    room = (high[0] - low[0]) * ROOM
    axis = {"visible": False, "fixedrange": True}
    return {
        "paper_bgcolor": theme.color("bg-1"), "plot_bgcolor": theme.color("bg-1"), "autosize": True, "dragmode": False,
        "font": {"family": theme.font, "size": LEGEND_SIZE, "color": theme.color("text-mid")}, "hovermode": "closest",
        "margin": {"l": 8, "r": LEGEND_ROOM, "t": 64, "b": 16}, "showlegend": True,
        "xaxis": axis | {"range": [low[0] - room, high[0] + room], "constrain": "domain"},
        "yaxis": axis | {"range": [low[1] - room, high[1] + room], "scaleanchor": "x", "constrain": "domain"},
        "legend": {"orientation": "v", "x": 1.0, "xref": "container", "xanchor": "right", "y": 0.5, "yanchor": "middle",
                   "font": {"size": LEGEND_SIZE}, "itemclick": False, "itemdoubleclick": False, "bgcolor": "rgba(0,0,0,0)"},
        "hoverlabel": {"bgcolor": theme.color("bg-3"), "bordercolor": theme.color("line-strong"), "align": "left",
                       "font": {"family": theme.font, "size": LEGEND_SIZE, "color": theme.color("text-hi")}},
        "annotations": [_note(drawn.title, 0, 1, "left", "bottom", TITLE_SIZE, theme.color("text-hi")),
                        _note(t("map_page.sketch"), 1, 0, "right", "bottom", LEGEND_SIZE, theme.color("text-mid"))]}


def _note(text: str, x: float, y: float, side: str, end: str, size: int, color: str) -> Figure:
    return {"xref": "paper", "yref": "paper", "x": x, "y": y, "xanchor": side, "yanchor": end, "text": text, "showarrow": False,
            "font": {"size": size, "color": color}}

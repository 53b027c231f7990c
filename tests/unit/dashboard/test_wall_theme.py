"""The tokens: complete, legible on every ground they may stand on, and the same for charts and style sheets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import ConfigError
from dashboard.figures import FIELD_HEIGHT, FIELD_WIDTH, GRAPH_CONFIG, heat_map_frame
from dashboard.theme import Theme, load_theme

ASSETS = Path(__file__).resolve().parents[3] / "assets"
GROUNDS = ("bg-0", "bg-1", "bg-2")
READABLE = 4.5
VISIBLE = 3.0


@pytest.fixture(scope="module")
def theme() -> Theme:
    return load_theme()


def luminance(color: str) -> float:
    """Relative luminance by WCAG 2.2."""
    channels = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ink", ["text-hi", "text-mid", "text-low", "red-ink", "due-soon", "ok", "info", "acked", "stale",
                                 "offline", "card-yellow"])
def test_every_ink_is_readable_on_every_ground(theme: Theme, ink: str) -> None:
    for ground in GROUNDS:
        assert contrast(theme.color(ink), theme.color(ground)) >= READABLE, ground


@pytest.mark.parametrize(("ink", "fill"), [("on-yellow", "card-yellow"), ("on-red", "card-red"), ("on-red", "red-hatch")])
def test_words_on_a_card_are_readable_on_its_fill(theme: Theme, ink: str, fill: str) -> None:
    assert contrast(theme.color(ink), theme.color(fill)) >= READABLE


def test_a_count_is_readable_on_every_step_of_the_load_ramp_and_the_ramp_only_grows_lighter(theme: Theme) -> None:
    ramp = theme.ramp("load")

    assert len(ramp) == 5
    assert all(contrast(theme.color("text-hi"), step) >= READABLE for step in ramp)
    assert sorted(ramp, key=luminance) == ramp


def test_the_red_fill_is_visible_with_its_edge_on_every_ground(theme: Theme) -> None:
    for ground in GROUNDS:
        assert contrast(theme.color("red-ink"), theme.color(ground)) >= VISIBLE


def test_every_token_a_style_sheet_uses_is_defined_in_it_or_in_the_tokens(theme: Theme) -> None:
    for sheet in sorted((ASSETS / "css").glob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text("utf-8"), flags=re.DOTALL)
        own = set(re.findall(r"--([a-z0-9-]+)\s*:", text))
        used = set(re.findall(r"var\(--([a-z0-9-]+)\)", text))  # with a fallback it may be set by a script

        assert used - own - set(theme.tokens) == set(), sheet.name


def test_type_on_the_wall_is_never_smaller_than_twenty_two_design_pixels(theme: Theme) -> None:
    sizes = {name: theme.px(name) for name in theme.tokens if name.startswith("type-")}

    assert min(sizes.values()) == 22
    assert sizes["type-kpi"] == 84


def test_it_names_a_token_that_does_not_exist_or_is_no_length(theme: Theme) -> None:
    with pytest.raises(ConfigError, match="token_unknown"):
        theme.color("no-such-colour")
    with pytest.raises(ConfigError, match="token_not_a_length"):
        theme.px("bg-0")


def test_the_heat_map_takes_its_colours_from_the_tokens(theme: Theme) -> None:
    traces = {trace["name"]: trace for trace in heat_map_frame(theme)["data"]}

    assert list(traces) == ["load", "soon", "yellow", "red", "zero", "names"]
    assert traces["yellow"]["marker"]["color"] == theme.color("card-yellow")
    assert traces["red"]["marker"]["pattern"]["bgcolor"] == theme.color("card-red")
    assert traces["red"]["marker"]["pattern"]["shape"] == "/"
    # Due soon is an outline: its fill is the ground, because it is too near yellow.
    assert traces["soon"]["marker"]["line"]["color"] == theme.color("due-soon")
    assert traces["soon"]["marker"]["color"] in {theme.color(ground) for ground in GROUNDS}


def test_python_and_script_agree_on_the_size_of_the_field() -> None:
    script = (ASSETS / "js/modules/heat_layout.mjs").read_text("utf-8")

    assert f"width: {FIELD_WIDTH}, height: {FIELD_HEIGHT}" in script


def test_the_chart_offers_no_upload_to_anybody() -> None:
    assert GRAPH_CONFIG["displayModeBar"] is False
    assert "sendChartToCloud" in GRAPH_CONFIG["modeBarButtonsToRemove"]


@pytest.mark.parametrize("name", ["yangguang-sans-regular.woff2", "yangguang-sans-bold.woff2"])
def test_the_font_is_there_with_its_licence_and_small_enough_for_a_kiosk(name: str) -> None:
    font = ASSETS / "fonts" / name

    assert font.read_bytes()[:4] == b"wOF2"
    assert font.stat().st_size < 750_000
    assert "SIL OPEN FONT LICENSE" in (ASSETS / "fonts" / "OFL.txt").read_text("utf-8")

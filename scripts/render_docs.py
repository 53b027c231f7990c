"""Write the parts of docs/ that are made from the code: `python -m scripts.render_docs`, or `--check` to only compare.

A generated part stands between two marks in its page; the text around it is written by hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alerts.detectors.base import Watch
from alerts.detectors.registry import DETECTORS, shapes
from config.detectors import CommonParameters, DetectorSettings, load_detector_settings
from config.documents import read_document
from config.indicators import Indicator, load_indicators
from config.ladders import Preset, Rule, Rung, load_presets
from config.setting_groups import Settings
from config.settings import DEFAULTS, environment_name, is_secret
from config.spreads import SPREADS, Spread
from config.texts import Texts, load_texts
from evaluation.exports.dictionary import as_table

DOCS = Path(__file__).resolve().parent.parent / "docs"
_BEGIN, _END = "<!-- generated: {name} -->", "<!-- end of generated: {name} -->"


def render_settings() -> str:
    """One table per group: key, default, meaning."""
    defaults = read_document(DEFAULTS).data
    return "\n".join(_group(group, field.annotation, defaults[group]) for group, field in Settings.model_fields.items())


def render_ladders() -> str:
    """One table per preset: what is watched, when each rung passes, what is demanded."""
    return "\n".join(_preset(preset) for preset in load_presets().values())


def render_detectors() -> str:
    """One section per detector: what it looks for, its signs and how they are judged, its parameters with their defaults."""
    settings, texts = load_detector_settings(shapes()), load_texts()
    return "\n".join(_detector(detector, settings, texts) for detector in DETECTORS)


def _classes(spread: Spread) -> str:
    return ", ".join(figure.removeprefix(f"{spread.name}_") for figure in spread.figures)


def render_figures() -> str:
    """One table: name, what is counted, in what, on which day."""
    lines, found = ["| base figure | 中文 | counts | in | on the day of |", "|---|---|---|---|---|"], load_indicators()
    lines += [f"| `{name}` | {one.label.zh} | {one.definition.en}<br>{one.definition.zh} | {found.units[one.unit].many} | "
              f"{one.day} |"
              for name, one in found.figures.items() if name not in _CLASSES]
    lines += [f"| `{name}_…` | {one.label.zh} | {one.definition.en} so many (classes: {_classes(SPREADS[name])})<br>"
              f"{one.definition.zh}若干（按档） | cases | conclusion |" for name, one in found.spreads.items()]
    return "\n".join([*lines, ""])


def render_indicators() -> str:
    """One table per group: formula, unit, direction, minimum, meaning."""
    found = load_indicators().indicators.values()
    return "\n".join(_indicators_of(group, [one for one in found if one.group == group])
                     for group in dict.fromkeys(one.group for one in found))


def render_export() -> str:
    """The data dictionary of exports."""
    return as_table(load_texts())


_CLASSES = {figure for spread in SPREADS.values() for figure in spread.figures}
PARTS: dict[tuple[str, str], Callable[[], str]] = {
    ("configuration.md", "settings"): render_settings,
    ("configuration.md", "ladders"): render_ladders,
    ("detectors.md", "detectors"): render_detectors,
    ("evaluation.md", "figures"): render_figures,
    ("evaluation.md", "indicators"): render_indicators,
    ("export.md", "dictionary"): render_export,
}


def with_part(page: str, name: str, part: str) -> str:
    """The page with the text between the marks of `name` replaced. Raises ValueError when a mark is missing."""
    begin, end = _BEGIN.format(name=name), _END.format(name=name)
    before, found, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"the page lacks the marks of {name!r}")
    return f"{before}{begin}\n\n{part}\n{end}{after}"


def rendered(docs: Path = DOCS) -> dict[Path, str]:
    """Every page that has generated parts, as it should be."""
    pages: dict[Path, str] = {}
    for (file, name), render in PARTS.items():
        path = docs / file
        pages[path] = with_part(pages.get(path) or path.read_text(encoding="utf-8"), name, render())
    return pages


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a page is out of date")
    options = parser.parse_args(arguments)
    stale = [path for path, text in rendered().items() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{'out of date' if options.check else 'written'}: {path.relative_to(DOCS.parent)}")
        if not options.check:
            path.write_text(rendered()[path], encoding="utf-8")
    return 1 if options.check and stale else 0


def _detector(detector: type[Watch], settings: DetectorSettings, texts: dict[str, Texts]) -> str:
    key, common = f"detector.{detector.id}", set(CommonParameters.model_fields)
    zh, en = texts["zh"].get, texts["en"].get
    values = settings.default[detector.id].model_dump(mode="json")
    lines = [f"### {detector.id}: {zh(f'{key}.name')} · {en(f'{key}.name')}", "",
             f"{zh(f'{key}.looks_for')}。", "", f"Looks for {en(f'{key}.looks_for')}. Why: {en(f'{key}.why')}. "
             f"What it cannot show: {en(f'{key}.cannot')}. Reads: {', '.join(detector.needs)}. Level {values['level']}, "
             f"{values['min_cases']} things counted and {values['min_hits']} hits at least.", "",
             "| sign | judged by |", "|---|---|",
             *(f"| `{sign.code}` | {', '.join(sign.tests)} |" for sign in detector.signs)]
    own = {name: field for name, field in detector.Parameters.model_fields.items() if name not in common}
    if own:
        lines += ["", "| parameter | default | meaning |", "|---|---|---|",
                  *(f"| `{name}` | `{json.dumps(values[name])}` | {field.description} |" for name, field in own.items())]
    return "\n".join([*lines, ""])


def _indicators_of(group: str, indicators: list[Indicator]) -> str:
    lines = [f"### {group}", "", "| indicator | 中文 | formula | unit | better | minimum | meaning |",
             "|---|---|---|---|---|---|---|"]
    lines += [f"| `{one.code}` | {one.label.zh} | `{one.formula}` | {one.unit.value}<br>{one.measure.en}, {one.measure.zh} | "
              f"{one.better} | {one.minimum or '–'} | {one.definition.en}<br>{one.definition.zh} |" for one in indicators]
    return "\n".join([*lines, ""])


def _group(group: str, model: Any, defaults: dict[str, Any]) -> str:
    lines = [f"### {group}", "", model.__doc__.strip(), "", "| key | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        key = f"{group}.{name}"
        meaning = f"{field.description} Secret." if is_secret(key) else field.description
        lines.append(f"| `{key}`<br>`{environment_name(key)}` | {_default(defaults[name])} | {meaning} |")
    return "\n".join([*lines, ""])


def _default(value: Any) -> str:
    if value is None:
        return "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _preset(preset: Preset) -> str:
    lines = [f"### {preset.id}: {preset.name}", "",
             f"Version {preset.version}, in force from {preset.effective_from}. Source: {preset.source}.", "",
             "| clock | warning 预警 | yellow 黄牌 | red 红牌 | legal basis |", "|---|---|---|---|---|"]
    for rule in preset.rules:
        cells = [_rung_of(rule, level) for level in (1, 2, 3)]
        budget = f" (limit {rule.limit} where none is stated)" if rule.limit else ""
        lines.append(f"| {rule.name}{budget} | {' | '.join(cells)} | {rule.legal_basis} |")
    return "\n".join([*lines, ""])


def _rung_of(rule: Rule, level: int) -> str:
    return next((_when(rung) for rung in rule.rungs if rung.level == level), "–")


def _when(rung: Rung) -> str:
    if rung.fraction is not None:
        return f"{rung.fraction:.0%} of the limit used"
    if not rung.offset_days:
        return "at the limit"
    return f"limit {'+' if rung.offset_days > 0 else '−'} {abs(rung.offset_days)}"


if __name__ == "__main__":
    sys.exit(main())

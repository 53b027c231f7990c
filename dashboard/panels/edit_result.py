"""What a preview found, as people read it: cards per department against now, the list, and the open clocks that move. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dash import html

from core.instants import HOUR_US
from dashboard.panels.marks import mark
from dashboard.panels.tables import grid, num
from dashboard.times import due_stamp, stamp
from dashboard.words import Words

LEVELS = {3: "red", 2: "yellow", 1: "warning"}
LIGHTS = ("red", "yellow", "warning", "unjudgeable", "suspended", "normal")
LISTED = 100


def progress(run: Any, t: Words, words: str = "rules_page.reading") -> html.Div:
    """While it runs; `words` say how much is read."""
    share = run.read / run.total if run.total else 0.0
    return html.Div([html.Progress(value=str(round(share, 3)), max="1"),
                     html.Span(t(words, read=f"{run.read:,}", all=f"{run.total:,}"), className="num")],
                    className="edit-progress")


def render(run: Any, name_of: Any, t: Words) -> html.Div:
    """When it is done: `name_of` gives a department its name."""
    return html.Div([_clocks(run.clocks, name_of, t), _cards(run.cards, name_of, t)])


# Open clocks --------------------------------------------------------------------------------------------------------

def _clocks(moved: Any, name_of: Any, t: Words) -> html.Section:
    head = html.H3(t("rules_page.clocks"))
    told = html.P(t("rules_page.clocks_told", cases=f"{moved.cases:,}", moved=f"{moved.moved_cases:,}",
                    clocks=f"{moved.moved:,}"))
    if not moved.moved:
        return html.Section([head, html.P(t("rules_page.clocks_none", cases=f"{moved.cases:,}"), className="case-none")])
    lights = grid(["", *(t(f"light.{light}") for light in LIGHTS)], [
        _row(t("rules_page.before"), moved.lights_before), _row(t("rules_page.after"), moved.lights_after)],
        right=range(1, len(LIGHTS) + 1))
    heads = [t(f"rules_page.column.{name}") for name in ("case", "org", "clock", "due_before", "due_after", "by")]
    rows = [html.Tr([_case(clock), html.Td(name_of(clock.org)), html.Td(t(f"clock.{clock.kind}")),
                     num(due_stamp(clock.due_before)), num(due_stamp(clock.due_after)),
                     html.Td(_by(clock, t), className="num right")])
            for clock in moved.clocks[:LISTED]]
    return html.Section([head, told, lights, _listed(grid(heads, rows, right=(5,)), len(rows), moved.moved, t)])


def _row(label: str, lights: Counter[str]) -> html.Tr:
    counts = [html.Td(f"{lights.get(light, 0):,}", className="num right") for light in LIGHTS]
    return html.Tr([html.Th(label, scope="row"), *counts])


def _by(clock: Any, t: Words) -> str:
    if clock.by_us is None:
        return t("rules_page.level_only") if clock.due_before == clock.due_after else "—"
    hours = clock.by_us / HOUR_US
    if not hours:
        return t("rules_page.level_only")
    return t("rules_page.days", n=f"{hours / 24:+.1f}") if abs(hours) >= 24 else t("rules_page.hours", n=f"{hours:+.1f}")


# Cards --------------------------------------------------------------------------------------------------------------

def _cards(result: Any, name_of: Any, t: Words) -> html.Section:
    changes = result.changes
    told = t("rules_page.cards_told", cases=f"{result.cases:,}", seconds=f"{result.seconds:.1f}", new=f"{changes['new']:,}",
             gone=f"{changes['gone']:,}", changed=f"{changes['changed']:,}", same=f"{changes['same']:,}")
    note = [html.P(t("rules_page.unjudged", n=f"{result.unjudged:,}"), className="panel-note")] if result.unjudged else []
    return html.Section([html.H3(t("rules_page.cards")), html.P(told), *_of_acts(result.act_changes, t), *note,
                         _departments(result, name_of, t), _lines(result, name_of, t)])


def _of_acts(changes: Counter[str], t: Words) -> list[html.P]:
    """How many of them follow from rules of acts; nothing where no act was punished before or after."""
    if not any(changes.values()):
        return []
    counts = {name: f"{changes[name]:,}" for name in ("new", "gone", "changed", "same")}
    return [html.P(t("rules_page.acts_told", **counts))]


def _departments(result: Any, name_of: Any, t: Words) -> Any:
    orgs = {org for org, _ in [*result.by_org, *result.by_org_before]}
    if not orgs:
        return html.P(t("rules_page.cards_none"), className="case-none")

    def size(org: str) -> int:
        return sum(abs(result.by_org[org, level] - result.by_org_before[org, level]) for level in LEVELS)
    heads = [t("rules_page.column.org"), *(html.Span([mark(name, t), t(f"level.{name}")], className="edit-level")
                                          for name in LEVELS.values())]
    rows = [html.Tr([html.Td(name_of(org)), *(_count(result, org, level) for level in LEVELS)])
            for org in sorted(orgs, key=lambda org: (-size(org), org))]
    total = html.Tr([html.Th(t("rules_page.all"), scope="row"), *(
        _change(result.cards_before[level], result.cards[level]) for level in LEVELS)], className="edit-total")
    return html.Div(grid(heads, [total, *rows], right=(1, 2, 3)), className="edit-scroll")


def _count(result: Any, org: str, level: int) -> html.Td:
    return _change(result.by_org_before[org, level], result.by_org[org, level])


def _change(before: int, after: int) -> html.Td:
    if before == after:
        return html.Td(f"{after:,}", className="num right is-same")
    return html.Td([f"{before:,} → ", html.Strong(f"{after:,}"), html.Span(f" {after - before:+,}", className="edit-delta")],
                   className="num right")


def _lines(result: Any, name_of: Any, t: Words) -> Any:
    if not result.lines:
        return None
    columns = ("change", "level", "case", "org", "rule", "level_at", "level_at_before")
    heads = [t(f"rules_page.column.{name}") for name in columns]
    rows = [html.Tr([
        html.Td(html.Span(t(f"rules_page.change.{line.change}"), className=f"chip edit-{line.change}")),
        html.Td(_levels(line, t)), _case(line), html.Td(name_of(line.org)), html.Td(_rule(line, t)),
        num("—" if line.change == "gone" else stamp(line.level_at)), num(stamp(line.level_at_before))])
        for line in result.lines[:LISTED]]
    return _listed(grid(heads, rows), len(rows), result.changes["new"] + result.changes["gone"] + result.changes["changed"], t)


def _levels(line: Any, t: Words) -> list[Any]:
    """The level, and the one before where the edit changes it; so with whether the card waits for a person."""
    before = line.level if line.level_before is None else line.level_before
    told: list[Any] = [mark(LEVELS[before], t), " → "] if before != line.level else []
    told.append(mark(LEVELS[line.level], t))
    if line.confirm_before not in (None, line.confirm):
        told.append(html.Small(t("rules_page.confirm_on" if line.confirm else "rules_page.confirm_off")))
    return told


def _rule(line: Any, t: Words) -> list[Any]:
    """Where the card comes from: a limit or an act, what it is about, and the rule."""
    what = t(f"clock.{line.kind}") if line.origin == "clock" else t(f"violation.{line.kind}")
    about = f"：{t.subject(line.about)}" if line.about else ""
    return [html.Span(t(f"origin.{line.origin}"), className="chip"), f" {what}{about} ", html.Small(line.rule, className="num")]


def _listed(table: Any, shown: int, total: int, t: Words) -> html.Div:
    note = [html.P(t("rules_page.listed", n=shown, all=f"{total:,}"), className="panel-note")] if shown < total else []
    return html.Div([html.Div(table, className="edit-scroll"), *note])


def _case(line: Any) -> html.Td:
    return html.Td(html.A(line.case_no, href=f"/case/?case={line.case_no}", target="_blank"), className="num")

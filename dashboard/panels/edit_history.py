"""What waits for a second administrator, and every version made before, with what it changed. Pure but for its reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from dash import html

from config.service import Version
from config.versions import EVER_IN_FORCE, Kind, VersionState
from core.access import Actor
from dashboard.panels.form_fields import place_words
from dashboard.panels.tables import grid, num
from dashboard.times import stamp
from dashboard.words import Words

DIFFERENCES_SHOWN = 12
_UNTOLD = ("version",)
_FORMS = {Kind.ITEM: "items", Kind.ORGANISATION: "organisations"}


def proposals(services: Any, actor: Actor, t: Words) -> list[Any]:
    """Every proposal of the installation, whatever page it was made on."""
    waiting = services.editing.proposals()
    if not waiting:
        return [html.H2(t("rules_page.proposals")), html.P(t("rules_page.proposals_none"), className="case-none")]
    return [html.H2(t("rules_page.proposals")), *(_proposal(services, version, actor, t) for version in waiting)]


def _proposal(services: Any, version: Any, actor: Actor, t: Words) -> html.Article:
    _number, before = services.editing.present(version.kind, version.subject)
    key = f"{version.kind.value}|{version.subject}|{version.number}"
    may_decide = services.editing.may_edit(actor, version.kind, version.subject, version.content)
    buttons = [html.Button(t(f"rules_page.{name}"), id={"decide": name, "version": key}, disabled=not may_decide,
                           className=f"button{' button-main' if name == 'confirm' else ''}") for name in ("confirm", "reject")]
    head = html.Header([html.Strong(f"{t(f'config_kind.{version.kind.value}')} · {version.subject}"),
                        html.Span(t("rules_page.version", n=version.number), className="chip")])
    told = html.P(t("rules_page.proposed_by", who=version.made_by, at=stamp(version.made_at),
                    since=version.effective_from.isoformat(), reason=version.reason), className="panel-note")
    return html.Article([head, told, _differences(before, version, t), html.Div(buttons, className="repair-buttons")],
                        className="edit-proposal")


def history(services: Any, kind: Kind, subject: str, today: date, t: Words) -> list[Any]:
    """The versions of one subject, newest first, down to the shipped one, and how each of them stands today."""
    versions = services.editing.history(kind, subject)
    shipped = services.editing.first(kind, subject)
    contents: dict[int, Mapping[str, Any]] = {0: shipped} | {version.number: version.content for version in versions}
    heads = [t(f"rules_page.column.{name}") for name in ("version", "state", "since", "who", "reason")]
    states = standings(versions, today)
    rows = [row for version in versions
            for row in _version(version, states[version.number], contents[version.based_on], len(heads), t)]
    first = html.Tr([num("0"), html.Td(t("rules_page.shipped")), num("—"), html.Td("—"), html.Td("—")])
    log = [html.P(t("rules_page.rejudged", kind=t(f"config_kind.{one.kind}"), subject=one.subject, n=one.version,
                    cases=f"{one.cases:,}", moved=f"{one.moved:,}",
                    state=t("rules_page.finished" if one.finished_at else "rules_page.running")), className="panel-note")
           for one in services.rejudger.recent(3)]
    return [html.H2(t("rules_page.history")), grid(heads, [*rows, first]), *log]


def _version(version: Version, state: str, before: Mapping[str, Any], width: int, t: Words) -> list[html.Tr]:
    """A version, and under it what it changed: that is long, and beside the rest there is no room for it."""
    cells = [num(str(version.number)), html.Td(t(f"version_state.{state}")), num(version.effective_from.isoformat()),
             html.Td(_who(version)), html.Td(version.reason)]
    return [html.Tr(cells, className="version-row"),
            html.Tr(html.Td(_differences(before, version, t), colSpan=width), className="version-changes")]


def standings(versions: Sequence[Version], today: date) -> dict[int, str]:
    """The state of each version by its number, as a day sees it: the newest whose day has come holds (config.versions), even
    where a newer one is confirmed for a later day."""
    confirmed = [one for one in versions if one.state.value in EVER_IN_FORCE]
    holds = max((one.number for one in confirmed if one.effective_from <= today), default=0)
    states = {one.number: one.state.value for one in versions}
    for one in confirmed:
        if one.state is VersionState.ACTIVE and one.effective_from > today:
            states[one.number] = "coming"
    return states | ({holds: VersionState.ACTIVE.value} if holds else {})


def _who(version: Any) -> str:
    return version.made_by if not version.decided_by else f"{version.made_by} / {version.decided_by}"


def _differences(before: Mapping[str, Any], version: Version, t: Words) -> html.Ul:
    found = list(differences(before, version.content))
    lines = [html.Li([_place(path, version.kind, t), html.Span(_text(old), className="edit-old"), " → ",
                      html.Span(_text(new), className="edit-new")]) for path, old, new in found[:DIFFERENCES_SHOWN]]
    more = [html.Li(t("rules_page.more", n=len(found) - DIFFERENCES_SHOWN))] if len(found) > DIFFERENCES_SHOWN else []
    return html.Ul([*lines, *more] or [html.Li(t("rules_page.no_difference"))], className="edit-differences")


def _place(path: str, kind: Kind, t: Words) -> html.Span | html.Code:
    """Where a value stands: in the words of its form, if its kind has one whose fields these are; else its path."""
    form = _FORMS.get(kind)
    return html.Code(path) if form is None else html.Span(place_words(path, form, t), className="people-field")


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, old, new) of every value that differs; parts of a list that carry an id, code, name or label of their own
    are found by it. A field that was left out and one that is left empty say the same."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            if path or name not in _UNTOLD:
                yield from differences(before.get(name), after.get(name), f"{path}.{name}" if path else str(name))
    elif _is_list_of_things(before) and _is_list_of_things(after):
        names = [[_name(one) for one in part] for part in (before, after)]
        if names[0] != names[1]:
            yield path, names[0], names[1]
        yield from differences({_name(one): one for one in before}, {_name(one): one for one in after}, path)
    elif before != after and (_says(before) or _says(after)):
        yield path, before, after


def _says(value: Any) -> bool:
    return value is not None and value not in ("", [], (), {})


def _is_list_of_things(value: Any) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value or not all(
            isinstance(one, Mapping) for one in value):
        return False
    names = [_name(one) for one in value]
    return all(names) and len(set(names)) == len(names)


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("id") or one.get("code") or one.get("name") or _chinese(one.get("label")) or "")


def _chinese(label: Any) -> Any:
    """What is named in both languages, by the one everybody here reads."""
    return label.get("zh") if isinstance(label, Mapping) else label


def _text(value: Any) -> str:
    if value is None:
        return "∅"
    if isinstance(value, Mapping):
        return str(value.get("name") or _chinese(value.get("label")) or value.get("zh") or "…")
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

"""The three lists of a member of the approval staff, and what a search found. Pure but for names and calendars."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from approval.queries import LIST_MAX
from core.access import Actor
from dashboard.panels.days_left import days_left, left_words, light_sign
from dashboard.panels.follow_up import link
from dashboard.panels.power_words import kind_chip, kind_of, state_words
from dashboard.panels.tables import grid
from dashboard.times import span_text
from dashboard.words import Words

LISTS = ("work", "intake", "decided")
HEADS = ("light", "case_no", "item", "applicant", "step", "left", "since", "who")


def figures(counts: Mapping[str, int], chosen: str, t: Words) -> html.Nav:
    """Each list with how much waits in it."""
    def look(name: str) -> str:
        return f"figure tone-{'info' if counts[name] else 'calm'}{' is-chosen' if name == chosen else ''}"

    return html.Nav([link([html.B(_count(counts[name]), className="num"), html.Span(t(f"work.list.{name}"))], look(name),
                          list=name)
                     for name in LISTS], className="figures", **{"aria-label": t("work.lists")})


def _count(many: int) -> str:
    return f"{many}+" if many >= LIST_MAX else str(many)


def table(rows: Sequence[Any], services: Any, actor: Actor, t: Words, nothing: str) -> Any:
    if not rows:
        return html.P(nothing, className="case-none work-none")
    now = services.clock.now_us()
    return grid([t(f"work.head.{name}") for name in HEADS], (_row(row, services, actor, now, t) for row in rows), "work-grid")


def _row(row: Any, services: Any, actor: Actor, now: int, t: Words) -> html.Tr:
    number = dcc.Link(row.case_no, href=f"/hosted/?no={row.case_no}", refresh=True, className="num")
    title = "" if row.title == services.case_queries.item_name(row.item) else row.title
    kind = kind_of(services.catalogue.find_item(row.item))
    item = html.Div([html.Strong([services.case_queries.item_name(row.item), " ", kind_chip(kind, t)]),
                     html.Span(title)], className="two-lines")
    unit = services.catalogue.find_organisation(row.org)
    where = html.Div([html.Strong(step_words(row, t, kind)), html.Span(unit.short if unit is not None else row.org)],
                     className="two-lines")
    left = days_left(row.state, row.due_at, services.areas.for_area(area_of(services, row.org)), now, t)
    return html.Tr([html.Td(light_sign(row.light, t)), html.Td(number), html.Td(item), html.Td(row.applicant), html.Td(where),
                    html.Td(left_words(left)), html.Td(span_text(now - row.since, t), className="num"),
                    html.Td(_who(row, actor, t))], className=f"row-{left[1]}")


def step_words(row: Any, t: Words, kind: str = "") -> str:
    """The open step; before and after the steps, the state."""
    if row.is_held:
        return f"{row.step} · {t('work.held')}"
    if row.step and row.state == "suspended":
        return f"{row.step} · {t('state.suspended')}"
    return row.step or state_words(row.state, kind, t)


def area_of(services: Any, org: str) -> str:
    known = services.catalogue.find_organisation(org)
    return known.area if known is not None else services.catalogue.default_area


def _who(row: Any, actor: Actor, t: Words) -> Any:
    """Whose it is; what nobody has, this person may take."""
    if row.claimed_by == actor.name:
        return html.Span(t("work.mine"), className="chip chip-info")
    if row.claimed_by:
        return row.claimed_name or row.claimed_by
    if not row.step or row.state not in ("accepted", "suspended", "decided"):
        return html.A(t("work.open"), href=f"/hosted/?no={row.case_no}", className="button work-open",
                      **{"aria-label": t("work.open_one", no=row.case_no)})
    return html.Button(t("work.claim"), id={"claim": row.case_no, "rev": row.rev}, className="button", n_clicks=0,
                       **{"aria-label": t("work.claim_one", no=row.case_no)})


def script_texts(t: Words) -> str:
    """The words of assets/js/modules/hall_page.mjs."""
    names = ("uploading", "uploaded", "taken_over")
    return json.dumps({"hosted": {name: t.tree.get("hosted", {}).get(name, "") for name in names}}, ensure_ascii=False)

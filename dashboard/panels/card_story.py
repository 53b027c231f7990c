"""The body of a card page: what happened in a sentence, why the card was issued, the record behind it, its life, who was told.

Pure: everything is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from core.access import Actor
from dashboard.limit_words import stated_words
from dashboard.panels import card_clips, case_clocks, case_facts
from dashboard.panels.card_head import when
from dashboard.panels.case_calendar import LEVELS
from dashboard.panels.evidence_values import heading, value_of
from dashboard.panels.follow_up import light
from dashboard.panels.marks import mark
from dashboard.panels.order_views import standing_of
from dashboard.panels.tables import grid, num
from dashboard.times import due_stamp, stamp
from dashboard.words import Words
from video.onsite.queries import READERS

# What of a passage's facts the clock's own panel shows already.
_OF_THE_CLOCK = frozenset(
    {
        "limit",
        "amount",
        "unit",
        "granularity",
        "calendar",
        "rule",
        "rule_version",
        "started",
        "ended",
        "stops",
        "passages",
        "reason",
        "detail",
        "name",
    }
)


# What an occasion says of itself stands in the head of the card, in the reader's language.
_SAID_ABOVE = frozenset({"title", "title_en", "demanded_action", "demanded_action_en", "late_text", "late_text_en"})


def render(
    evidence: Any, chosen: str, actor: Actor, presets: Mapping[str, Any], notices: Sequence[Any] | None, t: Words
) -> html.Div:
    """The sections in the order in which somebody asks: what, why, from what, then what, who knew."""
    sections = [_what(evidence, t), _signal(evidence, actor, t),
                card_clips.render(evidence.clips, evidence.cameras, evidence.looks, evidence.asking, t)]
    if evidence.clocks:
        sections.append(case_clocks.render(evidence.clocks, chosen, evidence.as_of, presets, t))
    sections += [
        _passages(evidence, presets, t),
        _facts(evidence, t),
        order_section(evidence.orders, evidence.as_of, t),
        life(evidence.found, t),
        _notices(notices, t),
        _files(evidence, t),
    ]
    if evidence.case is not None:
        sections.append(case_facts.events(evidence.case, actor, t))
    return html.Div([section for section in sections if section is not None], className="case-main")


def _what(evidence: Any, t: Words) -> html.Section:
    return html.Section(
        [
            html.H2(t("card.what")),
            html.P(what_happened(evidence, t), className="clock-sentence sentence-" + evidence.card.level),
        ],
        className="panel",
    )


def _signal(evidence: Any, actor: Actor, t: Words) -> html.Section | None:
    """The picture a camera justified the card with; asked for with the page, so the page opened is a look in the log."""
    facts = evidence.top.facts
    if not evidence.has_picture:
        return None
    told = t("signals_page.taken", at=stamp(facts["picture_at"], seconds=True), camera=facts["camera_name"])
    image = html.Img(src=f"/card/{evidence.card.id}/signal.jpg", alt=t("signals_page.picture"), className="signal-picture")
    address = f"/signals/?tab=history&signal={facts['signal']}"
    onward = [html.A(t("card.to_signal"), href=address)] if actor.has(*READERS) else []
    return html.Section([html.H2(t("card.signal")), html.Figure([image, html.Figcaption([told, *onward])])],
                        className="panel card-signal")


def what_happened(evidence: Any, t: Words) -> str:
    """One sentence: who, which case, by which rule in which version, when, what it means."""
    card, top = evidence.card.in_language(t.language), evidence.top
    subject = (
        t("card.said.case", item=card.item_name, no=card.case_no) if card.case_no else card.item_name or t("card.said.org")
    )
    return t(
        "card.said.sentence",
        org=card.org_name,
        subject=subject,
        at=stamp(top.at, seconds=True),
        rule=card.rule,
        version=top.rule_version,
        late=card.late_text,
        level=t(f"level.{card.level}"),
    )


def _passages(evidence: Any, presets: Mapping[str, Any], t: Words) -> html.Section:
    """Every rung that made or worsened the card, with the versions it was judged by."""
    heads = [t(f"card.passage.{name}") for name in ("level", "rule", "rung", "at", "due", "version", "calendar", "ended")]
    table = grid(heads, (_passage(passage, presets, t) for passage in evidence.passages), "passages-table")
    return html.Section(
        [html.H2(t("card.evidence")), html.P(t("card.evidence_note"), className="panel-note"), table], className="panel"
    )


def _passage(passage: Any, presets: Mapping[str, Any], t: Words) -> html.Tr:
    gone = (
        t("card.passage.withdrawn", reason=passage.withdrawn)
        if passage.withdrawn
        else stamp(passage.ended_at, seconds=True)
    )
    kind = t.first(f"clock.{passage.kind}", f"origin.{passage.kind}", "card.plain", name=passage.kind)
    return html.Tr(
        [
            html.Td(mark(LEVELS[passage.level], t)),
            html.Td([html.Strong(kind), html.Span(passage.rule, className="event-detail")]),
            html.Td(case_clocks.rung_words(case_clocks.rule_of(passage, presets), passage.rung, t)),
            num(stamp(passage.at, seconds=True)),
            num(due_stamp(passage.due_at)),
            num(passage.rule_version),
            num(str(passage.facts.get("calendar") or "—")),
            num(gone),
        ],
        className="is-withdrawn" if passage.withdrawn else "",
    )


def _facts(evidence: Any, t: Words) -> html.Section | None:
    """What else the record said: the findings of an act rule or a detector, field by field, rows as a table."""
    shown_above = _SAID_ABOVE | (_OF_THE_CLOCK if evidence.clocks else frozenset())
    known = [
        (name, value)
        for name, value in evidence.top.facts.items()
        if name not in shown_above and value not in (None, "", [], {})
    ]
    if not known:
        return None
    parts = [
        html.Div(
            [html.H3(heading(name, t)), value_of(name, _with_signs(name, value, evidence.top.rule, t), t)],
            className="evidence-part",
        )
        for name, value in known
    ]
    return html.Section([html.H2(t("card.findings")), *parts], className="panel")


def _with_signs(name: str, value: Any, detector: str, t: Words) -> Any:
    """The figures of a finding with what each is a sign of; by which test it was found is told on its own page."""
    if name != "figures" or not all(isinstance(one, Mapping) and "sign" in one for one in value):
        return value
    return [{**{member: part for member, part in one.items() if member != "test"},
             "sign": t.first(f"finding_sign.{detector}.{one['sign']}", "card.plain", name=one["sign"])} for one in value]


def order_section(orders: Sequence[Any], now_us: int, t: Words) -> html.Section | None:
    """The orders (督办) the card belongs to: number, how it stands, by when, and the way there."""
    if not orders:
        return None
    heads = [t(f"card.order.{name}") for name in ("number", "title", "state", "limit", "due")]
    rows = (_order(order, now_us, t) for order in orders)
    return html.Section([html.H2(t("card.orders")), grid(heads, rows, "orders-table")], className="panel card-orders")


def _order(order: Any, now_us: int, t: Words) -> html.Tr:
    lamp = order.light(now_us)
    number = html.A(order.number or t("orders_page.no_number", id=order.id), href=f"/orders/?order={order.id}", className="num")
    title = [html.Strong(order.title), html.Span(t(f"order_kind.{order.kind}"), className="event-detail")]
    return html.Tr([html.Td(number), html.Td(title), html.Td(light(lamp, standing_of(order, now_us, t))),
                    html.Td(stated_words(order.reply_limit, t)),
                    html.Td(due_stamp(order.due_at), className=f"num term-{lamp}")])


def life(found: Any, t: Words) -> html.Section:
    """The log of the card, line by line: who did what, when, why."""
    lines = [_line(line, t) for line in found.log]
    body = html.Ol(lines, className="history-list") if lines else html.P(t("card.no_life"), className="case-none")
    return html.Section([html.H2(t("card.life")), body], className="panel card-life")


def _line(line: Any, t: Words) -> html.Li:
    action = t.first(f"card_action.{line.action}", "card.plain", name=line.action)
    who = "" if line.actor == "system" else line.actor_name or line.actor
    words = [
        html.Strong(action),
        html.Span(who, className="life-who") if who else None,
        html.Span(reason_of(line, t), className="life-why"),
    ]
    return html.Li(
        [
            html.Time(when(line.at), className="num"),
            html.Span([part for part in words if part is not None]),
            html.Span(t("card.rev", rev=line.rev), className="life-rev num"),
        ],
        className=f"history-line action-{line.action}",
    )


def reason_of(line: Any, t: Words) -> str:
    """What a person wrote, as he wrote it; the engine's own reasons are codes and are said in words."""
    known = line.actor == "system" and line.reason.isidentifier()
    return t.first(f"card_reason.{line.reason}", "card.plain", name=line.reason) if known else str(line.reason)


def _notices(notices: Sequence[Any] | None, t: Words) -> html.Section:
    """Who was told when by which channel, and who was not and why."""
    if not notices:
        return html.Section(
            [html.H2(t("card.told")), html.P(t("card.no_notices"), className="case-none")], className="panel"
        )
    heads = [t(f"card.notice.{name}") for name in ("at", "what", "who", "channel", "state", "reason")]
    return html.Section(
        [html.H2(t("card.told")), grid(heads, (_notice(one, t) for one in notices), "notices-table")], className="panel"
    )


def _notice(one: Any, t: Words) -> html.Tr:
    who = [
        html.Strong(one.name or one.username or "—"),
        html.Span(t.first(f"addressee.{one.addressee}", "card.plain", name=one.addressee), className="event-detail"),
    ]
    state = html.Span(
        t.first(f"notice.state.{one.state}", "card.plain", name=one.state), className=f"chip notice-{one.state}"
    )
    why = t.first(f"notice.reason.{one.reason}", "card.plain", name=one.reason)
    return html.Tr(
        [
            num(stamp(one.ended_at or one.created_at, seconds=True)),
            html.Td(t.first(f"notice.what.{one.what}", "card.plain", name=one.what)),
            html.Td(who),
            html.Td(t.first(f"notice.channel.{one.channel}", "card.plain", name=one.channel)),
            html.Td(state),
            html.Td("；".join(filter(None, (why, one.error)))),
        ]
    )


def _files(evidence: Any, t: Words) -> html.Section | None:
    if not evidence.files:
        return None
    heads = [t(f"card.file.{name}") for name in ("name", "size", "by", "at", "digest")]
    rows = (
        html.Tr(
            [
                html.Td(html.A(one.name, href=f"/api/v1/cards/{evidence.card.id}/attachments/{one.sha256}")),
                num(f"{one.size:,}"),
                html.Td(one.uploaded_name),
                num(stamp(one.uploaded_at, seconds=True)),
                html.Td(one.sha256[:16] + "…", className="num", title=one.sha256),
            ]
        )
        for one in evidence.files
    )
    return html.Section([html.H2(t("card.files")), grid(heads, rows, "files-table", right=(1,))], className="panel")

"""What happened to a case, in words, newest first; every line leads to the case as it stood then. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from dash import dcc, html

from approval.corrections import FIELDS
from cases.events import CaseEvent, EventKind
from config.item_form import PREFIX
from core.instants import MINUTE_US
from dashboard.panels.hosted_flow import name_only
from dashboard.panels.power_words import event_words, result_words
from dashboard.times import span_text, stamp
from dashboard.words import Words

PaperName = Callable[[str], str]
_DIGEST = re.compile(r"\b([0-9a-f]{16})[0-9a-f]{48}\b")  # told whole by the journal; its beginning tells two files apart


def name_in(item: Any) -> PaperName:
    """What the papers of an item are called, and the fields of its form (after `fields.`); a code nobody knows any more is
    its own name."""
    if item is None:
        return lambda code: code
    names = {code: paper.name for code, paper in item.details.materials.items()}
    names |= {f"{PREFIX}{code}": one.label for code, one in item.details.form.items()}
    return lambda code: names.get(code, code)


def render(recorded: Sequence[Any], case_no: str, chosen: int | None, paper_name: PaperName, power: str, t: Words) -> html.Ol:
    """`recorded` are RecordedEvents, oldest first; `power` is the kind of power of the item."""
    lines = [_line(one, case_no, chosen, paper_name, power, t) for one in reversed(recorded)]
    return html.Ol(lines, className="life hosted-life")


def _line(recorded: Any, case_no: str, chosen: int | None, paper_name: PaperName, power: str, t: Words) -> html.Li:
    event = recorded.event
    head = [html.Span(stamp(event.claimed_at, event.utc_offset, seconds=True), className="num life-at"),
            html.Strong(title(event, power, t)), html.Span(who(event, t), className="life-who"),
            dcc.Link(t("hosted.as_it_stood"), href=f"?no={case_no}&at={recorded.received_at}", refresh=False,
                     className="life-then")]
    told = [html.P(words) for words in details(event, paper_name, power, t)]
    delay = recorded.received_at - event.claimed_at
    if abs(delay) > 5 * MINUTE_US:
        told.append(html.P(t("hosted.received", at=stamp(recorded.received_at, seconds=True), span=span_text(abs(delay), t)),
                           className="life-gap"))
    return html.Li([html.Div(head, className="life-head"), *told],
                   className="is-then" if chosen == recorded.received_at else "")


def title(event: CaseEvent, power: str, t: Words) -> str:
    """环节：审核, 回退至承办, 特别程序开始（检测）."""
    kind = event_words(event.kind.value, power, t)
    if event.kind is EventKind.STEP:
        return t("hosted.told.step", step=event.step)
    if event.kind in (EventKind.ROLLED_BACK, EventKind.REOPENED) and event.step:
        return t("hosted.told.back", kind=kind, step=event.step)
    if event.data.special_kind:
        return t("hosted.told.special", kind=kind, special=t.subject(event.data.special_kind))
    return kind


def who(event: CaseEvent, t: Words) -> str:
    station = t("hosted.told.station", station=event.station) if event.station else ""
    name = t("hosted.told.system") if event.actor == "系统 system" else name_only(event.actor or "")
    return " · ".join(filter(None, (name, event.data.post or "", station)))


def details(event: CaseEvent, paper_name: PaperName, power: str, t: Words) -> list[str]:
    """What was said and given, a sentence each."""
    data = event.data
    papers = "、".join(paper_name(code) for code in data.materials or ())
    later = "、".join(paper_name(code) for code in data.deferred or ())
    is_migration = event.kind is EventKind.MIGRATED
    told = {"opinion": data.opinion, "reason": data.reason, "papers": papers, "deferred": later,
            "result": result_words(data.result, power, t) if data.result else "",
            _days_of(event): data.approved_days, "document": data.document_no, "receipt": data.receipt_no,
            "amount": f"{data.amount_fen / 100:.2f}" if data.amount_fen is not None else "",
            "waiver": data.waiver, "certificate": data.certificate_no, "from_step": data.from_step,
            "to_step": event.step if is_migration else "", "version": event.item_version if is_migration else "",
            "plan": data.plan,
            "collector": (data.attributes or {}).get("collector"), "payment": _payment(event, t),
            **_of_correction(event, paper_name)}
    said = [t(f"hosted.said.{name}", value=value) for name, value in told.items() if value not in (None, "")]
    recorded = data.attributes or {} if event.kind is EventKind.STEP else {}
    return said + [t("hosted.said.recorded", name=name, value=_DIGEST.sub(r"\1…", value)) for name, value in recorded.items()]


def _days_of(event: CaseEvent) -> str:
    """A special procedure takes working days; an extension is in the unit of the limit, which the event does not say."""
    return "days_more" if event.kind in (EventKind.EXTENSION_REQUESTED, EventKind.EXTENDED) else "days"


def _payment(event: CaseEvent, t: Words) -> str:
    """How a fee was paid outside (approval.cashier), also of one taken back: kind, reference, day."""
    kind, _, rest = (event.data.attributes or {}).get("payment", "").partition(" ")
    is_told = kind and event.kind in (EventKind.FEE_CHARGED, EventKind.FEE_REVERSED)
    return f"{t(f'hosted.payment_kind.{kind}')} {rest}" if is_told else ""


def _of_correction(event: CaseEvent, name_of: PaperName) -> dict[str, str | None]:
    """The fields a notice asks to amend; what an answer says, changed and will not bring."""
    said = event.data.attributes or {}
    if event.kind is EventKind.CORRECTION_NOTIFIED:
        return {"amend": "、".join(name_of(f"{PREFIX}{code}") for code in said.get(FIELDS, "").split(",") if code)}
    if event.kind is EventKind.CORRECTION_RECEIVED:
        return {"answer": said.get("words"), "amended": said.get("amended"), "withheld": said.get("withheld")}
    return {}

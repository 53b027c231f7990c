"""The evidence of a card as a paper that a stranger can recompute with a pencil: every figure that went into it, the text of
rule and calendar, the days one by one, the seals of the record and the public anchors. Pure; always in Chinese.

The same content is told as JSON (`payload`), whose SHA-256 the paper bears.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from cases.explain import ClockExplanation
from cases.proof import CaseProof
from core.instants import DAY_US, MINUTE_US, date_of, from_us
from core.working_calendar import CalendarNotPublished, WorkingCalendar
from dashboard.card_evidence import Evidence, Judged, Material
from dashboard.panels.card_head import closing, when
from dashboard.panels.card_story import what_happened
from dashboard.panels.evidence_values import heading, plain
from dashboard.times import BEIJING_MIN, stamp
from dashboard.words import Words
from papers import official
from papers.official import Block, Heading, Items, OfficialPaper, Paragraph

_NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五", "十六")
_WEEKDAYS = 7


def payload(material: Material) -> bytes:
    """The content as canonical JSON: keys in order, no blanks, UTF-8."""
    evidence = material.evidence
    card = msgspec.to_builtins(evidence.card)
    card.pop("words", None)  # the same in other languages: a new translation changes no evidence
    body = {
        "card": card,
        "passages": msgspec.to_builtins(evidence.passages),
        "clocks": [_clock_facts(one) for one in material.judged],
        "journal": [asdict(row) for row in material.proof.rows],
        "anchors": [asdict(anchor) for anchor in material.proof.anchors],
        "log": msgspec.to_builtins(evidence.log),
    }
    return msgspec.json.encode(body, order="sorted")


def _clock_facts(one: Judged) -> dict[str, Any]:
    return {
        **asdict(one.clock),
        "office_hours": one.calendar.office_hours,
        "rule": None if one.rule is None else one.rule.model_dump(mode="json"),
    }


def paper(material: Material, t: Words) -> OfficialPaper:
    """The document. Its sections are numbered as they come."""
    evidence = material.evidence
    digest = hashlib.sha256(payload(material)).hexdigest()
    sections: list[tuple[str, list[Block]]] = [("card", _card(evidence, t))]
    sections += [("clock", _clock(one, t)) for one in material.judged]
    sections += [
        ("findings", _findings(evidence, t)),
        ("journal", _journal(material.proof, t)),
        ("anchor", _anchors(material.proof, t)),
        ("life", _life(evidence, t)),
        ("told", _told(material.notices, t)),
        ("digest", _digest(digest, t)),
    ]
    numbered = [(name, blocks) for name, blocks in sections if blocks]
    body = tuple(
        block
        for at, (name, blocks) in enumerate(numbered[: len(_NUMERALS)])
        for block in (Heading(f"{_NUMERALS[at]}、{t(f'proof.{name}')}"), *blocks)
    )
    return OfficialPaper(
        title=t("proof.title", level=t(f"level.{evidence.card.level}")),
        number=t("proof.number", id=evidence.card.id, rev=evidence.card.rev),
        issuer=t("proof.issuer", city=material.city),
        addressee="",
        body=body,
        date=_day(material.made_at),
        red_head=False,
    )


def _day(us: int) -> Any:
    return date_of((us + BEIJING_MIN * MINUTE_US) // DAY_US)


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]], t: Words, widths: tuple[float, ...] = ()) -> official.Table:
    return official.Table(
        tuple(t(f"proof.col.{name}") for name in head),
        tuple(tuple(str(cell) for cell in row) for row in rows),
        widths=widths,
    )


def _facts(rows: Iterable[tuple[str, Any]], t: Words) -> official.Table:
    return _table(
        ("field", "value"), ((t(f"proof.fact.{name}"), value) for name, value in rows if value not in (None, "")), t, (1, 3)
    )


def _card(evidence: Evidence, t: Words) -> list[Block]:
    card, top = evidence.card.in_language(t.language), evidence.top
    rows = [
        ("card", card.id),
        ("rev", card.rev),
        ("org", card.org_name),
        ("item", card.item_name),
        ("case_no", card.case_no),
        ("area", card.area),
        ("level", t(f"level.{card.level}")),
        ("at", instant(top.at)),
        ("raised_at", when(card.raised_at)),
        ("rule", f"{card.rule}（{top.rule}）"),
        ("rule_version", top.rule_version),
        ("demanded", card.demanded_action),
        ("closed", " ".join(filter(None, (when(card.closed_at), closing(card, t))))),
    ]
    return [Paragraph(what_happened(evidence, t)), _facts(rows, t)]


# Clocks -----------------------------------------------------------------------------------------------------------


def _clock(one: Judged, t: Words) -> list[Block]:
    clock = one.clock
    if clock.reason:
        return [Paragraph(t("proof.unjudgeable", reason=clock.reason, detail=clock.detail))]
    offset = clock.utc_offset
    rows = [
        ("kind", t(f"clock.{clock.kind}")),
        ("started", instant(clock.started_at, offset)),
        ("limit", _limit(clock, t)),
        ("granularity", t(f"proof.granularity.{clock.granularity}")),
        ("calendar", clock.calendar),
        ("office_hours", _hours(one.calendar)),
        ("due_day", date_of(clock.due_day).isoformat() if clock.due_day is not None else ""),
        ("due_at", instant(clock.due_at, offset)),
        ("ended", instant(clock.ended_at, offset) if clock.ended_at is not None else ""),
    ]
    blocks: list[Block] = [_facts(rows, t), Paragraph(t("proof.stops" if clock.spans else "proof.no_stops"))]
    if clock.spans:
        blocks.append(
            _table(
                ("number", "from", "until"),
                ((number, local(start), local(end)) for number, (start, end) in enumerate(clock.spans, start=1)),
                t,
                (1, 3, 3),
            )
        )
    blocks += [*_rule(one, t), _rungs(one, t), Paragraph(t(f"proof.method.{_method(clock)}")), _days(one, t)]
    return blocks


def _method(clock: ClockExplanation) -> str:
    if clock.limit_text == "due":
        return "due"
    return f"{clock.granularity}_{clock.unit}"


def _limit(clock: ClockExplanation, t: Words) -> str:
    amount = f"{clock.amount:g}"
    return t("proof.limit_due") if clock.limit_text == "due" else t(f"limit.{clock.unit}", n=amount)


def _hours(calendar: WorkingCalendar) -> str:
    def clock(minutes: int) -> str:
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    return "、".join(f"{clock(start)}–{clock(end)}" for start, end in calendar.office_hours)


def _rule(one: Judged, t: Words) -> list[Block]:
    """The text of the rule in the version that was applied."""
    rule = one.rule
    if rule is None:
        return [Paragraph(t("proof.rule_unknown", version=one.clock.rule_version))]
    return [
        Paragraph(
            t(
                "proof.rule_text",
                name=rule.name,
                id=rule.id,
                version=one.clock.rule_version,
                basis=rule.legal_basis,
                source=rule.source,
                demanded=rule.demanded_action,
            )
        )
    ]


def _rungs(one: Judged, t: Words) -> official.Table:
    known = {rung.code: rung for rung in one.rule.rungs} if one.rule is not None else {}
    rows = (
        (
            t(f"level.{_LEVELS[rung.level]}"),
            known[rung.code].label if rung.code in known else rung.code,
            _threshold(known.get(rung.code), one.clock.amount, t),
            instant(rung.at, one.clock.utc_offset),
            t("proof.passed" if rung.passed else "proof.not_passed"),
        )
        for rung in one.clock.rungs
    )
    return _table(("level", "rung", "threshold", "at", "passed"), rows, t, (2, 3, 4, 5, 2))


_LEVELS = {1: "warning", 2: "yellow", 3: "red"}


def _threshold(rung: Any, amount: float, t: Words) -> str:
    if rung is None:
        return "—"
    if rung.fraction is not None:
        return t("proof.fraction", n=f"{rung.fraction * 100:g}")
    days = rung.offset_days or 0
    if days < 0 and amount + days <= 0:  # as in cases/clocks.threshold_of
        return t("proof.half", n=-days)
    return t("proof.at_due") if days == 0 else t("proof.before" if days < 0 else "proof.after", n=abs(days))


def _days(one: Judged, t: Words) -> official.Table:
    """Every day of the clock's life: what the calendar says of it, whether it counted, and the running count."""
    clock = one.clock
    rows = (
        (
            line.date,
            t(f"case.weekday.{(line.day + 3) % _WEEKDAYS}"),
            _of_calendar(one.calendar, line.day, t),
            line.stop or "",
            t("proof.yes" if line.counted else "proof.no"),
            line.n if line.counted else "",
            t("proof.due_mark") if line.is_due else t("proof.opening_mark") if line.kind == "opening" else "",
        )
        for line in clock.days
    )
    return _table(("date", "weekday", "calendar_day", "stop", "counted", "n", "mark"), rows, t, (5, 2, 6, 2, 2, 2, 4))


def _of_calendar(calendar: WorkingCalendar, day: int, t: Words) -> str:
    try:
        status = calendar.status(day)
    except CalendarNotPublished:  # a limit in calendar days reaches there all the same
        return t("proof.unpublished")
    word = t("proof.working" if status.counted else "proof.not_working")
    return f"{word}（{status.name}）" if status.name else word


# The record -------------------------------------------------------------------------------------------------------


def _findings(evidence: Evidence, t: Words) -> list[Block]:
    """The evidence of an act rule or a detector, field by field."""
    facts = {} if evidence.clocks else evidence.top.facts
    rows = [
        (heading(name, t), plain(value, t, name))
        for name, value in facts.items()
        if not isinstance(value, list | Mapping) or value
    ]
    return [_table(("field", "value"), rows, t, (1, 3))] if rows else []


def _journal(proof: CaseProof, t: Words) -> list[Block]:
    if not proof.rows:
        return []
    table = _table(
        ("seq", "kind", "claimed_at", "received_at", "source"),
        (
            (
                row.seq,
                " ".join(filter(None, (t(f"event_kind.{row.kind}"), row.step))),
                instant(row.claimed_at, row.utc_offset),
                instant(row.received_at),
                f"{row.source}/{row.source_event_id}/{row.source_version}",
            )
            for row in proof.rows
        ),
        t,
        (3, 4, 5, 5, 6),
    )
    seals = Items(
        tuple(
            t(
                "proof.seal",
                seq=row.seq,
                chain=row.chain,
                pos=row.chain_pos,
                payload=row.payload_sha256,
                prev=row.prev_mac,
                mac=row.mac,
            )
            for row in proof.rows
        ),
        numbered=False,
    )
    return [table, Paragraph(t("proof.seals")), seals]


def _anchors(proof: CaseProof, t: Words) -> list[Block]:
    if not proof.rows:
        return []
    if not proof.anchors:
        return [Paragraph(t("proof.no_anchor"))]
    return [
        Paragraph(t("proof.anchors")),
        Items(
            tuple(
                t("proof.anchor_line", chain=one.chain, pos=one.pos, mac=one.mac, digest=one.digest, at=instant(one.at))
                for one in proof.anchors
            ),
            numbered=False,
        ),
    ]


def _life(evidence: Evidence, t: Words) -> list[Block]:
    rows = (
        (
            when(line.at),
            line.rev,
            t.first(f"card_action.{line.action}", "card.plain", name=line.action),
            t("proof.system") if line.actor == "system" else line.actor_name,
            line.reason,
        )
        for line in evidence.log
    )
    return [_table(("when", "rev", "action", "who", "why"), rows, t, (5, 2, 3, 3, 5))] if evidence.log else []


def _told(notices: Sequence[Any], t: Words) -> list[Block]:
    if not notices:
        return [Paragraph(t("card.no_notices"))]
    rows = (
        (
            stamp(one.ended_at or one.created_at),
            one.name or one.username,
            t.first(f"notice.channel.{one.channel}", "card.plain", name=one.channel),
            t.first(f"notice.state.{one.state}", "card.plain", name=one.state),
            t.first(f"notice.reason.{one.reason}", "card.plain", name=one.reason),
        )
        for one in notices
    )
    return [_table(("when", "who", "channel", "state", "why"), rows, t, (5, 3, 3, 3, 4))]


def _digest(digest: str, t: Words) -> list[Block]:
    return [Paragraph(t("proof.digest_text")), Items((t("proof.digest_line", digest=digest),), numbered=False)]


# Instants ---------------------------------------------------------------------------------------------------------


def instant(us: int | None, offset_min: int = BEIJING_MIN) -> str:
    """`2026-03-16 09:20:05+08:00`, with the fraction of a second where there is one: nothing may be lost that counts."""
    if us is None:
        return "—"
    hours, minutes = divmod(abs(offset_min), 60)
    return f"{local(us + offset_min * MINUTE_US)}{'+' if offset_min >= 0 else '-'}{hours:02d}:{minutes:02d}"


def local(us: int | None) -> str:
    """A wall clock's reading in microseconds, as it stands."""
    if us is None:
        return "—"
    moment = from_us(us).replace(tzinfo=None)
    return moment.isoformat(sep=" ", timespec="microseconds" if moment.microsecond else "seconds")

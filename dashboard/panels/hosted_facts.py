"""What is known of a hosted case: particulars, papers with their files, fees, papers given out, clocks. Pure but for names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from dash import html

from approval.detail import (
    HostedDetail,
    Licence,
    LicenceState,
    Paper,
    PaymentKept,
    PaymentState,
    ReversalRequest,
    StepPaperKept,
)
from approval.payments.matters import yuan
from dashboard.panels import case_calendar
from dashboard.panels.case_clocks import ORDER
from dashboard.panels.case_sentence import number, sentence
from dashboard.panels.days_left import days_left, left_words, light_sign
from dashboard.panels.hosted_acts import fee_name
from dashboard.panels.power_words import kind_chip, kind_of, paper_words, party_words, state_words
from dashboard.panels.tables import facts
from dashboard.panels.window_form import paper_chip, receipt_links
from dashboard.times import day_at, due_stamp, stamp
from dashboard.words import Words

FILES = "/api/v1/approval/cases"
PagesOf = Callable[[str, str], int]  # digest and media type → pages that can be shown


def head(detail: HostedDetail, services: Any, area: str, now: int, t: Words) -> html.Header:
    """Light, item, number, applicant, what is left, who has it, the project it belongs to."""
    row = detail.head
    left = days_left(row.state, row.due_at, services.areas.for_area(area), now, t)
    links = [html.A(t("hosted.explained"), href=f"/case/{area}/{row.case_no}")]
    if detail.project_no:
        words = t("hosted.project_of", no=detail.project_no)
        links.insert(0, html.A(words, href=f"/hosted/?no={detail.project_no}") if detail.reads_project else html.Span(words))
    kind = kind_of(services.catalogue.find_item(row.item))
    about = html.Div([html.H1([services.case_queries.item_name(row.item), " ", kind_chip(kind, t)]),
                      html.P([html.Span(row.case_no, className="num"), html.Span(services.case_queries.org_name(row.org)),
                              html.Span(row.applicant), html.Span(row.title)], className="hosted-about")])
    holder = html.Span(t("hosted.held_by", who=row.claimed_name or row.claimed_by), className="chip chip-info") \
        if row.claimed_by else None
    state = html.Div([html.Span([state_words(row.state, kind, t), f" · {row.step}" if row.step else ""],
                                className="hosted-state"),
                      left_words(left), holder], className="hosted-standing")
    return html.Header([light_sign(row.light, t), about, state, html.Nav(links, className="hosted-links")],
                       className="panel hosted-head")


def clocks(known: Sequence[Any], as_of: int, t: Words) -> html.Section:
    """Each clock with what is used of it and in a sentence; the calendar opens below it."""
    ordered = sorted(known, key=lambda one: (one.ended_at is not None, ORDER.index(one.kind) if one.kind in ORDER else 9))
    rows = [_clock(one, as_of, t) for one in ordered]
    return html.Section([html.H2(t("hosted.clocks")), *(rows or [html.P(t("hosted.no_clock"), className="case-none")])],
                        className="panel")


def _clock(clock: Any, as_of: int, t: Words) -> html.Details:
    name = t(f"clock.{clock.kind}") + (f" · {t.subject(clock.name)}" if clock.name else "")
    used = "" if clock.days_used is None else f"{number(clock.days_used)} / {number(clock.amount)}"
    share = min(1.0, clock.days_used / clock.amount) if clock.days_used is not None and clock.amount else 0.0
    bar = html.Progress(value=f"{share:.3f}", max="1", className=f"clock-bar bar-{case_calendar.LEVELS[clock.level]}",
                        **{"aria-label": name})
    line = html.Summary([html.Strong(name), html.Span(t(f"clock_condition.{clock.condition}"), className="chip"), bar,
                         html.Span(used, className="num"),
                         html.Span(due_stamp(clock.due_at, clock.utc_offset), className="num")])
    calendar = case_calendar.render(clock, day_at(as_of, clock.utc_offset), t) if not clock.reason else None
    return html.Details([line, html.P(sentence(clock, as_of, t), className="clock-sentence"), calendar],
                        className="hosted-clock")


def particulars(detail: HostedDetail, kind: str, t: Words) -> html.Section:
    applicant = detail.particulars.get("applicant", {})
    rows = [(party_words(kind, t) if name == "name" else t(f"window.field.{name}"), applicant.get(name))
            for name in ("name", "identity_no", "phone", "email", "address", "agent")]
    rows.insert(0, (t("window.field.kind"), t(f"window.kind.{applicant['kind']}") if applicant.get("kind") else ""))
    labels = detail.particulars.get("form", {})
    rows += [(labels.get(code, code), value) for code, value in detail.particulars.get("fields", {}).items()]
    rows.append((t("hosted.channel"), t(f"hosted.channel_of.{detail.head.channel}")))
    return html.Section([html.H2(t("hosted.particulars")), facts(rows)], className="panel")


def papers(detail: HostedDetail, item: Any, may_upload: bool, t: Words, pages_of: PagesOf) -> html.Section:
    """Every paper of the item's list: here, to follow or missing; its files; and the way to put another file there."""
    listed = item.details.materials if item is not None else {}
    codes = list(dict.fromkeys((*listed, *(paper.code for paper in detail.papers))))
    rows = [_paper(code, listed.get(code), [one for one in detail.papers if one.code == code], detail.head.case_no,
                   may_upload, t, pages_of) for code in codes]
    return html.Section([html.H2(t("hosted.papers")),
                         html.Ul(rows, className="paper-list") if rows else html.P(t("window.no_papers"),
                                                                                   className="case-none"),
                         html.P(id="hosted-upload-said", className="form-said", role="status")], className="panel")


def _paper(code: str, listed: Any, kept: Sequence[Paper], case_no: str, may_upload: bool, t: Words,
           pages_of: PagesOf) -> html.Li:
    state = "deferred" if any(one.state == "deferred" for one in kept) else "here" if kept else "missing"
    files = [_file(one, f"{FILES}/{case_no}/files/{one.sha256}", pages_of(one.sha256, one.media_type), t)
             for one in kept if one.sha256]
    on_paper = next((one for one in kept if one.form == "paper" and one.state == "received"), None)
    where = [html.Span(t("hosted.on_paper", at=stamp(on_paper.at)[5:], who=on_paper.by_name), className="paper-note")] \
        if on_paper is not None else []
    address = f"{FILES}/{case_no}/files?{urlencode({'code': code})}"
    button = html.Button(t("hosted.upload"), className="button paper-upload", type="button", **{"data-upload": address}) \
        if may_upload and listed is not None else None
    return html.Li([html.Span(className=f"paper-sign paper-{state}", **{"aria-hidden": "true"}),
                    html.Div([html.Strong(listed.name if listed is not None else code),
                              html.Span(_standing(state, kept, t), className="paper-note"), *where, *files]),
                    paper_chip(listed, t) if listed is not None else None, button])


def _standing(state: str, kept: Sequence[Paper], t: Words) -> str:
    """Here, missing, or to follow, and by which day."""
    day = next((one.promised_at for one in kept if one.state == "deferred" and one.promised_at is not None), None)
    return t(f"hosted.paper.{state}") if day is None else t("hosted.paper.deferred_until", day=stamp(day)[:10])


def _kept_by(step: str, one: StepPaperKept, t: Words) -> str:
    said = f"{step} · {stamp(one.at)[5:]} {one.by_name}"
    return f"{said} · {t('hosted.step_paper.dropped', who=one.dropped_by)}" if one.dropped_by else said


def _file(kept: Paper | StepPaperKept | PaymentKept, address: str, pages: int, t: Words) -> html.Div:
    """Its name, which downloads it; a small picture of its first page, and a way to each page in full."""
    small = [html.A(html.Img(src=f"{address}/preview/1?size=small", alt=t("hosted.preview_of", name=kept.file_name),
                             className="paper-thumb"), href=f"{address}/preview/1", target="_blank")] if pages else []
    others = [html.A(t("hosted.page", n=page), href=f"{address}/preview/{page}", target="_blank", className="file-page")
              for page in range(1, pages + 1)]
    source = [html.Span(t("hosted.reused", no=kept.source_case), className="paper-note", title=kept.consent)] \
        if isinstance(kept, Paper) and kept.source_case else []
    return html.Div([*small, html.Div([html.A(kept.file_name, href=address, className="paper-file"), *source,
                                       html.Div(others, className="paper-pages")])], className="paper-kept")


def step_papers(detail: HostedDetail, item: Any, may_upload: bool, t: Words, pages_of: PagesOf) -> html.Section | None:
    """The documents each step asks for, with the files of every visit; those of the open step may be put there."""
    listed = item.details.step_papers if item is not None else ()
    known = [(one.step, one.code) for one in listed]
    asked = list(dict.fromkeys([*known, *((one.step, one.code) for one in detail.step_papers)]))
    if not asked:
        return None
    names = {(one.step, one.code): one for one in listed}
    rows = [_step_paper(key, names.get(key), [one for one in detail.step_papers if (one.step, one.code) == key], detail,
                        may_upload and key[0] == detail.head.step, t, pages_of) for key in asked]
    return html.Section([html.H2(t("hosted.step_papers")), html.Ul(rows, className="paper-list")], className="panel")


def _step_paper(key: tuple[str, str], listed: Any, kept: Sequence[StepPaperKept], detail: HostedDetail, may_upload: bool,
                t: Words, pages_of: PagesOf) -> html.Li:
    step, code = key
    case_no = detail.head.case_no
    is_open = step == detail.head.step
    is_here = any(one.is_current or not (is_open or one.dropped_by) for one in kept)
    files = [_file(one, f"{FILES}/{case_no}/files/{one.sha256}", pages_of(one.sha256, one.media_type), t) for one in kept]
    address = f"{FILES}/{case_no}/step-files?{urlencode({'code': code})}"
    button = html.Button(t("hosted.upload"), className="button paper-upload", type="button", **{"data-upload": address}) \
        if may_upload and listed is not None else None
    told = [html.Span(_kept_by(step, one, t), className="paper-note") for one in kept] or [
        html.Span(step, className="paper-note")]
    chip = "hosted.step_paper.must" if listed is not None and listed.required else "hosted.step_paper.may"
    return html.Li([html.Span(className=f"paper-sign paper-{'here' if is_here else 'missing'}", **{"aria-hidden": "true"}),
                    html.Div([html.Strong(listed.name if listed is not None else code), *told, *files]),
                    html.Span(t(chip), className="chip"), button])


def fees(detail: HostedDetail, item: Any, t: Words, pages_of: PagesOf) -> html.Section | None:
    """What is to be paid, and what was paid outside: an upload of its slip for who may take money."""
    if not detail.fees and (item is None or not item.details.fees):
        return None
    rows = [html.Li([html.Strong(fee_name(item, fee["code"])), html.Span(f"¥ {fee['amount_fen'] / 100:.2f}", className="num"),
                     html.Span(t(f"hosted.fee.{detail.fee_standing(fee)}"),
                               className="chip" if fee["state"] == "due" else "chip chip-ok"),
                     html.Span(fee["receipt_no"] or fee["ground"], className="paper-note")]) for fee in detail.fees]
    return html.Section([html.H2(t("hosted.fees")), html.Ul(rows, className="fee-list") if rows else
                         html.P(t("hosted.no_fees"), className="case-none"),
                         html.Ul([_payment(one, detail, t, pages_of) for one in detail.payments], className="paper-list")],
                        className="panel")


def _payment(one: PaymentKept, detail: HostedDetail, t: Words, pages_of: PagesOf) -> html.Li:
    """A payment settled by hand: who entered it, who confirmed it and who took it back, with the scan of its slip."""
    sign = {"booked": "here", "entered": "deferred", "reversing": "deferred"}.get(one.state, "missing")
    who = t("hosted.payment_by", who=one.entered_name or one.entered_by, at=stamp(one.entered_at)[5:])
    told = [html.Span(" · ".join(filter(None, said)), className="paper-note")
            for said in ((who, _second(one, t)), *_reversals(one, t)) if any(said)]
    address = f"{FILES}/{detail.head.case_no}"
    slip = _file(one, f"{address}/files/{one.sha256}", pages_of(one.sha256, one.media_type), t) if one.sha256 else None
    button = html.Button(t("hosted.payment_slip"), className="button paper-upload", type="button",
                         **{"data-upload": f"{address}/payments/{one.id}/slip?code=payment"}) \
        if not one.sha256 and detail.takes_money else None
    words = f"{t(f'hosted.payment_kind.{one.kind}')} {one.reference} · ¥ {yuan(one.amount_fen)} · {one.paid_on}"
    return html.Li([html.Span(className=f"paper-sign paper-{sign}", **{"aria-hidden": "true"}),
                    html.Div([html.Strong(words), *told, slip]),
                    html.Span(t(f"hosted.payment_state.{one.state}"), className="chip"), button])


def _second(one: PaymentKept, t: Words) -> str:
    """Who confirmed it, whatever became of it later, or refused it; "" where it took nobody but who entered it."""
    decided = PaymentState.REFUSED if one.state == PaymentState.REFUSED else PaymentState.BOOKED
    return t(f"hosted.payment_decided.{decided}", who=one.decided_name or one.decided_by, words=one.words) \
        if one.decided_by not in ("", one.entered_by) else ""


def _reversals(one: PaymentKept, t: Words) -> list[tuple[str, str]]:
    """Each time somebody asked to take it back: who and why, and what the second person said."""
    last = len(one.requests) - 1
    return [_reversal(asked, one.state if place == last else PaymentState.BOOKED, t)
            for place, asked in enumerate(one.requests)]


def _reversal(one: ReversalRequest, became: str, t: Words) -> tuple[str, str]:
    asked = t("hosted.reversal_asked", who=one.asked_name or one.asked_by, words=one.reversal_reason)
    decided = t(f"hosted.reversal_decided.{became}", who=one.reversed_name or one.reversed_by, words=one.reversal_answer) \
        if one.reversed_by else ""
    return asked, decided


def licences(detail: HostedDetail, today: date, t: Words) -> html.Section | None:
    """What was given out, until when it is good, and how it ended."""
    if not detail.licences:
        return None
    return html.Section([html.H2(t("hosted.licences")), html.Ul([_licence(one, today, t) for one in detail.licences],
                                                                className="fee-list")], className="panel")


def _licence(one: Licence, today: date, t: Words) -> html.Li:
    state = one.state if one.state != LicenceState.VALID or one.is_good(today) else "expired"
    look = "chip chip-ok" if state == LicenceState.VALID else "chip"
    until = t("hosted.licence_open") if one.valid_until is None else t("hosted.licence_until", day=one.valid_until.isoformat())
    note = one.ground or ("" if one.is_drawn else t("hosted.licence_elsewhere"))
    return html.Li([html.Strong(one.name), html.Span(one.number, className="num"), html.Span(until, className="paper-note num"),
                    html.Span(t(f"hosted.licence_state.{state}"), className=look), html.Span(note, className="paper-note")])


def receipts(detail: HostedDetail, kind: str, t: Words) -> html.Section:
    rows = [html.Li([html.Strong(paper_words(one.kind, kind, t)), html.Span(one.number, className="num"),
                     html.Span(stamp(one.issued_at)[5:], className="paper-note num"),
                     *receipt_links(detail.head.case_no, one.code, t)]) for one in reversed(detail.receipts)]
    return html.Section([html.H2(t("hosted.receipts")), html.Ul(rows, className="receipt-list") if rows else
                         html.P(t("hosted.no_receipts"), className="case-none")], className="panel")

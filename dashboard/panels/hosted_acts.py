"""What a person may do about a hosted case, and the form of each act. The services check all of it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html

from approval.cashier import PaymentKind
from approval.corrections import Notice, notice_of
from approval.detail import HostedDetail, LicenceState, PaymentKept
from approval.flow import Part
from approval.licences import ENDINGS
from approval.matters import Act
from approval.payments.matters import yuan
from approval.performing import ActOn
from approval.permitted import payments_for
from config.item_form import PREFIX, FormField
from config.item_steps import form_of, papers_of
from core.access import Actor
from core.errors import InvalidInput
from dashboard.panels.form_fields import dropdown_words
from dashboard.panels.power_words import act_words, kind_of
from dashboard.words import Words

# Act → its fields, in the order of the buttons.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "claim": (), "pre_accept": (), "receive": ("papers",), "accept": ("deferred", "until"),
    "complete": ("result", "words", "reason"), "drop_step_paper": ("code",),
    "dispatch": ("words",), "conclude": ("words", "until", "certificate_no"), "supply": ("papers",),
    "correct": ("papers", "words", "rest_withheld"),
    "collect": ("words",), "charge": ("code", "quantity"), "waive": ("fee", "reason"),
    "paid": ("fees", "kind", "reference", "amount", "paid_on", "receipt_no"),
    "confirm_payment": ("payment",), "refuse_payment": ("payment", "reason"),
    "reverse_payment": ("payment",), "refuse_reversal": ("payment", "reason"), "ask_reversal": ("payment", "reason"),
    "grant_extension": ("words",), "refuse_extension": ("words",), "end_special": ("words",), "send_back": ("to_step",
                                                                                                            "reason"),
    "reopen": ("node", "reason"), "begin_anew": ("node", "reason"),
    "leave_out": ("node", "reason"), "hand_over": ("to", "reason"), "start_special": ("kind", "days", "reason"),
    "ask_extension": ("days", "reason"), "ask_hearing": ("reason",),
    "hold_hearing": ("words",), "ask_correction": ("papers", "amend", "reason"), "refuse": ("reason",), "return": ("reason",),
    "void": ("reason",), "end_licence": ("certificate_no", "kind", "reason")}
GRAVE = ("refuse", "return", "void", "send_back", "reopen", "leave_out", "end_licence", "reverse_payment")
NUMBERS = ("days", "quantity", "fee", "payment")
SEVERAL = ("papers", "deferred", "amend", "fees")
CONFIRMED = ("rest_withheld",)  # a box to tick
Option = tuple[Any, str]


@dataclass(frozen=True, slots=True)
class Before:
    """What is before the person: the case as queries know it, its item, and who he is."""

    detail: HostedDetail
    item: Any
    actor: Actor

    @property
    def notice(self) -> Notice:
        """The correction notice that waits for its answer; one that asks for nothing where none does."""
        details = self.item.details if self.item is not None else None
        return notice_of(self.detail.told, details, self.detail.particulars["fields"])


def allowed(case: Before) -> list[str]:
    """The acts by name, in the order they are shown in: what is permitted, and what the item has something to choose for."""
    may, item = {act.value for act in case.detail.may}, case.item
    if item is None or not item.details.fees:
        may.discard("charge")
    if item is None or not any(kind in item.details.ceilings for kind in item.special):
        may.discard("start_special")
    return [name for name in FIELDS if name in may]


def options(case: Before, act: str, name: str, people: Callable[[], Sequence[Option]], t: Words) -> list[Option]:
    """What may be chosen in a field; [] for one that is written."""
    detail, item = case.detail, case.item
    listed = item.details.materials if item is not None else {}
    if name == "fees":
        return _fees_due(case, t)
    if name == "amend":
        return [(code, one.label) for code, one in item.details.form.items()] if item is not None else []
    if name in SEVERAL:
        here = _here(detail)
        codes = {"supply": detail.deferred,
                 "accept": _may_follow(case),
                 "receive": [code for code in listed if code not in here]}.get(act, list(listed))
        return [(code, listed[code].name if code in listed else code) for code in codes]
    if name in CONFIRMED:
        return [("yes", t(f"hosted.confirm.{name}"))]
    choices: dict[str, Callable[[], list[Option]]] = {
        "result": lambda: [(one, t.first(f"receipt.of.{kind_of(item)}.result.{one}", f"hosted.result.{one}"))
                           for one in ("granted", "refused")]
        if detail.decides and detail.is_ended_by_next else [],
        "to_step": lambda: [(step, step) for step in detail.earlier],
        "to": lambda: list(people()),
        "certificate_no": lambda: _valid_licences(detail) if act == "end_licence" else [],
        "payment": lambda: [(one.id, _payment_words(one, t)) for one in payments_for(Act(act), detail, case.actor)],
        "kind": lambda: _endings(t) if act == "end_licence" else _payment_kinds(t) if act == "paid" else [
            (kind, t("hosted.kind_of", kind=t.subject(kind), n=item.details.ceilings[kind]))
            for kind in item.special if kind in item.details.ceilings],
        "code": lambda: _own_step_files(case) if act == "drop_step_paper" else [
            (code, t("hosted.fee_of", name=fee.name, amount=f"{fee.standard_fen / 100:.2f}", unit=fee.unit))
            for code, fee in item.details.fees.items()],
        "fee": lambda: _fees_due(case, t),
        "node": lambda: [(part.node, part.node) for part in detail.parts
                         if part.state in (("done", "refused") if act == "reopen" else ("void",))]}
    return choices[name]() if name in choices else []


def _fees_due(case: Before, t: Words) -> list[Option]:
    return [(fee["id"], t("hosted.fee_owed", name=fee_name(case.item, fee["code"]), amount=yuan(fee["amount_fen"])))
            for fee in case.detail.due_fees]


def _payment_kinds(t: Words) -> list[Option]:
    return [(one.value, t(f"hosted.payment_kind.{one.value}")) for one in PaymentKind]


def _payment_words(one: PaymentKept, t: Words) -> str:
    return t("hosted.payment_of", kind=t(f"hosted.payment_kind.{one.kind}"), reference=one.reference,
             amount=yuan(one.amount_fen), day=one.paid_on, who=one.entered_name or one.entered_by)


def _beforehand(case: Before, act: str) -> dict[str, Any]:
    """What a form says before anybody has written into it: a payment settles all that is due."""
    if act != "paid":
        return {one.code: one.value for one in case.notice.fields}
    due = case.detail.due_fees
    return {"fees": [fee["id"] for fee in due], "amount": yuan(sum(fee["amount_fen"] for fee in due))}


def _own_step_files(case: Before) -> list[Option]:
    """The files of the open step, by digest."""
    names = papers_of(case.item.details.step_papers, case.detail.head.step) if case.item is not None else {}
    return [(one.sha256, f"{names[one.code].name if one.code in names else one.code}：{one.file_name}")
            for one in case.detail.step_papers if one.is_current]


def _asked_in(case: Before, act: str) -> Mapping[str, FormField]:
    """The fields of the open step, for who does it; of one that several sign, for who signs last. Of a correction: what the
    notice asks to amend."""
    if act == "correct":
        return {one.code: one.asked for one in case.notice.fields}
    if act != "complete" or case.item is None or not case.detail.is_ended_by_next:
        return {}
    return form_of(case.item.details.step_fields, case.detail.head.step)


def _endings(t: Words) -> list[Option]:
    return [(one.value, t(f"hosted.licence_ending.{one.value}")) for one in ENDINGS]


def _valid_licences(detail: HostedDetail) -> list[Option]:
    return [(one.number, f"{one.name} {one.number}") for one in detail.licences if one.state == LicenceState.VALID]


def _here(detail: HostedDetail) -> set[str]:
    return {paper.code for paper in detail.papers if paper.state == "received"}


def _may_follow(case: Before) -> list[str]:
    """The required papers that are not here and may follow."""
    here, listed = _here(case.detail), case.item.details.materials if case.item is not None else {}
    return [code for code, one in listed.items() if one.required and one.deferrable and code not in here]


def fee_name(item: Any, code: str) -> str:
    return item.details.fees[code].name if item is not None and code in item.details.fees else code


def fields_of(case: Before, act: str) -> tuple[str, ...]:
    """Only the step that decides says what, and why not; of one that several sign, whoever signs last."""
    if act == "accept" and not _may_follow(case):
        return ()
    if act == "ask_correction" and (case.item is None or not case.item.details.form):
        return ("papers", "reason")
    if act == "complete" and not (case.detail.decides and case.detail.is_ended_by_next):
        return ("words",)
    if act == "conclude" and (case.item is None or not case.item.details.licence or case.detail.fold.refused is not None):
        return ("words",)
    return FIELDS[act]


def form(case: Before, act: str, given: Mapping[str, Any], people: Callable[[], Sequence[Option]], t: Words) -> html.Div:
    """The fields of an act under what it will do, and its one button. `given` is what had been written before."""
    kept = _beforehand(case, act)
    rows = [_asked(one, given.get(f"{PREFIX}{code}", kept.get(code)), t) for code, one in _asked_in(case, act).items()]
    rows += [_field(name, act, options(case, act, name, people, t), given.get(name, kept.get(name)), t)
             for name in fields_of(case, act)]
    look = "button button-main" if act not in GRAVE else "button button-grave"
    name = act_words(act, kind_of(case.item), t)
    press = html.Button(name, id={"press": act}, className=look, n_clicks=0)
    return html.Div([html.H2(name), *rows,
                     html.Div([press, dcc.Link(t("hosted.leave"), href=f"?no={case.detail.head.case_no}", refresh=False,
                                               className="button")], className="act-buttons")], className="act-form")


def _asked(one: FormField, value: Any, t: Words) -> html.Div:
    """A field of the form of the step."""
    name = f"{PREFIX}{one.code}"
    key: Any = {"told": name}
    label = one.label if one.required else t("hosted.optional", name=one.label)
    if one.kind == "choice":
        control: Any = dcc.Dropdown(id=key, options=list(one.choices), value=value, clearable=not one.required,
                                    className="edit-choice", labels=dropdown_words(t))
    else:
        control = dcc.Input(id=key, type="text", value=value or "", className="field", autoComplete="off",
                            placeholder="2026-03-31" if one.kind == "date" else "")
    return html.Div([html.Label(label), control, html.Small(id={"amiss": name}, className="field-error", role="alert")],
                    className="act-field")


def _field(name: str, act: str, choices: Sequence[Option], value: Any, t: Words) -> html.Div:
    label = t.first(f"hosted.field.{act}_{name}", f"hosted.field.{name}")
    control = _control(name, choices, value, label, t)
    return html.Div([html.Label(label), control, html.Small(id={"amiss": name}, className="field-error", role="alert")],
                    className="act-field")


def _control(name: str, choices: Sequence[Option], value: Any, label: str, t: Words) -> Any:
    key: Any = {"told": name}
    listed: Any = [{"value": code, "label": words} for code, words in choices]
    if name in (*SEVERAL, *CONFIRMED):
        return dcc.Checklist(id=key, options=listed, value=value or [], className="act-choice act-papers")
    if name in ("to", "kind", "code"):
        first = choices[0][0] if choices and name != "to" else None
        return dcc.Dropdown(id=key, options=listed, value=value or first, clearable=name == "to", className="edit-choice",
                            labels=dropdown_words(t))
    if choices:
        return dcc.RadioItems(id=key, options=listed, value=value or choices[0][0], className="act-choice act-column")
    if name in NUMBERS:
        return dcc.Input(id=key, type="number", min=1, value=value or 1, className="field")
    if name in ("until", "paid_on"):
        return dcc.Input(id=key, type="text", value=value or "", className="field", placeholder="2026-03-31",
                         autoComplete="off")
    if name in ("words", "reason"):
        return dcc.Textarea(id=key, value=value or "", className="act-words", spellCheck=False, title=label)
    return dcc.Input(id=key, type="text", value=value or "", className="field", autoComplete="off")


def told(act: str, values: Mapping[str, Any], rev: int, station: str, parts: Sequence[Part] = ()) -> ActOn:
    """What the form holds, as the services take it. Raises InvalidInput for a number that is none."""
    clean: dict[str, Any] = {}
    for name in FIELDS[act]:
        value = values.get(name)
        if name in NUMBERS:
            if not isinstance(value, int):
                raise InvalidInput("number_missing", key=name)
            clean[name] = value
        elif name in CONFIRMED:
            clean[name] = bool(value)
        elif value:
            clean[name] = list(value) if name in SEVERAL else str(value)
    asked = {name.removeprefix(PREFIX): str(value) for name, value in values.items() if name.startswith(PREFIX) and value}
    if asked:
        clean["fields"] = asked
    return ActOn(rev=rev, station=station, parts=list(parts), **clean)

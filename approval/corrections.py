"""补正: what a correction notice asks for, and whether an answer gives it all.

A notice always says in words what is wrong. It may name papers to bring and fields of the form to amend; one that names
neither is answered in words. Everything comes in one act, since nothing can be asked for a second time (行政许可法 Art. 32).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from approval.matters import checked_words
from cases.events import CaseEvent, EventKind
from config.item_details import ItemDetails
from config.item_form import PREFIX, FieldKind, FormField
from core.errors import InvalidInput

FIELDS = "fields"  # the attribute of the event that names the fields to amend


class Told(msgspec.Struct, frozen=True):
    """A notice as the journal has it: `papers` and `fields` are codes."""

    reason: str
    papers: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """A paper a correction is to bring."""

    code: str
    name: str


class WantedField(msgspec.Struct, frozen=True):
    """A field of the form a correction is to amend, as `config.item_form` has it; `value` is what it says so far."""

    code: str
    name: str
    kind: FieldKind = "text"
    required: bool = True
    unit: str = ""
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    value: str = ""

    @property
    def label(self) -> str:
        """The name with what is counted in."""
        return self.asked.label

    @property
    def asked(self) -> FormField:
        """The field itself, which checks what is written into it."""
        return FormField(**{name: value for name, value in msgspec.structs.asdict(self).items() if name != "value"})


class Notice(msgspec.Struct, frozen=True):
    """What an applicant is asked for, with the names of it."""

    reason: str = ""
    papers: tuple[Wanted, ...] = ()
    fields: tuple[WantedField, ...] = ()

    @property
    def needs_words(self) -> bool:
        """Whether words are all it can be answered with."""
        return not (self.papers or self.fields)


class Answer(msgspec.Struct, frozen=True):
    """What answers it: the codes of the papers that come, what fields say now, and words. `rest_withheld`: he knows what still
    lacks and will not bring it."""

    papers: tuple[str, ...] = ()
    fields: dict[str, str] = {}
    words: str = ""
    rest_withheld: bool = False

    def amended(self, notice: Notice) -> dict[str, str]:
        """What says something else than before."""
        before = {one.code: one.value for one in notice.fields}
        return {code: value.strip() for code, value in self.fields.items() if value.strip() != before.get(code, "")}

    def lacking(self, notice: Notice) -> list[str]:
        """The names of what was asked for and is not given. A field left as it was is answered by words that explain it."""
        papers = [one.name for one in notice.papers if one.code not in self.papers]
        amended = self.amended(notice)
        kept = [] if self.words.strip() else [one.label for one in notice.fields if one.code not in amended]
        return papers + kept

    def check(self, notice: Notice) -> None:
        """Raises InvalidInput or TooLarge naming what is wrong, or lacks."""
        checked_words(self.words, "words", required=False)
        asked = {one.code: one for one in notice.fields}
        for code, value in self.amended(notice).items():
            if code not in asked:
                raise InvalidInput("correction_field_unasked", key=f"{PREFIX}{code[:40]}",
                                   accepted="、".join(one.label for one in notice.fields) or "—")
            asked[code].asked.check(value)
        if self.rest_withheld:
            return
        if notice.needs_words and not self.words.strip():
            raise InvalidInput("correction_words_missing", key="words")
        lacking = self.lacking(notice)
        if lacking:
            raise InvalidInput("correction_incomplete", key="papers", papers="、".join(lacking))


def told_in(events: Iterable[CaseEvent]) -> Told | None:
    """The notice among the events of a case."""
    event = next((one for one in events if one.kind is EventKind.CORRECTION_NOTIFIED), None)
    if event is None:
        return None
    fields = (event.data.attributes or {}).get(FIELDS, "")
    return Told(event.data.reason or "", tuple(event.data.materials or ()), tuple(filter(None, fields.split(","))))


def notice_of(told: Told | None, details: ItemDetails | None, said: Mapping[str, str]) -> Notice:
    """The notice with names. `said` is what the form says; what the item does not know any more is not asked for."""
    if told is None or details is None:
        return Notice()
    papers = tuple(Wanted(code, details.materials[code].name) for code in told.papers if code in details.materials)
    fields = tuple(_wanted(details.form[code], said.get(code, "")) for code in told.fields if code in details.form)
    return Notice(told.reason, papers, fields)


def check_fields(details: ItemDetails, fields: Collection[str]) -> None:
    """Nobody may be asked to amend a field the form does not have. Raises InvalidInput."""
    unknown = [code for code in fields if code not in details.form]
    if unknown:
        raise InvalidInput("form_field_unknown", key="amend", accepted="、".join(details.form) or "—")


def amendments(notice: Notice, amended: Mapping[str, str]) -> str:
    """What changed, in one line: 面积：20 → 30."""
    return "；".join(f"{one.label}：{one.value or '—'} → {amended[one.code] or '—'}"
                    for one in notice.fields if one.code in amended)


def with_fields(particulars: str, amended: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """The stored particulars of a case with what its form says now."""
    told: dict[str, Any] = msgspec.json.decode(particulars)
    told["fields"] = {**told["fields"], **amended}
    told["form"] = {**told.get("form", {}), **labels}
    return msgspec.json.encode(told).decode()


def _wanted(field: FormField, value: str) -> WantedField:
    return WantedField(field.code, field.name, field.kind, field.required, field.unit, field.choices, field.at_least,
                       field.at_most, value)

"""The event as other systems send it over HTTP or in JSON Lines, and its conversion into an event of the record.

The shape is the contract of POST /api/v1/events; feeds/openapi.py describes it from these structs. Unknown fields are
refused: a misspelt due date must not vanish without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, to_builtins

from cases.events import NO_DATA, CaseEvent, Due, EventData, EventKind
from core.characters import has_control, json_has_control, without_control
from core.errors import InvalidInput
from core.instants import offset_minutes, to_us
from core.limits import parse_limit
from feeds.event_faults import MemberReader, explained
from feeds.reasons import Refusal, Rejection, as_one
from feeds.records import Parsed
from feeds.repeated_names import refuse_repeated_names
from feeds.times import FIRST_YEAR, LAST_YEAR, MOST_DAYS

Id = Annotated[str, Meta(min_length=1, max_length=160, description="Unique in the source; a repeated one is a duplicate.")]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=2000)]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset, e.g. 2026-03-09T09:30:00+08:00.")]
DueText = Annotated[str, Meta(min_length=10, max_length=35, examples=["2026-03-16", "2026-03-16T17:00:00+08:00"],
                              description="A date (that whole day is in time), or a moment with offset.")]
LimitText = Annotated[str, Meta(pattern=r"^\d{1,4}(wd|cd|wh|mo)$", examples=["7wd", "56cd", "8wh", "3mo"],
                                description="Working days (wd), calendar days (cd), working hours (wh) or months (mo).")]


class PublicData(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an event may carry beyond its head."""

    title: Text | None = None
    applicant: Annotated[str, Meta(max_length=256)] | None = None
    applicant_kind: Annotated[Literal["person", "company"], Meta(description="自然人 or 法人.")] | None = None
    reason: Text | None = None
    document_no: Name | None = None
    special_kind: Name | None = None
    approved_days: Annotated[int, Meta(ge=0, le=MOST_DAYS)] | None = None
    promised_due: DueText | None = None
    statutory_due: DueText | None = None
    own_due: DueText | None = None
    step_due: DueText | None = None
    due_granularity: Annotated[Literal["day", "instant"], Meta(
        description="day: closed on the due day is in time; instant: one second late is late.")] = "day"
    promised_limit: LimitText | None = None
    statutory_limit: LimitText | None = None
    parent_org: Name | None = None
    post: Annotated[Name, Meta(description="Post of the actor (岗位).")] | None = None
    opinion: Text | None = None
    result: Annotated[Literal["granted", "refused"], Meta(description="Outcome of a decision.")] | None = None
    materials: Annotated[tuple[Name, ...], Meta(
        max_length=100, description="Codes of the materials received; with correction_notified those asked for.")] | None = None
    deferred: Annotated[tuple[Name, ...], Meta(
        max_length=100, description="Codes of materials accepted as to follow (容缺).")] | None = None
    deferred_due: DueText | None = None
    fee_code: Name | None = None
    amount_fen: Annotated[int, Meta(ge=0, le=2**53, description="Money in fen.")] | None = None
    quantity: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    receipt_no: Name | None = None
    waiver: Annotated[Text, Meta(description="Ground on which the fee was waived.")] | None = None
    certificate_no: Name | None = None
    certificate_at: Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset.")] | None = None
    ticket_no: Name | None = None
    score: Annotated[int, Meta(ge=1, le=5, description="1 very dissatisfied … 5 very satisfied.")] | None = None
    channel: Name | None = None
    phone_hash: Annotated[Name, Meta(description="Keyed hash of the phone number, never the number.")] | None = None
    device: Name | None = None
    topic: Name | None = None
    from_step: Annotated[Name, Meta(description="Of rolled_back: the step that was open.")] | None = None
    attributes: dict[Name, Annotated[str, Meta(max_length=2000)]] | None = None


class PublicEvent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One event of one case."""

    id: Id
    version: Annotated[int, Meta(ge=1, le=2**31 - 1, description="A higher version replaces a lower one.")] = 1
    kind: EventKind
    case_no: Name
    area: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    at: Moment
    order: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Decides between events of the same moment.")] = 0
    org: Name | None = None
    item: Name | None = None
    item_version: Annotated[str, Meta(max_length=32)] | None = None
    actor: Name | None = None
    station: Name | None = None
    step: Annotated[str, Meta(min_length=1, max_length=160)] | None = None
    data: PublicData | None = None


class EventReader:
    """JSON of one event → CaseEvent of a source. Holds its compiled decoder; safe to share between threads."""

    def __init__(self, default_area: str, max_attributes: int = 40) -> None:
        self._decode = msgspec.json.Decoder(PublicEvent).decode
        self.default_area, self.max_attributes = default_area, max_attributes

    def parse(self, source: str, raw: bytes, line: int = 0) -> Parsed:
        """The event of a record, or why it is refused."""
        try:
            return Parsed(self.read(source, raw), None, raw, line)
        except Refusal as refusal:
            return Parsed(None, Rejection(refusal.as_outcome(), line), raw, line)

    def read(self, source: str, raw: bytes) -> CaseEvent:
        """Raises Refusal naming the field and the problem."""
        try:
            public = self._decode(raw)
        except msgspec.ValidationError as failure:
            raise as_one([explained(failure), *_MEMBERS.refusals(raw)]) from failure
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as failure:
            raise Refusal("json_invalid", problem=str(failure)) from failure
        refuse_repeated_names(raw, public)
        _check_characters(msgspec.json.encode(public) if b"\\" in raw else raw, public)
        return self.event_of(source, public)

    def event_of(self, source: str, public: PublicEvent) -> CaseEvent:
        """The event of the record. Raises Refusal for a year or due date out of the question."""
        at = public.at
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise Refusal("time_out_of_range", "at", at.isoformat())
        offset = offset_minutes(at)
        return CaseEvent(
            source=source, source_event_id=public.id, source_version=public.version, kind=public.kind,
            case_no=public.case_no, area=public.area or self.default_area, claimed_at=to_us(at), utc_offset=offset,
            order=public.order, org=public.org, item=public.item, item_version=public.item_version, actor=public.actor,
            station=public.station, step=public.step,
            data=NO_DATA if public.data is None else self._data(public.data, offset))

    def _data(self, data: PublicData, offset: int) -> EventData:
        if data.attributes and len(data.attributes) > self.max_attributes:
            raise Refusal("attributes_too_many", "data.attributes", len(data.attributes))
        given = to_builtins(data, builtin_types=(datetime,))  # what was sent, and none of the many that were not
        granularity = given.pop("due_granularity", "day")
        refusals = []
        for name in _READ_HERE & given.keys():
            try:
                given[name] = _read(name, given[name], offset, granularity)
            except Refusal as refusal:
                refusals.append(refusal)
        if refusals:
            raise as_one(sorted(refusals, key=lambda one: one.field))
        return EventData(**given)


_MEMBERS = MemberReader(PublicEvent, {"data": MemberReader(PublicData)})
# What is told here in other words than in the record; the rest is told in the same ones.
_DUES = frozenset({"promised_due", "statutory_due", "own_due", "step_due", "deferred_due"})
_READ_HERE = _DUES | {"promised_limit", "statutory_limit", "certificate_at"}


def _read(name: str, value: Any, offset: int, granularity: str) -> Any:
    if name in _DUES:
        return _due(value, offset, granularity, name)
    return to_us(value) if name == "certificate_at" else _limit(value, name)


def _due(text: str, offset: int, granularity: str, field: str) -> Due:
    """A date is that day on the event's own wall clock."""
    try:
        moment = datetime.fromisoformat(text if len(text) > 10 else f"{text}T00:00:00{_signed(offset)}")
    except ValueError as failure:
        raise Refusal("time_unreadable", f"data.{field}", text) from failure
    if moment.tzinfo is None:
        raise Refusal("time_zone_missing", f"data.{field}", text)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Refusal("time_out_of_range", f"data.{field}", text)
    return Due(to_us(moment), offset_minutes(moment), granularity)


def _signed(offset: int) -> str:
    sign, size = ("-", -offset) if offset < 0 else ("+", offset)
    return f"{sign}{size // 60:02d}:{size % 60:02d}"


def _limit(text: str, field: str) -> str:
    try:
        return str(parse_limit(text))
    except InvalidInput as failure:
        raise Refusal("limit_unreadable", f"data.{field}", text) from failure


def _check_characters(written: bytes, public: PublicEvent) -> None:
    """Raises Refusal naming the field. Written anew, the event has few escapes but those looked for, however it was sent."""
    if not json_has_control(written):
        return
    for field, text in _texts("", to_builtins(public)):
        if has_control(text):
            raise Refusal("nul_character" if "\0" in text else "control_character", field)


def _texts(field: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield field, name
            yield from _texts(f"{field}.{without_control(name)}".lstrip("."), part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(field, part)

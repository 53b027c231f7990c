"""A mapping applied to one file: rows in, events or refusals out, in order.

An event's id in its source is the source's own when the mapping names one; else a fingerprint of the case and the
event's own values, with the number of earlier identical rows of the file: importing a file again repeats every id, while
two identical rows of one file stay two events. Events made from case values are `<case>#<kind>`.

What makes an event what it is (case, area, kind, time, id, version, order) must be readable, or there is no event. Everything
else is a side value: one that cannot be read is left out and noted, for the event happened all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec

from cases.events import AFTER_THE_LOG, CaseEvent, EventData
from feeds.limits import FeedLimits
from feeds.mapping import ANY_CODE, CaseEventShape, EventShape, MappingShape, SourceMapping, TargetShape, read_columns
from feeds.readers.xes import CASE_PREFIX
from feeds.reasons import Refusal, Rejection, as_one
from feeds.records import UNNAMED, Broken, Parsed, Row
from feeds.tally import Tally, fingerprint_of
from feeds.times import time_reader
from feeds.values import Compiler, Fields, Getter, name_of, short_name, whole_number

ORDER_FIRST, ORDER_LAST = 0, AFTER_THE_LOG
MOST_COLUMNS_TOLD, MOST_COLUMNS_KNOWN = 200, 10_000
CASE_REPEATED, CASE_CHANGED = "case_repeated", "case_changed"
_SUFFIXES = (".gz", ".xes", ".csv", ".jsonl", ".ndjson", ".json", ".xml", ".txt")


class CaseHead(msgspec.Struct, frozen=True):
    """Whose row it is."""

    source: str
    area: str
    no: str
    org: str | None
    item: str | None
    item_version: str | None


class Mapper:
    """Turns the rows of one file into events. Not shared between files: it remembers what it met."""

    def __init__(self, mapping: SourceMapping, file_name: str, limits: FeedLimits, source: str | None = None,
                 default_area: str | None = None) -> None:
        """`source` overrides the name in the journal; `default_area` is the area of cases whose own is not told."""
        shape = mapping.shape
        self.mapping, self.stem, self._source = mapping, stem_of(file_name), source
        compiler = Compiler(self.stem, shape.null_values, time_reader(mapping.zone, shape.time.formats))
        self._area, self._no = compiler.text(shape.area.code), compiler.text(shape.case.no)
        self._default_area = default_area
        self._org, self._item = compiler.text(shape.case.org), compiler.text(shape.case.item)
        self._item_version = compiler.text(shape.case.item_version)
        self._no_name, self._area_name = name_of(shape.case.no), name_of(shape.area.code)
        self._told, rows = Tally(limits.remembered_rows), Tally(limits.remembered_rows)
        self._case_events = [_CaseEventMaker(one, compiler) for one in shape.case_events]
        self._event = _EventMaker(shape.event, compiler, rows, limits.max_attributes) if shape.event is not None else None
        self._cases = Tally(limits.remembered_rows)
        self._tallies = (self._told, rows, self._cases)
        self.remarks = Counter[str]()
        self.columns_unread: list[str] = []
        self._columns_known = set(read_columns(shape))
        self._attributes_under = shape.event.attributes_under if shape.event is not None else None
        self._sources: dict[str, str] = {}
        self._last_told: tuple[CaseHead, list[str | None]] | None = None
        self._is_told_by_trace = all(column.startswith(CASE_PREFIX) for column in self._case_columns(shape))
        self._last_case: dict[str, str] | None = None
        self._last_head: CaseHead | None = None

    def parse(self, records: Iterable[Row | Broken]) -> Iterator[Parsed]:
        """Every record's events or its refusal; a row with case values may yield several."""
        for record in records:
            if isinstance(record, Row):
                yield from self.map(record)
            else:
                yield Parsed(None, record.rejection, record.raw, record.rejection.line, record.header, record.separator)

    def map(self, row: Row) -> Iterator[Parsed]:
        """The events of one row."""
        if not row.fields.keys() <= self._columns_known:
            self._note_columns(row.fields)
        head = self._last_head
        if head is None or row.case is None or row.case is not self._last_case:
            try:
                head = self._head(row.fields)
            except Refusal as refusal:
                yield _refused(row, as_one([refusal, *self._refusals_of_event(row)]))
                return
            self._remark(row, head)
            self._last_head, self._last_case = head, row.case if self._is_told_by_trace else None
            if self._case_events:
                yield from self._tell_case(row, head)
        if self._event is not None and row.own is not None:
            yield _attempt(self._event, row, head)

    def _refusals_of_event(self, row: Row) -> list[Refusal]:
        return [] if self._event is None or row.own is None else self._event.refusals(row.fields)

    def areas_met(self) -> tuple[str, ...]:
        """The codes of the areas whose cases were read so far."""
        return tuple(self._sources)

    def constant_area(self) -> str | None:
        """The area of every case of this file, unless a column tells it."""
        return None if self.mapping.shape.area.code.column else self._area({})

    def source_of(self, area: str) -> str:
        """The name under which this file's events are journalled."""
        source = self._sources.get(area)
        if source is None:
            source = self._sources[area] = short_name(self._source or self.mapping.source_of(area, self.stem))
        return source

    def default_source(self) -> str:
        """The source of records that belong to no case."""
        area = self.constant_area()
        if area is not None:
            return self.source_of(area)
        return next(iter(self._sources.values()), self.mapping.name)

    def close(self) -> None:
        """Give back the memory and the temporary files."""
        for tally in self._tallies:
            tally.close()

    def _note_columns(self, fields: Fields) -> None:
        """Remember the columns that nothing reads: a misspelt due date must not vanish without a word."""
        if len(self._columns_known) > MOST_COLUMNS_KNOWN:
            return
        new = [name for name, value in fields.items() if name not in self._columns_known and _is_column(name, value)]
        self._columns_known.update(new)
        under = self._attributes_under
        told = [name for name in new if under is None or not name.startswith(under)]
        self.columns_unread += told[:MOST_COLUMNS_TOLD - len(self.columns_unread)]

    def _remark(self, row: Row, head: CaseHead) -> None:
        """Count what a reader of the report should know: a trace of a case told before, a case that gets another head."""
        is_trace = row.case is not None and row.own is None
        if head == self._last_head and not is_trace:
            return
        case = f"{head.area}\x1f{head.no}"
        is_known = self._cases.count(fingerprint_of(case)) > 0
        is_new_head = not self._cases.count(fingerprint_of(f"{case}\x1f{head.org}\x1f{head.item}\x1f{head.item_version}"))
        self.remarks[CASE_REPEATED] += is_known and is_trace
        self.remarks[CASE_CHANGED] += is_known and is_new_head

    def _head(self, fields: Fields) -> CaseHead:
        no, area = self._no(fields), self._area(fields) or self._default_area
        if no is None:
            raise Refusal("value_missing", self._no_name)
        if area is None:
            raise Refusal("area_unknown", self._area_name)
        org, item, item_version = self._org(fields), self._item(fields), self._item_version(fields)
        for name, value, most in (("case_no", no, 128), ("area", area, 64), ("org", org, 128), ("item", item, 128),
                                  ("item_version", item_version, 32)):
            _check_length(name, value, most)
        return CaseHead(self.source_of(area), area, no, org, item, item_version)

    @staticmethod
    def _case_columns(shape: MappingShape) -> Iterator[str]:
        values = [shape.area.code, shape.case.no, shape.case.org, shape.case.item, shape.case.item_version]
        for one in shape.case_events:
            values += [one.at, one.actor, *one.data.values(), *one.attributes.values()]
        for value in values:
            if value is not None:
                yield from value.columns

    def _tell_case(self, row: Row, head: CaseHead) -> Iterator[Parsed]:
        """Case values repeat on every row of a flat file: tell them once, and complain once when they contradict."""
        told = [maker.facts(row.fields) for maker in self._case_events]
        if (head, told) == self._last_told:
            return
        self._last_told = head, told
        for maker, facts in zip(self._case_events, told, strict=True):
            if facts is None:
                continue
            place = f"{head.area}\x1f{head.no}\x1f{maker.kind}"
            is_first = not self._told.count(fingerprint_of(place))
            is_new = not self._told.count(fingerprint_of(f"{place}\x1f{facts}"))
            if is_first:
                yield _attempt(maker, row, head)
            elif is_new:
                yield _refused(row, Refusal("case_facts_contradict", maker.at_name, facts.replace("\x1f", " | "),
                                            f"case {head.no} was told before with other values"))


class _CaseEventMaker:
    """Makes the event a case's own values tell about."""

    def __init__(self, shape: CaseEventShape, compiler: Compiler) -> None:
        self.kind, self.at_name = shape.kind, name_of(shape.at)
        self._at_text, self._at = compiler.text(shape.at), compiler.time(shape.at)
        self._data, self._actor = compiler.data(shape.data, shape.attributes), compiler.text(shape.actor)
        self._required = shape.required
        self._order = ORDER_FIRST if shape.place == "first" else ORDER_LAST
        values = [shape.at, *shape.data.values(), *shape.attributes.values()]
        self._columns = tuple(dict.fromkeys(column for value in values for column in value.columns))

    def facts(self, fields: Fields) -> str | None:
        """What the event is made of, as one text; None when there is no event."""
        if not self._required and self._at_text(fields) is None:
            return None
        return "\x1f".join([fields.get(column, "") for column in self._columns])

    def make(self, row: Row, head: CaseHead, unread: list[Refusal]) -> CaseEvent:
        claimed = self._claimed(row.fields)
        return CaseEvent(source=head.source, source_event_id=f"{head.no}#{self.kind.value}", kind=self.kind,
                         case_no=head.no, area=head.area, claimed_at=claimed[0], utc_offset=claimed[1],
                         order=self._order, org=head.org, item=head.item, item_version=head.item_version,
                         actor=_in_room("actor", self._actor(row.fields), 128, unread),
                         data=self._data(row.fields, unread))

    def refusals(self, fields: Fields) -> list[Refusal]:
        """All that is wrong with values of which no event could be made."""
        unread: list[Refusal] = []
        return _all_refusals([lambda: self._claimed(fields), lambda: self._data(fields, unread),
                              lambda: _in_room("actor", self._actor(fields), 128, unread)], unread)

    def _claimed(self, fields: Fields) -> tuple[int, int]:
        claimed = self._at(fields)
        if claimed is None:
            raise Refusal("value_missing", self.at_name)
        return claimed


class _EventMaker:
    """Makes the event of a row."""

    def __init__(self, shape: EventShape, compiler: Compiler, rows: Tally, most_attributes: int) -> None:
        self._at, self._at_name = compiler.time(shape.at), name_of(shape.at)
        self._code, self._code_name = compiler.text(shape.code), name_of(shape.code)
        self._id, self._version, self._order = (compiler.text(one) for one in (shape.id, shape.version, shape.order))
        self._actor, self._station, self._step = (compiler.text(one)
                                                  for one in (shape.actor, shape.station, shape.step))
        self._rows = rows
        self._data = (compiler.payload(shape.payload, most_attributes) if shape.payload is not None
                      else compiler.data(shape.data, shape.attributes, shape.attributes_under, most_attributes))
        self._kinds, self._default = shape.kinds, shape.kinds.get(ANY_CODE)

    def make(self, row: Row, head: CaseHead, unread: list[Refusal]) -> CaseEvent:
        fields = row.fields
        claimed = self._claimed(fields)
        target = self._target(fields)
        version, order = _number_of(self._version, fields, "version"), _number_of(self._order, fields, "order")
        event_id = self._id(fields) or self._fingerprint(row, head)
        _check_length("id", event_id, 160)
        return CaseEvent(source=head.source, source_event_id=event_id,
                         source_version=1 if version is None else version, kind=target.kind,
                         case_no=head.no, area=head.area, claimed_at=claimed[0], utc_offset=claimed[1],
                         order=row.order if order is None else order, org=head.org,
                         item=head.item, item_version=head.item_version,
                         actor=_in_room("actor", self._actor(fields), 128, unread),
                         station=_in_room("station", self._station(fields), 128, unread),
                         step=_in_room("step", target.step or self._step(fields), 160, unread),
                         data=_told_by(target, self._data(fields, unread)))

    def refusals(self, fields: Fields) -> list[Refusal]:
        """All that is wrong with values of which no event could be made."""
        unread: list[Refusal] = []
        numbers = [partial(_number_of, get, fields, name) for name, get in (("version", self._version), ("order", self._order))]
        texts = [partial(_in_room, name, get(fields), 128, unread)
                 for name, get in (("actor", self._actor), ("station", self._station))]
        return _all_refusals([lambda: self._claimed(fields), lambda: self._target(fields), *numbers, *texts,
                              lambda: self._data(fields, unread)], unread)

    def _claimed(self, fields: Fields) -> tuple[int, int]:
        claimed = self._at(fields)
        if claimed is None:
            raise Refusal("value_missing", self._at_name)
        return claimed

    def _target(self, fields: Fields) -> TargetShape:
        code = self._code(fields)
        if code is None:
            raise Refusal("value_missing", self._code_name)
        for target in self._kinds.get(code, self._default) or ():
            if not target.when or _holds(target.when, fields):
                return target
        raise Refusal("code_unknown", self._code_name, code)

    def _fingerprint(self, row: Row, head: CaseHead) -> str:
        mark = fingerprint_of(f"{head.area}\x1f{head.no}\x1f{row.own}")
        earlier = self._rows.count(mark)
        return mark.hex() if not earlier else f"{mark.hex()}.{earlier + 1}"


def _number_of(get: Getter, fields: Fields, name: str) -> int | None:
    text = get(fields)
    return None if text is None else whole_number(text, name)


def _told_by(target: TargetShape, data: EventData) -> EventData:
    if target.reason is None and target.special_kind is None:
        return data
    return msgspec.structs.replace(data, reason=target.reason or data.reason,
                                   special_kind=target.special_kind or data.special_kind)


def stem_of(file_name: str) -> str:
    """The name of a file without folder and known endings: `BPIC15_1` of `logs/BPIC15_1.xes.gz`."""
    stem = file_name.replace("\\", "/").rpartition("/")[2]
    while stem.lower().endswith(_SUFFIXES):
        stem = stem[:stem.rfind(".")]
    return stem or "unnamed"


def _is_column(name: str, value: str) -> bool:
    """Tables often end in columns that have neither a name nor a value."""
    return bool(value) or not name.startswith(UNNAMED)


def _holds(when: dict[str, tuple[str, ...]], fields: Fields) -> bool:
    return all(fields.get(column, "").strip() in wanted for column, wanted in when.items())


def _attempt(maker: _CaseEventMaker | _EventMaker, row: Row, head: CaseHead) -> Parsed:
    unread: list[Refusal] = []
    try:
        event = maker.make(row, head, unread)
    except Refusal as refusal:
        return _refused(row, as_one([refusal, *maker.refusals(row.fields)]))
    return Parsed(event, None, row.fields, row.line, note=_note_of(unread, row) if unread else None, element=row.element)


def _note_of(unread: list[Refusal], row: Row) -> Rejection:
    """One note for all that could not be read of a record: it is repaired at once, too."""
    for one in unread:
        one.problem = "; ".join(filter(None, (one.problem, "the event is recorded without it")))
    return Rejection(as_one(unread).as_outcome(), row.line, element=row.element)


def _all_refusals(asked: Iterable[Callable[[], object]], unread: list[Refusal]) -> list[Refusal]:
    """What each of these cannot read, then what was left out beside it."""
    refusals = []
    for ask in asked:
        try:
            ask()
        except Refusal as refusal:
            refusals.append(refusal)
    return [*refusals, *unread]


def _in_room(name: str, value: str | None, most: int, unread: list[Refusal]) -> str | None:
    """A side value the record has room for."""
    try:
        _check_length(name, value, most)
    except Refusal as refusal:
        unread.append(refusal)
        return None
    return value


def _check_length(name: str, value: str | None, most: int) -> None:
    """The record has room for so much, and cuts nothing off."""
    if value is not None and len(value) > most:
        raise Refusal("value_too_long", name, value, f"at most {most} characters")


def _refused(row: Row, refusal: Refusal) -> Parsed:
    return Parsed(None, Rejection(refusal.as_outcome(), row.line, element=row.element), row.fields, row.line)

"""Mapping values compiled to functions: a record's texts → one text, a due date, event data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from cases.events import NO_DATA, Due, EventData
from core.characters import json_has_control
from core.errors import InvalidInput
from core.limits import Granularity, parse_limit
from feeds.mapping import DUE_FIELDS, LIMIT_FIELDS, LIST_FIELDS, NUMBER_FIELDS, TIME_FIELDS, ValueShape
from feeds.public_event import PublicData
from feeds.reasons import Refusal
from feeds.tally import fingerprint_of
from feeds.times import END_US, FIRST_US, MOST_DAYS, MOST_OFFSET_MIN, TimeReader

Fields = dict[str, str]
Getter = Callable[[Fields], str | None]
DataGetter = Callable[[Fields, list[Refusal]], EventData]
"""The second argument takes what could not be read: the data are those beside it."""
MOST_CODES = 100
MOST_OF_A_NAME, MOST_OF_A_TEXT = 128, 2000
MOST_NUMBER = 2**31 - 1  # cases.events.AFTER_THE_LOG is one
RESULTS = ("granted", "refused")
# Told over HTTP in the same words as in the record; dues and instants are not.
_TOLD_ALIKE = frozenset(PublicData.__struct_fields__) - DUE_FIELDS - TIME_FIELDS
_decode_payload = msgspec.json.Decoder(EventData).decode
_decode_members = msgspec.json.Decoder(list[str | int]).decode


class Compiler:
    """Compiles values for one file: its stem, the texts that mean "absent", and its way of writing times."""

    def __init__(self, stem: str, null_values: tuple[str, ...], read_time: TimeReader) -> None:
        self._stem, self._nulls, self._read_time = stem, frozenset(null_values), read_time

    def text(self, shape: ValueShape | None) -> Getter:
        """A function fields → text or None (absent, empty or one of the null values)."""
        if shape is None:
            return _absent
        if shape.value is not None:
            return _constant(shape.value)
        if shape.join:
            return self._joined(shape)
        otherwise = self._from_file_name(shape) if shape.file else shape.absent
        if not shape.column:
            return lambda _fields: otherwise
        if len(shape.column) == 1:
            return self._of_column(shape.column[0], otherwise)
        return self._first_filled(shape.column, otherwise)

    def time(self, shape: ValueShape) -> Callable[[Fields], tuple[int, int] | None]:
        """A function fields → (instant, offset) or None. Its Refusal names the column."""
        get, read, name = self.text(shape), self._read_time, name_of(shape)

        def time(fields: Fields) -> tuple[int, int] | None:
            text = get(fields)
            if text is None:
                return None
            try:
                return read(text)
            except Refusal as refusal:
                refusal.field = name
                raise

        return time

    def data(self, shapes: Mapping[str, ValueShape], attributes: Mapping[str, ValueShape], under: str | None = None,
             most_attributes: int = 0) -> DataGetter:
        """A function fields → EventData; the shared empty one when nothing is filled. What cannot be read is left out of it.
        Columns that begin with `under` are attributes, too, by the rest of their names."""
        if not shapes and not attributes and not under:
            return lambda _fields, _unread: NO_DATA
        getters = [(name, self._datum(name, shape)) for name, shape in shapes.items()]
        kept = [(name, self.text(shape)) for name, shape in attributes.items()]

        def data(fields: Fields, unread: list[Refusal]) -> EventData:
            filled: dict[str, Any] = {}
            for name, get in getters:
                try:
                    value = get(fields)
                except Refusal as refusal:
                    unread.append(refusal)
                    continue
                if value is not None:
                    filled[name] = value
            told = {name: value for name, get in kept if (value := get(fields)) is not None}
            if under:
                told |= _attributes_under(under, fields, most_attributes, unread)
            if told:
                filled["attributes"] = told
            return EventData(**filled) if filled else NO_DATA

        return data

    def payload(self, shape: ValueShape, most_attributes: int) -> DataGetter:
        """A function fields → the data as this program writes it (exports). Its Refusal names the column."""
        get, name = self.text(shape), name_of(shape)

        def data(fields: Fields, _unread: list[Refusal]) -> EventData:
            text = get(fields)
            return NO_DATA if text in (None, "{}") else payload_of(str(text), name, most_attributes)

        return data

    def _datum(self, name: str, shape: ValueShape) -> Callable[[Fields], Any]:
        if name in DUE_FIELDS:
            return self._due(shape)
        if name in LIMIT_FIELDS:
            return _checked(self.text(shape), name_of(shape), _limit)
        if name == "approved_days":
            return _checked(self.text(shape), name_of(shape), _days)
        convert = _CONVERTERS.get(name)
        if convert is not None:
            return _checked(self.text(shape), name_of(shape), convert)
        return self._instant(shape) if name in TIME_FIELDS else self.text(shape)

    def _instant(self, shape: ValueShape) -> Callable[[Fields], int | None]:
        time = self.time(shape)
        return lambda fields: None if (read := time(fields)) is None else read[0]

    def _due(self, shape: ValueShape) -> Callable[[Fields], Due | None]:
        time, granularity = self.time(shape), self._granularity(shape)

        def due(fields: Fields) -> Due | None:
            read = time(fields)
            return None if read is None else Due(read[0], read[1], granularity(fields))

        return due

    def _granularity(self, shape: ValueShape) -> Callable[[Fields], str]:
        told = _checked(self._first_filled(shape.granularity_from, shape.granularity), " / ".join(shape.granularity_from),
                        _granularity)
        return told if shape.granularity_from else lambda _fields: shape.granularity

    def _from_file_name(self, shape: ValueShape) -> str:
        for pattern in shape.file:
            match = re.search(pattern, self._stem)
            if match:
                return short_name(match[match.lastindex or 0])
        return shape.absent or short_name(self._stem)

    def _of_column(self, column: str, absent: str | None) -> Getter:
        nulls = self._nulls

        def get(fields: Fields) -> str | None:
            text = fields.get(column)
            if text:
                text = text.strip()
            return text if text and text not in nulls else absent

        return get

    def _first_filled(self, columns: tuple[str, ...], absent: str | None) -> Getter:
        getters = [self._of_column(column, None) for column in columns]

        def get(fields: Fields) -> str | None:
            for getter in getters:
                text = getter(fields)
                if text is not None:
                    return text
            return absent

        return get

    def _joined(self, shape: ValueShape) -> Getter:
        """Absent as soon as one part is: half an identifier identifies nothing."""
        getters = [self._of_column(column, None) for column in shape.join]
        between, absent = shape.with_, shape.absent

        def get(fields: Fields) -> str | None:
            parts = [getter(fields) for getter in getters]
            filled = [part for part in parts if part is not None]
            return between.join(filled) if len(filled) == len(parts) else absent

        return get


def name_of(shape: ValueShape) -> str:
    """The column a complaint about this value names."""
    return " / ".join(shape.column or shape.join) or "file name"


def short_name(name: str, most: int = 64) -> str:
    """The name, or its beginning and a fingerprint of all of it when it is longer than the record has room for."""
    return name if len(name) <= most else f"{name[:most - 13]}~{fingerprint_of(name).hex()[:12]}"


def whole_number(text: str, field: str) -> int:
    """Raises Refusal `number_unreadable`."""
    return int(_checked(lambda _: text, field, _whole_number)({}))


def _checked(get: Getter, name: str, convert: Callable[[str], Any]) -> Callable[[Fields], Any]:
    def checked(fields: Fields) -> Any:
        text = get(fields)
        if text is None:
            return None
        try:
            return convert(text)
        except Refusal as refusal:
            refusal.field = name
            raise

    return checked


def _limit(text: str) -> str:
    try:
        return str(parse_limit(text))
    except InvalidInput as failure:
        raise Refusal("limit_unreadable", value=text) from failure


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) > MOST_NUMBER:
        raise Refusal("number_unreadable", value=text)
    return int(text)


def _listed(text: str) -> tuple[str, ...]:
    """Codes in one cell, separated by `|`, `;`, `、` or a comma, or as an array of JSON."""
    codes = tuple(code for part in _members_of(text) if (code := part.strip()))
    if len(codes) > MOST_CODES or any(len(code) > 128 for code in codes):
        raise Refusal("value_too_long", value=text, problem=f"at most {MOST_CODES} codes of 128 characters")
    return codes


def _members_of(text: str) -> list[str]:
    if text.startswith("["):
        try:
            return [str(member) for member in _decode_members(text)]
        except msgspec.ValidationError as failure:
            raise Refusal("record_invalid", value=text, problem="an array of codes is expected") from failure
        except msgspec.DecodeError:  # a code that begins with a bracket
            pass
    return re.split(r"[|;；、,，]", text)


def _attributes_under(prefix: str, fields: Fields, most: int, unread: list[Refusal]) -> dict[str, str]:
    found = {name[len(prefix):]: value for name, value in fields.items() if value and name.startswith(prefix)}
    if len(found) > most:
        unread.append(Refusal("attributes_too_many", prefix, len(found)))
        return {}
    too_long = [name for name, value in found.items() if len(name) > MOST_OF_A_NAME or len(value) > MOST_OF_A_TEXT]
    unread += [Refusal("value_too_long", prefix + name, found[name]) for name in too_long]
    return {name: value for name, value in found.items() if name not in too_long}


def _granularity(text: str) -> str:
    if text not in list(Granularity):
        raise Refusal("record_invalid", value=text, problem=f"one of {', '.join(Granularity)}")
    return text


def _result(text: str) -> str:
    if text not in RESULTS:
        raise Refusal("result_unknown", value=text, problem=f"one of {', '.join(RESULTS)}")
    return text


def _days(text: str) -> int:
    days = _whole_number(text)
    if days > MOST_DAYS:
        raise Refusal("number_unreadable", value=text, problem=f"at most {MOST_DAYS}")
    return days


def payload_of(text: str, name: str, most_attributes: int) -> EventData:
    """The data of an event from its JSON. Raises Refusal for what this program would not have written."""
    try:
        data = _decode_payload(text)
    except (msgspec.DecodeError, RecursionError) as failure:
        raise Refusal("json_invalid", name, problem=str(failure)) from failure
    if len(data.attributes or ()) > most_attributes:
        raise Refusal("attributes_too_many", name, len(data.attributes or ()))
    if json_has_control(text.encode()):
        raise Refusal("nul_character" if "\\u0000" in text else "control_character", name)
    _check_told(data, name)
    return data


def _check_told(data: EventData, name: str) -> None:
    """What holds for data from other systems holds for those of a file, whoever says that it was written here."""
    given = {field: value for field, value in msgspec.to_builtins(data).items() if field in _TOLD_ALIKE}
    try:
        msgspec.convert(given, PublicData)
    except msgspec.ValidationError as failure:
        raise Refusal("record_invalid", name, problem=str(failure).replace("$.", "")) from failure
    for field in DUE_FIELDS:
        due = getattr(data, field)
        if due is not None and not _is_possible(due):
            raise Refusal("time_out_of_range", name, field)
    if data.certificate_at is not None and not FIRST_US <= data.certificate_at < END_US:
        raise Refusal("time_out_of_range", name, "certificate_at")
    for field in ("pinned", "plan"):
        if not 0 <= (getattr(data, field) or 0) <= MOST_NUMBER:
            raise Refusal("number_unreadable", name, field)
    if any(len(word) > 160 for pair in (data.renamed or {}).items() for word in pair) or len(data.renamed or ()) > MOST_CODES:
        raise Refusal("value_too_long", name, "renamed")


def _is_possible(due: Due) -> bool:
    return (FIRST_US <= due.at < END_US and abs(due.utc_offset) <= MOST_OFFSET_MIN and due.granularity in list(Granularity))


def _absent(_fields: Fields) -> str | None:
    return None


def _constant(text: str) -> Getter:
    return lambda _fields: text


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(NUMBER_FIELDS, _whole_number), **dict.fromkeys(LIST_FIELDS, _listed), "result": _result}

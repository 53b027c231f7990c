"""Mapping files: how the columns and codes of a source become events of the record.

One YAML file per kind of source. Everything is checked when it is read; a complaint names the file, the line, the key and
the remedy. docs/feeds.md describes every key with examples.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, model_validator

from cases.areas import Area
from cases.events import EventData, EventKind
from config.documents import Document, Strict, read_document
from core.errors import ConfigError
from feeds.times import problem_with

MAPPING_DIR = Path(__file__).resolve().parents[1] / "config" / "mappings"
ANY_CODE = "*"
CHINESE_ZONES = frozenset({"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "Asia/Kashgar", "PRC"})
DUE_FIELDS = frozenset(name for name in EventData.__struct_fields__ if name.endswith("_due"))
LIMIT_FIELDS = frozenset(name for name in EventData.__struct_fields__ if name.endswith("_limit"))
NUMBER_FIELDS = frozenset({"amount_fen", "quantity", "score"})
LIST_FIELDS = frozenset({"materials", "deferred"})
TIME_FIELDS = frozenset({"certificate_at"})
DATA_FIELDS = frozenset(EventData.__struct_fields__) - {"attributes"}
Format = Literal["xes", "csv", "jsonl"]


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


def _as_value(given: Any) -> Any:
    return {"column": given} if isinstance(given, str) else given


def _as_target(given: Any) -> Any:
    return {"kind": given} if isinstance(given, str) else given


def _as_targets(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class ValueShape(Strict):
    """Where a value comes from: the first filled of several columns, columns joined, the file's name, or a constant. The file's
    name may also stand in for columns that are not filled."""

    column: Texts = ()
    join: Texts = ()
    with_: str = Field(default=" ", alias="with")
    file: Texts = ()
    value: str | None = None
    absent: str | None = None
    granularity: Literal["day", "instant"] = "day"
    granularity_from: Texts = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the value is made of."""
        return *self.column, *self.join, *self.granularity_from

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        origins = sum((bool(self.column or self.file), bool(self.join), self.value is not None))
        if origins != 1:
            raise ValueError("give exactly one of column, join, file and value; only column and file go together")
        for pattern in self.file:
            _compiled(pattern)
        return self


Value = Annotated[ValueShape, BeforeValidator(_as_value)]


class AreaShape(Strict):
    """The area of the cases. With a calendar it is stored when the source is read; without, it must exist already."""

    code: Value
    name: str = "{area}"
    calendar: str | None = None
    timezone: str = "Asia/Shanghai"
    preset: str | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.calendar is None) != (self.preset is None):
            raise ValueError("calendar and preset belong together: give both or neither")
        return self


class TimeShape(Strict):
    """How time stamps are written. `zone: none` refuses a time stamp without an offset."""

    zone: str | None = None
    formats: Texts = ("iso",)


class CaseShape(Strict):
    no: Value
    org: Value | None = None
    item: Value | None = None
    item_version: Value | None = None


class TargetShape(Strict):
    """What a source's code means, perhaps only `when` columns have certain values."""

    kind: EventKind
    step: str | None = None
    reason: str | None = None
    special_kind: str | None = None
    when: dict[str, Texts] = {}


Target = Annotated[TargetShape, BeforeValidator(_as_target)]


class EventShape(Strict):
    """The event of a row. Codes that are not in `kinds` are refused unless `'*'` states what they are."""

    at: Value
    code: Value
    kinds: dict[str, Annotated[tuple[Target, ...], BeforeValidator(_as_targets)]] = Field(min_length=1)
    id: Value | None = None
    version: Value | None = None
    order: Value | None = None
    actor: Value | None = None
    station: Value | None = None
    step: Value | None = None
    data: dict[str, Value] = {}
    attributes: dict[str, Value] = {}
    attributes_under: str | None = None
    payload: Value | None = None


class CaseEventShape(Strict):
    """An event made of the case's own values, e.g. accepted at its start date. Absent time: no event, unless required."""

    kind: EventKind
    at: Value
    required: bool = False
    place: Literal["first", "last"] = "first"
    actor: Value | None = None
    data: dict[str, Value] = {}
    attributes: dict[str, Value] = {}


class MappingShape(Strict):
    """A mapping file."""

    name: str = Field(pattern=r"^[a-z0-9_.-]{1,40}$")
    title: dict[Literal["zh", "en"], str]
    formats: Annotated[tuple[Format, ...], BeforeValidator(_as_tuple)] = Field(min_length=1)
    rows: Literal["event", "case"] = "event"
    source: str = "{mapping}"
    siblings: Texts = ()
    encoding: Literal["auto", "utf-8", "utf-16", "gb18030", "cp1252", "latin-1"] = "auto"
    separator: Literal[",", ";", "\t", "|"] | None = None
    null_values: tuple[str, ...] = ()
    guarded: bool = False
    area: AreaShape
    time: TimeShape = TimeShape()
    case: CaseShape
    case_events: tuple[CaseEventShape, ...] = ()
    event: EventShape | None = None


class SourceMapping:
    """A checked mapping and where it was written. Its `siblings` read other tables of the same source."""

    def __init__(self, shape: MappingShape, path: Path, siblings: tuple[SourceMapping, ...] = ()) -> None:
        self.shape, self.path, self.siblings = shape, path, siblings
        self.name = shape.name
        self.zone = zone_of(shape)

    @property
    def reference(self) -> str:
        """What `find_mapping` finds it by again."""
        return self.name if self.path.stem == self.name else str(self.path)

    def source_of(self, area: str, stem: str) -> str:
        """The name of the source of a file's events of an area."""
        return self.shape.source.format(mapping=self.name, area=area, file=stem)

    def area_named(self, code: str) -> Area | None:
        """The area to store for a code; None when the mapping leaves areas to the installation."""
        area = self.shape.area
        if area.calendar is None or area.preset is None:
            return None
        return Area(code, area.name.format(area=code), area.calendar, area.timezone, area.preset)


def read_mapping(path: Path, directories: tuple[Path, ...] = (MAPPING_DIR,)) -> SourceMapping:
    """Read and check one file and its siblings, which lie beside it or in one of the directories. Raises ConfigError with file,
    line, key, problem and remedy."""
    document, shape = _read(path)
    places = directories if path.parent in directories else (path.parent, *directories)
    siblings = [_sibling(document, index, name, places) for index, name in enumerate(shape.siblings)]
    return SourceMapping(shape, path, tuple(siblings))


def _read(path: Path) -> tuple[Document, MappingShape]:
    document = read_document(path)
    shape = document.read_as(MappingShape)
    _check(document, shape)
    return document, shape


def _sibling(document: Document, index: int, name: str, directories: tuple[Path, ...]) -> SourceMapping:
    path = _path_of(name, directories)
    if path is None:
        raise document.problem(("siblings", index), f"no such mapping: {name!r}",
                               f"one of {', '.join(sorted(mapping_names(directories)))}")
    return SourceMapping(_read(path)[1], path)


def find_mapping(name_or_file: str, directories: tuple[Path, ...] = (MAPPING_DIR,)) -> SourceMapping:
    """A mapping by the name of a file in one of the directories (the first wins), or by its own path."""
    if name_or_file.endswith((".yaml", ".yml")):
        return read_mapping(Path(name_or_file), directories)
    path = _path_of(name_or_file, directories)
    if path is None:
        raise ConfigError("mapping_unknown", value=name_or_file, known=sorted(mapping_names(directories)),
                          remedy="name one of these, or give the path of a .yaml file")
    return read_mapping(path, directories)


def _path_of(name: str, directories: tuple[Path, ...]) -> Path | None:
    paths = [directory / f"{name}.yaml" for directory in directories] if re.fullmatch(r"[a-z0-9_.-]+", name) else []
    return next((path for path in paths if path.is_file()), None)


def mapping_names(directories: tuple[Path, ...] = (MAPPING_DIR,)) -> Iterator[str]:
    """The names `find_mapping` knows."""
    for directory in directories:
        yield from (path.stem for path in sorted(directory.glob("*.yaml")))


def needed_columns(shape: MappingShape) -> tuple[tuple[str, ...], ...]:
    """The columns without which no row of a flat file could become an event; of columns that stand together one is enough."""
    values: list[ValueShape] = [shape.case.no]
    if shape.event is not None:
        values += [shape.event.at, shape.event.code]
    else:
        values += [one.at for one in shape.case_events if one.required]
    return tuple(value.column for value in values if value.column and not value.file and value.absent is None)


def read_columns(shape: MappingShape) -> frozenset[str]:
    """Every column the mapping reads by its name."""
    values: list[ValueShape | None] = [shape.area.code, shape.case.no, shape.case.org, shape.case.item, shape.case.item_version]
    for one in shape.case_events:
        values += [one.at, one.actor, *one.data.values(), *one.attributes.values()]
    event, chosen_by = shape.event, set[str]()
    if event is not None:
        values += [event.at, event.code, event.id, event.version, event.order, event.actor, event.station, event.step,
                   event.payload, *event.data.values(), *event.attributes.values()]
        chosen_by = {column for targets in event.kinds.values() for target in targets for column in target.when}
    named = {column for one in values if one is not None for column in one.columns}
    return frozenset(named | chosen_by)


def missing_columns(needed: Iterable[tuple[str, ...]], header: Collection[str]) -> list[str]:
    """What of the needed columns a header does not have."""
    return sorted({" / ".join(columns) for columns in needed if not any(column in header for column in columns)})


def may_be_chinese(shape: MappingShape) -> bool:
    """Whether bytes that are no UTF-8 may be taken for GB18030, in which nearly everything makes some sense."""
    zone = zone_of(shape)
    return (shape.area.timezone if zone is None else zone.key) in CHINESE_ZONES


def zone_of(shape: MappingShape) -> ZoneInfo | None:
    """The zone of times without offset: `time.zone`, else the area's."""
    name = shape.time.zone or shape.area.timezone
    return None if name == "none" else ZoneInfo(name)


def _check(document: Document, shape: MappingShape) -> None:
    _check_zones(document, shape)
    _check_formats(document, shape.time.formats)
    _check_templates(document, shape)
    if shape.rows == "event" and shape.event is None:
        raise document.problem(["rows"], "rows are events, but there is no `event` block", "add it, or write rows: case")
    if shape.rows == "case" and not shape.case_events:
        raise document.problem(["rows"], "rows are cases, but there are no `case_events`", "add them")
    if shape.event is not None:
        if shape.event.payload is not None and (shape.event.data or shape.event.attributes or shape.event.attributes_under):
            raise document.problem(("event", "payload"), "the payload is all the data there is", "remove data and attributes")
        _check_data(document, ("event", "data"), shape.event.data)
        _check_kinds(document, shape.event)
    kinds = [one.kind for one in shape.case_events]
    for index, case_event in enumerate(shape.case_events):
        if case_event.kind in kinds[:index]:
            raise document.problem(("case_events", index, "kind"), "this kind is there twice", "make one of them")
        _check_data(document, ("case_events", index, "data"), case_event.data)


def _check_templates(document: Document, shape: MappingShape) -> None:
    for keys, template, known in ((("source",), shape.source, ("mapping", "area", "file")),
                                  (("area", "name"), shape.area.name, ("area",))):
        try:
            template.format(**dict.fromkeys(known, ""))
        except (KeyError, IndexError, ValueError, AttributeError) as failure:
            raise document.problem(keys, f"unreadable template: {failure}",
                                   f"only {', '.join('{' + name + '}' for name in known)} may be used") from failure


def _check_zones(document: Document, shape: MappingShape) -> None:
    for keys, name in ((("time", "zone"), shape.time.zone), (("area", "timezone"), shape.area.timezone)):
        try:
            if name not in (None, "none"):
                ZoneInfo(str(name))
        except (ZoneInfoNotFoundError, ValueError) as failure:
            raise document.problem(keys, f"no such time zone: {name!r}",
                                   "an IANA name such as Europe/Amsterdam") from failure


def _check_formats(document: Document, formats: Iterable[str]) -> None:
    for index, form in enumerate(formats):
        problem = problem_with(form)
        if problem:
            raise document.problem(("time", "formats", index), problem,
                                   "iso, epoch_s, epoch_ms, or a pattern such as %d.%m.%Y %H:%M")


def _check_data(document: Document, keys: tuple[str | int, ...], data: MappingOf[str, ValueShape]) -> None:
    for name in data.keys() - DATA_FIELDS:
        raise document.problem((*keys, name), f"an event has no {name!r}", f"one of {', '.join(sorted(DATA_FIELDS))}")


def _check_kinds(document: Document, event: EventShape) -> None:
    for code, targets in event.kinds.items():
        for index, target in enumerate(targets[:-1]):
            if not target.when:
                raise document.problem(("event", "kinds", code, index), "the lines after it are never reached",
                                       "give it a `when`, or put it last")
    if event.kinds.get(ANY_CODE) and any(target.when for target in event.kinds[ANY_CODE]):
        raise document.problem(("event", "kinds", ANY_CODE), "the default may not have a `when`", "remove it")


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as failure:
        raise ValueError(f"no regular expression: {failure}") from failure


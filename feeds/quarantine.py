"""Refused records: kept with their reason, repaired or dismissed by a person, never lost silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from cases.events import Outcome
from core.errors import Conflict, NotFound
from feeds.limits import FeedLimits
from feeds.models import quarantine
from feeds.tally import fingerprint_of

OPEN, REPAIRED, DISMISSED = "open", "repaired", "dismissed"
HEADER = "header"  # key of the detail: the columns of a refused line of CSV
SEPARATOR = "separator"  # key of the detail: what its fields are separated by
EVENT_ID, EVENT_VERSION = "event_id", "event_version"  # keys of the detail: the event recorded without a value of the record
TRIED = "tried"  # key of the detail: a repair that failed; the record stays as it came
LOST = "lost"  # key of the detail: why the record cannot be tried as it is kept, which is not all of it
MAPPING = "mapping"  # key of the detail: the path of a mapping file, when it is longer than its column
_OTHERS = "others"  # key of the detail: what else is wrong with the record, as JSON
_HOW_TO_READ = frozenset({HEADER, SEPARATOR, EVENT_ID, EVENT_VERSION, MAPPING, LOST})
WRONG_ENCODING, KEPT_IN_PART, NO_RECORDS, FILE_UNREAD = "wrong_encoding", "kept_in_part", "no_records", "file_unread"  # reasons
OF_A_FILE = (NO_RECORDS, FILE_UNREAD)  # reasons that say something of a whole file: there is no record to try again
_MAPPING_ROOM = 64


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a batch came from: the source's name, the file (or `http`), and the mapping that reads its records.

    `is_repair`: tried again by a person; it counts, but says nothing about the source itself.
    """

    source: str
    origin: str = "http"
    mapping: str = ""
    kind: str = "live"
    name: str = ""
    is_repair: bool = False


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong with a record: the reason, the field, what stands there, and what can be done about it."""

    code: str
    field: str = ""
    value: str = ""
    problem: str = ""
    remedy: str = ""


class Refused(msgspec.Struct, frozen=True):
    """A refused record as it goes into the quarantine, or one whose event (`of_event`: its id and version) was recorded without
    a value that could not be read. `is_whole`: no bytes were lost on the way to its text."""

    raw: str
    outcome: Outcome
    position: str = ""
    header: tuple[str, ...] = ()
    separator: str = ""
    of_event: tuple[str, int] | None = None
    is_whole: bool = True


def keep(conn: Connection, delivery: Delivery, refused: Sequence[Refused], now_us: int, limits: FeedLimits) -> None:
    """Store refused records; one that is there already is counted and opened again, at the place where it was met last."""
    rows = {row["fingerprint"]: row for row in (_row(delivery, one, now_us, limits) for one in refused)}
    if not rows:
        return
    insert = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(quarantine)
    conn.execute(insert.on_conflict_do_update(index_elements=["fingerprint"], set_={
        "times": quarantine.c.times + 1, "received_at": now_us, "state": OPEN, "origin": insert.excluded.origin,
        "position": insert.excluded.position}), list(rows.values()))


def get_open(conn: Connection, quarantine_id: int) -> Row[Any]:
    """An open record. Raises NotFound, or Conflict when somebody has handled it already."""
    row = conn.execute(select(quarantine).where(quarantine.c.id == quarantine_id)).first()
    if row is None:
        raise NotFound("quarantined_record_unknown", id=quarantine_id)
    if row.state != OPEN:
        raise Conflict("quarantined_record_handled", id=quarantine_id, state=row.state, by=row.handled_by)
    return row


def open_among(conn: Connection, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Those of these records that nobody has handled yet."""
    return conn.execute(select(quarantine).where(quarantine.c.id.in_(ids), quarantine.c.state == OPEN).order_by(
        quarantine.c.id)).all()


def ids_alike(conn: Connection, quarantine_id: int) -> Sequence[int]:
    """All open records of the source of this one that were refused for the same reason. Raises NotFound."""
    row = conn.execute(select(quarantine.c.source, quarantine.c.code).where(quarantine.c.id == quarantine_id)).first()
    if row is None:
        raise NotFound("quarantined_record_unknown", id=quarantine_id)
    return conn.execute(select(quarantine.c.id).where(
        quarantine.c.source == row.source, quarantine.c.code == row.code, quarantine.c.state == OPEN).order_by(
        quarantine.c.id)).scalars().all()


def close(conn: Connection, quarantine_id: int, state: str, by: str, now_us: int) -> bool:
    """Mark as handled; False when somebody else was first."""
    done = conn.execute(update(quarantine).where(quarantine.c.id == quarantine_id, quarantine.c.state == OPEN).values(
        state=state, handled_by=by, handled_at=now_us))
    return done.rowcount == 1


def refuse_again(conn: Connection, row: Row[Any], raw: str, outcome: Outcome, now_us: int) -> None:
    """Keep what was tried in vain beside the record as it came, with its new reason, and how it is read."""
    before = detail_of(row)
    kept = {name: text for name, text in before.items() if name in _HOW_TO_READ or (name == TRIED and raw == row.raw)}
    if raw.strip() and raw != row.raw:
        kept[TRIED] = raw.encode(errors="replace").decode()  # half a character can be kept nowhere
    conn.execute(update(quarantine).where(quarantine.c.id == row.id).values(
        code=outcome.code, status=outcome.status.value, detail=_text({**_told_of(outcome), **kept}),
        times=quarantine.c.times + 1, received_at=now_us))


def detail_of(row: Row[Any]) -> dict[str, str]:
    """What was said about a refused record."""
    return msgspec.json.decode(row.detail, type=dict[str, str])


def faults_of(row: Row[Any]) -> list[Fault]:
    """All that is wrong with a refused record, the reason it is listed under first."""
    detail = detail_of(row)
    others = msgspec.json.decode(detail.get(_OTHERS, "[]"), type=list[Fault])
    return [_fault(row.code, detail), *others]


def _fault(code: str, detail: dict[str, str]) -> Fault:
    return Fault(code, **{name: detail.get(name, "") for name in ("field", "value", "problem", "remedy")})


def _told_of(outcome: Outcome) -> dict[str, str]:
    others = [_fault(one.code, one.detail) for one in outcome.others]
    return dict(outcome.detail) | ({_OTHERS: _text([msgspec.to_builtins(one) for one in others])} if others else {})


def _row(delivery: Delivery, refused: Refused, now_us: int, limits: FeedLimits) -> dict[str, object]:
    whole = refused.raw.replace("\0", "\\0")
    raw = whole[:limits.max_quarantined_chars]
    detail = _told_of(refused.outcome)
    if not refused.is_whole or refused.outcome.code == WRONG_ENCODING:
        detail[LOST] = WRONG_ENCODING
    elif raw != whole or refused.outcome.code == "line_too_long":
        detail[LOST] = KEPT_IN_PART
    elif refused.outcome.code in OF_A_FILE:
        detail[LOST] = refused.outcome.code
    if refused.header:
        detail[HEADER] = _text(refused.header)
    if refused.separator:
        detail[SEPARATOR] = refused.separator
    if refused.of_event:
        detail[EVENT_ID], detail[EVENT_VERSION] = refused.of_event[0], str(refused.of_event[1])
    if len(delivery.mapping) > _MAPPING_ROOM:
        detail[MAPPING] = delivery.mapping
    mark = "\x1f".join((delivery.source, refused.outcome.code, raw, detail.get("field", ""),
                        "" if raw else f"{delivery.origin} {refused.position}"))
    return {"fingerprint": fingerprint_of(mark), "source": delivery.source, "received_at": now_us, "times": 1,
            "origin": delivery.origin[:255], "mapping": delivery.mapping[:_MAPPING_ROOM],
            "position": refused.position[:64], "raw": raw, "code": refused.outcome.code,
            "status": refused.outcome.status.value, "detail": _text(detail), "state": OPEN}


def _text(value: Any) -> str:
    return msgspec.json.encode(_without_nul(value)).decode()


def _without_nul(value: Any) -> Any:
    """Texts a database can keep; PostgreSQL takes no NUL."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {name: _without_nul(part) for name, part in value.items()}
    return [_without_nul(part) for part in value]

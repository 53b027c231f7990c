"""Exports asked for on the page: queued, made one at a time by whichever worker claims them, kept for some days and while there
is room, deleted.

An export somebody else's worker left behind (its process was killed) is made anew: its heartbeat tells, which goes on whatever
the export is at.
"""

from __future__ import annotations

import logging
import shutil
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from sqlalchemy import func, insert, select, update

from core.access import Actor, Role, require
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted, SupervisionError
from core.instants import DAY_US, SECOND_US
from core.read_log import ReadLog
from core.unit_of_work import UnitOfWorkFactory
from evaluation.exports.exporter import Exporter, beside, format_of
from evaluation.exports.models import exports
from evaluation.exports.queries import ExportQueries, ExportRow
from evaluation.exports.slices import Slice
from evaluation.exports.xes import EXTENSION_FILE

log = logging.getLogger(__name__)
EXPORTERS = frozenset({Role.ADMINISTRATOR, Role.INSPECTOR})
REASON_MAX = 200
OPEN = ("queued", "running")
_BEAT_S = 1.0
_LOST_US = 90 * SECOND_US
_MIB = 2**20
_c = exports.c


class ExportWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`format`: xes, xes.gz, parquet, csv, csv.gz. With `personal` data, `reason` says what for."""

    format: str
    slice: Slice = Slice()
    personal: bool = False
    reason: Annotated[str, msgspec.Meta(max_length=REASON_MAX, pattern="^[^\\x00-\\x1f]*$")] = ""


@dataclass(frozen=True, slots=True)
class DeskRules:
    """From the settings: where files lie, for how long and how many MiB of them, how many may wait, who may ask for personal
    data."""

    folder: Path
    keep_days: int
    room_mib: int
    open_max: int
    personal_roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class DeskParts:
    """`actor_of` finds the person again when his export is made: rights taken away meanwhile count."""

    units: UnitOfWorkFactory
    exporter: Exporter
    queries: ExportQueries
    read_log: ReadLog
    actor_of: Callable[[str], Actor | None]
    clock: Clock


class ExportDesk:
    """The writing side."""

    def __init__(self, parts: DeskParts, rules: DeskRules) -> None:
        self._parts, self.rules = parts, rules
        self._worker = uuid.uuid4().hex

    def may_have_personal(self, actor: Actor) -> bool:
        """Whether he may ask for values that name people."""
        return actor.has(*self.rules.personal_roles)

    def ask(self, wish: ExportWish, actor: Actor | None, address: str = "") -> int:
        """Queue it and write it into the audit. Returns its number.

        Raises NotPermitted, InvalidInput, Conflict (`export_queue_full`).
        """
        actor = require(actor, *EXPORTERS)
        form, wanted, reason = format_of(wish.format), wish.slice.checked(), wish.reason.strip()[:REASON_MAX]
        if wish.personal and not self.may_have_personal(actor):
            raise NotPermitted("export_personal_not_permitted")
        if wish.personal and not reason:
            raise InvalidInput("export_reason_missing", key="reason")
        self._parts.read_log.note("journal_export", told_of(form.value, wanted, wish.personal, reason), actor, address)
        now = self._parts.clock.now_us()
        with self._parts.units() as uow:
            his = select(func.count()).where(_c.asked_by == actor.name, _c.state.in_(OPEN))
            waiting = uow.conn.execute(his).scalar_one()
            if waiting >= self.rules.open_max:
                raise Conflict("export_queue_full", most=self.rules.open_max)
            made = uow.conn.execute(insert(exports).values(
                asked_by=actor.name, asked_name=actor.display_name, asked_at=now, format=form.value, personal=wish.personal,
                slice=msgspec.json.encode(wanted).decode(), bound=actor.area, reason=reason, state="queued", beat_at=now,
                total=0, done=0, cases=0, head=0, bytes=0))
            return int(made.inserted_primary_key[0])  # type: ignore[index]

    def cancel(self, number: int, actor: Actor | None) -> None:
        """A queued one is never begun, one under way stops at its next word. Raises NotFound, Conflict (`export_over`)."""
        row = self._parts.queries.find(number, require(actor, *EXPORTERS))
        changed = self._change(row.id, OPEN, state="cancelled", ended_at=self._parts.clock.now_us())
        if not changed:
            raise Conflict("export_over", id=number)

    def files(self, row: ExportRow) -> dict[str, Path]:
        """The files of a finished export that are still there: data, manifest, dictionary, extension."""
        data = self._target(row.id, row.format)
        named = {"data": data, "manifest": beside(data, "manifest.json"), "dictionary": beside(data, "dictionary.html"),
                 "dictionary.json": beside(data, "dictionary.json"), "extension": data.with_name(EXTENSION_FILE)}
        return {name: path for name, path in named.items() if path.is_file()} if row.state == "done" else {}

    def take_away(self, number: int, what: str, actor: Actor | None, address: str = "") -> Path:
        """The file, after it was written down who takes it. Raises NotFound (`export_not_ready`)."""
        actor = require(actor, *EXPORTERS)
        row = self._parts.queries.find(number, actor)
        if row.personal and not self.may_have_personal(actor):
            raise NotPermitted("export_personal_not_permitted")
        if actor.area not in ("", row.bound):
            raise NotFound("export_not_found", id=number)  # his bounds became narrower than the file
        path = self.files(row).get(what)
        if path is None:
            raise NotFound("export_not_ready", id=number)
        self._parts.read_log.note("journal_export_file", f"{number} {path.name}", actor, address)
        return path

    # Work ------------------------------------------------------------------------------------------------------------

    def work(self) -> int:
        """Make whatever waits, one after another; a job. Returns how many were made."""
        self._expire()
        made = 0
        while (row := self._claim()) is not None:
            with _Beat(self, row.id) as beat:
                self._make(row, beat)
            self._make_room()
            made += 1
        return made

    def _claim(self) -> ExportRow | None:
        """The oldest that waits, or whose worker is gone. Another worker may be first: then the next one is tried."""
        now = self._parts.clock.now_us()
        for row in self._parts.queries.waiting(now - _LOST_US):
            if self._change(row.id, (row.state,), beat=row.beat_at, state="running", worker=self._worker, beat_at=now):
                return row
        return None

    def _make(self, row: ExportRow, beat: _Beat) -> None:
        shutil.rmtree(self.rules.folder / str(row.id), ignore_errors=True)  # what a worker that was killed left
        try:
            actor = self._present(row)
            wanted = msgspec.json.decode(row.slice, type=Slice)
            target = self._target(row.id, row.format)
            made = self._parts.exporter.export(wanted, format_of(row.format), target, actor, personal=row.personal,
                                               progress=beat.note, is_cancelled=lambda: beat.is_lost)
        except SupervisionError as error:
            self._end(row.id, "failed", error=error.code)
        except Exception:  # told to who asked, and logged; the next export must not wait for this one
            log.exception("export %d failed", row.id)
            self._end(row.id, "failed", error="export_failed")
        else:
            self._end(row.id, "done", total=made.rows, done=made.rows, cases=made.cases, head=made.head,
                      file=target.name, bytes=made.files[0].bytes, sha256=made.files[0].sha256)

    def _present(self, row: ExportRow) -> Actor:
        actor = require(self._parts.actor_of(row.asked_by), *EXPORTERS)
        if row.personal and not self.may_have_personal(actor):
            raise NotPermitted("export_personal_not_permitted")
        return actor

    def _end(self, number: int, state: str, **values: object) -> None:
        ended: dict[str, Any] = {"state": state, "ended_at": self._parts.clock.now_us(), **values}
        is_ours = self._change(number, ("running",), worker_is=self._worker, **ended)
        if (is_ours and state != "done") or (not is_ours and self._parts.queries.state_of(number) == "cancelled"):
            shutil.rmtree(self.rules.folder / str(number), ignore_errors=True)  # what another is making or has made is his

    def _expire(self) -> None:
        """Files are kept for so many days."""
        for number in self._parts.queries.ended_before(self._parts.clock.now_us() - self.rules.keep_days * DAY_US):
            self._let_go(number)

    def _make_room(self) -> None:
        """The oldest files go when all of them take more than the room; the last one stays, whoever asked for it waits."""
        taken = 0
        for place, (number, size) in enumerate(self._parts.queries.kept()):
            taken += size
            if place and taken > self.rules.room_mib * _MIB:
                self._let_go(number)

    def _let_go(self, number: int) -> None:
        shutil.rmtree(self.rules.folder / str(number), ignore_errors=True)
        self._change(number, ("done",), state="expired")

    def _target(self, number: int, form: str) -> Path:
        return self.rules.folder / str(number) / f"yangguang-{number}.{form}"

    def _change(self, number: int, states: tuple[str, ...], *, worker_is: str | None = None, beat: int | None = None,
                **values: object) -> bool:
        """Compare and set."""
        conditions = [_c.id == number, _c.state.in_(states)]
        if worker_is is not None:
            conditions.append(_c.worker == worker_is)
        if beat is not None:
            conditions.append(_c.beat_at == beat)
        with self._parts.units() as uow:
            return uow.conn.execute(update(exports).where(*conditions).values(**values)).rowcount == 1

    def beat(self, number: int, done: int, total: int) -> bool:
        """Still at it; False when the export is no longer ours."""
        return self._change(number, ("running",), worker_is=self._worker, beat_at=self._parts.clock.now_us(), done=done,
                            total=total)


class _Beat:
    """The heartbeat of one export, in a thread of its own: rows being counted or sorted say nothing for minutes."""

    def __init__(self, desk: ExportDesk, number: int) -> None:
        self._desk, self._number, self._said, self.is_lost = desk, number, (0, 0), False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"export-{number}", daemon=True)

    def __enter__(self) -> _Beat:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def note(self, done: int, total: int) -> None:
        """How far it is; written down with the next beat."""
        self._said = done, total

    def _run(self) -> None:
        while not self._over.wait(_BEAT_S):
            try:
                self.is_lost = not self._desk.beat(self._number, *self._said)
            except Exception:  # a database that does not answer once must not end the export
                log.exception("export %d could not say that it goes on", self._number)


def told_of(form: str, wanted: Slice, personal: bool, reason: str = "") -> str:
    """An export in one line of the audit: format, with personal data and why, slice."""
    asked = [f"{name}={value if not isinstance(value, tuple) else ','.join(value)}"
             for name, value in msgspec.structs.asdict(wanted).items() if value and (name, value) != ("by", "claimed")]
    return " ".join([form, *(["personal"] if personal else []), *([reason] if reason else []), *asked])

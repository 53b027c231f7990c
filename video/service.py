"""Cameras registered, changed and taken out of service. Every change is journalled, without what is secret in an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from config.changelog import Action, ChangeLog
from core.access import Actor
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotFound
from core.sealing import SealBroken, Sealer
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from video.addresses import AddressRules, shown
from video.cameras import SourceKind, is_alike
from video.events import FindingsKept, ReferencesFound
from video.models import cameras
from video.registration import CameraForm, Known, Stored, addresses_of, checked_form
from video.rights import require_editor

KIND = "camera"  # of the lines in the change log
REASON_MAX = 200
CAMERAS_MAX = 1_000
SEAL_PURPOSE = b"camera address"


class Addresses:
    """Seals addresses and opens them. A sealed one opens only as the stream of the camera it was sealed for."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, code: str, stored: Stored) -> tuple[bytes, bytes | None]:
        """(main, sub). Raises SealUnavailable."""
        sub = self._sealer.seal(stored.sub.encode(), f"camera:{code}:sub") if stored.sub else None
        return self._sealer.seal(stored.main.encode(), f"camera:{code}"), sub

    def open(self, code: str, main: bytes, sub: bytes | None) -> Stored:
        """Raises SealBroken when it was changed, or sealed with another secret or for another camera."""
        opened = self._sealer.open(sub, f"camera:{code}:sub").decode() if sub is not None else ""
        return Stored(self._sealer.open(main, f"camera:{code}").decode(), opened)


class CameraService:
    """The writing side. `clock` is the machine's own. After the commit the doorbell rings, as after every commit: a video
    process that hears it compares `CameraQueries.fingerprint` and reloads.

    Every method raises NotAuthenticated or NotPermitted for whoever is no administrator, NotFound for a camera that is not
    there or stands in another area than his, Conflict when somebody changed it since it was read (`rev`) or it is retired.
    """

    def __init__(self, units: UnitOfWorkFactory, changes: ChangeLog, addresses: Addresses, rules: AddressRules,
                 known: Callable[[], Known], clock: Clock) -> None:
        self._units, self._changes, self._addresses, self.rules = units, changes, addresses, rules
        self._known, self._clock = known, clock

    def register(self, form: CameraForm, *, reason: str, actor: Actor | None) -> int:
        """A camera more; returns its id. Raises InvalidInput with the field in `key`, Conflict for a code ever used."""
        editor = require_editor(actor, form.area, form.hall)
        _check_reason(reason)
        tidy, stored = checked_form(form, self.rules, self._known())
        with self._units() as uow:
            if uow.conn.execute(select(cameras.c.id).where(cameras.c.code == tidy.code)).first() is not None:
                raise Conflict("camera_code_used", key="code", camera=tidy.code)
            if int(uow.conn.execute(select(func.count()).select_from(cameras)).scalar_one()) >= CAMERAS_MAX:
                raise Conflict("cameras_too_many", most=CAMERAS_MAX)
            values = {**self._values(tidy, stored), "rev": 1, **self._signed(editor)}
            made = uow.conn.execute(insert(cameras).values(code=tidy.code, **values).returning(cameras.c.id)).scalar_one()
            self._journal(uow, editor, tidy.code, 1, Action.REGISTERED, reason, None, told(values))
        return int(made)

    def edit(self, form: CameraForm, rev: int, *, reason: str, actor: Actor | None) -> int:
        """The camera of that code as the form says; returns its new revision. Nothing changed is no revision."""
        editor = require_editor(actor, form.area, form.hall)
        _check_reason(reason)
        with self._units() as uow:
            row = self._row(uow.conn, form.code.strip(), rev, editor)
            old = self._opened(row)
            tidy, stored = checked_form(form, self.rules, self._known(), old if is_alike(row.kind, form.kind) else None)
            values = self._values(tidy, stored)
            before, after = told(dict(row._mapping)), told(values)
            if stored != old and before["address_shown"] == after["address_shown"]:
                after["credentials"] = "changed"  # a new password alone would leave a line that shows nothing
            elif before == after:
                return int(row.rev)
            return self._put(uow, row, values, Action.EDITED, reason, editor, after)

    def enable(self, code: str, rev: int, *, is_enabled: bool, reason: str, actor: Actor | None) -> int:
        """Start reading a camera, or stop without forgetting anything of it."""
        editor = require_editor(actor, *self._place(code))
        _check_reason(reason)
        with self._units() as uow:
            row = self._row(uow.conn, code, rev, editor)
            if row.is_enabled == is_enabled:
                return int(row.rev)
            return self._put(uow, row, {"is_enabled": is_enabled}, Action.EDITED, reason, editor)

    def retire(self, code: str, rev: int, *, reason: str, actor: Actor | None) -> int:
        """Out of service for good. The row stays, so that recordings, evidence and the log of views keep its name; its
        addresses are replaced by nothing, so that no secret outlives its use."""
        editor = require_editor(actor, *self._place(code))
        _check_reason(reason)
        with self._units() as uow:
            row = self._row(uow.conn, code, rev, editor)
            main, _sub = self._addresses.seal(code, Stored("-", ""))
            values = {"is_enabled": False, "retired_at": self._clock.now_us(), "sealed_main": main, "sealed_sub": None}
            return self._put(uow, row, values, Action.RETIRED, reason, editor)

    def check(self, form: CameraForm, rev: int, *, reason: str, actor: Actor | None) -> None:
        """Raises what `register` (rev 0) or `edit` would, and changes nothing: asked before the stream is tried."""
        editor = require_editor(actor, form.area, form.hall)
        _check_reason(reason)
        with self._units.database.read() as conn:
            row = self._row(conn, form.code.strip(), rev, editor) if rev else None
        old = None if row is None or not is_alike(row.kind, form.kind) else self._opened(row)
        checked_form(form, self.rules, self._known(), old)

    def reaches_elsewhere(self, form: CameraForm, actor: Actor | None) -> bool:
        """Whether the form reads other streams, or with other credentials, than what is stored; a new camera does."""
        require_editor(actor, form.area, form.hall)
        with self._units.database.read() as conn:
            row = conn.execute(select(cameras).where(cameras.c.code == form.code.strip())).first()
        old = None if row is None or row.kind != form.kind else self._opened(row)
        return old is None or addresses_of(form, self.rules, old) != old

    def form_for_test(self, form: CameraForm, actor: Actor | None) -> tuple[SourceKind, Stored]:
        """The addresses of a form that is not saved yet, for a look whether they give a picture. Whole as `edit` would store
        them; the code may still be missing."""
        editor = require_editor(actor, form.area, form.hall)
        old = None
        with self._units.database.read() as conn:
            row = conn.execute(select(cameras).where(cameras.c.code == form.code.strip(),
                                                     cameras.c.retired_at.is_(None))).first()
        if row is not None and is_alike(row.kind, form.kind) and editor.reaches(row.area, row.hall):
            old = self._opened(row)
        return SourceKind(form.kind), addresses_of(form, self.rules, old)

    # Inside ---------------------------------------------------------------------------------------------------------------

    def _opened(self, row: Row[Any]) -> Stored | None:
        """What is stored; None where the seal does not open, so that a camera can be told its address anew."""
        try:
            return self._addresses.open(row.code, row.sealed_main, row.sealed_sub)
        except SealBroken:
            return None

    def _place(self, code: str) -> tuple[str, str]:
        with self._units.database.read() as conn:
            found = conn.execute(select(cameras.c.area, cameras.c.hall).where(cameras.c.code == code)).first()
        return ("", "") if found is None else (found.area, found.hall)

    def _row(self, conn: Connection, code: str, rev: int, editor: Actor) -> Row[Any]:
        row = conn.execute(select(cameras).where(cameras.c.code == code)).first()
        if row is None or not editor.reaches(row.area, row.hall):
            raise NotFound("camera_unknown", camera=code[:40])
        if row.retired_at is not None:
            raise Conflict("camera_retired", camera=code)
        if row.rev != rev:
            raise Conflict("camera_outdated", camera=code, name=row.changed_by)
        return row

    def _put(self, uow: UnitOfWork, row: Row[Any], values: Mapping[str, Any], action: Action, reason: str, editor: Actor,
             after: Mapping[str, Any] | None = None) -> int:
        rev = int(row.rev) + 1
        uow.conn.execute(update(cameras).where(cameras.c.id == row.id).values(**values, rev=rev, **self._signed(editor)))
        if values.get("is_enabled") is False:  # nobody watches it any more who could take these back
            uow.publish([ReferencesFound(row.code), FindingsKept(row.code)])
        before = dict(row._mapping)
        self._journal(uow, editor, row.code, rev, action, reason, told(before), after or told({**before, **values}))
        return rev

    def _values(self, form: CameraForm, stored: Stored) -> dict[str, Any]:
        main, sub = self._addresses.seal(form.code, stored)
        kind = SourceKind(form.kind)
        both = [shown(kind, one) for one in (stored.main, stored.sub) if one]
        return {"name": form.name, "area": form.area, "hall": form.hall, "window_no": form.window, "post": form.post,
                "org": form.org, "kind": kind.value, "sealed_main": main, "sealed_sub": sub, "address_shown": "\n".join(both),
                "seat": msgspec.json.encode(form.seat).decode(), "masks": msgspec.json.encode(form.masks).decode(),
                "blur_faces": form.blur_faces, "is_enabled": form.is_enabled}

    def _signed(self, editor: Actor) -> dict[str, Any]:
        return {"changed_by": editor.name, "changed_at": self._clock.now_us()}

    def _journal(self, uow: UnitOfWork, editor: Actor, code: str, rev: int, action: Action, reason: str, before: Any,
                 after: Any) -> None:
        self._changes.append(uow, editor, KIND, code, rev, action, reason.strip(), before, after)


_TOLD = ("name", "area", "hall", "window_no", "post", "org", "kind", "address_shown", "seat", "masks", "blur_faces",
         "is_enabled")


def told(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the change log keeps of a camera: everything but what is secret."""
    plain = {name: values[name] for name in _TOLD}
    return {**plain, **{name: msgspec.json.decode(plain[name]) for name in ("seat", "masks")}}


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_MAX:
        raise InvalidInput("reason_required", key="reason", most=REASON_MAX)

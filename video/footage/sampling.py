"""抽查: four times a working day windows drawn by lot are looked at, at moments nobody can foresee and anybody can repeat.

Both draws are made by HMAC of area, day and round with a secret of the installation: without it they cannot be foretold, with
it they are the same for ever. The office hours are cut into as many equal parts as there are rounds, each round has a minute
of its part. A row keeps the windows that could have been drawn, and the calendar by which the day was a working day: in a year
nobody published plain weeks are assumed, which the page says.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from core.access import Actor, require
from core.clock import Clock
from core.errors import Conflict, InvalidInput, NotFound, SupervisionError
from core.files import sync
from core.instants import DAY_US, MINUTE_US
from core.unit_of_work import UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from video.footage.incidents import COMMENT_MAX
from video.footage.models import CALENDAR_MAX, video_samplings
from video.footage.queries import CameraOf
from video.footage.rights import MARKERS, require_looker
from video.models import cameras
from video.segments import reason

log = logging.getLogger(__name__)
POINTS = ("presence", "dress", "badge", "conduct")
Picture = Callable[[CameraOf], tuple[bytes, int]]  # JPEG and the real instant it is of; raises SupervisionError


class Mark(StrEnum):
    """What an inspector says of a point of the form."""

    GOOD = "good"
    BAD = "bad"
    UNSEEN = "unseen"  # the picture does not show it


@dataclass(frozen=True, slots=True)
class SamplingRules:
    per_day: int = 4
    windows: int = 3


class SamplingForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    presence: str = ""
    dress: str = ""
    badge: str = ""
    conduct: str = ""
    comment: str = ""


def rounds_of(secret: bytes, area: str, day: int, spans: Sequence[tuple[int, int]], per_day: int) -> list[int]:
    """The minutes of the day at which windows are drawn; `spans` are the office hours in minutes of the day."""
    minutes = [minute for begin, end in spans for minute in range(begin, end)]
    lot, size = _lot(secret, f"minutes:{area}:{day}"), len(minutes) / max(1, per_day)
    parts = [minutes[int(part * size):int((part + 1) * size)] for part in range(per_day)]
    return [lot.choice(part) for part in parts if part]


def drawn(secret: bytes, area: str, day: int, round_no: int, codes: Sequence[str], count: int) -> list[str]:
    """Windows in the order of the draw; the same for the same windows, in whatever order they are given."""
    return _lot(secret, f"windows:{area}:{day}:{round_no}").sample(sorted(codes), min(count, len(codes)))


def _lot(secret: bytes, what: str) -> random.Random:
    # The generator must be one whose draw can be repeated; that nobody can foretell it is the work of the secret.
    return random.Random(hmac.digest(hmac.digest(secret, b"yangguang sampling", "sha256"), what.encode(), "sha256"))


class Sampler:
    """Draws when it is time, and keeps what inspectors find. `picture` gives what a camera shows now."""

    def __init__(self, units: UnitOfWorkFactory, calendar_of: Callable[[str], WorkingCalendar], secret: bytes,
                 rules: SamplingRules, folder: Path, picture: Picture, machine: Clock) -> None:
        self._units, self._calendar_of, self._secret, self._rules = units, calendar_of, secret, rules
        self._folder, self._picture, self._machine = folder, picture, machine

    def draw_due(self) -> int:
        """Draw every round of today whose minute has come. Returns how many windows were drawn."""
        return sum(self._draw_in(area, found) for area, found in self._windows().items()) if self._rules.per_day else 0

    def record(self, number: int, form: SamplingForm, actor: Actor | None) -> None:
        """What an inspector found, once. Raises InvalidInput naming the field, NotFound, Conflict (done already),
        NotPermitted.
        """
        require(actor, *MARKERS)
        given = {name: getattr(form, name) for name in POINTS}
        missing = next((name for name, mark in given.items() if mark not in list(Mark)), None)
        if missing is not None:
            raise InvalidInput("sampling_point_missing", key=missing)
        if len(form.comment) > COMMENT_MAX or (Mark.BAD in given.values() and not form.comment.strip()):
            raise InvalidInput("sampling_comment_needed", key="comment", most=COMMENT_MAX)
        c = video_samplings.c
        with self._units() as uow:
            row = uow.conn.execute(select(cameras.c.area, cameras.c.hall, cameras.c.code, c.done_business_at).join(
                cameras, cameras.c.id == c.camera_id).where(c.id == number)).first()
            if row is None:
                raise NotFound("sampling_not_found", id=number)
            person = require_looker(actor, row)
            if row.done_business_at is not None:
                raise Conflict("sampling_done_already", id=number)
            uow.conn.execute(update(video_samplings).where(c.id == number).values(
                **given, comment=form.comment.strip(), done_by=person.name, done_name=person.display_name or person.name,
                done_business_at=uow.now_us))

    def picture_file(self, number: int) -> Path:
        return self._folder / f"{number}.jpg"

    # Inside ----------------------------------------------------------------------------------------------------------

    def _windows(self) -> dict[str, list[CameraOf]]:
        """Cameras in service at a window, by area."""
        c = cameras.c
        wanted = select(cameras).where(c.retired_at.is_(None), c.is_enabled, c.window_no != "").order_by(c.code)
        found: dict[str, list[CameraOf]] = {}
        with self._units.database.read() as conn:
            for row in conn.execute(wanted):
                found.setdefault(row.area, []).append(
                    CameraOf(row.id, row.code, row.name, row.area, row.hall, row.window_no, row.post, row.org))
        return found

    def _draw_in(self, area: str, found: list[CameraOf]) -> int:
        calendar, now = self._calendar_of(area), self._units.clock.now_us()
        local = calendar.to_local(now)
        day, minute = local // DAY_US, local % DAY_US // MINUTE_US
        works, is_assumed = calendar.works_or_may(day)
        if not works:
            return 0
        made, used = 0, calendar.assuming_plain_weeks() if is_assumed else calendar
        is_open = any(begin <= minute < end for begin, end in calendar.office_hours)
        for round_no, due in enumerate(rounds_of(self._secret, area, day, calendar.office_hours, self._rules.per_day)):
            if due <= minute:
                made += self._draw(area, day, round_no, calendar.to_utc(day * DAY_US + due * MINUTE_US), found, used.key,
                                   takes_picture=is_open)
        return made

    def _draw(self, area: str, day: int, round_no: int, due: int, found: list[CameraOf], calendar: str, *,
              takes_picture: bool) -> int:
        """`takes_picture`: whether the hall is open; a round missed while the program was down shows nobody's absence."""
        c, codes = video_samplings.c, [one.code for one in found]
        with self._units() as uow:
            of_round = (c.area == area) & (c.day == day) & (c.round == round_no)
            if uow.conn.execute(select(c.id).where(of_round)).first() is not None:
                return 0
            chosen = drawn(self._secret, area, day, round_no, codes, self._rules.windows)
            by_code = {one.code: one for one in found}
            numbers: list[tuple[int, CameraOf]] = []
            for place, code in enumerate(chosen):
                made = uow.conn.execute(insert(video_samplings).values(
                    area=area, day=day, round=round_no, place=place, camera_id=by_code[code].id, due_business_at=due,
                    drawn_at=self._machine.now_us(), drawn_business_at=uow.now_us,
                    drawn_from=msgspec.json.encode(codes).decode(), calendar=calendar[:CALENDAR_MAX],
                    reason=reason("not_taken" if takes_picture else "missed")
                ).returning(video_samplings.c.id)).scalar_one()
                numbers.append((int(made), by_code[code]))
        for number, camera in numbers if takes_picture else ():
            self._take(number, camera)
        return len(numbers)

    def _take(self, number: int, camera: CameraOf) -> None:
        """The picture of a look; without one the form says why there is none."""
        try:
            jpeg, at = self._picture(camera)
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self.picture_file(number)
            path.write_bytes(jpeg)
            sync(path)
            values: dict[str, Any] = {"picture_sha256": hashlib.sha256(jpeg).hexdigest(), "picture_at": at, "reason": ""}
        except (SupervisionError, OSError) as failure:
            log.warning("sampling %s has no picture: %s", number, failure)
            values = {"reason": reason(failure.code if isinstance(failure, SupervisionError) else "write_failed")}
        with self._units() as uow:
            uow.conn.execute(update(video_samplings).where(video_samplings.c.id == number).values(**values))

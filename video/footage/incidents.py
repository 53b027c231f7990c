"""Incidents an inspector marks while he pages through a day: what, from when to when, of which window; each keeps its clip."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from sqlalchemy import insert, update

from core.access import Actor, require
from core.clock import Clock
from core.errors import Conflict, InvalidInput
from core.instants import MINUTE_US
from core.unit_of_work import UnitOfWork
from video.evidence import ClipService
from video.footage.models import video_incidents
from video.footage.queries import FootageQueries, business_at
from video.footage.rights import MARKERS, require_looker

LONGEST_US = 30 * MINUTE_US
COMMENT_MAX = 500


class IncidentKind(StrEnum):
    """What rounds by video find (作风效能督查): the lists of several cities together."""

    ABSENT = "absent"          # 离岗、空岗
    LATE = "late"              # 迟到、早退
    PHONE = "phone"            # 玩手机
    LEISURE = "leisure"        # 上网聊天、炒股、看小说、玩游戏
    SNACKS = "snacks"          # 吃零食
    SLEEP = "sleep"            # 睡岗
    WANDERING = "wandering"    # 串岗
    DRESS = "dress"            # 着装不规范
    BADGE = "badge"            # 未佩戴工作牌
    ATTITUDE = "attitude"      # 态度生硬、推诿
    QUARREL = "quarrel"        # 争吵
    UNTIDY = "untidy"          # 台面、环境不整洁
    OTHER = "other"


class Incident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is marked. `camera` is a code; `begin_at`, `end_at` are real instants, microseconds UTC."""

    camera: str
    kind: str
    begin_at: int
    end_at: int
    comment: str = ""


class Incidents:
    """Writes incidents, in the caller's unit of work."""

    def __init__(self, queries: FootageQueries, clips: ClipService, machine: Clock) -> None:
        self._queries, self._clips, self._machine = queries, clips, machine

    def mark(self, uow: UnitOfWork, wish: Incident, actor: Actor | None) -> tuple[int, int]:
        """(number of the incident, number of its clip). Raises InvalidInput naming the field, NotFound (camera),
        NotPermitted.
        """
        require(actor, *MARKERS)
        camera = self._queries.camera(code=wish.camera)
        person = require_looker(actor, camera)
        self._check(wish)
        segments = self._queries.segments_at(camera.id, wish.begin_at, wish.end_at)
        begin, end = (business_at(segments, at) for at in (wish.begin_at, wish.end_at))
        begin = uow.now_us if begin is None else begin
        made = uow.conn.execute(insert(video_incidents).values(
            camera_id=camera.id, kind=wish.kind, begin_at=wish.begin_at, end_at=wish.end_at, begin_business_at=begin,
            end_business_at=begin + wish.end_at - wish.begin_at if end is None else end, comment=wish.comment.strip(),
            marked_by=person.name, marked_name=person.display_name or person.name, marked_at=self._machine.now_us(),
            marked_business_at=uow.now_us).returning(video_incidents.c.id)).scalar_one()
        number = int(made)
        clip = self._clips.ask(uow, camera.id, wish.begin_at, person, business_us=begin, incident_id=number,
                               until_us=wish.end_at)
        return number, clip

    def give_card(self, uow: UnitOfWork, incident: int, clip: int, card_id: int) -> None:
        """A card was issued for it."""
        uow.conn.execute(update(video_incidents).where(video_incidents.c.id == incident).values(card_id=card_id))
        self._clips.give_to(uow, clip, card_id)

    def withdraw(self, uow: UnitOfWork, number: int, reason: str, actor: Actor | None) -> None:
        """It was marked by mistake: it stays, struck out, with who said so and why. Its card is for others to revoke first
        (alerts/evidence.py). Raises NotPermitted, NotFound, InvalidInput (`reason`), Conflict.
        """
        person, told = require(actor, *MARKERS), reason.strip()
        self._queries.incident(number, actor)
        if not told or len(told) > COMMENT_MAX:
            raise InvalidInput("incident_reason_invalid", key="reason", most=COMMENT_MAX)
        c = video_incidents.c
        done = uow.conn.execute(update(video_incidents).where(c.id == number, c.withdrawn_by == "").values(
            withdrawn_by=person.name, withdrawn_name=person.display_name or person.name, withdrawn_business_at=uow.now_us,
            withdrawn_reason=told))
        if done.rowcount != 1:
            raise Conflict("incident_withdrawn", id=number)

    def _check(self, wish: Incident) -> None:
        if wish.kind not in list(IncidentKind):
            raise InvalidInput("incident_kind_unknown", key="kind", value=wish.kind[:16])
        if not 0 <= wish.end_at - wish.begin_at <= LONGEST_US or wish.begin_at > self._machine.now_us():
            raise InvalidInput("incident_span_invalid", key="end_at", most=LONGEST_US // MINUTE_US)
        if len(wish.comment) > COMMENT_MAX or (wish.kind == IncidentKind.OTHER and not wish.comment.strip()):
            raise InvalidInput("incident_comment_invalid", key="comment", most=COMMENT_MAX)

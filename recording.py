"""Recordings, evidence and random looks wired to the rest: who asks for clips, who is told of a full disk, what repeats.

`bootstrap` builds it once, `jobs` and `server` take from it what is theirs.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from alerts.alarms import AlarmService
from alerts.events import CardOpened, CardToConfirm, CardWorsened
from alerts.evidence import CardEvidence
from alerts.queries import CardQueries
from alerts.service import CardService
from alerts.terms import Terms
from config.settings import Settings
from core.access import Actor
from core.clock import SystemClock
from core.scheduling import Job
from core.unit_of_work import Reaction, UnitOfWork, UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from papers.keys import KeyRing
from video.events import SignalRaised
from video.footage.assembly import Footage, FootageParts, build_footage
from video.footage.events import (
    ClockBelieved,
    ClockDoubted,
    KeptLongEnough,
    KeptTooShort,
    RecordingFailed,
    RecordingResumed,
    RoomEnough,
    RoomShort,
)
from video.footage.http import FootageParts as HttpParts
from video.footage.playable import Playable, PlayableRules
from video.recordings import Recordings as CameraRecordings
from video.recordings import Room
from video.registry import Registry

if TYPE_CHECKING:
    from flask import Request

    from bootstrap import Services


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rest of the program brings along."""

    units: UnitOfWorkFactory
    registry: Registry
    keys: KeyRing
    secret: bytes
    owner: str
    calendar_of: Callable[[str], WorkingCalendar]
    cards: CardService
    queries: CardQueries
    alarms: AlarmService


@dataclass(frozen=True, slots=True)
class Recordings:
    footage: Footage
    evidence: CardEvidence


def build_recordings(settings: Settings, parts: Parts) -> Recordings:
    """Everything of the recordings, and its lines in the table of reactions."""
    terms = Terms(parts.calendar_of)
    held: list[CardEvidence] = []
    footage = build_footage(settings.recording, FootageParts(
        parts.units, parts.registry, parts.keys, parts.secret, parts.owner,
        (settings.video.worker or f"{socket.gethostname()}:{os.getpid()}")[:64], parts.calendar_of,
        lambda cards: held[0].needed(cards), SystemClock()))
    evidence = CardEvidence(parts.units, parts.cards, parts.queries, terms, footage.clips, footage.incidents, footage.queries)
    held.append(evidence)
    for kind, reactions in reactions_of(evidence, parts.alarms).items():
        parts.units.reactions[kind] = [*parts.units.reactions.get(kind, ()), *reactions]
    return Recordings(footage, evidence)


def reactions_of(evidence: CardEvidence, alarms: AlarmService) -> dict[type, list[Reaction]]:
    """What then? A card that names a camera gets its clip; what is not recorded, and a disk without room, is an alarm."""
    def failed(uow: UnitOfWork, batch: Sequence[RecordingFailed]) -> None:
        for event in batch:
            alarms.set_alarm(uow.conn, f"recording_{event.code}", event.camera, uow.now_us, camera=event.camera)

    def resumed(uow: UnitOfWork, batch: Sequence[RecordingResumed]) -> None:
        for event in batch:
            for code in ("disk_full", "write_failed", "not_recordable"):
                alarms.clear_alarm(uow.conn, f"recording_{code}", event.camera, uow.now_us)

    return {CardToConfirm: [evidence.keep], CardOpened: [evidence.keep], CardWorsened: [evidence.keep],
            SignalRaised: [evidence.keep_signals],
            RecordingFailed: [failed], RecordingResumed: [resumed],
            **_standing(alarms, "recordings_short", RoomShort, RoomEnough),
            **_standing(alarms, "recordings_kept_short", KeptTooShort, KeptLongEnough),
            **_standing(alarms, "recordings_clock", ClockDoubted, ClockBelieved)}


def _standing(alarms: AlarmService, code: str, bad: type, good: type) -> dict[type, list[Reaction]]:
    """An alarm that stands with what was told last, as long as that is bad."""
    def raised(uow: UnitOfWork, batch: Sequence[Any]) -> None:
        alarms.renew_alarm(uow.conn, code, "", uow.now_us, **asdict(batch[-1]))

    def cleared(uow: UnitOfWork, _batch: Sequence[Any]) -> None:
        alarms.clear_alarm(uow.conn, code, "", uow.now_us)

    return {bad: [raised], good: [cleared]}


def recordings_of(services: Services, room: Room) -> CameraRecordings:
    """What the video process adds to its room (`room.followers`), starts with it and stops before it."""
    footage = services.footage
    return CameraRecordings(room, footage.store, footage.recorder_rules, footage.settings.mode, services.database,
                            SystemClock())


def recording_jobs(services: Services) -> list[Job]:
    """Clips that are due, what may be deleted, copies nobody looks at, random looks whose moment has come."""
    given, footage, copies = services.settings.recording, services.footage, _playable(services.settings)
    return [Job("clips", given.clip_interval_s, footage.maker.make_due),
            Job("retention", given.retention_interval_s, footage.retention.run),
            Job("copies", given.retention_interval_s, lambda: copies.forget_unwatched(SystemClock().now_us())),
            Job("sampling", given.sampling_interval_s, footage.sampler.draw_due)]


def footage_parts(services: Services, actor_of: Callable[[Request], Actor | None]) -> HttpParts:
    """What the routes of the recordings need."""
    footage = services.footage
    return HttpParts(
        footage.queries, footage.pictures, _playable(services.settings), services.video.views, footage.passes, footage.keys,
        footage.settings.evidence_dir, footage.sampling_dir, services.card_evidence.check_sees,
        lambda: how_to_verify(services), SystemClock(), actor_of)


def _playable(settings: Settings) -> Playable:
    given = settings.recording
    return Playable(given.copies_dir, PlayableRules(given.copies_mib, given.copy_s, given.copies_keep_hours,
                                                    settings.video.transcode_height, settings.video.max_pixels))


def how_to_verify(services: Services) -> str:
    """The text that goes with every package: in Chinese, then in English."""
    return "\n\n".join(services.texts(language).get("footage.how_to_verify") for language in ("zh", "en"))

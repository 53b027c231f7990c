"""The recordings put together: what pages, jobs and the video process ask for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from config.recording_settings import RecordingSettings
from core.clock import Clock
from core.errors import NotFound
from core.unit_of_work import UnitOfWorkFactory
from core.working_calendar import WorkingCalendar
from papers.keys import KeyRing
from video.cameras import StreamName
from video.evidence import ClipMaker, ClipRules, ClipService, Installation
from video.footage.incidents import Incidents
from video.footage.passes import Passes
from video.footage.pictures import Pictures
from video.footage.queries import CameraOf, FootageQueries
from video.footage.sampling import Sampler, SamplingRules
from video.recorder import RecorderRules
from video.registry import Registry
from video.retention import Retention, RetentionRules
from video.segments import SegmentStore


@dataclass(frozen=True, slots=True)
class Footage:
    """Services of the recordings. `store` is for the process that records."""

    settings: RecordingSettings
    queries: FootageQueries
    pictures: Pictures
    clips: ClipService
    maker: ClipMaker
    retention: Retention
    incidents: Incidents
    sampler: Sampler
    passes: Passes
    keys: KeyRing
    store: SegmentStore
    recorder_rules: RecorderRules

    @property
    def sampling_dir(self) -> Path:
        return self.settings.evidence_dir / "samplings"


@dataclass(frozen=True, slots=True)
class FootageParts:
    """What the rest of the program brings along. `needed` is filled in by who knows the cards; `machine` is the machine's
    clock.
    """

    units: UnitOfWorkFactory
    registry: Registry
    keys: KeyRing
    secret: bytes
    owner: str
    worker: str
    calendar_of: Callable[[str], WorkingCalendar]
    needed: Callable[[Collection[int]], Collection[int]]
    machine: Clock


def build_footage(given: RecordingSettings, parts: FootageParts) -> Footage:
    queries = FootageQueries(parts.units.database)
    clip_rules = ClipRules(given.before_s, given.after_s, given.wait_s, given.clip_tries)
    clips, pictures = ClipService(clip_rules, parts.machine), Pictures(queries, given.dir)
    retention = Retention(parts.units, given.dir, given.evidence_dir,
                          RetentionRules(given.keep_days, given.free_min_mib, given.evidence_keep_days,
                                         given.sampling_keep_days, given.room_wait_s, given.mode != "off"), parts.needed,
                          parts.machine)
    where = Installation(given.dir, given.evidence_dir, parts.keys, parts.owner)
    sampler = Sampler(parts.units, parts.calendar_of, parts.secret,
                      SamplingRules(given.samplings_per_day, given.sampling_windows), given.evidence_dir / "samplings",
                      lambda camera: _present(camera, pictures, parts), parts.machine)
    return Footage(
        given, queries, pictures, clips,
        ClipMaker(parts.units, where, clip_rules, parts.machine, retention.make_room), retention,
        Incidents(queries, clips, parts.machine), sampler, Passes(parts.secret, parts.machine, given.view_minutes), parts.keys,
        SegmentStore(parts.units, given.dir, parts.worker, parts.machine, retention.make_room),
        RecorderRules(given.segment_s, given.queue_mib << 20, given.retry_s))


def _present(camera: CameraOf, pictures: Pictures, parts: FootageParts) -> tuple[bytes, int]:
    """What a camera shows now: out of the recording, else asked of the camera itself. Raises SupervisionError."""
    recorded = pictures.at(camera.id, parts.machine.now_us())
    if recorded is not None:
        return recorded
    opened = parts.registry.queries.find_opened(camera.code)
    if opened is None:
        raise NotFound("camera_not_in_service", camera=camera.code)
    taken = parts.registry.snapshots.take(opened, StreamName.MAIN)
    return taken.jpeg, taken.at_us

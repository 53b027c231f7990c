"""The analysis put together: what pages ask for, and the watcher of a process that reads cameras."""

from __future__ import annotations

from dataclasses import dataclass

from cases.areas import Areas
from config.changelog import ChangeLog
from config.onsite import SignalKind
from config.vision_settings import VisionSettings
from core.clock import Clock
from core.database import Database
from core.instants import DAY_US
from core.unit_of_work import UnitOfWorkFactory
from video.camera_watch import CameraWatch, WatchParts, WatchRules
from video.holding import HoldRules
from video.onsite.queries import SignalQueries
from video.onsite.retention import Needed, PictureRetention
from video.onsite.service import SignalService
from video.pending import WriteRules
from video.pictures import PictureStore
from video.presence import PresenceLog
from video.references import ReferenceService
from video.vision.looker import LookRules
from video.vision.onnx import ModelRules, OnnxDetector
from video.vision.seat import PresenceDetector, SeatLimits
from video.watch import Open, Watcher, WatcherRules


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything about what cameras find."""

    settings: VisionSettings
    areas: Areas
    signals: SignalService
    queries: SignalQueries
    references: ReferenceService
    presence: PresenceLog
    pictures: PictureStore
    retention: PictureRetention
    database: Database
    machine: Clock
    business: Clock

    def watcher(self, open_capture: Open) -> Watcher:
        """A watcher of the cameras `open_capture` reads. Raises ConfigError where the model cannot be used."""
        given = self.settings
        model = model_of(given)
        parts = WatchParts(self.areas, self.signals, self.presence, self.references, self.pictures, rules_of(given), model)
        rules = WatcherRules(given.threads, given.interval_s, given.key_gap_s, given.width)
        return Watcher(open_capture, lambda camera: CameraWatch(camera, parts), self.references, self.machine, self.business,
                       rules, self._refresh)

    def _refresh(self) -> None:
        with self.database.read() as conn:
            self.areas.refresh(conn)

    def forget(self, needed: Needed) -> None:
        """Drop presence and pictures older than is kept. `needed`: see video/onsite/retention.py."""
        self.presence.forget(self.machine.now_us() - self.settings.presence_days * DAY_US)
        self.retention.run(needed)


def build_analysis(given: VisionSettings, units: UnitOfWorkFactory, areas: Areas, changes: ChangeLog,
                   machine: Clock) -> Analysis:
    """`machine` is real time; business time that of the units of work."""
    pictures, references = PictureStore(given.picture_dir), ReferenceService(units, changes, machine)
    retention = PictureRetention(units, pictures, given.picture_days, machine)
    return Analysis(given, areas, SignalService(units, areas, machine), SignalQueries(units.database, pictures, references),
                    references, PresenceLog(units.database), pictures, retention, units.database, machine, units.clock)


def rules_of(given: VisionSettings) -> WatchRules:
    """The settings as the watch of one camera takes them."""
    after = {SignalKind.FROZEN: given.frozen_s, SignalKind.BLACK: given.black_s, SignalKind.COVERED: given.covered_s,
             SignalKind.BLURRED: given.blurred_s, SignalKind.MOVED: given.moved_s}
    return WatchRules(LookRules(given.still_s, given.scene_s, given.gap_s), SeatLimits(given.occupied_share, given.empty_share),
                      HoldRules(after, given.clear_s), given.back_s, given.gap_s, given.offline_s, given.faults_when_closed,
                      given.propose_share, WriteRules(given.write_tries, given.write_waiting_max))


def model_of(given: VisionSettings) -> PresenceDetector | None:
    """The configured person detector, if any."""
    if given.model_file is None:
        return None
    return OnnxDetector(ModelRules(
        given.model_file, given.model_layout, given.model_width, given.model_height, given.model_scale, given.model_mean,
        given.model_swap_rb, given.model_person_class, given.model_confidence, given.model_objectness, given.model_in_pixels,
        given.model_overlap))

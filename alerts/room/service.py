"""The room put together: what commands, pages and jobs may ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts.alarms import AlarmService
from alerts.room.audio import RoomAudio
from alerts.room.canary import CanaryRules, CanarySender, Journey, recent
from alerts.room.clips import ClipStore
from alerts.room.load import LoadQueries
from alerts.room.speech import Espeak, Mute, Speaks
from cases.areas import Areas
from config.settings import Settings
from core.clock import SystemClock
from core.database import Database
from core.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class Room:
    """Sound, canaries and the load of alarms."""

    database: Database
    audio: RoomAudio
    engine: Speaks
    clips: ClipStore
    canary_rules: CanaryRules
    sender: CanarySender
    load: LoadQueries

    def journeys(self, count: int) -> list[Journey]:
        """The last finished canaries, newest first."""
        return recent(self.database, count)


def build_room(settings: Settings, units: UnitOfWorkFactory, alarms: AlarmService, areas: Areas) -> Room:
    """The room of these settings. Sound and canaries are on the machine's own clock."""
    room, monitor, machine = settings.room, settings.monitor, SystemClock()
    engine: Speaks = Mute()
    if room.speech == "espeak":
        engine = Espeak(room.speech_program, room.speech_words_a_minute, room.speech_timeout_s)
    rules = CanaryRules(monitor.canary_patience_s, monitor.canary_slow_ms, kept_days=monitor.canary_kept_days)
    return Room(units.database, RoomAudio(units.database, machine, room.speaker_lease_s, room.silence_max_min), engine,
                ClipStore(room.clip_dir, engine, room.clip_max_mib * 1024**2), rules,
                CanarySender(units, alarms, machine, rules),
                LoadQueries(units.database, ZoneInfo(settings.areas.default_timezone), lambda: areas.default.calendar,
                            monitor.fleeting_min))

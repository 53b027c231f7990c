"""Who speaks in a room, and whether its horn is silenced.

Two screens of one room never speak at once: the one that may holds a row that runs out unless it asks again, and the next
that asks takes it over. Silence is of the horn alone, short, signed and seen on the screens; it acknowledges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from alerts.room.models import audio_masters, horn_silences
from core.access import Actor, Role, require
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.instants import MINUTE_US, SECOND_US

SILENCERS = (Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR)
TEXT_MAX = 64


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that stands: microseconds UTC of the machine's clock."""

    room: str
    until: int
    by: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """The screen that speaks in a room, for as long as it keeps asking."""

    room: str
    screen: str
    since: int


class RoomAudio:
    """`clock` is the machine's own. Leases and silences are a few rows; they never take the ledger's lock."""

    def __init__(self, database: Database, clock: Clock, lease_s: float, silence_max_min: int) -> None:
        self._database, self._clock = database, clock
        self._lease_us, self._silence_max_min = int(lease_s * SECOND_US), silence_max_min

    # Who speaks ---------------------------------------------------------------------------------------------------

    def claim(self, room: str, screen: str) -> Speaker:
        """Ask to speak, or to go on speaking. Returns who does: the caller, or another screen."""
        now = self._clock.now_us()
        speaker, expires_at = self._speaker(room)
        if speaker is not None and speaker.screen != screen and expires_at >= now:
            return speaker
        if speaker is not None and speaker.screen == screen and expires_at - now > self._lease_us // 2:
            return speaker
        return self._take(room, screen, now)

    def give_up(self, screen: str) -> None:
        """This screen can no longer speak: it was closed, or its sound is off."""
        with self._database.transaction() as conn:
            conn.execute(delete(audio_masters).where(audio_masters.c.screen == screen))

    def speaker_of(self, room: str) -> str:
        """The screen that speaks in a room now; "" for none."""
        speaker, expires_at = self._speaker(room)
        return speaker.screen if speaker is not None and expires_at >= self._clock.now_us() else ""

    def speakers(self) -> list[Speaker]:
        """Who speaks where, for the health page."""
        with self._database.read() as conn:
            rows = conn.execute(select(audio_masters).where(audio_masters.c.expires_at >= self._clock.now_us()))
            return [Speaker(row.room, row.screen, row.since) for row in rows]

    def _speaker(self, room: str) -> tuple[Speaker | None, int]:
        with self._database.read() as conn:
            row = conn.execute(select(audio_masters).where(audio_masters.c.room == room)).first()
        return (None, 0) if row is None else (Speaker(row.room, row.screen, row.since), row.expires_at)

    def _take(self, room: str, screen: str, now: int) -> Speaker:
        free = or_(audio_masters.c.screen == screen, audio_masters.c.expires_at < now)
        try:
            with self._database.transaction() as conn:
                known = conn.execute(select(audio_masters.c.screen, audio_masters.c.since).where(
                    audio_masters.c.room == room)).first()
                since = known.since if known is not None and known.screen == screen else now
                values = {"screen": screen, "since": since, "expires_at": now + self._lease_us}
                if known is None:
                    conn.execute(insert(audio_masters).values(room=room, **values))
                else:
                    conn.execute(update(audio_masters).where(audio_masters.c.room == room, free).values(**values))
        except IntegrityError:
            pass  # another screen was first; it is read below
        speaker, _ = self._speaker(room)
        return speaker or Speaker(room, screen, now)

    # The horn -----------------------------------------------------------------------------------------------------

    def silence(self, actor: Actor | None, room: str, minutes: int) -> Silence:
        """Silence the horn of a room; a second one replaces the first. Raises NotPermitted and InvalidInput."""
        officer = require(actor, *SILENCERS)
        if not 1 <= minutes <= self._silence_max_min or not 0 < len(room) <= TEXT_MAX:
            raise InvalidInput("silence_invalid", minutes=minutes, most=self._silence_max_min, room=room[:TEXT_MAX])
        now = self._clock.now_us()
        until, name = now + minutes * MINUTE_US, officer.display_name or officer.name
        with self._database.transaction() as conn:
            _lift(conn, room, officer.name, now)
            conn.execute(insert(horn_silences).values(room=room, begins_at=now, until=until, actor=officer.name,
                                                      actor_name=name))
        return Silence(room, until, name)

    def lift(self, actor: Actor | None, room: str) -> bool:
        """Let the horn sound again; whether it was silent."""
        officer = require(actor, *SILENCERS)
        with self._database.transaction() as conn:
            return _lift(conn, room, officer.name, self._clock.now_us())

    def silences(self) -> list[Silence]:
        """The silences that stand now."""
        now = self._clock.now_us()
        with self._database.read() as conn:
            rows = conn.execute(select(horn_silences).where(horn_silences.c.until > now, horn_silences.c.lifted_at.is_(None)))
            return [Silence(row.room, row.until, row.actor_name) for row in rows]

    def silent_for_ms(self, room: str) -> int:
        """Milliseconds until the horn of the room may sound; 0 when it may."""
        now = self._clock.now_us()
        return max((silence.until - now for silence in self.silences() if silence.room == room), default=0) // 1000


def _lift(conn: Connection, room: str, actor: str, now: int) -> bool:
    standing = (horn_silences.c.room == room, horn_silences.c.until > now, horn_silences.c.lifted_at.is_(None))
    return conn.execute(update(horn_silences).where(*standing).values(lifted_at=now, lifted_by=actor)).rowcount > 0

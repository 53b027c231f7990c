"""What the recordings tell upwards, in the unit of work of the change. Instants are microseconds UTC of the machine's clock."""

from __future__ import annotations

import msgspec


class RecordingFailed(msgspec.Struct, frozen=True):
    """What a camera sends is not kept: the disk refuses it, or it is of a kind that cannot be kept. `code` says which."""

    camera_id: int
    camera: str
    code: str
    at: int


class RecordingResumed(msgspec.Struct, frozen=True):
    camera_id: int
    camera: str
    at: int


class RoomShort(msgspec.Struct, frozen=True):
    """The disk of the recordings has less room than it should, and nothing more may be deleted."""

    mib: int
    wanted: int


class RoomEnough(msgspec.Struct, frozen=True):
    mib: int


class KeptTooShort(msgspec.Struct, frozen=True):
    """Recordings stay so many days, by the setting or for want of room, and the law asks for more."""

    days: int
    asked: int


class KeptLongEnough(msgspec.Struct, frozen=True):
    """They stay as long as the law asks."""


class ClockDoubted(msgspec.Struct, frozen=True):
    """The machine's clock was set forward so far that no age is counted by it before the next start."""

    hours: int


class ClockBelieved(msgspec.Struct, frozen=True):
    """Ages go by the machine's clock."""

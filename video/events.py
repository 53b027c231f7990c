"""What cameras found, for whoever must follow: published in the transaction that wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from config.onsite import SignalKind


@dataclass(frozen=True, slots=True)
class Signal:
    """A row of video_signals as those above see it. Instants of columns *_at are real, *_business_at business, us UTC."""

    id: int
    camera_id: int
    kind: SignalKind
    state: str
    camera_code: str
    camera_name: str
    area: str
    hall: str
    window: str
    post: str
    org: str
    began_at: int
    began_business_at: int
    raised_at: int
    raised_business_at: int
    ended_at: int | None
    ended_business_at: int | None
    ended_reason: str
    picture: str  # its file below vision.picture_dir; empty: there is none, or it is not kept any more
    picture_sha256: str
    picture_at: int | None
    detector: str
    rule: str
    rule_version: str
    decided_by: str
    decided_name: str
    decided_at: int | None
    comment: str
    rev: int
    figures: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        """Minutes of office time the seat was empty when it was raised."""
        return int(self.figures.get("minutes", 0))


@dataclass(frozen=True, slots=True)
class SignalRaised:
    """A camera found something. Its state says whether a person must confirm it first."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class SignalConfirmed:
    """A person found it true."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class SignalRejected:
    """A person found it untrue."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class SignalEnded:
    """What it says is over; what was decided about it stands."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class ReferencesMissing:
    """Pictures of the empty seat that a camera is judged by cannot be read where it is looked at."""

    camera_code: str
    camera_name: str
    hall: str
    window: str


@dataclass(frozen=True, slots=True)
class ReferencesFound:
    """All of them can be read, or none is needed."""

    camera_code: str


@dataclass(frozen=True, slots=True)
class FindingsLost:
    """Something found at a camera could not be written after all tries: how many of what, since the process began."""

    camera_code: str
    camera_name: str
    signals: int
    pictures: int
    spans: int
    references: int


@dataclass(frozen=True, slots=True)
class FindingsKept:
    """For a while nothing more was lost."""

    camera_code: str


@dataclass(frozen=True, slots=True)
class SignalWithdrawn:
    """Later facts took it back before a person decided (the camera was retired, the rule was switched off)."""

    signal: Signal

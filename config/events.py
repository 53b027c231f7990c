"""What the configuration tells the rest of the program, inside the transaction that made it true."""

from __future__ import annotations

import msgspec


class VersionConfirmed(msgspec.Struct, frozen=True):
    """A version of a preset, calendar, item or area came into force. `effective_from` is an epoch day."""

    kind: str
    subject: str
    version: int
    effective_from: int
    reason: str
    actor: str


class VersionProposed(msgspec.Struct, frozen=True):
    """A version waits for a second administrator."""

    kind: str
    subject: str
    version: int
    reason: str
    actor: str


class RolesChanged(msgspec.Struct, frozen=True):
    """The roles of an account were changed."""

    username: str
    actor: str

"""The limits of this package as plain values; the composition root fills them from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from core.instants import DAY_US


@dataclass(frozen=True, slots=True)
class CardRules:
    """Limits of cards and commands.

    `history_after_days`: a card raised so many days after its clock had ended is history, recorded and not shown.
    """

    history_after_days: int = 30
    comment_max: int = 500
    cards_per_command: int = 200

    @property
    def history_after_us(self) -> int:
        return self.history_after_days * DAY_US


@dataclass(frozen=True, slots=True)
class PushRules:
    """Limits of the push channel. Seconds are real ones, whatever the speed of the business clock.

    A client that misses more than `replay_max` events gets a snapshot of at most `snapshot_max` cards. It confirms a
    batch of at most `batch_max` events within `shown_within_s`, else it is told once more; after `missed_max` missed
    confirmations in a row and one more it is disconnected, as it is when it got no first data within `welcomed_within_s`.
    Whether it still may listen is asked every `rights_interval_s`. Connections beyond `admission_cap` are refused in
    words, beyond that plus `refusal_margin` without.
    """

    admission_cap: int = 500
    refusal_margin: int = 50
    replay_max: int = 1000
    batch_max: int = 250
    snapshot_max: int = 500
    gauge_interval_s: float = 0.5
    heartbeat_s: float = 5.0
    poll_interval_s: float = 1.0
    shown_within_s: float = 10.0
    welcomed_within_s: float = 10.0
    rights_interval_s: float = 5.0
    missed_max: int = 3
    receipts_interval_s: float = 5.0
    fault_memory_s: float = 600.0
    resync_pause_s: float = 0.5
    ping_interval_s: float = 5.0
    ping_timeout_s: float = 5.0
    dead_after_s: float = 20.0
    message_max_bytes: int = 65_536

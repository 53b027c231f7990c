"""The limits of this package as plain values; the composition root fills them from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.instants import DAY_US, MINUTE_US


@dataclass(frozen=True, slots=True)
class CardRules:
    """Limits of cards and commands.

    `history_after_days`: a card raised so many days after its clock had ended is history, recorded and not shown.
    `red_needs_two`: a red card is acknowledged by an officer and a shift leader. `shelve_max_minutes` bounds and fills in a
    shelving; `out_of_service_max_days` and `stopped_by_law_max_days` bound the other two ways to put a card aside.
    `ack_again`: by level, the working time without activity after which a signature no longer counts ("" never).
    `reply_limit`, `review_limit`, `appeal_limit`, `appeal_decision_limit`: what the department and we have where nothing else
    is said.
    A key that fires again within `re_arm_minutes` of its closing is the same occurrence. More than `flood_cards` new cards in
    `flood_minutes` are a flood. A deadline that failed is tried again after `deadline_retry_s`.
    """

    history_after_days: int = 30
    comment_max: int = 500
    text_max: int = 4000
    cards_per_command: int = 200
    red_needs_two: bool = True
    shelve_max_minutes: int = 120
    out_of_service_max_days: int = 30
    stopped_by_law_max_days: int = 180
    ack_again: Mapping[int, str] = field(default_factory=dict)
    reply_limit: str = "5wd"
    review_limit: str = "2wd"
    appeal_limit: str = "5wd"
    appeal_decision_limit: str = "5wd"
    escalation_max: int = 3
    re_arm_minutes: int = 10
    flood_cards: int = 10
    flood_minutes: int = 10
    attachments_per_reply: int = 10
    deadline_retry_s: float = 60.0

    @property
    def history_after_us(self) -> int:
        return self.history_after_days * DAY_US

    @property
    def re_arm_us(self) -> int:
        return self.re_arm_minutes * MINUTE_US


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

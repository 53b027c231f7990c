"""The codes of a notice: its state, and why somebody was told or was not."""

from __future__ import annotations

from enum import StrEnum


class NoticeState(StrEnum):
    """Where a notice stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"          # given up: on the dead-letter list
    WITHHELD = "withheld"  # never sent, for its reason


ENDED = frozenset({NoticeState.SENT, NoticeState.DEAD, NoticeState.WITHHELD})


class Reason(StrEnum):
    """Why told (first part), and why not."""

    ADDRESSEE = "addressee"    # the fixed person of that part
    ON_DUTY = "on_duty"
    ROLE = "role"              # everybody with that role: there is no plan, or nobody is named
    DEFERRED = "deferred"      # waits for the end of the quiet hours
    RESENT = "resent"

    NOT_ON_DUTY = "not_on_duty"
    NOBODY_ON_DUTY = "nobody_on_duty"
    NOBODY_NAMED = "nobody_named"
    NO_RULE = "no_rule"        # the version it was issued under has no such rule (any more), or there never was one
    NO_ADDRESS = "no_address"
    CHANNEL_OFF = "channel_off"
    DUPLICATE = "duplicate"
    LEVEL_BELOW = "level_below"
    AREA = "area"
    SHELVED = "shelved"
    QUIET = "quiet"
    FLOOD = "flood"
    CLOSED_MEANWHILE = "closed_meanwhile"
    ACKNOWLEDGED_MEANWHILE = "acknowledged_meanwhile"
    DECLINED = "declined"      # an applicant who wants no notices


WHY_NOT = frozenset(list(Reason)[list(Reason).index(Reason.NOT_ON_DUTY):])

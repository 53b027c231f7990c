"""The types of events that can be subscribed to.

A new one: a member here, its words under `webhook_event.` in the locale files, a line in docs/webhooks.md; and whoever makes it
true calls `Webhooks.publish` in his transaction.
"""

from __future__ import annotations

from enum import StrEnum

NAMESPACE = "cn.yangguang."  # what stands before a type in the CloudEvent
TEST = "webhook.test"        # sent to one subscription by its administrator; nobody subscribes to it


class EventType(StrEnum):
    """What happened."""

    MONTH_CLOSED = "figures.month.closed"  # the figures of a month have settled
    SCORES_PUBLISHED = "scores.published"
    SCORES_FROZEN = "scores.frozen"          # after the appeals; nothing changes any more
    SCORES_WITHDRAWN = "scores.withdrawn"    # what was published no longer counts
    BULLETIN_PUBLISHED = "bulletin.published"
    BULLETIN_WITHDRAWN = "bulletin.withdrawn"

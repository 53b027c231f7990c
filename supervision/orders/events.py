"""What orders and proposals tell: published in the unit of work of the change. `FollowUpDesk.reactions` says who reacts."""

from __future__ import annotations

from alerts.notices.papers import Paper


class PaperEvent(Paper, frozen=True):
    """The paper as it is after the event."""


class PaperIssued(PaperEvent, frozen=True):
    """A paper without cards was issued. One over cards is told of on its cards."""


class PaperUrged(PaperEvent, frozen=True):
    """催办: the term passed without a reply, and office time has come again."""


class PaperReplyRejected(PaperEvent, frozen=True):
    """The reply to a paper without cards was not enough; a new term runs."""


class PaperAnswered(PaperEvent, frozen=True):
    """Nothing is owed any more: what still waits to be told has lost its point."""

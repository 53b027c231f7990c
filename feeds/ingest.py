"""The one way in for events of other systems: recorded in batches, acknowledged one by one, refused ones kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from sqlalchemy import Connection

from cases.areas import Area, Areas
from cases.drafting import Drafts
from cases.events import HOSTED, CaseEvent, Outcome, Status
from core.clock import Clock
from core.errors import ConfigError, Unavailable
from core.instants import SECOND_US, written_local
from core.unit_of_work import UnitOfWorkFactory
from feeds import quarantine
from feeds.limits import FeedLimits
from feeds.outage import told_when_away
from feeds.quarantine import Delivery, Refused
from feeds.reasons import Refusal, with_remedy
from feeds.records import Parsed, is_whole, raw_text
from feeds.status import Account, enter

log = logging.getLogger(__name__)
Also = Callable[[Connection, list[Outcome]], None]
_GOOD = frozenset({Status.OK, Status.DUPLICATE})


class RecordsEvents(Protocol):
    """What ingest needs of the record (cases.service.Recorder)."""

    def record(self, events: Sequence[CaseEvent], judged_at: int | None = None, also: Also | None = None,
               drafts: Drafts | None = None) -> list[Outcome]:
        """Outcome i belongs to event i; one transaction, in which `also` writes too. `drafts` are of these events."""


class Ingest:
    """Takes parsed records of any connector."""

    def __init__(self, recorder: RecordsEvents, units: UnitOfWorkFactory, clock: Clock, areas: Areas,
                 limits: FeedLimits, default_area: str | None = None) -> None:
        """`default_area` is the area of cases whose record names none."""
        self.limits, self.default_area = limits, default_area
        self._recorder, self._units, self._clock, self._areas = recorder, units, clock, areas

    def store_area(self, area: Area, *, only_if_new: bool = False) -> None:
        """Make an area of a mapping known before its cases arrive. `only_if_new` leaves an existing one alone.

        Raises Unavailable when the database cannot be written now.
        """
        if only_if_new and self._areas.knows(area.area):
            return
        with told_when_away(self.limits.retry_after_s), self._units() as uow:
            self._areas.save(uow, area)

    def take(self, delivery: Delivery, batch: Sequence[Parsed], *, judged_at: int | None = None,
             keep_refused: int | None = None, drafts: Drafts | None = None) -> tuple[list[Outcome], Account]:
        """Record a batch; outcome i belongs to record i.

        `judged_at` is handed to the record (loading history), and so are `drafts` of these records; at most `keep_refused`
        refused records are kept. Raises Unavailable when the database cannot be written now: nothing of the batch is lost if
        it is sent again.
        """
        now_us = self._clock.now_us()
        outcomes = [self._judge(parsed, now_us) for parsed in batch]
        events = [parsed.event for parsed, outcome in zip(batch, outcomes, strict=True)
                  if outcome is None and parsed.event is not None]
        if drafts is not None and len(events) < len(batch):
            drafts.keep_only([place for place, outcome in enumerate(outcomes) if outcome is None])
        result: tuple[list[Outcome], Account] = ([], Account())

        def keep(conn: Connection, recorded: list[Outcome]) -> None:
            nonlocal result
            of_good = iter(recorded)
            final = [with_remedy(next(of_good)) if outcome is None else outcome for outcome in outcomes]
            account = Account()
            account.note(final)
            account.note_newest(events)
            kept = [*_refused_among(batch, final), *_notes_among(batch, final)]
            quarantine.keep(conn, delivery, kept[:keep_refused], now_us, self.limits)
            enter(conn, delivery, account, now_us)
            result = final, account

        self._record_and(keep, events, judged_at, drafts)
        return result

    def _record_and(self, keep: Also, events: Sequence[CaseEvent], judged_at: int | None, drafts: Drafts | None) -> None:
        """Record and keep in one transaction, if nothing stands in the way; else what can be recorded, then the rest kept."""
        if events:
            try:
                with told_when_away(self.limits.retry_after_s):
                    self._recorder.record(events, judged_at, keep, drafts)
                return
            except (Unavailable, ConfigError):
                raise
            except Exception:
                log.log(logging.INFO if drafts is None else logging.WARNING, "a batch of %d events is recorded in parts",
                        len(events), exc_info=drafts is not None)
        recorded = self._record(events, judged_at)
        with told_when_away(self.limits.retry_after_s), self._units.database.transaction() as conn:
            keep(conn, recorded)

    def _judge(self, parsed: Parsed, now_us: int) -> Outcome | None:
        """Why the record must not be recorded; None when it may."""
        if parsed.event is None:
            return parsed.rejection.outcome if parsed.rejection else Refusal("record_invalid").as_outcome()
        if parsed.event.source == HOSTED:  # its numbers are given here, and nobody else may speak for it
            return Refusal("source_reserved", "source", HOSTED).as_outcome()
        ahead = parsed.event.claimed_at - now_us
        if ahead <= 0 or ahead <= self.limits.future_tolerance_s * SECOND_US:
            return None
        claimed = written_local(parsed.event.claimed_at, parsed.event.utc_offset).isoformat()
        return Refusal("future_dated", "at", claimed, f"{ahead // SECOND_US} s ahead of our clock").as_outcome()

    def _record(self, events: Sequence[CaseEvent], judged_at: int | None) -> list[Outcome]:
        if not events:
            return []
        try:
            with told_when_away(self.limits.retry_after_s):
                return self._recorder.record(events, judged_at)
        except (Unavailable, ConfigError):
            raise
        except Exception as failure:  # noqa: BLE001 - whatever one event breaks must not stop the others
            return self._isolate(events, judged_at, failure)

    def _isolate(self, events: Sequence[CaseEvent], judged_at: int | None, failure: Exception) -> list[Outcome]:
        """Halve a batch that cannot be recorded until the event that breaks it stands alone."""
        if len(events) == 1:
            log.error("event %s of %s cannot be recorded", events[0].source_event_id, events[0].source, exc_info=failure)
            return [Refusal("not_recorded", problem=f"{type(failure).__name__}: {failure}").as_outcome()]
        half = len(events) // 2
        return self._record(events[:half], judged_at) + self._record(events[half:], judged_at)


def _refused_among(batch: Sequence[Parsed], outcomes: Sequence[Outcome]) -> list[Refused]:
    return [_refused(parsed, outcome) for parsed, outcome in zip(batch, outcomes, strict=True) if outcome.status not in _GOOD]


def _refused(parsed: Parsed, outcome: Outcome) -> Refused:
    raw = parsed.raw
    if not raw and parsed.event is not None:
        raw = msgspec.json.encode(parsed.event).decode()
    return Refused(raw_text(raw), outcome, parsed.position, parsed.header, parsed.separator, is_whole=is_whole(raw))


def _notes_among(batch: Sequence[Parsed], outcomes: Sequence[Outcome]) -> list[Refused]:
    """What could not be read of the events recorded now; that of one known before was noted then, and may be repaired since."""
    return [Refused(raw_text(parsed.raw), parsed.note.outcome, parsed.note.position,
                    of_event=(parsed.event.source_event_id, parsed.event.source_version))
            for parsed, outcome in zip(batch, outcomes, strict=True)
            if parsed.note is not None and parsed.event is not None and outcome.status is Status.OK]

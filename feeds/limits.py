"""What one delivery may cost: the limits every reader and connector of this package keeps to."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FeedLimits:
    """Built from the settings `ingest.*` and `feeds.*`; the defaults are theirs."""

    batch_size: int = 2000
    """Events recorded in one transaction."""
    max_body_bytes: int = 16 * MIB
    """Largest request body as received."""
    max_events_per_request: int = 10_000
    max_line_bytes: int = MIB
    """Longest line of a file, longest record and longest piece of XML without a new element."""
    max_decompressed_bytes: int = 4096 * MIB
    max_decompression_ratio: int = 200
    """Most bytes one compressed byte may become; checked once 1 MiB has come out, so small files are free."""
    read_apart_from: int = 200
    """Batches of so many events of a delivery are read by a second process; 0: never."""
    read_ahead_bytes: int = MIB
    """A file of so many bytes is read by a second process while this one records; 0: never."""
    reading_timeout_s: float = 60.0
    """A process that reads and is silent for so long is given up, and its work done here."""
    max_attributes: int = 40
    """Most source attributes kept with one event."""
    max_trace_events: int = 100_000
    """Events of one XES trace held together; a longer trace is handed on in pieces."""
    future_tolerance_s: int = 600
    """Seconds by which an event may claim to be ahead of our clock."""
    max_quarantined_chars: int = 8_000
    """Characters of a refused record that are kept."""
    max_quarantined_per_import: int = 10_000
    """Refused records of one file that are kept; the rest are counted only."""
    max_concurrent_requests: int = 4
    """Deliveries over HTTP handled at once; the next is told when to come back."""
    max_concurrent_per_source: int = 2
    body_timeout_s: float = 30.0
    """A delivery whose sender is silent for so long before the end of the body is given up."""
    retry_after_s: int = 2
    late_after_s: int = 1800
    silent_after_s: int = 7200
    settle_s: float = 2.0
    """A dropped file is read once it has not grown for so long."""
    remembered_rows: int = 1_000_000
    """Row fingerprints held in memory; further ones go to a temporary file."""


def feed_limits(settings: Settings) -> FeedLimits:
    """The limits of the feeds from the settings."""
    ingest, feeds = settings.ingest, settings.feeds
    return FeedLimits(
        batch_size=ingest.batch_size, max_body_bytes=ingest.max_body_bytes,
        max_events_per_request=ingest.max_events_per_request, max_line_bytes=ingest.max_line_bytes,
        max_decompressed_bytes=ingest.max_decompressed_bytes, max_decompression_ratio=ingest.max_decompression_ratio,
        read_apart_from=ingest.read_apart_from, read_ahead_bytes=ingest.read_ahead_bytes,
        reading_timeout_s=ingest.reading_timeout_s, max_attributes=ingest.max_attributes,
        future_tolerance_s=ingest.future_tolerance_min * 60,
        max_concurrent_requests=feeds.max_concurrent_requests, max_concurrent_per_source=feeds.max_concurrent_per_source,
        body_timeout_s=feeds.body_timeout_s, max_trace_events=feeds.max_trace_events,
        max_quarantined_chars=feeds.max_quarantined_chars, max_quarantined_per_import=feeds.max_quarantined_per_import,
        remembered_rows=feeds.remembered_rows, retry_after_s=feeds.retry_after_s, late_after_s=int(feeds.late_after_s),
        silent_after_s=int(feeds.silent_after_s), settle_s=feeds.settle_s)

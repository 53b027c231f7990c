"""What readers hand to the mapping, and what the mapping hands to ingest."""

from __future__ import annotations

import msgspec

from cases.events import CaseEvent
from feeds.reasons import Rejection, place_of

UNNAMED = "(column "  # how a column without a name begins


class Row(msgspec.Struct, frozen=True):
    """One record of a source as texts by column; case attributes are named `case:<name>`.

    `own` is what distinguishes the event from others of its case (None: the row tells about the case only), `order` its
    place in the file or trace. Rows of one trace share one `case` object, by which they are known to belong together.
    `element` finds it in a log of traces, which may stand on a single line: `trace 3, event 2`.
    """

    line: int
    fields: dict[str, str]
    own: str | None
    order: int
    case: dict[str, str] | None = None
    element: str = ""


class Broken(msgspec.Struct, frozen=True):
    """A record, or the rest of a file, that could not be read. `raw` is its text as far as it is known."""

    rejection: Rejection
    raw: str = ""
    header: tuple[str, ...] = ()
    separator: str = ""


class Parsed(msgspec.Struct, frozen=True):
    """One record on its way to the journal: an event, or the reason why there is none; with what it was made of.

    `note` is on an event that says less than its record: which of its values could not be read.
    """

    event: CaseEvent | None
    rejection: Rejection | None = None
    raw: dict[str, str] | str | bytes = ""
    line: int = 0
    header: tuple[str, ...] = ()
    separator: str = ""
    note: Rejection | None = None
    element: str = ""

    @property
    def position(self) -> str:
        """Where it stands: the place of its rejection, which knows more, or its own."""
        return self.rejection.position if self.rejection is not None else place_of(self.line, self.element)


def is_whole(raw: dict[str, str] | str | bytes) -> bool:
    """Whether `raw_text` tells all of it: bytes in another encoding stand there as U+FFFD."""
    return not isinstance(raw, bytes) or raw_text(raw).encode() == raw


def raw_text(raw: dict[str, str] | str | bytes) -> str:
    """The record as one text for the quarantine."""
    if isinstance(raw, bytes):
        return raw.decode("utf-8", "replace")
    return raw if isinstance(raw, str) else msgspec.json.encode(raw).decode()

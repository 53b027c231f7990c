"""Which special procedures an end is meant for: the record pairs them so (cases.facts), and whoever reads the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from cases.events import EventData

Begun = TypeVar("Begun")
UNNAMED = "special"  # the kind of one whose source does not say which


def kind_of(data: EventData) -> str:
    """The kind of the special procedure an event begins."""
    return data.special_kind or UNNAMED


def ended_by(data: EventData, still_open: Sequence[Begun], number_and_kind: Callable[[Begun], tuple[str, str]]) -> list[Begun]:
    """Of those still open: the numbered one where its number is known, else those of its kind where there are any, else all."""
    numbered = [one for one in still_open if data.document_no and number_and_kind(one)[0] == data.document_no]
    of_kind = [one for one in still_open if number_and_kind(one)[1] == data.special_kind]
    return numbered or of_kind or list(still_open)

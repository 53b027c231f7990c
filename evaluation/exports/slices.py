"""Which part of the journal: period, area, organisation, item, kinds; and what of it the person may see at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Select, func, select

from cases.events import EventKind
from cases.models import case_table, journal
from core.access import Actor
from core.errors import InvalidInput

FIRST, LAST = -2_208_902_400_000_000, 7_258_032_000_000_000  # 1900-01-02 and 2199-12-31
Instant = Annotated[int, msgspec.Meta(ge=FIRST, le=LAST, description="Microseconds UTC.")]
Code = Annotated[str, msgspec.Meta(max_length=128, pattern="^[^\\x00-\\x1f]*$")]


class Slice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Empty values ask for everything. `since` and `until` are microseconds UTC, the second excluded.

    `by`: the period is that of the instants the sources claim, or of those at which we received the events. `whole_cases`:
    every event of each case that has one in the slice, so that a process is not cut in two.
    """

    since: Instant | None = None
    until: Instant | None = None
    by: Literal["claimed", "received"] = "claimed"
    area: Code = ""
    org: Code = ""
    item: Code = ""
    kinds: tuple[EventKind, ...] = ()
    whole_cases: bool = False

    def checked(self) -> Slice:
        """Itself. Raises InvalidInput for a period that ends before it begins, or beyond what calendars say."""
        if any(one is not None and not FIRST <= one <= LAST for one in (self.since, self.until)):
            raise InvalidInput("range_beyond", key="until")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise InvalidInput("range_backwards", first=self.since, last=self.until)
        return self


def kinds_of(texts: Iterable[str]) -> tuple[EventKind, ...]:
    """The kinds of these names. Raises InvalidInput (`export_kind_unknown`)."""
    wanted = [text.strip() for text in texts if text.strip()]
    unknown = sorted(set(wanted) - set(EventKind))
    if unknown:
        raise InvalidInput("export_kind_unknown", value=unknown[0][:40], accepted=", ".join(EventKind))
    return tuple(EventKind(text) for text in wanted)


def counted(wanted: Slice, actor: Actor, head: int) -> Select[Any]:
    """How many rows `selected` will give."""
    return select(func.count()).select_from(_joined()).where(*_conditions(wanted, actor, head))


def selected(wanted: Slice, actor: Actor, head: int, columns: tuple[Any, ...]) -> Select[Any]:
    """The rows up to the journal's number `head`, case by case, each case in the order of recording."""
    return (select(*columns).select_from(_joined()).where(*_conditions(wanted, actor, head))
            .order_by(journal.c.case_id, journal.c.seq))


def _joined() -> Any:
    return journal.join(case_table, case_table.c.case_id == journal.c.case_id)


def _conditions(wanted: Slice, actor: Actor, head: int) -> list[ColumnElement[bool]]:
    ours = [journal.c.seq <= head, *_rights(actor)]
    asked = _asked(wanted)
    if not wanted.whole_cases or not asked:
        return ours + asked
    return [*ours, journal.c.case_id.in_(select(journal.c.case_id).select_from(_joined()).where(*ours, *asked))]


def _rights(actor: Actor) -> list[ColumnElement[bool]]:
    """Part of the query itself: what a person may not see is neither counted nor read."""
    found: list[ColumnElement[bool]] = []
    if actor.area:
        found.append(journal.c.area == actor.area)
    if actor.only_org is not None:
        found.append(case_table.c.org == actor.only_org)
    return found


def _asked(wanted: Slice) -> list[ColumnElement[bool]]:
    at = journal.c.claimed_at if wanted.by == "claimed" else journal.c.received_at
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(at >= wanted.since)
    if wanted.until is not None:
        found.append(at < wanted.until)
    if wanted.kinds:
        found.append(journal.c.kind.in_(wanted.kinds))
    places = ((journal.c.area, wanted.area), (case_table.c.org, wanted.org), (case_table.c.item, wanted.item))
    return [*found, *(column == value for column, value in places if value)]

"""What cards add to the figures: each once, at its present level, on the day it came to it and on that of the acceptance; the
department's reply and its signature on their own days.

What a card has added is kept beside it, so that a change takes it back exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter

import msgspec
from sqlalchemy import Connection, or_, select, update

from alerts.events import CardStanding, CardsWritten
from alerts.lifecycle import NEVER_WERE, Disposition, Level, reply_that_stands, signature_that_stands, subject_of
from alerts.models import cards
from cases.areas import Areas
from cases.changes import NO_ORG
from cases.events import CasesMarked
from cases.models import case_table
from config.events import VersionConfirmed
from config.versions import Kind
from core.database import bulk_upsert, look_up
from core.instants import DAY_US
from core.unit_of_work import UnitOfWork
from evaluation.marks import Entry
from evaluation.models import FIGURES, SUBJECTS_APART, figure_cards
from evaluation.places import Place
from evaluation.tally import FigureTables, Sums, counted_by

BATCH = 1_000
COUNTING = 2  # raised with every change of what a card adds: cards counted otherwise are counted again (`missing`)
FOR_NOW = 0   # counted while nothing was kept of its case yet, so by no channel and on no day of acceptance
_COLUMNS = ("card_id", "case_id", "marks", "counting")
_ISSUED = {level: FIGURES.index(name) for level, name in ((Level.WARNING, "warnings"), (Level.YELLOW, "yellow"),
                                                          (Level.RED, "red"))}
_REVOKED = {level: FIGURES.index(name) for level, name in ((Level.YELLOW, "revoked_yellow"), (Level.RED, "revoked_red"))}
_OF_SUBJECT = {(Level[level], subject): FIGURES.index(f"{name}_{subject}") for subject in SUBJECTS_APART
               for level, name in (("WARNING", "warnings"), ("YELLOW", "yellow"), ("RED", "red"))}
_REPLIES, _REPLY_DAYS = FIGURES.index("replies"), FIGURES.index("reply_days")
_SIGNED, _SIGNED_MINUTES = FIGURES.index("acknowledged"), FIGURES.index("acknowledgement_minutes")
MINUTE_US = 60_000_000
Answer = tuple[int, int]  # epoch day, working days (of a reply) or minutes (of a signature) it took


class CardMarks(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one card adds: `day` it came to its level and `cohort`, epoch days; `figures` are places."""

    area: str
    org: str
    item: str
    channel: str
    day: int
    cohort: int
    figures: tuple[int, ...]
    reply: Answer | None = None
    signature: Answer | None = None

    @property
    def place(self) -> Place:
        return self.area, self.org, self.item, self.channel

    def add_to(self, sums: Sums, by: int = 1) -> None:
        sums.add(self.place, self.cohort, self.entries(), by)

    def entries(self) -> Iterator[Entry]:
        """What it adds, each on its own day."""
        for figure in self.figures:
            yield self.day, figure, 1
        if self.reply is not None:
            yield self.reply[0], _REPLIES, 1
            yield self.reply[0], _REPLY_DAYS, self.reply[1]
        if self.signature is not None:
            yield self.signature[0], _SIGNED, 1
            yield self.signature[0], _SIGNED_MINUTES, self.signature[1]


read_card_marks = msgspec.json.Decoder(CardMarks).decode  # the inverse of what is kept
_encode = msgspec.json.Encoder().encode


class CardFigures:
    """Keeps them, as reactions; and says what they should be, for a recount."""

    def __init__(self, tables: FigureTables, areas: Areas) -> None:
        self._tables, self._areas, self.places = tables, areas, tables.places

    def written(self, uow: UnitOfWork, batch: Sequence[CardsWritten]) -> None:
        """Reaction: cards that were opened or changed."""
        self.keep(uow, {card.id: card for event in batch for card in event.cards}.values())

    def moved(self, uow: UnitOfWork, batch: Sequence[CasesMarked]) -> None:
        """Reaction: a case that has cards already was accepted on another day, or came by another channel."""
        moved = [case_id for event in batch for case_id, before, after in event.moves if before and _differ(before, after)]
        if not moved:
            return
        known = {row[0] for row in look_up(uow.conn, ("card_id",), figure_cards, "case_id", moved)}
        if known:
            self.keep(uow, standing_cards(uow.conn, sorted(known)))

    def keep(self, uow: UnitOfWork, standing: Iterable[CardStanding]) -> None:
        """Bring what these cards add to what they should."""
        present = list(standing)
        kept = look_up(uow.conn, _COLUMNS, figure_cards, "card_id", [card.id for card in present])
        known = {card_id: (marks, counting) for card_id, _case_id, marks, counting in kept}
        sums, rows, texts = self._tables.sums(uow), [], _texts_of_cases(uow.conn, present)
        for card in present:
            before = known.get(card.id, ("", COUNTING))
            after = self._text(card, texts), FOR_NOW if card.counts and texts.get(card.case_id) == "" else COUNTING
            if before != after:
                rows.append((card.id, card.case_id, *after))
                add_text(sums, before[0], -1)
                add_text(sums, after[0])
        bulk_upsert(uow.conn, figure_cards, _COLUMNS, rows, key=("card_id",))

    def count_times_again(self, uow: UnitOfWork, batch: Sequence[VersionConfirmed]) -> None:
        """Reaction: another calendar times replies and signatures anew; the job that fills the tables does it."""
        if any(event.kind == Kind.CALENDAR for event in batch):
            timed = select(cards.c.id).where(or_(cards.c.replied_at.is_not(None), cards.c.acked_at.is_not(None)))
            uow.conn.execute(update(figure_cards).where(figure_cards.c.card_id.in_(timed)).values(counting=FOR_NOW))

    def missing(self, conn: Connection, after: int = -1) -> list[int]:
        """The next cards of a time when nothing was kept of them or of their cases, or when they were counted otherwise."""
        known = select(figure_cards.c.card_id).where(figure_cards.c.card_id == cards.c.id,
                                                     figure_cards.c.counting >= COUNTING).exists()
        missing = select(cards.c.id).where(~known, cards.c.id > after, cards.c.issued_at.is_not(None),
                                           cards.c.disposition.not_in(_never_were()))
        return list(conn.scalars(missing.order_by(cards.c.id).limit(BATCH)))

    def marks_of(self, conn: Connection, present: Sequence[CardStanding]) -> list[str]:
        """What each of these cards should add, "" for nothing."""
        texts = _texts_of_cases(conn, present)
        return [self._text(card, texts) for card in present]

    def _text(self, card: CardStanding, texts: Mapping[int, str]) -> str:
        if not card.counts:
            return ""
        level = Level(card.level)
        day = self._areas.for_area(card.area).to_local(card.level_at) // DAY_US
        (*_, channel), cohort, _ = counted_by(texts.get(card.case_id, ""))
        revoked = (_REVOKED[level],) if card.is_revoked and level in _REVOKED else ()
        apart = _OF_SUBJECT.get((level, card.subject))
        figures = (_ISSUED[level], *revoked, *(() if apart is None else (apart,)))
        return _encode(CardMarks(card.area, card.org or NO_ORG, card.item, channel, day, day if cohort is None else cohort,
                                 figures, reply_to(card, self._areas), signature_of(card, self._areas))).decode()


def wait_for_counting(conn: Connection) -> bool:
    """Whether cards are counted otherwise than they should be. Of every card that counts something is kept, be it that nothing
    was counted yet (migration 0048), so that this is no search through all cards."""
    waiting = select(figure_cards.c.card_id).join(cards, cards.c.id == figure_cards.c.card_id).where(
        figure_cards.c.counting < COUNTING, cards.c.issued_at.is_not(None), cards.c.disposition.not_in(_never_were()))
    return conn.scalar(waiting.limit(1)) is not None


def _texts_of_cases(conn: Connection, present: Sequence[CardStanding]) -> dict[int, str]:
    """What is kept of their cases, "" of one nobody looked at yet."""
    asked = sorted({card.case_id for card in present if card.counts and card.case_id})
    return dict(look_up(conn, ("case_id", "marks"), case_table, "case_id", asked))


def signature_of(card: CardStanding, areas: Areas) -> Answer | None:
    """The acknowledgement that stands, with the working minutes since the department knew of the card; plain weeks as above."""
    if card.told_at is None or card.signed_at is None:
        return None
    calendar = areas.for_area(card.area).assuming_plain_weeks()
    told, signed = (calendar.to_local(at) for at in (card.told_at, card.signed_at))
    return signed // DAY_US, calendar.measure(told, signed) // MINUTE_US


def reply_to(card: CardStanding, areas: Areas) -> Answer | None:
    """The department's reply that stands, with the working days it took; a year that is not published has plain weeks until it
    is (`count_times_again`)."""
    if card.asked_at is None or card.replied_at is None:
        return None
    calendar = areas.for_area(card.area).assuming_plain_weeks()
    asked, replied = (calendar.to_local(at) // DAY_US for at in (card.asked_at, card.replied_at))
    return replied, calendar.working_days_between(asked, replied) if replied > asked else 0


def written_on_cards(orgs: Sequence[str]) -> list[str]:
    """What cards say for these departments: one of a case without any counts under `NO_ORG`, and says nothing."""
    return [*orgs, *([""] if NO_ORG in orgs else [])]


def add_text(sums: Sums, text: str, by: int = 1) -> None:
    """Add what a card adds; "" is nothing."""
    if text:
        read_card_marks(text).add_to(sums, by)


def standing_cards(conn: Connection, ids: Sequence[int]) -> list[CardStanding]:
    """These cards as they stand."""
    columns = ("id", "case_id", "area", "org", "item", "level", "level_at", "issued_at", "disposition", "reply_asked_at",
               "reply_from_at", "replied_at", "reply_due_at", "told_at", "acked_at", "origin", "clock_kind")
    return [_standing(*row) for row in sorted(look_up(conn, columns, cards, "id", ids), key=itemgetter(0))]


def _standing(card_id: int, case_id: int, area: str, org: str, item: str, level: int, level_at: int, issued_at: int | None,
              disposition: str, asked_at: int | None, from_at: int | None, replied_at: int | None,
              due_at: int | None, told_at: int | None, acked_at: int | None, origin: str, clock_kind: str) -> CardStanding:
    return CardStanding(card_id, case_id, area, org, item, level, level_at,
                        issued_at is not None and disposition not in _never_were(), disposition == Disposition.REVOKED.value,
                        *reply_that_stands(asked_at, from_at, issued_at, replied_at, due_at),
                        *signature_that_stands(told_at, issued_at, acked_at), subject_of(origin, clock_kind))


@cache
def _never_were() -> set[str]:
    return {disposition.value for disposition in NEVER_WERE}


def _differ(before: str, after: str) -> bool:
    (was, of_was, _), (now, of_now, _) = counted_by(before), counted_by(after)
    return (was[-1], of_was) != (now[-1], of_now)

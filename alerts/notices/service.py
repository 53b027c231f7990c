"""Deciding who is told of what happens to a card: a row for every notification and for every one that is not made.

A reaction to the events of cards, inside the transaction of the change: the rows are the outbox of the ways out. None can be
lost, because what is told and the telling are committed together; none is doubled, because a row is named by what it tells.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import func, select, update

from alerts import events as ev
from alerts.events import CardBrief, CardEvent
from alerts.lifecycle import State
from alerts.notices.addressees import Found, People, Person
from alerts.notices.models import notices
from alerts.notices.papers import PaperBrief
from alerts.notices.quiet import QuietHours
from alerts.notices.rows import Notice, withheld, write
from alerts.notices.texts import Writer
from alerts.notices.words import NoticeState, Reason
from alerts.roster.contacts import Addressee, Channel
from alerts.roster.models import card_duty
from alerts.roster.plan import OnDuty
from alerts.roster.queries import Roster
from cases.areas import Areas
from config.notice_policy import NoticePolicy
from core.database import bulk_insert, look_up
from core.instants import HOUR_US
from core.unit_of_work import UnitOfWork

RED = 3
# What each event is called in policy and templates. An event that is not here tells nobody by itself.
OCCASIONS: Mapping[type[CardEvent], str] = {
    ev.CardOpened: "opened", ev.CardWorsened: "worsened", ev.CardAskedAgain: "asked_again", ev.CardUnshelved: "unshelved",
    ev.OrderDispatched: "order_dispatched", ev.ReplyRequested: "reply_requested", ev.ReplyReceived: "reply_received",
    ev.ReplyAccepted: "reply_accepted", ev.ReplyRejected: "reply_rejected", ev.ReviewOverdue: "review_overdue",
    ev.ReplyOverdue: "reply_overdue", ev.OrderOverdue: "order_overdue", ev.AppealFiled: "appeal_filed",
    ev.AppealDecided: "appeal_decided", ev.RevocationProposed: "revocation_proposed",
    ev.RevocationRejected: "revocation_rejected", ev.CardRevoked: "revoked", ev.CardClosed: "closed",
    ev.CardEscalated: "escalated"}
# What an event makes pointless among the notices still waiting: for which reason, and of which occasions (None: any but
# those that tell of the end itself).
_URGING = ("asked_again", "step", "unshelved")
_POINTLESS: Mapping[type[CardEvent], tuple[Reason, tuple[str, ...] | None]] = {
    ev.CardClosed: (Reason.CLOSED_MEANWHILE, None), ev.CardRevoked: (Reason.CLOSED_MEANWHILE, None),
    ev.CardAcknowledged: (Reason.ACKNOWLEDGED_MEANWHILE, _URGING),
    ev.CardShelved: (Reason.SHELVED, ("opened", "worsened", *_URGING)),
    ev.CardKeptQuiet: (Reason.QUIET, ("opened", "worsened", *_URGING))}
_KEPT_QUIET = frozenset({State.SUPPRESSED.value, State.OUT_OF_SERVICE.value})
_TELLS_THE_END = ("closed", "revoked", "appeal_decided", "reply_accepted")

RungAddressees = Callable[[CardBrief], Sequence[str] | None]  # None: there is no such rule
WHOM_THE_RULE_NAMES = "rule"  # the addressee of a row that says there is none


@dataclass(frozen=True, slots=True)
class Telling:
    """One occasion to tell: to whom, of which card or paper. `step` names the escalation step it belongs to; `lacks_rule`: the
    policy also asks for those whom the rule names, and there is no such rule."""

    what: str
    about: CardBrief | PaperBrief
    to: tuple[str, ...]
    step: str = ""
    lacks_rule: bool = False


@dataclass(frozen=True, slots=True)
class NoticeRules:
    """`ways_out` are the channels that are on; `flood_per_hour` bounds what reaches one address below red."""

    ways_out: frozenset[Channel]
    quiet: QuietHours | None = None
    flood_per_hour: int = 30


class Notifier:
    """Writes notices, in the caller's transaction. Holds no state between calls."""

    def __init__(self, policy: NoticePolicy, roster: Roster, areas: Areas, rules: NoticeRules, writer: Writer,
                 of_rung: RungAddressees) -> None:
        self._policy, self._roster, self._areas, self._rules = policy, roster, areas, rules
        self._writer, self._of_rung = writer, of_rung

    def on_card_events(self, uow: UnitOfWork, batch: Sequence[CardEvent]) -> None:
        """What is waiting and has become pointless is withheld; then whoever the policy names is told."""
        self._withhold_pointless(uow, batch)
        tellings = [self._telling(what, event.card) for event in batch if (what := OCCASIONS.get(type(event))) is not None]
        self.tell(uow, [telling for telling in tellings if telling.to or telling.lacks_rule])

    def _telling(self, what: str, card: CardBrief) -> Telling:
        named = self._of_rung(card) if self._policy.asks_the_rule(what) else ()
        return Telling(what, card, self._policy.told(what, card.level, named or ()), lacks_rule=named is None)

    def note_duty(self, uow: UnitOfWork, batch: Sequence[CardEvent]) -> None:
        """Keep who was on duty when each card was opened; the first opening counts."""
        opened = {event.card.id: event.card for event in batch}
        known = {number for (number,) in look_up(uow.conn, ("card_id",), card_duty, "card_id", list(opened))}
        present, rows = dict[str, str](), list[tuple[int, int, str]]()
        for number, card in opened.items():
            if card.area not in present:
                officers: list[OnDuty] = self._roster.on_duty_in(uow.conn, uow.now_us, card.area)
                present[card.area] = msgspec.json.encode(officers).decode()
            if number not in known:
                rows.append((number, uow.now_us, present[card.area]))
        bulk_insert(uow.conn, card_duty, ("card_id", "at", "officers"), rows)

    def tell(self, uow: UnitOfWork, tellings: Sequence[Telling]) -> Counter[str]:
        """Write the rows. Returns for each step (of `Telling.step`) how many notices were made that may reach somebody."""
        if not tellings:
            return Counter()
        people = People(uow.conn, self._roster, uow.now_us, {telling.about.org for telling in tellings})
        drafts = [draft for telling in tellings for draft in self._decided(uow, telling, people)]
        self._withhold_flood(uow, drafts)
        papers = {telling.about.number: telling.about for telling in tellings if isinstance(telling.about, PaperBrief)}
        self._writer.fill(uow, [draft for draft in drafts if not draft.is_withheld], papers)
        write(uow, drafts)
        return Counter(draft.step for draft in drafts if not draft.is_withheld)

    # Papers -----------------------------------------------------------------------------------------------------------

    def tell_of_paper(self, uow: UnitOfWork, what: str, paper: PaperBrief) -> None:
        """Tell whoever the policy names for that occasion of a paper."""
        to = self._policy.told(what, paper.level, ())
        self.tell(uow, [Telling(what, paper, to)] if to else [])

    @staticmethod
    def withhold_of_papers(uow: UnitOfWork, numbers: Sequence[str]) -> None:
        """What still waits to be told of these papers has lost its point."""
        uow.conn.execute(update(notices).where(notices.c.paper.in_(numbers), notices.c.state == NoticeState.QUEUED).values(
            state=NoticeState.WITHHELD, reason=Reason.CLOSED_MEANWHILE, ended_at=uow.now_us, next_at=None))

    # Deciding ---------------------------------------------------------------------------------------------------------

    def _decided(self, uow: UnitOfWork, telling: Telling, people: People) -> Iterator[Notice]:
        if telling.lacks_rule:
            yield _without_rule(uow.now_us, telling)
        reached: set[tuple[str, str]] = set()
        for name in telling.to:
            for found in people.found(telling.about, Addressee(name)):
                for notice in self._of(uow.now_us, telling, found):
                    place = (notice.channel, notice.address)
                    if not notice.is_withheld and place in reached:
                        withheld(notice, Reason.DUPLICATE, uow.now_us)
                    elif not notice.is_withheld:
                        reached.add(place)
                    yield notice

    def _of(self, now_us: int, telling: Telling, found: Found) -> Iterator[Notice]:
        """The notices of one person: his inbox, and the ways out he prefers; or one row that says why there is none."""
        person = found.person
        against = self._against(telling, found)
        if person is None or against is not None:
            yield withheld(_draft(now_us, telling, found, Channel.IN_SITE), against or found.reason, now_us)
            return
        if person.username:
            inbox = _draft(now_us, telling, found, Channel.IN_SITE)
            inbox.state, inbox.ended_at, inbox.next_at = NoticeState.SENT, now_us, None
            yield inbox
        outside = [] if self._policy.stays_inside(telling.what) else list(self._outside(now_us, telling, found, person))
        yield from outside
        if not person.username and not outside:
            yield withheld(_draft(now_us, telling, found, Channel.IN_SITE), Reason.NO_ADDRESS, now_us)

    def _against(self, telling: Telling, found: Found) -> Reason | None:
        """What speaks against telling this person anything at all."""
        if found.person is None or found.reason is Reason.NOT_ON_DUTY:
            return found.reason
        if found.person.area not in ("", telling.about.area):
            return Reason.AREA
        if telling.about.state == "shelved":
            return Reason.SHELVED
        if telling.about.state in _KEPT_QUIET:
            return Reason.QUIET
        return None

    def _outside(self, now_us: int, telling: Telling, found: Found, person: Person) -> Iterator[Notice]:
        """The first of his ways that is on; all of them for a red card. A way that is off says so."""
        level, told = telling.about.level, 0
        for channel in person.channels:
            if told and level < RED:
                return
            notice = _draft(now_us, telling, found, channel)
            against = self._against_way(channel, person, level)
            if against is not None:
                yield withheld(notice, against, now_us)
                continue
            told += 1
            yield self._deferred(notice, level, telling.about.area)

    def _against_way(self, channel: Channel, person: Person, level: int) -> Reason | None:
        if level < person.min_level:
            return Reason.LEVEL_BELOW
        if channel not in self._rules.ways_out:
            return Reason.CHANNEL_OFF
        return None if person.address(channel) else Reason.NO_ADDRESS

    def _deferred(self, notice: Notice, level: int, area: str) -> Notice:
        """In quiet hours a notice waits for their end; one of a red card does not."""
        if self._rules.quiet is not None and level < RED:
            over = self._rules.quiet.over_at(notice.created_at, self._areas.for_area(area))
            if over is not None:
                notice.next_at, notice.reason = over, Reason.DEFERRED
        return notice

    # Withholding ------------------------------------------------------------------------------------------------------

    def _withhold_flood(self, uow: UnitOfWork, drafts: Sequence[Notice]) -> None:
        """Below red, an address gets so many an hour and no more: an import of a year's cases must not send ten thousand."""
        outside = [draft for draft in drafts if draft.state == NoticeState.QUEUED and draft.level < RED]
        if not outside:
            return
        counts = self._sent_lately(uow, {draft.address for draft in outside})
        for draft in outside:
            place = (draft.channel, draft.address)
            counts[place] += 1
            if counts[place] > self._rules.flood_per_hour:
                withheld(draft, Reason.FLOOD, uow.now_us)

    @staticmethod
    def _sent_lately(uow: UnitOfWork, addresses: Iterable[str]) -> Counter[tuple[str, str]]:
        statement = select(notices.c.channel, notices.c.address, func.count()).where(
            notices.c.created_at > uow.now_us - HOUR_US, notices.c.address.in_(set(addresses)),
            notices.c.state != NoticeState.WITHHELD, notices.c.channel != Channel.IN_SITE)
        rows = uow.conn.execute(statement.group_by(notices.c.channel, notices.c.address)).all()
        return Counter({(channel, address): count for channel, address, count in rows})

    @staticmethod
    def _withhold_pointless(uow: UnitOfWork, batch: Sequence[CardEvent]) -> None:
        ended: dict[type[CardEvent], list[int]] = defaultdict(list)
        for event in batch:
            if type(event) in _POINTLESS:
                ended[type(event)].append(event.card.id)
        for kind, numbers in ended.items():
            reason, occasions = _POINTLESS[kind]
            concerned = notices.c.what.not_in(_TELLS_THE_END) if occasions is None else notices.c.what.in_(occasions)
            uow.conn.execute(update(notices).where(
                notices.c.card_id.in_(numbers), notices.c.state == NoticeState.QUEUED, concerned).values(
                    state=NoticeState.WITHHELD, reason=reason, ended_at=uow.now_us, next_at=None))


def _without_rule(now_us: int, telling: Telling) -> Notice:
    """The row that says that nobody could be told on behalf of the rule, as it is not known."""
    row = _draft(now_us, telling, Found(Addressee.LIAISON, None, Reason.NO_RULE), Channel.IN_SITE)
    row.addressee = WHOM_THE_RULE_NAMES
    return withheld(row, Reason.NO_RULE, now_us)


def _draft(now_us: int, telling: Telling, found: Found, channel: Channel) -> Notice:
    about, person = telling.about, found.person
    card_id, paper = (0, about.number) if isinstance(about, PaperBrief) else (about.id, "")
    return Notice(
        what=telling.what, card_id=card_id, paper=paper, card_rev=about.rev, level=about.level,
        area=about.area, org=about.org,
        addressee=found.addressee.value, username=person.username if person else "", name=person.name if person else "",
        channel=channel.value, address=person.address(channel) if person else "", state=NoticeState.QUEUED.value,
        reason=found.reason.value, step=telling.step, language=person.language if person else "zh", created_at=now_us,
        next_at=now_us)

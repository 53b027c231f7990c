"""Cards and what cameras saw: a clip is asked for with the card, kept while somebody may still ask for it, shown to who sees
the card.

A card is about a window when what is said in it names a camera (`camera`, its code) and real instants (`seen_at`; of a signal
`began_at` and `picture_at`; microseconds UTC of the machine's clock). A signal keeps its clips before anybody decided about
it: by then the recording may be gone. The card that comes of it takes them over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from alerts.card_commands import CardCommand, CommandType
from alerts.card_rows import by_id, newest_by_key
from alerts.cards import CAMERA, Card
from alerts.events import CardEvent
from alerts.lifecycle import Appeal, Disposition
from alerts.models import cards
from alerts.onsite import ONSITE, signal_key
from alerts.queries import CardQueries
from alerts.service import CardService
from alerts.terms import Terms
from config.onsite import PRESENCE
from core.access import SYSTEM, Actor
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.instants import SECOND_US
from core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from video.events import SignalRaised
from video.evidence import ClipService
from video.footage.incidents import Incident, Incidents
from video.footage.queries import FootageQueries
from video.footage.rights import require_looker

INSTANTS = ("seen_at", "began_at", "picture_at")
NO_LONGER_SAID = frozenset({Disposition.REVOKED, Disposition.DISMISSED, Disposition.CANCELLED})
APART_US = 30 * SECOND_US  # instants nearer to each other are on one clip
CHUNK = 500


class CardAbout(msgspec.Struct, frozen=True):
    """What the timeline of a window says of a card. `at` is a business instant."""

    id: int
    level: str
    title: str
    at: int
    is_open: bool


class IncidentWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An incident to be marked; with a `level` a card is issued by hand for it."""

    incident: Incident
    level: str = ""
    title: str = ""
    command_id: str = ""


class CardEvidence:
    """Between the cards and the recordings."""

    def __init__(self, units: UnitOfWorkFactory, cards_: CardService, queries: CardQueries, terms: Terms, clips: ClipService,
                 incidents: Incidents, footage: FootageQueries) -> None:
        self._units, self._cards, self._queries, self._terms = units, cards_, queries, terms
        self._clips, self._incidents, self._footage = clips, incidents, footage

    @property
    def _database(self) -> Database:
        return self._units.database

    # A reaction, in the transaction that raised the card ---------------------------------------------------------------

    def keep(self, uow: UnitOfWork, batch: Sequence[CardEvent]) -> None:
        """Ask for a clip of every instant these cards name; told again, it is the same clip."""
        for card in by_id(uow.conn, {event.card.id for event in batch if event.card.names_camera}).values():
            for passage in card.passages:
                self._ask(uow, card, passage.facts, passage.at)

    def keep_signals(self, uow: UnitOfWork, batch: Sequence[SignalRaised]) -> None:
        """The same of what a camera found about a seat; of a camera that shows nothing there is nothing to keep."""
        for event in batch:
            signal = event.signal
            if signal.kind in PRESENCE:
                for at in apart((signal.began_at, signal.picture_at)):
                    self._clips.ask(uow, signal.camera_id, at, SYSTEM, business_us=signal.began_business_at)

    def _ask(self, uow: UnitOfWork, card: Card, facts: dict[str, Any], business_us: int) -> None:
        code, instants = facts.get(CAMERA), apart(facts.get(name) for name in INSTANTS)
        if not isinstance(code, str) or not instants:
            return
        try:
            camera = self._footage.camera(code=code)
        except NotFound:
            return  # the card stands without a clip; its evidence still names the camera
        for at in instants:
            self._clips.ask(uow, camera.id, at, SYSTEM, business_us=business_us, card_id=card.id)

    # Called from outside -----------------------------------------------------------------------------------------------

    def ask_by_hand(self, card_id: int, code: str, at_us: int, actor: Actor) -> int:
        """A clip of another camera or instant for a card, from its page. Raises NotFound, NotPermitted."""
        self.check_sees(card_id, actor)
        camera = self._footage.camera(code=code)
        require_looker(actor, camera)
        with self._units() as uow:
            return self._clips.ask(uow, camera.id, at_us, actor, card_id=card_id)

    def mark(self, wish: IncidentWish, actor: Actor | None) -> tuple[int, int]:
        """Mark an incident, and issue its card if one is asked for; both or none. Returns (incident, card or 0)."""
        with self._units() as uow:
            incident, clip = self._incidents.mark(uow, wish.incident, actor)
            if not wish.level:
                return incident, 0
            card_id = self._issue(uow, wish, actor)
            self._incidents.give_card(uow, incident, clip, card_id)
        return incident, card_id

    def withdraw(self, number: int, reason: str, actor: Actor | None) -> None:
        """Take an incident back that was marked by mistake. A card that came of it has to be revoked before.

        Raises NotPermitted, NotFound, InvalidInput, Conflict (`incident_has_card`, `incident_withdrawn`)."""
        with self._units() as uow:
            card = by_id(uow.conn, [self._footage.incident(number, actor).card_id]).values()
            standing = next((one.id for one in card if one.disposition not in NO_LONGER_SAID), None)
            if standing is not None:
                raise Conflict("incident_has_card", card=standing)
            self._incidents.withdraw(uow, number, reason, actor)

    def _issue(self, uow: UnitOfWork, wish: IncidentWish, actor: Actor | None) -> int:
        camera = self._footage.camera(code=wish.incident.camera)
        if not camera.org:
            raise InvalidInput("incident_without_org", key="level", camera=camera.code)
        command = CardCommand(command_id=wish.command_id, type=CommandType.ISSUE.value, level=wish.level, org=camera.org,
                              area=camera.area, title=wish.title, text=wish.incident.comment)
        return self._cards.execute_in(uow, command, actor).results[0].id

    def check_sees(self, card_id: int, actor: Actor | None) -> None:
        """Who may see a card may see its evidence. Raises NotFound otherwise."""
        if actor is None or self._queries.find_view(card_id, actor) is None:
            raise NotFound("card_not_found", id=card_id)

    def signal_of(self, card_id: int, actor: Actor | None) -> int:
        """The signal a card came of, for who may see the card. Raises NotFound, also for a card of other origin."""
        self.check_sees(card_id, actor)
        with self._database.read() as conn:
            [card] = by_id(conn, [card_id]).values()
        number = card.passages[-1].facts.get("signal") if card.key.startswith(ONSITE) else None
        if not isinstance(number, int):
            raise NotFound("picture_gone")
        return number

    def needed_signals(self, signals: Mapping[int, str]) -> set[int]:
        """Of these signals (number: kind) those whose card is still needed."""
        numbers = {signal_key(kind, number): number for number, kind in signals.items()}
        with self._database.read() as conn:
            found = {card.id: numbers[key] for key, card in newest_by_key(conn, list(numbers)).items()}
        return {found[card] for card in self.needed(found)}

    def about(self, numbers: Collection[int], actor: Actor) -> list[CardAbout]:
        """Those of these cards that he may see, by instant."""
        found = (self._queries.find_view(number, actor) for number in sorted(set(numbers)))
        with self._database.read() as conn:
            at = {row.id: row for row in conn.execute(select(cards.c.id, cards.c.level_at, cards.c.closed_at).where(
                cards.c.id.in_(list(numbers))))}
        return [CardAbout(view.id, view.level, view.item_name or view.rule, at[view.id].level_at, at[view.id].closed_at is None)
                for view in found if view is not None]

    def needed(self, numbers: Collection[int]) -> set[int]:
        """Of these cards those that are open, under appeal, or may still be appealed against."""
        now, wanted = self._units.clock.now_us(), sorted(numbers)
        with self._database.read() as conn:
            found = [card for start in range(0, len(wanted), CHUNK)
                     for card in by_id(conn, wanted[start:start + CHUNK]).values()]
        return {card.id for card in found if self._is_needed(card, now)}

    def _is_needed(self, card: Card, now_us: int) -> bool:
        if card.closed_at is None or card.appeal in (Appeal.FILED, Appeal.PASSED_UP):
            return True
        told = card.told_at if card.told_at is not None else card.issued_at
        if told is None:
            return False  # nobody outside was ever told of it
        limit = self._cards.rules.appeal_limit
        return now_us < self._terms.due(card.case.area, limit, told)




def apart(instants: Iterable[Any]) -> list[int]:
    """Instants (what is none is left out) without those a clip of another one shows anyway."""
    kept: list[int] = []
    for at in instants:
        if isinstance(at, int) and all(abs(at - other) > APART_US for other in kept):
            kept.append(at)
    return kept

"""Stories of orders and proposals: dispatched over signed cards, answered, sent back, forgotten, drafted and approved.

Each is a generator for demo_stage: what it yields are working days until it goes on.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from random import Random

from alerts.card_commands import CardCommand, CardRef, CommandType
from alerts.lifecycle import Disposition, Origin
from alerts.queries import CardQueries
from alerts.service import CardService
from alerts.wire import CardView
from commands.demo_people import UnitPeople, person
from commands.demo_stage import Story
from core.access import Actor, Role
from supervision.assembly import FollowUpDesk
from supervision.orders.matters import Draft, OrderState

CARDS_MOST, JUDGED_MOST = 3, 6
_DEMAND = "立即办结所列办件\n书面说明超期原因和责任人\n提出防止再次超期的措施"
_REPLY = "所列办件已安排专人办理。超期原因为现场勘验排期过满，已增派两名工作人员，并建立到期前三日提醒。"
_SHORT_REPLY = "正在办理中。"
_PROBLEMS = (
    ("proposal", "关于加强审批时限管理的监察建议书", "近一个月超期办件明显多于同类部门，多数停留在审查环节。",
     "逐件分析超期原因\n明确各环节办理时限和责任人\n每月报送整改进展"),
    ("rectification", "关于规范一次性告知的整改建议书", "抽查发现多件申请先后两次以上要求补正，未出具一次性告知单。",
     "立即停止分次补正\n补发一次性告知单\n组织窗口人员培训"),
)


class OrderStories:
    """`rng` of each call decides over which cards an order is."""

    def __init__(self, desk: FollowUpDesk, cards: CardService, card_queries: CardQueries, people: UnitPeople,
                 area_of: dict[str, str]) -> None:
        self._desk, self._cards, self._card_queries, self._people = desk, cards, card_queries, people
        self._area_of = area_of
        self._officer, self._inspector = person(Role.DUTY_OFFICER), person(Role.INSPECTOR)
        self._leader = person(Role.LEADER)

    # Orders over cards --------------------------------------------------------------------------------------------

    def answered(self, rng: Random, unit: str = "") -> Story:
        """The unit replies in time; the inspector accepts as soon as the cases are concluded."""
        order_id = self._dispatch(rng, unit)
        if order_id is None:
            return
        yield rng.uniform(1.5, 4.0)
        self._reply(order_id, _REPLY)
        yield from self._until_accepted(order_id)

    def sent_back(self, rng: Random) -> Story:
        """The first reply says nothing."""
        order_id = self._dispatch(rng)
        if order_id is None:
            return
        yield rng.uniform(1.0, 2.5)
        self._reply(order_id, _SHORT_REPLY)
        yield 1.0
        self._on_cards(order_id, CommandType.REJECT_REPLY, self._inspector, reason="未说明原因和责任人，请重新答复。")
        yield 3.0
        self._reply(order_id, _REPLY)
        yield from self._until_accepted(order_id)

    def forgotten(self, rng: Random) -> Story:
        """Its term passes and it is urged; the unit replies only then."""
        order_id = self._dispatch(rng)
        if order_id is None:
            return
        yield 8.5
        self._reply(order_id, _REPLY)
        yield from self._until_accepted(order_id)

    def _dispatch(self, rng: Random, unit: str = "") -> int | None:
        chosen = self._choose(rng, unit)
        if not chosen:
            return None
        return self._desk.orders.dispatch(str(uuid.UUID(int=rng.getrandbits(128))), [(card.id, card.rev) for card in chosen],
                                          _DEMAND, "", self._officer)

    def _choose(self, rng: Random, unit: str) -> list[CardView]:
        """Signed cards of one unit about cases that are late."""
        signed = self._card_queries.active(None, 500, disposition=Disposition.SIGNED).cards
        by_unit: dict[str, list[CardView]] = defaultdict(list)
        for card in signed:
            if card.origin == Origin.CLOCK and card.level != "warning" and card.condition and card.org in self._area_of:
                by_unit[card.org].append(card)
        if not by_unit or (unit and unit not in by_unit):
            return []
        return by_unit[unit or rng.choice(sorted(by_unit))][:rng.randint(1, CARDS_MOST)]

    def _reply(self, order_id: int, words: str) -> None:
        order = self._desk.order_queries.find(order_id, self._inspector)
        self._on_cards(order_id, CommandType.REPLY, self._people.of(order.head.org), text=words)

    def _until_accepted(self, order_id: int) -> Story:
        """A reply is not accepted while its case is still late; looked at again every second day."""
        for _ in range(JUDGED_MOST):
            yield 2.0
            self._on_cards(order_id, CommandType.ACCEPT_REPLY, self._inspector, comment="情况属实，同意。")
            if self._desk.order_queries.find(order_id, self._inspector).head.state == OrderState.DONE:
                return

    def _on_cards(self, order_id: int, kind: CommandType, actor: Actor, **more: str) -> None:
        """What cannot be done to a card (it closed meanwhile, its case still runs) is left as it is."""
        refs = self._refs([card.card_id for card in self._desk.order_queries.find(order_id, self._inspector).cards])
        if refs:
            self._cards.execute(CardCommand(command_id=str(uuid.uuid4()), type=kind.value, cards=refs, **more), actor)

    def _refs(self, ids: Sequence[int]) -> list[CardRef]:
        views = [self._card_queries.find_view(one) for one in ids]
        return [CardRef(view.id, view.rev) for view in views if view is not None and view.closed_at is None]

    # Proposals ----------------------------------------------------------------------------------------------------

    def proposed(self, unit: str, rng: Random, answered_after: float) -> Story:
        """Drafted by the inspector, approved by the leader, answered by the unit so many working days later."""
        order_id = self._draft(unit, rng)
        yield 0.6
        self._desk.orders.submit(order_id, self._rev(order_id), self._inspector)
        yield 0.8
        self._desk.orders.approve(order_id, self._rev(order_id), self._leader)
        yield answered_after
        self._desk.orders.reply(order_id, self._rev(order_id), self._people.of(unit), _REPLY)
        yield 1.5
        self._desk.orders.accept_reply(order_id, self._rev(order_id), self._inspector, "整改到位，予以办结。")

    def proposed_in_vain(self, unit: str, rng: Random) -> Story:
        """Issued, and the unit lets the term pass: it is urged, and answers then."""
        order_id = self._draft(unit, rng)
        self._desk.orders.submit(order_id, self._rev(order_id), self._inspector)
        yield 0.4
        self._desk.orders.approve(order_id, self._rev(order_id), self._leader)
        yield 13.0
        self._desk.orders.reply(order_id, self._rev(order_id), self._people.of(unit), _REPLY)

    def _draft(self, unit: str, rng: Random) -> int:
        kind, title, problem, demand = rng.choice(_PROBLEMS)
        return self._desk.orders.draft(Draft(kind, self._area_of[unit], unit, title, problem, demand), self._inspector)

    def _rev(self, order_id: int) -> int:
        return self._desk.order_queries.find(order_id, self._inspector).head.rev

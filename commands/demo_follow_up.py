"""What the city applies for here, complains about and is ordered: which stories begin on which day, by the seed alone."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from bootstrap import Services
from commands.demo_complaints import ComplaintStories, fate_of
from commands.demo_hosted import HostedStories
from commands.demo_letters import complaint, question
from commands.demo_officers import Officers
from commands.demo_orders import OrderStories
from commands.demo_people import UnitPeople
from commands.demo_powers import PowerStories
from commands.demo_stage import Stage
from feeds.simulated_city import FIRST_DAY, LAST_DAY
from feeds.simulated_time import WorkingTime

_ORDERS_BEFORE_D = 16    # working days before the opening on which the first orders are given: the older ones are long done
_LETTERS = (1, 1, 2, 2, 3)
_ORDER_EVERY_D, _PROPOSAL_EVERY_D = 2, 6


class FollowUpShow:
    """Plays complaints, orders and proposals. `opened_us` begins its past, at `start_us` the visitors come."""

    def __init__(self, services: Services, opened_us: int, start_us: int) -> None:
        demo, calendar = services.settings.demo, services.areas.default.calendar
        self._seed, self._calendar = demo.seed, calendar
        self._time = WorkingTime(calendar, FIRST_DAY, LAST_DAY)
        self._stage = Stage(self._time)
        officers = Officers(services.catalogue, services.approval.posts)
        self._hosted = HostedStories(services, self._stage, officers, demo.seed)
        self._powers = PowerStories(services, self._stage, officers, demo.seed)
        self._items = {code: [item.name for item in items] for code, items in services.catalogue.items_by_org.items() if items}
        self._units = [code for code in services.catalogue.organisations if code in self._items]
        people = UnitPeople(services.answering_units)
        area_of = {code: services.catalogue.organisations[code].area for code in self._units}
        self._complaints = ComplaintStories(services.follow_up, people)
        self._orders = OrderStories(services.follow_up, services.alerts, services.alert_queries, people, area_of)
        self._first = self._time.position(calendar.today(start_us))
        self._next = self._time.position(calendar.today(opened_us))
        self._ratings: set[str] = set()
        self._begin_before_the_opening()

    def play(self, until_us: int, on_moment: Callable[[int], None] = lambda _us: None) -> None:
        """Everything that is to happen before `until_us`; `on_moment` is told the instant of each act before it."""
        while (begins := self._time.instant(self._next)) < until_us:
            self._begin_day(self._next)
            self._hosted.begin_day(self._next)
            self._powers.begin_day(self._next)
            self._put_ratings_right(self._next, begins)
            self._next += 1
        self._stage.play(until_us, on_moment)

    # Which stories begin ------------------------------------------------------------------------------------------

    def _begin_day(self, day: int) -> None:
        """Drawn from a generator of that working day alone."""
        rng = Random(f"{self._seed}/follow-up/{day}")
        for _ in range(rng.choice(_LETTERS)):
            self._begin_letter(day, Random(rng.getrandbits(64)))
        if day >= self._first - _ORDERS_BEFORE_D:
            self._begin_orders(day, rng)

    def _begin_letter(self, day: int, rng: Random) -> None:
        unit, at = rng.choice(self._units), day + rng.uniform(0.02, 0.9)
        item = rng.choice(self._items[unit])
        if rng.random() < 0.4:
            self._stage.begin(at, self._complaints.asked(question(unit, item, rng), rng))
        else:
            self._stage.begin(at, fate_of(self._complaints, rng)(complaint(unit, item, rng), rng))

    def _put_ratings_right(self, day: int, now_us: int) -> None:
        for no in self._complaints.new_ratings(self._ratings, now_us):
            self._stage.begin(day, self._complaints.put_right(no, Random(f"{self._seed}/rating/{no}")))

    def _begin_orders(self, day: int, rng: Random) -> None:
        unit = rng.choice(self._units)
        if day % _ORDER_EVERY_D == 0:
            story = rng.choice((self._orders.answered, self._orders.answered, self._orders.sent_back, self._orders.forgotten))
            self._stage.begin(day + rng.uniform(0.1, 0.9), story(rng))
        if day % _PROPOSAL_EVERY_D == 0:
            self._stage.begin(day + rng.uniform(0.1, 0.9), self._orders.proposed(unit, rng, rng.uniform(4.0, 8.0)))

    def _begin_before_the_opening(self) -> None:
        """What a visitor shall find whatever the seed draws: something close to its limit, over it, extended, transferred,
        waiting to be taken up and to be called back; an order owed, proposals urged, answered and in draft. The
        first unit, whose department user can sign in, has its share."""
        rng, day, own, letters, orders = (Random(f"{self._seed}/opening"), self._first, self._units[0], self._complaints,
                                          self._orders)

        def written(category: str) -> tuple[str, str, Random, str]:
            unit = rng.choice(self._units[1:])
            return unit, rng.choice(self._items[unit]), rng, category

        for before, story in (
                (10.95, letters.late(complaint(*written("irregular")))),
                (9.8, letters.late(complaint(*written("delay")))),
                (10.4, letters.extended(complaint(*written("fees")), rng)),
                (4.3, letters.transferred(complaint(*written("attitude")), "supervision", rng)),
                (5.2, letters.found(complaint(*written("off_system")), "unfounded", rng)),
                (0.2, letters.found(complaint(*written("refusal")), "partly", rng)),
                (2.8, letters.asked_at_the_limit(question(own, rng.choice(self._items[own]), rng))),
                (3.0, orders.answered(rng, own)), (2.0, orders.answered(rng)), (6.6, orders.forgotten(rng)),
                (11.8, orders.proposed_in_vain(rng.choice(self._units[1:]), rng)), (3.5, orders.proposed(own, rng, 6.0)),
                (8.0, orders.proposed(rng.choice(self._units[1:]), rng, 6.0)),
                (0.3, orders.proposed(rng.choice(self._units[1:]), rng, 7.0))):
            if day - before >= self._next:
                self._stage.begin(day - before, story)

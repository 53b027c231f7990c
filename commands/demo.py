"""The demonstration: a simulated city with its past, running faster than life, in a database of its own."""

from __future__ import annotations

import logging
import random
import shutil
import sys
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.card_commands import CardCommand, CardRef
from alerts.wire import CardView
from bootstrap import Services, build_services
from cases.events import CaseEvent
from commands.demo_duty import staff_demo
from commands.demo_evaluation import evaluate_last_month
from commands.demo_follow_up import FollowUpShow
from commands.demo_halls import HallShow, hall_settings
from commands.demo_people import person
from config.settings import Settings
from core.access import Actor, Role
from core.clock import AcceleratedClock, FrozenClock, SwitchedClock
from core.instants import DAY_US, HOUR_US, SECOND_US, date_of, from_us, to_us
from dashboard.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD, DEMO_STAFF, create_demo_accounts, create_demo_staff
from feeds.quarantine import Delivery
from feeds.records import Parsed
from feeds.simulated_city import SimulatedCity, officer_acknowledges
from feeds.simulated_gaming import bad_habits_of

log = logging.getLogger(__name__)
TICK_S = 0.5
OFFICER_EVERY_S = 5.0
PAST_STEP_US = 8 * HOUR_US  # how late the past's events were received, at most


@dataclass(frozen=True, slots=True)
class Demo:
    """A city ready to be shown; `live` runs it until told to stop."""

    services: Services
    live: Callable[[threading.Event], None]
    duty_name: str
    greeting: str


def prepare_demo(settings: Settings, *, has_database: bool) -> Demo:
    """Make the city anew and live through its past, which takes some seconds."""
    settings = show_settings(settings, "demo", has_database=has_database)
    halls_in = settings.journal.key_path.parent / "halls"
    settings = hall_settings(settings, halls_in, is_new=not has_database)
    start = settings.demo.start
    past_from = to_us(start) - settings.demo.history_days * DAY_US
    clock = SwitchedClock(FrozenClock(from_us(past_from)))
    services = build_services(settings, clock)
    officer = person(Role.DUTY_OFFICER)
    create_demo_accounts(services.accounts, next(iter(services.catalogue.organisations)))
    create_demo_staff(services.accounts, services.approval.posts.give, list(services.catalogue.organisations))
    calendar = services.areas.default.calendar
    staff_demo(services, date_of(calendar.today(past_from)), date_of(calendar.today(to_us(start))))
    town = _Town(services, clock, (officer, person(Role.SHIFT_LEADER)), past_from)
    town.live_through(past_from, to_us(start))
    services.detectors.detection.run_due(0, 31)  # this month and the last, so that there are findings to look at
    evaluate_last_month(services)
    clock.switch_to(_live_clock(services, start))
    halls = HallShow(services, halls_in)
    halls.register()
    return Demo(services, lambda stop: _all_live((town.live, halls.live), stop), officer.display_name, _greeting(services))


def _all_live(parts: Sequence[Callable[[threading.Event], None]], stop: threading.Event) -> None:
    """Each in a thread of its own, until all have stopped."""
    threads = [threading.Thread(target=part, args=[stop], daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Town:
    """Feeds what the simulated city reports into the real system, lets it complain and its supervisors order, and lets the
    simulated shift sign old cards."""

    def __init__(self, services: Services, clock: SwitchedClock, shift: tuple[Actor, Actor], opened_us: int) -> None:
        self._services, self._clock = services, clock
        self._officer, self._shift_leader = shift
        demo = services.settings.demo
        calendar = services.areas.default.calendar
        self._city = SimulatedCity(services.catalogue, calendar, demo.seed, demo.cases_per_day, calendar.today(opened_us),
                                   bad_habits_of(demo.bad_habits, services.catalogue),
                                   [code for code in services.catalogue.areas if code != services.catalogue.default_area])
        self._follow_up = FollowUpShow(services, opened_us, to_us(demo.start))
        self._rng = random.Random(demo.seed)

    def live_through(self, from_us: int, to_us_: int) -> None:
        """The past, day by day: events as they came in, sweep and signatures at the end of each day."""
        days = max(1, (to_us_ - from_us) // DAY_US)
        for number, day in enumerate(range(from_us, to_us_, DAY_US), start=1):
            for start in range(day, min(day + DAY_US, to_us_), PAST_STEP_US):
                until = min(start + PAST_STEP_US, to_us_)
                self._follow_up.play(until, lambda us: self._clock.switch_to(FrozenClock(_moment(us))))
                self._clock.switch_to(FrozenClock(_moment(until)))
                self._take(self._city.events_between(start, until))
                self._services.notices.escalation.step_due()  # while those on duty are there: not at the weekend
            self._services.sweeper.sweep_all()
            self._services.follow_up.watch()
            self._services.notices.sender.send_due()
            self._sign(share=1.0)
            _show_progress(number, days)
        # What fell due meanwhile is let pass once, so that the show does not open with a month of it.
        self._services.deadlines.sweep()
        for _ in ("officer", "shift leader"):
            self._sign(share=1.0)
        for one in DEMO_ACCOUNTS:  # nobody comes to work with a month of unread notices
            self._services.notices.actions.mark_read(None, person(one.role))

    def live(self, stop: threading.Event) -> None:
        """The present: what has been reported since the last look, and now and then a signature."""
        cursor, signed_at = self._clock.now_us(), 0.0
        while not stop.wait(TICK_S):
            now = self._clock.now_us()
            try:
                self._take(self._city.events_between(cursor, now))
                self._follow_up.play(now)
                signed_at += TICK_S
                if signed_at >= OFFICER_EVERY_S:
                    signed_at = 0.0
                    self._sign(share=0.5)
            except Exception:  # the show goes on; what went wrong is in the log and, as a silent feed, on the wall
                log.exception("the simulated city stumbled")
            cursor = now

    def _take(self, events: Sequence[CaseEvent]) -> None:
        by_source: dict[str, list[Parsed]] = defaultdict(list)
        for event in events:
            by_source[event.source].append(Parsed(event))
        for source, batch in by_source.items():
            self._services.ingest.take(Delivery(source, name=self._city.sources[source]), batch)

    def _sign(self, share: float) -> None:
        """Sign cards the shift would have come to by now; a red one that the officer signed is the shift leader's."""
        now = self._clock.now()
        waiting = [card for card in self._services.alert_queries.active(None, 500).cards
                   if card.state in ("unack", "rtn_unack") and self._rng.random() < share
                   and self._would_sign(card.id, card.raised_at, now)]
        self._execute(self._officer, [card for card in waiting if card.first is None], "已电话通知责任单位")
        self._execute(self._shift_leader, [card for card in waiting if card.first is not None], "同意，请责任单位限期办结")

    def _execute(self, person: Actor, chosen: Sequence[CardView], comment: str) -> None:
        refs = [CardRef(card.id, card.rev) for card in chosen]
        for start in range(0, len(refs), 100):
            command = CardCommand(command_id=str(uuid.uuid4()), cards=refs[start:start + 100], comment=comment)
            self._services.alerts.execute(command, person)

    def _would_sign(self, card_id: int, raised_at: str, now: datetime) -> bool:
        """One card in six waits for a visitor to sign it, for three days at most."""
        age_s = (now - datetime.fromisoformat(raised_at)).total_seconds()
        is_for_visitors = card_id % 6 == 0 and age_s < 3 * 24 * 3600
        return not is_for_visitors and officer_acknowledges(age_s, self._rng)


def show_settings(settings: Settings, name: str, *, has_database: bool) -> Settings:
    """Settings of a show (demo, replay): marked as such, in a database made anew beside the real one, never in it."""
    settings = settings.model_copy(update={
        "demo": settings.demo.model_copy(update={"enabled": True}),
        "payments": settings.payments.model_copy(update={"gateway": "sandbox"})})  # no fee of a show is real
    if has_database:
        return settings
    folder = settings.journal.key_path.parent / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob(f"{name}.db*"), *(folder / "anchors").glob("*.jsonl")):
        old.unlink()
    films = {"dir": folder / "recordings", "evidence_dir": folder / "evidence", "copies_dir": folder / "copies"}
    kept = {"exports": folder / "exports", "history": folder / "history"}
    for old in (*films.values(), *kept.values()):
        shutil.rmtree(old, ignore_errors=True)
    database = settings.database.model_copy(update={"url": f"sqlite:///{folder / name}.db"})
    journal = settings.journal.model_copy(update={"key_path": folder / "journal.key", "anchor_dir": folder / "anchors"})
    security = settings.security.model_copy(update={"secret_key_path": folder / "session.key"})
    feeds = settings.feeds.model_copy(update={"drop_dir": folder / "drop"})
    recording = settings.recording.model_copy(update=films)
    return settings.model_copy(update={"database": database, "journal": journal, "security": security,
                                       "feeds": feeds, "recording": recording,
                                       "exports": settings.exports.model_copy(update={"dir": kept["exports"]}),
                                       "history": settings.history.model_copy(update={"dir": kept["history"]})})


def _live_clock(services: Services, start: datetime) -> AcceleratedClock:
    calendar, demo = services.areas.default.calendar, services.settings.demo
    return AcceleratedClock(start, demo.speed, demo.idle_speed, next_change=calendar.next_office_change,
                            is_busy=lambda us: calendar.office_state(us)[0] == "working")


def _moment(us: int) -> datetime:
    return from_us(us - us % SECOND_US)


def _show_progress(number: int, days: int) -> None:
    end = "\n" if number >= days else ""
    print(f"\r演示城市 simulated city: day {number} of {days}", end=end, file=sys.stderr, flush=True)


def _greeting(services: Services) -> str:
    people = "\n".join(f"    {person.username:<6} {person.display_name}  {person.role.value}" for person in DEMO_ACCOUNTS)
    people += "".join(f"\n    {one.username:<6} {one.display_name}  approval_staff {'、'.join(one.posts)}"
                      for one in DEMO_STAFF)
    return (f"阳光监察 演示 (demonstration, {services.catalogue.city})\n"
            f"  accounts, password {DEMO_PASSWORD}:\n{people}")

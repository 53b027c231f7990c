"""Builds everything of the follow-up once; `bootstrap` gives what it needs and keeps what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.alarms import AlarmService
from alerts.events import ReplyAccepted, ReplyReceived, ReplyRejected
from alerts.notices.service import Notifier
from alerts.service import CardService
from cases.areas import Areas
from cases.queries import CaseQueries
from cases.service import Recorder
from config.follow_up import FollowUp
from config.texts import Texts
from core.database import Database
from core.sealing import Sealer
from core.unit_of_work import Reaction, UnitOfWorkFactory
from papers.fonts import Fonts
from papers.marks import Seals
from papers.queries import PaperQueries
from papers.service import PaperService
from papers.signing import Signing
from supervision.complaints.on_cards import ComplaintCards
from supervision.complaints.queries import ComplaintQueries
from supervision.complaints.service import ComplaintService, Wordings
from supervision.due_dates import DueDates
from supervision.liability_service import LiabilityService
from supervision.orders.on_cards import OrderFollower, OrdersOnCards
from supervision.orders.queries import OrderQueries
from supervision.orders.service import OrderService
from supervision.orders.telling import PaperTeller
from supervision.orders.wording import Names, PaperWording
from supervision.ratings import Ratings
from supervision.sampling import SampleService


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rest of the program brings along."""

    units: UnitOfWorkFactory
    database: Database
    recorder: Recorder
    areas: Areas
    cases: CaseQueries
    cards: CardService
    alarms: AlarmService
    rules: FollowUp
    languages: Mapping[str, Texts]
    default_area: str
    identity_secret: bytes
    fonts: Fonts
    notifier: Notifier
    seals: Seals
    signing: Signing | None


@dataclass(frozen=True, slots=True)
class FollowUpDesk:
    """The services of the follow-up."""

    rules: FollowUp
    papers: PaperService
    register: PaperQueries
    orders: OrderService
    order_queries: OrderQueries
    complaints: ComplaintService
    complaint_queries: ComplaintQueries
    liability: LiabilityService
    samples: SampleService
    watch: Callable[[], None]
    follower: OrderFollower
    teller: PaperTeller

    def reactions(self) -> dict[type, list[Reaction]]:
        """Who reacts to the cards of an order, and to papers."""
        follow: list[Reaction] = [self.follower.follow]
        return {**dict.fromkeys((ReplyReceived, ReplyAccepted, ReplyRejected), follow), **self.teller.reactions()}


def build_follow_up(parts: Parts) -> FollowUpDesk:
    """All services on the parts given."""
    chinese, english = parts.languages["zh"], parts.languages["en"]
    dates = DueDates(parts.areas.for_area)
    papers = PaperService(parts.units, parts.fonts, parts.seals, parts.signing)
    names = Names(parts.cases.org_name, parts.cases.item_name)
    wording = PaperWording(_sentences(chinese), names, parts.rules.papers)
    orders = OrderService(parts.units, papers, parts.rules.papers, dates, wording, OrdersOnCards(parts.cards, chinese, english),
                          parts.alarms, parts.cards.rules.deadline_retry_s)
    complaints = _complaints(parts, dates)
    cards = ComplaintCards(parts.cards, parts.rules.complaints, chinese, english)
    complaints.on_verified.append(cards.on_verified)
    complaints.on_answered.append(cards.on_answered)
    ratings = Ratings(parts.database, complaints, parts.rules.complaints, chinese.get("complaint_card.rating_duty"),
                      chinese.get("complaint_card.rating_content", score="{score}"))
    return FollowUpDesk(
        rules=parts.rules, papers=papers, register=PaperQueries(parts.database), orders=orders,
        order_queries=OrderQueries(parts.database), complaints=complaints,
        complaint_queries=ComplaintQueries(parts.database, parts.rules.complaints),
        liability=LiabilityService(parts.units, parts.database),
        samples=SampleService(parts.units, parts.database, parts.rules.complaints.sample, parts.areas.default.calendar),
        watch=lambda: _watch(parts.units, orders, complaints, ratings, cards), follower=OrderFollower(orders),
        teller=PaperTeller(parts.notifier, parts.cases.org_name))


def _complaints(parts: Parts, dates: DueDates) -> ComplaintService:
    texts = parts.languages["zh"]

    def title(kind: str, category: str, org: str) -> str:
        return texts.get("complaint_card.journal_title", kind=texts.get(f"complaint_kind.{kind}"),
                         category=texts.get(f"complaint_category.{category}"), org=parts.cases.org_name(org))

    return ComplaintService(parts.units, parts.recorder, parts.rules.complaints, dates, Sealer(parts.identity_secret),
                            parts.default_area, Wordings(title))


def _watch(units: UnitOfWorkFactory, orders: OrderService, complaints: ComplaintService, ratings: Ratings,
           cards: ComplaintCards) -> None:
    """What falls due by itself. Looks before it opens a writing transaction: most of the time nothing does."""
    now_us = units.clock.now_us()
    if orders.has_due(now_us):
        orders.watch()
    if ratings.has_news() or complaints.has_late_rating(now_us):
        with units() as uow:
            ratings.watch(uow)
            complaints.watch(uow, cards.on_rating_late)


def _sentences(texts: Texts) -> Callable[..., str]:
    """Values a sentence has no place for are left out, so that all kinds of papers can be composed alike."""
    def sentence(key: str, **values: Any) -> str:
        return texts.get(key, **{name: values[name] for name in texts.places(key) if name in values})
    return sentence


def fonts_of(settings: Any, languages: Mapping[str, Texts], names: list[str]) -> Fonts:
    """The fonts the settings name; their small copies hold what our own sentences and the catalogue are written with."""
    own = {"body": settings.body_font, "title": settings.title_font, "heading": settings.heading_font}
    texts = languages["zh"]
    common = {character for key in texts.all_keys() if key.startswith(("paper.", "order", "complaint", "clock", "level"))
              for character in texts.raw(key)}
    common |= {character for name in names for character in name}
    return Fonts({use: Path(path) for use, path in own.items() if path is not None}, common, settings.font_dir)

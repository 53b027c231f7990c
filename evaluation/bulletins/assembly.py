"""Bulletins wired to the rest: built once by `bootstrap`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cases.areas import Areas
from config.follow_up import PaperRules
from config.indicators import Indicator
from config.texts import Texts
from core.errors import ConfigError, NotFound
from core.instants import DAY_US, HOUR_US, MINUTE_US, date_of
from core.unit_of_work import UnitOfWorkFactory
from evaluation.assembly import Evaluation
from evaluation.bulletins.contents import Composer, Letterhead
from evaluation.bulletins.figures import MonthScores
from evaluation.bulletins.gathering import Gathering, GatheringRules
from evaluation.bulletins.phrases import Say
from evaluation.bulletins.queries import BulletinQueries
from evaluation.bulletins.schedule import BulletinSchedule, DueRules, ScheduleParts
from evaluation.bulletins.service import BulletinService, ServiceParts
from evaluation.small_numbers import SMALL
from papers.queries import PaperQueries
from papers.service import PaperService


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rest of the program brings along. `listed(area)` are the departments there are, `area_names` the areas there
    are, by code; `scores(area, month)` the frozen scores that are told."""

    units: UnitOfWorkFactory
    areas: Areas
    evaluation: Evaluation
    papers: PaperService
    register: PaperQueries
    rules: PaperRules
    chinese: Texts
    listed: Callable[[str], Mapping[str, str]]
    area_names: Callable[[], Mapping[str, str]]
    scores: Callable[[str, date], MonthScores | None]


@dataclass(frozen=True, slots=True)
class Bulletins:
    queries: BulletinQueries
    service: BulletinService
    schedule: BulletinSchedule
    composer: Composer


def build_bulletins(parts: Parts, rank_by: str, least_ratings: int, due: DueRules) -> Bulletins:
    """What the page, the interface, the job, the public site and the command line share. Raises ConfigError for an indicator
    that cannot rank."""
    indicators, rules = parts.evaluation.indicators, parts.rules
    check_ranking(indicators.find(rank_by))
    say = _sentences(parts.chinese)
    copies = "，".join(filter(None, (rules.bulletin.copies_to or rules.copies_to,)))
    composer = Composer(indicators, say, Letterhead(rules.issuer, rules.bulletin.addressee, copies),
                        lambda area, us: _written(parts.areas, area, us))
    gathering = Gathering(parts.evaluation.queries, parts.evaluation.comparison, parts.listed,
                          lambda area: _today(parts, area), GatheringRules(rank_by, least_ratings), parts.scores)
    queries = BulletinQueries(parts.units.database)
    service = BulletinService(ServiceParts(
        parts.units, queries, parts.papers, parts.register, gathering, composer,
        lambda area: _area_name(parts, say, area), parts.areas.for_area), rules.bulletin.prefix)
    schedule = BulletinSchedule(ScheduleParts(parts.units, queries, service.produce, parts.area_names, parts.areas.for_area),
                                due)
    return Bulletins(queries, service, schedule, composer)


def check_ranking(indicator: Indicator) -> None:
    """Ranks need a denominator and a direction; those of ratings would tell of the few who rated."""
    if indicator.denominator is None or indicator.better == "neither" or set(SMALL) & set(indicator.names):
        raise ConfigError("bulletin_ranking_unfit", key="bulletins.rank_by", value=indicator.code,
                          remedy="name an indicator with a denominator and a direction that is not of ratings")


def _area_name(parts: Parts, say: Say, area: str) -> str:
    if not area:
        return say("bulletin.whole_city")
    name = parts.area_names().get(area)
    if name is None:
        raise NotFound("bulletin_area_unknown", area=area[:64])
    return name


def _today(parts: Parts, area: str) -> date:
    return date_of(parts.areas.for_area(area).today(parts.units.clock.now_us()))


def _written(areas: Areas, area: str, us: int) -> str:
    """2026年4月5日9时30分 on the wall clock of the area."""
    local = areas.for_area(area).to_local(us)
    day, rest = date_of(local // DAY_US), local % DAY_US
    return f"{day.year}年{day.month}月{day.day}日{rest // HOUR_US}时{rest % HOUR_US // MINUTE_US:02d}分"


def _sentences(texts: Texts) -> Say:
    """Values a sentence has no place for are left out, so that all variants can be filled alike."""
    def sentence(key: str, **values: Any) -> str:
        return texts.get(key, **{name: values[name] for name in texts.places(key) if name in values})
    return sentence

"""The inner end of the exchange on the services of this process, when the settings name a public site."""

from __future__ import annotations

from bootstrap import Services
from core.clock import SystemClock
from core.health import Check
from dashboard.words import LANGUAGES, Words
from exchange.inner.assembly import Exchange, Means, build_exchange
from exchange.inner.bulletins import BulletinRules, Published
from exchange.inner.queries import ExchangeQueries
from exchange.inner.rounds import RoundRules
from exchange.inner.service import ReceivingRules
from exchange.inner.transport import HttpTransport
from exchange.signing import Signing, key_of
from portal.direct import Inside
from portal.limits import Allowance


def inside_of(services: Services) -> Inside:
    """What the public pages, here or elsewhere, are answered by."""
    desk = services.follow_up
    return Inside(services.approval, desk.papers, services.paper_check, desk.complaints, desk.complaint_queries,
                  services.case_queries, services.areas, services.catalogue, services.clock)


def published_of(services: Services) -> Published:
    """The bulletins anybody may read."""
    def says() -> dict[str, Words]:
        return {language: Words(language, services.texts(language).tree) for language in LANGUAGES}
    return Published(services.bulletins, services.follow_up.register, services.evaluation.indicators, says)


def exchange_of(services: Services) -> Exchange | None:
    """None without `exchange.url`. Raises ConfigError when the key is missing."""
    given, clock = services.settings.exchange, SystemClock()
    if given.url is None:
        return None
    portal = services.settings.portal
    signing = Signing(key_of(given), clock, given.clock_skew_s)
    return build_exchange(Means(
        units=services.uow, inside=inside_of(services), alarms=services.alarms,
        folder=given.part_dir,
        transport=HttpTransport(str(given.url), signing, given.timeout_s), clock=clock,
        receiving=ReceivingRules(given.attempts_max, given.backoff_s, given.backoff_max_s),
        rounds=RoundRules(given.batch, given.batch_bytes, given.chunk_bytes, given.interval_s, given.backoff_max_s),
        published=published_of(services), bulletins=BulletinRules(given.bulletin_max_bytes, given.bulletin_days),
        guesses=Allowance(clock, portal.failures_per_case, portal.window_minutes), stale_after_min=given.stale_after_min))


def exchange_checks(services: Services) -> list[Check]:
    """For /readyz: late is what an administrator should look at; the site itself goes on."""
    given = services.settings.exchange
    if given.url is None:
        return []
    told = ExchangeQueries(services.database, SystemClock()).standing()
    is_late = told.silent_minutes is None or told.silent_minutes >= given.stale_after_min
    said = (f"last success {_ago(told.silent_minutes)}; to do {told.to_do} (oldest {told.to_do_minutes} min), to tell "
            f"{told.to_give} (oldest {told.to_give_minutes} min), waiting for an administrator {told.stuck}")
    return [Check("exchange", not is_late and not told.stuck, said, vital=False)]


def _ago(minutes: int | None) -> str:
    return "never" if minutes is None else f"{minutes} min ago"

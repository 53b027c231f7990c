"""The demonstration's evaluation: the scores of the last whole month of its past are published, with the appeals still to come,
and its bulletin waits for the leader's signature."""

from __future__ import annotations

from datetime import date

from bootstrap import Services
from commands.demo_people import person
from core.access import Role
from core.instants import date_of
from dashboard.demo_accounts import DEMO_ACCOUNTS
from evaluation.scoring.entries import EntryWish

SCHEME = "monthly-100"


def evaluate_last_month(services: Services) -> None:
    """Of the month before the present one; nothing for a past too short to have one."""
    today = date_of(services.areas.default.calendar.today(services.clock.now_us()))
    month = date(today.year - (today.month == 1), today.month - 1 or 12, 1)
    if _score(services, month):
        _report(services, month)
    for one in DEMO_ACCOUNTS:  # nobody comes to work with unread notices
        services.notices.actions.mark_read(None, person(one.role))


def _score(services: Services, month: date) -> bool:
    """One check by hand, then the scores; False where nothing was handled that month."""
    inspector, scoring = person(Role.INSPECTOR), services.scoring
    scheme = scoring.book.in_force(SCHEME, month).scheme
    scores, _ = scoring.service.preview(SCHEME, scheme, month)
    known = [score for score in scores if score.total is not None]
    if not known:
        return False
    worst = min(known, key=lambda score: (score.total, score.org))
    scoring.entries.enter(EntryWish(
        scheme=SCHEME, rule="openness_check", org=worst.org, day=month.replace(day=10), points=2.5,
        words="抽查办事指南，网上公布的承诺时限与窗口公示不一致", basis="公开检查记录第 3 号"), inspector)
    scoring.service.propose(SCHEME, month, inspector)
    return True


def _report(services: Services, month: date) -> None:
    inspector, desk = person(Role.INSPECTOR), services.bulletins.service
    number = desk.produce("", month.isoformat()[:7], inspector)
    desk.submit(number, 1, inspector)

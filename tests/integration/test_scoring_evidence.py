"""Any share of a score opens to what is behind it: whatever its indicator counts, and whenever that was accepted, signed or
replied to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from alerts.models import cards
from cases.events import EventData, EventKind
from config.scoring import ScaleRule, ShareRule
from core.access import SYSTEM
from core.instants import to_us
from evaluation.card_figures import standing_cards
from evaluation.period import Basis, Period
from evaluation.scope import Scope
from evaluation.scoring.evidence import EvidenceReader
from evaluation.scoring.facts import Facts
from evaluation.scoring.gathering import Month
from tests.scoring import AREA, FEBRUARY, event, scored_site
from tests.staff import OWN_ORG, Site

WORDS = {"label": {"zh": "试", "en": "tried"}, "part": "work", "points": 10}
RED = 1  # the card of LATE-1, February's


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """February, with a case of it that was accepted in March after a notice, and a red card signed within an hour."""
    made = scored_site(Path(tmp_path_factory.mktemp("evidence")))
    services, received = made.services, datetime(2026, 2, 20, 2, tzinfo=UTC)
    services.recorder.record([
        event(services, "MARCH", EventKind.RECEIVED, received, EventData(applicant_kind="person")),
        event(services, "MARCH", EventKind.CORRECTION_NOTIFIED, received.replace(hour=3)),
        event(services, "MARCH", EventKind.ACCEPTED, datetime(2026, 3, 4, 2, tzinfo=UTC))])
    told = to_us(datetime(2026, 2, 11, 2, tzinfo=UTC))
    with services.uow() as uow:
        uow.conn.execute(update(cards).where(cards.c.id == RED).values(told_at=told, acked_at=told + 3_600_000_000))
        services.evaluation.card_figures.keep(uow, standing_cards(uow.conn, [RED]))
    return made


def behind(site: Site, rule: Any, area: str = "") -> tuple[str, ...]:
    services = site.services
    reader = EvidenceReader(services.database, services.evaluation.indicators, services.areas, services.evaluation.items, 100)
    return reader.behind({"tried": rule}, Facts(OWN_ORG), FEBRUARY, area).get("tried", ())


def share(indicator: str, at: float = 0) -> ShareRule:
    return ShareRule.model_validate({**WORDS, "kind": "share", "indicator": indicator, "at": at, "step": 1})


def scale(indicator: str, zero: float, full: float) -> ScaleRule:
    return ScaleRule.model_validate({**WORDS, "kind": "scale", "indicator": indicator, "zero": zero, "full": full})


def test_a_case_received_in_the_month_and_accepted_after_it_is_among_its_evidence(site: Site) -> None:
    assert behind(site, share("persons_share")) == ("case:360500/MARCH",)
    assert behind(site, share("correction_rate")) == ("case:360500/MARCH",)


def test_what_alone_lies_short_is_judged_in_the_unit_of_the_indicator(site: Site) -> None:
    """One notice in one case is a hundred per hundred; a signature after 60 minutes took one hour."""
    assert behind(site, scale("correction_rate", 50, 5)) == ("case:360500/MARCH",)
    assert behind(site, scale("acknowledgement_time", 24, 2)) == ()
    assert behind(site, scale("acknowledgement_time", 24, 0.5)) == (f"card:{RED}",)


def test_cards_are_told_by_what_they_are_for(site: Site) -> None:
    assert behind(site, share("limit_cards")) == (f"card:{RED}",)
    assert behind(site, share("conduct_cards")) == ()


def test_a_median_opens_to_the_cases_that_alone_cost_points(site: Site) -> None:
    """Of thirty cases, ten each took 1, 2 and 3 working days."""
    every, slow = behind(site, share("median_days", 1)), behind(site, share("median_days", 2))
    assert (len(every), len(slow)) == (30, 20)
    assert behind(site, scale("median_days", 20, 1)) == slow
    assert behind(site, scale("median_days", 20, 5)) == ()


def test_a_share_of_items_opens_to_the_items(site: Site) -> None:
    figures, unit = site.services.evaluation.queries, site.services.evaluation.items
    counts = figures.totals(SYSTEM, Period(FEBRUARY, date(2026, 2, 28)), "none", ("items", "items_covered"), orgs=[OWN_ORG])[""]
    covered = behind(site, share("coverage_rate"))
    assert 0 < counts["items_covered"] == len(covered)
    lacking = behind(site, scale("published_rate", 0.5, 1))
    month = Month.of(FEBRUARY)
    own = dict(unit.each(Scope(month.first, month.last, Basis.EVENT, (OWN_ORG,), None, ())))
    assert counts["items"] == len(own)
    assert set(lacking) == {f"item:{code}" for code, one in own.items() if not one["items_published"]}


def test_of_the_scores_of_an_area_only_what_is_of_the_area_is_named(site: Site) -> None:
    """A department may handle cases of several."""
    for rule in (share("early_rate"), share("limit_cards"), share("coverage_rate")):
        every = behind(site, rule)
        assert every
        assert behind(site, rule, AREA) == every
        assert behind(site, rule, "360521") == ()

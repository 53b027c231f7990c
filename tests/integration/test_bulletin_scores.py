"""Bulletins that tell scores of a scheme that was not there yet, or is not there at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from config.versions import Kind
from core.errors import NotFound
from evaluation.bulletins.gathering import Gathering
from evaluation.bulletins.scores import ScoresReader
from evaluation.bulletins.service import BulletinService
from evaluation.models import figure_days, figure_months
from evaluation.scoring.models import score_rows, scorings
from tests.comparing import concluded, count_day
from tests.scoring import INSPECTOR, LEADER
from tests.staff import OWN_ORG, Site, make_site

MONTH, EARLIER = "2026-02", "2026-01"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two months of a department; NOW is 16 March 2026."""
    made = make_site(tmp_path)
    for month in (1, 2):
        count_day(made.services.database, OWN_ORG, date(2026, month, 10), **concluded(100, 90, 2))
    count_day(made.services.database, OWN_ORG, date(2025, 12, 1), **concluded(1, 1))
    yield made
    made.services.database.dispose()


def telling(site: Site, scheme: str) -> BulletinService:
    """The service where the settings name that scheme."""
    parts, book = site.services.bulletins.service._parts, site.services.scoring.book
    given, told = parts.gathering, ScoresReader(site.services.database, book, scheme, str)
    gathering = Gathering(given._queries, given._comparison, given._listed, given._today, given.rules, told.of_month)
    return BulletinService(replace(parts, gathering=gathering), "新监通报")


def test_a_scheme_that_came_into_force_later_tells_no_scores_of_the_months_before(site: Site) -> None:
    content = site.services.editing.present(Kind.SCORING, "monthly-100")[1]
    site.services.editing.propose(Kind.SCORING, "own", content, effective_from=date(2026, 3, 1), reason="试行", actor=INSPECTOR,
                                  is_new=True)
    number = telling(site, "own").produce("", MONTH, INSPECTOR)
    assert site.services.bulletins.queries.find(number, LEADER).figures.scores is msgspec.UNSET


def test_a_scheme_nobody_knows_stops_new_bulletins_but_not_what_was_issued(site: Site) -> None:
    issued, desk = site.services.bulletins.service, telling(site, "nobody")
    number = issued.produce("", MONTH, INSPECTOR)
    issued.submit(number, 1, INSPECTOR)
    issued.issue(number, 2, LEADER)
    with site.services.database.transaction() as conn:
        for table in (figure_days, figure_months):
            conn.execute(update(table).where(table.c.late == 2).values(late=3))
    with pytest.raises(NotFound, match="scheme_unknown"):
        desk.produce("", EARLIER, INSPECTOR)
    assert desk.compare(12) == 1
    assert desk.corrected(site.services.bulletins.queries.find(number, LEADER))


def test_frozen_scores_of_nobody_are_no_annex(site: Site) -> None:
    scoring = site.services.scoring
    number = scoring.service.propose("monthly-100", date(2026, 2, 1), INSPECTOR)
    with site.services.database.transaction() as conn:
        conn.execute(update(scorings).where(scorings.c.id == number).values(state="frozen"))
        conn.execute(update(score_rows).values(total=None, place=None))
    made = telling(site, "monthly-100").produce("", MONTH, INSPECTOR)
    assert site.services.bulletins.queries.find(made, LEADER).figures.scores is msgspec.UNSET

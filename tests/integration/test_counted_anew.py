"""While the record is counted anew after an update, nothing is kept for good of figures that are parts of what they will be."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from alerts.models import cards
from cases.models import case_table
from core.errors import Conflict
from evaluation.models import figure_cards
from tests.scoring import FEBRUARY, INSPECTOR, scored_site


def test_no_bulletin_is_drafted_and_no_month_scored_until_every_case_is_counted(tmp_path: Path) -> None:
    services = scored_site(tmp_path).services
    schedule, produce = services.bulletins.schedule, services.bulletins.service.produce
    schedule.choose("", INSPECTOR, is_on=True)
    with services.uow() as uow:
        uow.conn.execute(update(case_table).where(case_table.c.case_no == "A-7").values(marks="", is_unmarked=True))
    for act in (lambda: services.scoring.service.propose("monthly-100", FEBRUARY, INSPECTOR),
                lambda: produce("", "2026-02", INSPECTOR)):
        with pytest.raises(Conflict, match="figures_counted_anew"):
            act()
    drafted = schedule.draft_due()
    assert (drafted.made, drafted.failed) == ((), ()), "it is no fault: a later run makes it"

    assert services.recounter.fill() == 1
    assert len(schedule.draft_due().made) == 1
    assert services.scoring.service.propose("monthly-100", FEBRUARY, INSPECTOR)


def test_nor_until_every_card_is(tmp_path: Path) -> None:
    """Cases are counted first."""
    services = scored_site(tmp_path).services
    with services.uow() as uow:
        uow.conn.execute(update(figure_cards).where(figure_cards.c.card_id == 1).values(counting=0))
    for act in (lambda: services.scoring.service.propose("monthly-100", FEBRUARY, INSPECTOR),
                lambda: services.bulletins.service.produce("", "2026-02", INSPECTOR)):
        with pytest.raises(Conflict, match="figures_counted_anew"):
            act()
    services.evaluation.recounter.fill()
    assert services.bulletins.service.produce("", "2026-02", INSPECTOR)


def test_cards_that_never_were_keep_nobody_waiting(tmp_path: Path) -> None:
    services = scored_site(tmp_path).services
    with services.uow() as uow:
        uow.conn.execute(update(figure_cards).where(figure_cards.c.card_id == 1).values(counting=0))
        uow.conn.execute(update(cards).where(cards.c.id == 1).values(disposition="cancelled"))
    assert services.bulletins.service.produce("", "2026-02", INSPECTOR)

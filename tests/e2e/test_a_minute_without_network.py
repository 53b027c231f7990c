"""Sixty real seconds without network, at the settings of life. What a shorter loss does is in test_network_loss.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.cable import Cable
from tests.e2e.centre import CommandCentre, settings_for
from tests.e2e.loss import assert_as_fresh, columns, live_a_morning, until_silent_for, wall_behind
from tests.e2e.screens import Screens, wait_for_card

LOSS_S = 60.0
STALE_AFTER_S = 12.0


@pytest.mark.slow
def test_a_minute_without_network_loses_nothing(tmp_path: Path, screens: Screens) -> None:
    with CommandCentre(settings_for(tmp_path)) as centre, Cable(centre.port) as cable:
        live_a_morning(centre, "L")
        page, heard = wall_behind(cable, centre, screens)
        page.set_default_timeout((LOSS_S + 30) * 1000)
        wait_for_card(page, "yellow", "L-3")
        before = columns(page)

        cable.cut()
        live_a_morning(centre, "M")
        until_silent_for(page, STALE_AFTER_S - 2)
        assert page.locator(".wall.is-stale").count() == 0
        page.wait_for_selector(".wall.is-stale")
        live_a_morning(centre, "N")
        until_silent_for(page, LOSS_S)
        assert page.get_attribute(".wall", "data-freshness") == "stale"
        assert columns(page) == before

        cable.mend()
        page.wait_for_selector(".wall:not(.is-stale)[data-freshness=live]")
        assert_as_fresh(page, heard, centre, screens)

"""Who applied for a project once sees on one page what each unit does with its part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchanging import inside_of
from portal.desk import PartShown
from portal.direct import DirectDesk
from tests.hosting import Hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.services.database.dispose()


def parts(hall: Hall, case_no: str) -> dict[str, PartShown]:
    return {part.node: part for part in DirectDesk(inside_of(hall.services)).find(case_no).parts}


def test_the_parts_stand_there_with_unit_state_days_and_what_they_wait_for(hall: Hall):
    case_no = hall.project()
    hall.on(18)
    seen = parts(hall, case_no)
    assert {node: part.state for node, part in seen.items()} == {
        "land": "open", "water": "open", "build": "waiting", "fire": "waiting"}
    assert seen["build"].after == (seen["land"].item, seen["water"].item)
    assert (seen["build"].used, seen["land"].used) == (None, 2.0)
    assert seen["land"].org == hall.services.case_queries.org_name("ziran")
    assert seen["build"].promised > 0
    assert any(part.is_critical for part in seen.values())
    hall.finish(case_no, "land")
    assert (parts(hall, case_no)["land"].state, parts(hall, case_no)["fire"].state) == ("done", "open")


def test_a_case_that_is_no_project_has_none(hall: Hall):
    assert parts(hall, hall.accepted()) == {}

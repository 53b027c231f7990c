"""Every page can be reached by those who may use it, and by nobody else."""

from __future__ import annotations

import pytest

from config.texts import LANGUAGES, load_texts
from core.access import Actor, Role
from dashboard.navigation import GROUPS, places_for
from server import PAGES

REACHED_FROM_OTHERS = {"/card/", "/counted/"}  # one card, opened from a list; the list behind a figure of the comparison


def test_every_page_of_the_server_stands_in_the_navigation():
    listed = {place.address for _, places in GROUPS for place in places}
    assert {page.PREFIX for page in PAGES} == listed | REACHED_FROM_OTHERS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_group_and_page_has_its_words(language: str):
    texts = load_texts()[language]
    keys = [f"staff.group.{group}" for group, _ in GROUPS]
    keys += [f"staff.page.{place.name}" for _, places in GROUPS for place in places]
    assert [] == [key for key in keys if not texts.has(key)]


def test_a_person_is_shown_what_the_gate_lets_him_use():
    def addresses(*roles: Role) -> set[str]:
        return {place.address for _, places in places_for(Actor("x", frozenset(roles), org="fagai")) for place in places}

    assert {"/wall/", "/desk/", "/case/", "/feeds/", "/health/"} <= addresses(Role.DUTY_OFFICER)
    assert "/desk/" not in addresses(Role.DEPARTMENT_USER)
    assert "/case/" in addresses(Role.DEPARTMENT_USER)
    assert {"/wall/"} == addresses(Role.WALL_SCREEN)
    assert [] == places_for(None)

"""Fixtures of the end-to-end tests: a whole installation that runs, and browsers before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.centre import CommandCentre, settings_for
from tests.e2e.screens import Screens, screens_of

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser that leaves in the middle of an answer makes the web server drop the file it was sending."""
    dropped = pytest.mark.filterwarnings("ignore:Exception ignored in.*_io:pytest.PytestUnraisableExceptionWarning")
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(dropped)


@pytest.fixture
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandCentre]:
    """An installation of its own for each test: the wall shows few cards, and those of another test could crowd its out."""
    with CommandCentre(settings_for(tmp_path_factory.mktemp("centre"))) as running:
        yield running


@pytest.fixture
def screens(browser: Browser) -> Iterator[Screens]:
    with screens_of(browser) as opened:
        yield opened

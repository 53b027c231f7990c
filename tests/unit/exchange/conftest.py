"""One pair of machines; drawing papers is left out where no test looks at them."""

from __future__ import annotations

import pytest

from exchange.inner import feedback
from tests.pair import Pair


@pytest.fixture
def pair(tmp_path) -> Pair:
    return Pair(tmp_path)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Papers travel without their files."""
    monkeypatch.setattr(feedback, "KINDS", ())

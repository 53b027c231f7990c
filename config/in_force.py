"""What rules of every kind share: the days on which they hold, and the name of their level."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

LEVELS = {1: "warning", 2: "yellow", 3: "red"}


class InForce:
    """For models with the fields `effective_from` and `effective_until`, which keep their own place among the others."""

    if TYPE_CHECKING:
        effective_from: date | None
        effective_until: date | None

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on that day; both ends belong to it."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_until is None or day <= self.effective_until)

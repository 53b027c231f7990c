"""Whether a fault holds: there for so long before it begins, gone for so long before it ends. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.onsite import SignalKind
from core.instants import SECOND_US

DISPROVED_AT_ONCE = frozenset({SignalKind.FROZEN})  # one sign of life is enough: it never was


@dataclass(frozen=True, slots=True)
class HoldRules:
    """Real seconds after which each fault counts, and for how long it must be gone."""

    after_s: Mapping[SignalKind, float]
    clear_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A fault began or ended at that real instant, us UTC."""

    kind: SignalKind
    at: int
    began: bool


class Hold:
    """One fault of one camera."""

    def __init__(self, kind: SignalKind, rules: HoldRules) -> None:
        self.kind, self._rules = kind, rules
        self.is_on = False
        self._since: int | None = None   # since when it is there
        self._gone: int | None = None    # since when it is not

    def resume(self) -> None:
        """It stood before a restart."""
        self.is_on = True

    def see(self, is_there: bool, at: int) -> Turn | None:
        """The fault begins with the first look that showed it, and ends with the first that did not."""
        if is_there:
            return self._there(at)
        if self.kind in DISPROVED_AT_ONCE and not self.is_on:
            self._since = None
        if self._gone is None:
            self._gone = at
        if at - self._gone < self._rules.clear_s * SECOND_US:
            return None
        self._since = None
        if not self.is_on:
            return None
        self.is_on = False
        return Turn(self.kind, self._gone, began=False)

    def _there(self, at: int) -> Turn | None:
        self._gone = None
        if self._since is None:
            self._since = at
        if self.is_on or at - self._since < self._rules.after_s.get(self.kind, 0.0) * SECOND_US:
            return None
        self.is_on = True
        return Turn(self.kind, self._since, began=True)

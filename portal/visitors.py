"""What the pages tell whoever keeps accounts of applicants, and ask of it; and the site that keeps none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Accounts(Protocol):
    """What the pages of applications and cases tell the account behind a request, and ask of it."""

    are_kept: bool

    def current(self) -> object | None: ...
    def form(self, values: Mapping[str, str]) -> Mapping[str, str]: ...
    def begun(self, item: str, key: str) -> None: ...
    def dropped(self, item: str) -> None: ...
    def filed(self, item: str, case_no: str, values: Mapping[str, str]) -> None: ...


class NoAccounts:
    """A site that keeps none: everybody is a stranger with a number and a password."""

    are_kept = False

    def current(self) -> object | None:
        return None

    def form(self, values: Mapping[str, str]) -> Mapping[str, str]:
        return values

    def begun(self, item: str, key: str) -> None:
        """Nobody keeps it."""

    def dropped(self, item: str) -> None:
        """Nobody kept it."""

    def filed(self, item: str, case_no: str, values: Mapping[str, str]) -> None:
        """Nobody keeps it."""

"""What the last transactions of this process wrote, so that a draft made before them knows what it no longer holds for."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from core.unit_of_work import UnitOfWork

_KEPT = 20_000  # cases and deliveries; drafts are taken seconds after they were made


class Written:
    """The cases and deliveries that were written, transaction by transaction. Kept under the ledger's lock
    (`UnitOfWork.kept`), so that it is forgotten as soon as another process has written."""

    def __init__(self, place: int) -> None:
        """Knows of everything written after the transaction of that place."""
        self._whole_after, self._size = place, 0
        self._parts: deque[tuple[int, Collection[int], Collection[bytes]]] = deque()

    def note(self, place: int, cases: Collection[int], deliveries: Collection[bytes] = ()) -> None:
        """The transaction of that place has written these."""
        if not cases and not deliveries:
            return
        self._parts.append((place, cases, deliveries))
        self._size += len(cases) + len(deliveries)
        while self._size > _KEPT:
            self._whole_after, cases, deliveries = self._parts.popleft()
            self._size -= len(cases) + len(deliveries)

    def since(self, place: int) -> tuple[set[int], set[bytes]] | None:
        """(cases, deliveries) written after the transaction of that place; None where that is no longer known."""
        if place < self._whole_after:
            return None
        cases, deliveries = set[int](), set[bytes]()
        for at, its_cases, its_deliveries in reversed(self._parts):
            if at <= place:
                break
            cases.update(its_cases)
            deliveries.update(its_deliveries)
        return cases, deliveries


def written_by(uow: UnitOfWork) -> Written:
    """What is known of it now."""
    known: Written | None = uow.kept.get(Written)
    if known is None:
        known = uow.kept[Written] = Written(uow.place)
    return known

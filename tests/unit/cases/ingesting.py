"""A program to be killed: records numbered batches one after the other and says each number once it is committed.

`python -m tests.unit.cases.ingesting URL FIRST LAST` delivers the batches FIRST to LAST.
"""

from __future__ import annotations

import sys

from cases.events import CaseEvent, EventKind
from core.database import Database
from tests.unit.cases.record import Record, event

K = EventKind
BATCH = 40


def batch(number: int) -> list[CaseEvent]:
    """Batch `number`: openings, steps and ends of cases that other batches also report on."""
    kinds = (K.ACCEPTED, K.STEP, K.SPECIAL_STARTED, K.CONCLUDED)
    return [event(kinds[(number + place) % 4], f"10-{8 + (number + place) % 20:02} 10:00", case_no=str(place % 25 + number % 3),
                  id=f"{number}/{place}", org=("Land", "Water")[place % 2], step="s", approved_days=2)
            for place in range(BATCH)]


def main(url: str, first: int, last: int) -> None:
    record = Record(Database(url)).at("11-05 10:00")
    for number in range(first, last + 1):
        record.recorder.record(batch(number))
        print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

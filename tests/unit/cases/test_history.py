"""The heat map's two changes per case say what a look at every day says."""

from __future__ import annotations

from itertools import accumulate
from random import Random

from cases.history import PastCase, _overdue_columns


def _is_open_overdue(case: PastCase, day: int) -> bool:
    is_open = case.opened <= day and (case.ended is None or case.ended > day)
    return is_open and case.due is not None and day > case.due


def test_the_columns_of_a_case_are_the_days_on_which_it_is_open_and_overdue():
    """Also of cases that end before they begin, are due before they open, or have no end or no due day."""
    random = Random(7)
    for _ in range(2000):
        days = sorted(random.sample(range(40), random.randint(1, 12)))
        case = PastCase("x", "x", random.randrange(40), None, random.choice([None, *range(40)]),
                        random.choice([None, *range(-5, 45)]))
        first, after = _overdue_columns(case, days)
        change = [0] * (len(days) + 1)
        change[first] += 1
        change[after] -= 1
        assert list(accumulate(change[:-1])) == [_is_open_overdue(case, day) for day in days], case

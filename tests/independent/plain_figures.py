"""Base figures and indicators worked out with plain loops over raw case logs, day by day. Imports nothing of the product.

A figure belongs to a department and a day: its own day, or that of the opening of its case. Further rules, as they are spoken:

* early, on the due day and late go by the promised day, else by the statutory one; without either it is none of the three;
* time used and limits are working days after the opening day; days the clock stood are in neither;
* a step with a due date that was done after that date is over; steps count when their case was concluded.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.independent import plain
from tests.independent.plain import ONE_DAY, STOP, Case, IsWorkingDay, is_stopped

EXTENDED, RESUMED = "06_VD_035", "08_AWB45_045"


@dataclass
class Told:
    """A case with what the figures need beside its days: when notices went out, and its steps as (done, due)."""

    case: Case
    notices: list[date] = field(default_factory=list)
    steps: list[tuple[date, date]] = field(default_factory=list)


def read_receipt(path: Path) -> list[Told]:
    return [Told(case) for case in plain.read_receipt_xes(path)]


def read_town(path: Path) -> list[Told]:
    traces = list(plain._traces(path))
    return [Told(case, *_of_events(events)) for case, (_, events) in zip(plain.bpic15_cases(path, traces), traces, strict=True)]


def _of_events(events: list[dict[str, str]]) -> tuple[list[date], list[tuple[date, date]]]:
    notices, steps = [], []
    for event in events:
        code, done = event.get("action_code") or event["concept:name"], plain._day(event["time:timestamp"])
        if code == STOP:
            notices.append(done)
        elif code not in (RESUMED, EXTENDED) and event.get("dueDate"):
            steps.append((done, plain._day(event["dueDate"])))
    return notices, steps


# Figures --------------------------------------------------------------------------------------------------------

def figures_of(told: list[Told], is_working: IsWorkingDay, basis: str) -> dict[tuple[str, date], Counter[str]]:
    """What each department counts on each day."""
    counted: dict[tuple[str, date], Counter[str]] = {}
    for one in told:
        for day, name, amount in _adds(one, is_working):
            shown = one.case.opened if basis == "acceptance" else day
            counted.setdefault((one.case.department, shown), Counter())[name] += amount
    return counted


def _adds(told: Told, is_working: IsWorkingDay) -> list[tuple[date, str, int]]:
    case = told.case
    adds = [(case.opened, "received", 1), (case.opened, "accepted", 1)]
    if case.promised is not None:
        adds.append((case.opened, "received_promised", 1))
    adds += [(day, "corrections", 1) for day in told.notices]
    if len(told.notices) == 1:
        adds.append((told.notices[0], "corrected_once", 1))
    if case.closed is not None:
        adds += [(case.closed, name, amount) for name, amount in _at_the_end(told, case.closed, is_working).items()]
    return adds


def _at_the_end(told: Told, closed: date, is_working: IsWorkingDay) -> Counter[str]:
    case, counted = told.case, Counter({"concluded": 1, "timed": 1})
    counted["same_day"] = int(closed == case.opened)
    due = case.promised or case.statutory
    if due is not None:
        counted["early" if closed < due else "late" if closed > due else "on_due_day"] = 1
    if case.promised is not None and due is not None and closed <= due:
        counted["promised_in_time"] = 1
    used = working_days(case, closed, is_working)
    counted["used_days"] = used
    limits = {name: working_days(case, day, is_working)
              for name, day in (("statutory", case.statutory), ("promised", case.promised)) if day is not None}
    for name, days in limits.items():
        counted[f"{name}_days"], counted[f"{name}_used"] = days, used
    if len(limits) == 2:
        counted["both_statutory"], counted["both_promised"] = limits["statutory"], limits["promised"]
    counted["steps"] = len(told.steps)
    counted["steps_over"] = sum(done > due for done, due in told.steps)
    return counted


def working_days(case: Case, until: date, is_working: IsWorkingDay) -> int:
    days, day = 0, case.opened
    while day < until:
        day += ONE_DAY
        days += is_working(day) and not is_stopped(case, day)
    return days


# Indicators -------------------------------------------------------------------------------------------------------

Answer = tuple[float | None, float | None, float | None]  # numerator, denominator, value


def indicators(of: Counter[str]) -> dict[str, Answer]:
    """Every formula these logs carry, written out once more."""
    concluded, accepted, received = of["concluded"], of["accepted"], of["received"]
    shares = {
        "early_rate": (of["early"], concluded),
        "on_time_rate": (of["early"] + of["on_due_day"], concluded), "overdue_rate": (of["late"], concluded),
        "unjudged_rate": (concluded - of["early"] - of["on_due_day"] - of["late"], concluded),
        "speed_up_rate": (of["early"], accepted), "promise_kept_rate": (of["promised_in_time"], of["received_promised"]),
        "same_day_rate": (of["same_day"], accepted),
        "statutory_speed": (of["statutory_days"] - of["statutory_used"], of["statutory_days"]),
        "promised_speed": (of["promised_days"] - of["promised_used"], of["promised_days"]),
        "promise_compression": (of["both_statutory"] - of["both_promised"], of["both_statutory"]),
        "mean_days": (of["used_days"], of["timed"]), "correction_rate": (of["corrections"], received),
        "one_time_correction_rate": (of["corrected_once"], received), "step_overrun_rate": (of["steps_over"], of["steps"]),
        "special_share": (of["special"], accepted), "return_rate": (of["returned"], received),
        "refusal_rate": (of["not_accepted"], received), "void_rate": (of["voided"], received),
        "instant_share": (of["received_instant"], of["received_instant"] + of["received_promised"]),
        "online_rate": (of["online"], concluded), "satisfaction": (of["satisfied"], of["rated"]),
        "bad_rating_rate": (of["dissatisfied"], of["rated"]),
        "rectification_rate": (of["rectified"], of["bad_duties"]), "call_back_rate": (of["called_back"], of["bad_duties"]),
        "rectification_time": (of["rectified_days"], of["rectified"]),
        "persons_share": (of["received_persons"], of["received_persons"] + of["received_companies"]),
        "consultation_answer_rate": (of["consultations_answered"], of["consultations"]),
        "complaint_answer_rate": (of["complaints_answered"], of["complaints"])}
    finished = concluded + of["returned"] + of["voided"]
    shares["finish_rate"] = (finished, accepted)
    counts = {"received": received, "accepted": accepted, "finished": finished, "corrections": of["corrections"],
              "received_persons": of["received_persons"], "received_companies": of["received_companies"]}
    times = {"correction_rate": 100}
    return {**{name: (above, below, round(above * times.get(name, 1) / below, 6) if below else None)
               for name, (above, below) in shares.items()},
            **{name: (value, None, value) for name, value in counts.items()}}

"""G12, G19, G28: who did it, who praised it, who did not look."""

from __future__ import annotations

from typing import Any

from core.instants import DAY_US, MINUTE_US, SECOND_US
from tests.unit.alerts.detectors.logs import at, case, detect, figures, honest, shown, told


class _Roster:
    """赵六 is on the roster and off duty on 9 April."""

    def is_off_duty(self, area: str, actor: str, moment: int) -> bool:
        return (area, actor) == ("360500", "赵六") and at("04-09 00:00") <= moment < at("04-10 00:00")


def _alone(number: int, name: str = "李四", **head: str) -> Any:
    start = at("04-08 09:00") + number * 31 * MINUTE_US
    posts = (("accepted", ""), ("step", "承办"), ("step", "审核"), ("decided", ""), ("concluded", ""))
    return case(f"a-{number:02}", *(told(kind, start + k * DAY_US, actor=name, step=step, **head)
                                    for k, (kind, step) in enumerate(posts)))


# G12 --------------------------------------------------------------------------------------------------------------

def test_g12_finds_the_person_who_is_handler_reviewer_and_approver() -> None:
    found = detect("G12", [*honest("D01", 30), *(_alone(n) for n in range(22))])
    assert figures(found) == {("李四", "alone"): (22, 22)}
    assert (found[0].org, found[0].subject_kind) == ("D01", "person")
    assert len(found[0].evidence[0].seqs) == 4


def test_g12_finds_accounts_in_two_places_and_off_duty() -> None:
    places = [case(f"p-{n}", told("accepted", at("04-10 09:00") + n * DAY_US, actor="钱七", station="窗口1"),
                   told("step", at("04-10 09:03") + n * DAY_US, actor="钱七", station="后台2", step="审核"),
                   told("step", at("04-10 09:04") + n * DAY_US, actor="钱七", station="窗口1", step="承办")) for n in range(5)]
    off = [case(f"o-{n}", told("accepted", at("04-09 09:00") + n * 40 * MINUTE_US, actor="赵六")) for n in range(6)]
    found = detect("G12", [*places, *off], records=_Roster())
    assert figures(found) == {("钱七", "two_places"): (5, 5), ("赵六", "off_duty"): (6, 6)}
    assert [one.evidence[0].facts["stations"] for one in found if one.subject == "钱七"] == ["窗口1 / 后台2"]


def test_g12_three_people_five_cases_alone_and_a_walk_of_half_an_hour_are_fine() -> None:
    walk = [case(f"w-{n}", told("accepted", at("04-10 09:00") + n * DAY_US, actor="钱七", station="窗口1"),
                 told("step", at("04-10 09:30") + n * DAY_US, actor="钱七", station="后台2", step="审核")) for n in range(9)]
    on_duty = [case(f"o-{n}", told("accepted", at("04-11 09:00") + n * 40 * MINUTE_US, actor="赵六")) for n in range(6)]
    assert detect("G12", [*honest("D01", 60), *(_alone(n) for n in range(5)), *walk, *on_duty], records=_Roster()) == []


# G19 --------------------------------------------------------------------------------------------------------------

def _rated(number: int, org: str = "D01", after: int = 3600, score: int = 5, **data: Any) -> Any:
    done = at("04-10 09:00") + number * 7 * MINUTE_US
    return case(f"{org}-r-{number:03}", told("accepted", at("04-08 09:00")), told("concluded", done), told(
        "rated", done + after * SECOND_US, score=score, **({"phone_hash": f"{org}{number}", "channel": "sms"} | data)), org=org)


def test_g19_finds_ratings_from_one_phone_within_seconds_and_from_staff() -> None:
    own = [_rated(n, after=4, phone_hash="p-9") for n in range(14)]
    found = detect("G19", [*own, *(_rated(n + 50) for n in range(40))], staff_phones=["p-9"])
    assert figures(found) == {("D01", "origin"): (14, 54), ("D01", "at_once"): (14, 54), ("D01", "staff"): (14, 14)}
    assert shown(found, "at_once") == [f"D01-r-{n:03}" for n in range(14)]


def test_g19_finds_a_unit_without_a_single_bad_rating() -> None:
    crowd = [_rated(n, f"D{k:02}", score=1 if n % 12 == 0 else 5) for k in range(2, 8) for n in range(60)]
    found = detect("G19", [*crowd, *(_rated(n) for n in range(150))])
    assert figures(found) == {("D01", "never_bad"): (0, 150)}


def test_g19_the_terminal_at_the_window_two_of_one_phone_and_quick_ones_now_and_then_are_fine() -> None:
    terminal = [_rated(n, device="T1", channel="window", phone_hash=None) for n in range(60)]
    twice = [_rated(n + 100, "D02", phone_hash=f"q{n // 2}") for n in range(60)]
    quick = [_rated(n + 200, "D02", after=5) for n in range(4)]
    bad = [_rated(n + 300, org, score=1) for org in ("D01", "D02") for n in range(2)]
    assert detect("G19", [*terminal, *twice, *quick, *bad]) == []


# G28 --------------------------------------------------------------------------------------------------------------

def _warned(number: int, reacts: bool, name: str = "孙八") -> Any:
    start = at("04-01 09:00") + number * 17 * MINUTE_US
    does = [told("step", at("04-15 09:00"), step="审核", actor="丙")] if reacts else []
    return case(f"w-{number:02}", told("accepted", start, actor=name), *does,
                told("concluded", at("04-19 09:00") + number * MINUTE_US), rungs=[("promised", "warning", at("04-12 17:00"))])


def test_g28_finds_the_person_who_lets_warnings_pass() -> None:
    found = detect("G28", [*(_warned(n, False) for n in range(16)), *(_warned(n + 20, True) for n in range(4))])
    assert figures(found) == {("孙八", "ignored"): (16, 20)}
    assert shown(found, "ignored") == [f"w-{n:02}" for n in range(16)]
    assert len(found[0].evidence[0].seqs) == 2


def test_g28_who_reacts_and_who_was_warned_a_few_times_is_fine() -> None:
    assert detect("G28", [_warned(n, True) for n in range(30)]) == []
    assert detect("G28", [_warned(n, False) for n in range(5)]) == []

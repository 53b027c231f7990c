"""The state chart: every event in every state, and the facts that hold whatever the order of their delivery."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from cases.events import CaseEvent, EventKind
from cases.facts import MAX_VIOLATIONS
from cases.fold import State
from cases.states import CLOSED, OPEN, fold_all
from tests.unit.cases.record import event, us

K, S = EventKind, State

# How to come to a state.
PATHS: dict[State, list[EventKind]] = {
    S.NONE: [], S.SUBMITTED: [K.SUBMITTED], S.PRE_ACCEPTED: [K.PRE_ACCEPTED], S.RECEIVED: [K.RECEIVED],
    S.CORRECTING: [K.RECEIVED, K.CORRECTION_NOTIFIED], S.ACCEPTED: [K.ACCEPTED],
    S.SUSPENDED: [K.ACCEPTED, K.SPECIAL_STARTED], S.DECIDED: [K.ACCEPTED, K.DECIDED],
    S.CONCLUDED: [K.ACCEPTED, K.CONCLUDED], S.COLLECTED: [K.ACCEPTED, K.CONCLUDED, K.COLLECTED],
    S.NOT_ACCEPTED: [K.RECEIVED, K.NOT_ACCEPTED], S.WITHDRAWN: [K.ACCEPTED, K.WITHDRAWN],
    S.RETURNED: [K.ACCEPTED, K.RETURNED], S.VOIDED: [K.ACCEPTED, K.VOIDED], S.LODGED: [K.COMPLAINED],
    S.HANDLING: [K.COMPLAINED, K.COMPLAINT_ACCEPTED], S.ANSWERED: [K.CONSULTED, K.ANSWERED]}

# What each event does in each state: where it leads (same: the state stays; own: the state of the event's name) and the
# violation noted, if any:
# o out_of_order; b before_acceptance; e event_after_end; t closed_twice; s concluded_while_suspended
COLUMNS = [S.NONE, S.SUBMITTED, S.PRE_ACCEPTED, S.RECEIVED, S.CORRECTING, S.ACCEPTED, S.SUSPENDED, S.DECIDED,
           S.LODGED, S.HANDLING]
CODES = {"o": "out_of_order", "b": "before_acceptance", "s": "concluded_while_suspended", "2": "second_correction"}
SHORT = {"corr": "correcting", "susp": "suspended", "recv": "received", "acc": "accepted", "answ": "answered"}
CHART = """
event               none   submitted pre_acc received correcting accepted suspended decided lodged   handling
submitted           own    same:o    own:o   own:o    own:o      same:o   same:o    same:o  own:o    own:o
pre_accepted        own    own       same:o  own:o    own:o      same:o   same:o    same:o  own:o    own:o
received            own    own       own     same:o   own:o      same:o   same:o    same:o  own:o    own:o
accepted            own    own       own     own      own        same:o   same:o    same:o  own:o    own:o
not_accepted        own    own       own     own      own        own:o    own:o     own:o   own      own
correction_notified corr   corr      corr    corr     same:2     susp     same      susp:o  corr:o   corr:o
correction_received recv:o recv:o    recv:o  same:o   recv       same:o   same      same:o  recv:o   recv:o
step                same:b same:b    same:b  same:b   same:b     same     same      same    same:o   same:o
special_started     same:b same:b    same:b  same:b   same:b     susp     same      susp:o  same:o   same:o
special_ended       same:o same:o    same:o  same:o   same:o     same:o   acc       same:o  same:o   same:o
extended            same:b same:b    same:b  same:b   same:b     same     same      same:o  same:o   same:o
decided             own:b  own:b     own:b   own:b    own:b      own      own:o     same:o  own:o    own:o
concluded           own:b  own:b     own:b   own:b    own:b      own      own:s     own     own:o    own:o
collected           own:o  own:o     own:o   own:o    own:o      own:o    own:o     own:o   own:o    own:o
withdrawn           own:o  own       own     own      own        own      own       own     own      own
returned            own:o  own       own     own      own        own      own       own     own      own
voided              own:o  own       own     own      own        own      own       own     own      own
extension_requested same:b same:b    same:b  same:b   same:b     same     same      same:o  same:o   same:o
forwarded           same:b same:b    same:b  same:b   same:b     same     same      same    same:o   same:o
fee_charged         same:o same      same    same     same       same     same      same    same     same
fee_reversed        same:o same      same    same     same       same     same      same    same     same
hearing_requested   same:b same:b    same:b  same:b   same:b     same     same      same:o  same:o   same:o
hearing_held        same:b same:b    same:b  same:b   same:b     same     same      same:o  same:o   same:o
reassigned          same:o same      same    same     same       same     same      same    same     same
delivered           same:o same:o    same:o  same:o   same:o     same:o   same:o    same    same:o   same:o
licence_issued      same:b same:b    same:b  same:b   same:b     same:o   same:o    same    same:o   same:o
licence_ended       same:b same:b    same:b  same:b   same:b     same:o   same:o    same:o  same:o   same:o
published           same:b same:b    same:b  same:b   same:b     same:o   same:o    same    same:o   same:o
ticket_called       same   same      same    same     same       same     same      same    same     same
rated               same:o same      same    same     same       same     same      same    same     same
rolled_back         same:b same:b    same:b  same:b   same:b     same     same      acc     same:o   same:o
reopened            same:o same:o    same:o  same:o   same:o     same:o   same:o    same:o  same:o   same:o
supplemented        same:b same:b    same:b  same:b   same:b     same     same      same    same:o   same:o
countersigned       same:b same:b    same:b  same:b   same:b     same     same      same    same:o   same:o
held                same:b same:b    same:b  same:b   same:b     susp     same      susp:o  same:o   same:o
released            same:o same:o    same:o  same:o   same:o     same:o   same      same:o  same:o   same:o
migrated            same:o same      same    same     same       same     same      same    same:o   same:o
consulted           lodged same:o    same:o  same:o   same:o     same:o   same:o    same:o  same:o   same:o
answered            same:o same:o    same:o  same:o   same:o     same:o   same:o    same:o  own      own:o
complained          lodged same:o    same:o  same:o   same:o     same:o   same:o    same:o  same:o   same:o
complaint_accepted  same:o same:o    same:o  same:o   same:o     same:o   same:o    same:o  handling same:o
complaint_extended  same:o same:o    same:o  same:o   same:o     same:o   same:o    same:o  same     same
complaint_answered  same:o same:o    same:o  same:o   same:o     same:o   same:o    same:o  answ     answ
"""
CLOSING = {K.CONCLUDED, K.NOT_ACCEPTED, K.WITHDRAWN, K.RETURNED, K.VOIDED, K.ANSWERED, K.COMPLAINT_ANSWERED}
# What may follow the end of a case, and after which ends; a ticket, a fee or a rating after any.
AFTER_THE_END = {K.DELIVERED: {S.CONCLUDED, S.COLLECTED, S.NOT_ACCEPTED, S.RETURNED, S.ANSWERED},
                 K.LICENCE_ISSUED: {S.CONCLUDED, S.COLLECTED}, K.LICENCE_ENDED: {S.CONCLUDED, S.COLLECTED},
                 K.PUBLISHED: {S.CONCLUDED, S.COLLECTED},
                 K.TICKET_CALLED: CLOSED, K.RATED: CLOSED, K.FEE_CHARGED: CLOSED, K.FEE_REVERSED: CLOSED}


def story(*kinds: EventKind, **data: object) -> list[CaseEvent]:
    """Events of these kinds, one a day from 10-08 on."""
    return [event(kind, f"10-{8 + n:02} 10:00", **data) for n, kind in enumerate(kinds)]


def outcome(kinds: list[EventKind]) -> tuple[State, list[str]]:
    fold = fold_all(story(*kinds))
    return fold.state, [code for code, _at in fold.violations]


def charted() -> list[tuple[State, EventKind, State, list[str]]]:
    _, *lines = CHART.strip("\n").splitlines()
    cells = []
    for line in lines:
        kind, *targets = line.split()
        for state, cell in zip(COLUMNS, targets, strict=True):
            target, _, letter = cell.partition(":")
            cells.append((state, K(kind), _target(target, state, kind), [CODES[letter]] if letter else []))
    return cells


def _target(cell: str, state: State, kind: str) -> State:
    return state if cell == "same" else S(kind if cell == "own" else SHORT.get(cell, cell))


def test_the_chart_above_names_every_event_in_every_open_state():
    assert {(state, kind) for state, kind, _, _ in charted()} == {(state, kind) for state in OPEN for kind in K}
    assert {*COLUMNS} == OPEN
    assert {*PATHS} == {*State}


@pytest.mark.parametrize("state", State)
def test_every_state_is_reached_without_a_violation(state):
    assert outcome(PATHS[state]) == (state, [])


@pytest.mark.parametrize(("state", "kind", "target", "violations"), charted())
def test_an_event_in_an_open_state_is_allowed_or_gives_its_violation(state, kind, target, violations):
    assert outcome([*PATHS[state], kind]) == (target, violations)


@pytest.mark.parametrize("state", sorted(CLOSED))
@pytest.mark.parametrize("kind", EventKind)
def test_nothing_moves_a_case_that_is_over_but_its_collection_and_the_withdrawal_of_its_conclusion(state, kind):
    moves = {K.COLLECTED: S.COLLECTED, K.REOPENED: S.ACCEPTED}
    if state is S.CONCLUDED and kind in moves:
        assert outcome([*PATHS[state], kind]) == (moves[kind], [])
        return
    moved, violations = outcome([*PATHS[state], kind])
    assert moved is state
    if state in AFTER_THE_END.get(kind, ()):
        assert violations == []
        return
    assert violations[-1] == ("closed_twice" if kind in CLOSING else "event_after_end")


def test_a_whole_life_without_a_fault_has_no_violation():
    assert outcome([K.SUBMITTED, K.PRE_ACCEPTED, K.RECEIVED, K.CORRECTION_NOTIFIED, K.CORRECTION_RECEIVED, K.ACCEPTED,
                    K.STEP, K.SPECIAL_STARTED, K.SPECIAL_ENDED, K.STEP, K.EXTENDED, K.DECIDED, K.CONCLUDED,
                    K.COLLECTED]) == (S.COLLECTED, [])


# Facts --------------------------------------------------------------------------------------------------------------

def test_every_order_of_delivery_gives_the_same_facts():
    events = story(K.SUBMITTED, K.ACCEPTED, K.SPECIAL_STARTED, K.SPECIAL_ENDED, K.CONCLUDED)
    folds = [fold_all(order) for order in permutations(events)]
    assert all(fold == folds[0] for fold in folds)
    assert folds[0].state is S.CONCLUDED


def test_the_first_acceptance_opens_the_case_and_a_second_one_is_noted():
    fold = fold_all([event(K.ACCEPTED, "10-15 10:00"), event(K.ACCEPTED, "10-17 10:00")])
    assert fold.accepted is not None
    assert fold.accepted.at == us("10-15 10:00")
    assert fold.violations == [("out_of_order", us("10-17 10:00"))]


def test_the_first_end_counts_and_a_second_one_is_noted():
    fold = fold_all([*story(K.ACCEPTED), event(K.WITHDRAWN, "10-20 10:00"), event(K.CONCLUDED, "10-21 10:00")])
    assert fold.closed is not None
    assert (fold.state, fold.closed.at, fold.closed_by) == (S.WITHDRAWN, us("10-20 10:00"), "withdrawn")
    assert fold.violations == [("closed_twice", us("10-21 10:00"))]


def test_a_step_after_the_end_is_noted_and_changes_no_state():
    fold = fold_all(story(K.ACCEPTED, K.CONCLUDED, K.STEP))
    assert (fold.state, fold.violations[0][0], fold.events) == (S.CONCLUDED, "event_after_end", 3)


def test_a_case_concluded_while_it_stood_still_is_concluded_and_told():
    fold = fold_all(story(K.ACCEPTED, K.SPECIAL_STARTED, K.CONCLUDED))
    assert fold.state is S.CONCLUDED
    assert fold.violations == [("concluded_while_suspended", us("10-10 10:00"))]
    assert fold.stops[0].end is None, "nobody ended the special procedure"


def test_a_withdrawal_ends_a_case_in_any_open_state_but_one_that_never_began():
    for state in OPEN - {S.NONE}:
        assert outcome([*PATHS[state], K.WITHDRAWN]) == (S.WITHDRAWN, [])
    assert outcome([K.WITHDRAWN]) == (S.WITHDRAWN, ["out_of_order"])


def test_violations_are_bounded_and_the_first_are_kept():
    steps = [event(K.STEP, f"10-{day:02} {hour:02}:00", id=f"{day}/{hour}") for day in range(9, 13) for hour in range(20)]
    fold = fold_all([event(K.ACCEPTED, "10-08 10:00"), event(K.CONCLUDED, "10-08 11:00"), *steps])
    assert len(fold.violations) == MAX_VIOLATIONS
    assert fold.violations[0] == ("event_after_end", us("10-09 00:00"))
    assert fold.events == 82


# Corrections --------------------------------------------------------------------------------------------------------

def test_a_correction_before_acceptance_leads_back_to_the_receipt():
    assert outcome([K.SUBMITTED, K.CORRECTION_NOTIFIED]) == (S.CORRECTING, [])
    assert outcome([K.SUBMITTED, K.CORRECTION_NOTIFIED, K.CORRECTION_RECEIVED, K.ACCEPTED]) == (S.ACCEPTED, [])


def test_a_correction_after_acceptance_suspends_the_case_and_its_receipt_resumes_it():
    assert outcome([K.ACCEPTED, K.CORRECTION_NOTIFIED]) == (S.SUSPENDED, [])
    assert outcome([K.ACCEPTED, K.CORRECTION_NOTIFIED, K.CORRECTION_RECEIVED]) == (S.ACCEPTED, [])


def test_a_decided_case_that_is_resumed_is_still_decided():
    assert outcome([K.ACCEPTED, K.DECIDED, K.CORRECTION_NOTIFIED, K.CORRECTION_RECEIVED])[0] is S.DECIDED


def test_telling_the_applicant_twice_what_is_missing_is_a_violation():
    assert outcome([K.RECEIVED, K.CORRECTION_NOTIFIED, K.CORRECTION_RECEIVED, K.CORRECTION_NOTIFIED]) == (
        S.CORRECTING, ["second_correction"])


def test_a_correction_that_arrives_does_not_end_a_special_procedure():
    fold = fold_all(story(K.ACCEPTED, K.SPECIAL_STARTED, K.CORRECTION_NOTIFIED, K.CORRECTION_RECEIVED))
    assert fold.state is S.SUSPENDED
    assert [(stop.kind, stop.end is None) for stop in fold.stops] == [("special", True), ("correction", False)]


# Special procedures -------------------------------------------------------------------------------------------------

def specials(*told: tuple[EventKind, str, str]) -> list[tuple[str, str | None]]:
    """(notice number, end) of each special procedure."""
    events = [event(kind, when, document_no=number) for kind, when, number in told]
    fold = fold_all([event(K.ACCEPTED, "10-08 09:00"), *events])
    ends = {us(when): when for _, when, _ in told}
    return [(stop.number, ends[stop.end.at] if stop.end else None) for stop in fold.stops]


def test_overlapping_special_procedures_end_by_their_own_numbers():
    assert specials((K.SPECIAL_STARTED, "10-09 10:00", "A"), (K.SPECIAL_STARTED, "10-10 10:00", "B"),
                    (K.SPECIAL_ENDED, "10-11 10:00", "A"), (K.SPECIAL_ENDED, "10-12 10:00", "B")) == [
        ("A", "10-11 10:00"), ("B", "10-12 10:00")]


def test_the_case_resumes_when_the_last_of_several_special_procedures_ends():
    begun = [event(K.ACCEPTED, "10-08 10:00"), event(K.SPECIAL_STARTED, "10-09 10:00", document_no="A"),
             event(K.SPECIAL_STARTED, "10-10 10:00", document_no="B"), event(K.SPECIAL_ENDED, "10-11 10:00", document_no="B")]
    assert fold_all(begun).state is S.SUSPENDED
    assert fold_all([*begun, event(K.SPECIAL_ENDED, "10-12 10:00", document_no="A")]).state is S.ACCEPTED


def test_an_end_without_a_known_number_ends_all_that_are_open():
    assert specials((K.SPECIAL_STARTED, "10-09 10:00", "A"), (K.SPECIAL_STARTED, "10-10 10:00", "B"),
                    (K.SPECIAL_ENDED, "10-11 10:00", "")) == [("A", "10-11 10:00"), ("B", "10-11 10:00")]


def test_overlapping_special_procedures_without_numbers_end_by_their_kinds():
    begun = [event(K.ACCEPTED, "10-08 10:00"), event(K.SPECIAL_STARTED, "10-09 10:00", special_kind="hearing"),
             event(K.SPECIAL_STARTED, "10-10 10:00", special_kind="testing"),
             event(K.SPECIAL_ENDED, "10-11 10:00", special_kind="hearing")]
    fold = fold_all(begun)
    assert (fold.state, [stop.kind for stop in fold.stops if stop.end is None]) == (S.SUSPENDED, ["testing"])
    fold = fold_all([*begun, event(K.SPECIAL_ENDED, "10-12 10:00", special_kind="testing")])
    assert (fold.state, fold.violations) == (S.ACCEPTED, [])


def test_an_end_of_a_kind_nobody_began_ends_all_that_are_open():
    fold = fold_all([event(K.ACCEPTED, "10-08 10:00"), event(K.SPECIAL_STARTED, "10-09 10:00", special_kind="hearing"),
                     event(K.SPECIAL_ENDED, "10-11 10:00", special_kind="other")])
    assert (fold.state, [stop.end is None for stop in fold.stops]) == (S.ACCEPTED, [False])


def test_an_end_that_arrives_before_its_beginning_was_told_is_matched_by_the_claimed_times():
    late = [event(K.SPECIAL_ENDED, "10-11 10:00"), event(K.ACCEPTED, "10-08 10:00"), event(K.SPECIAL_STARTED, "10-09 10:00")]
    fold = fold_all(late)
    assert (fold.state, fold.violations) == (S.ACCEPTED, [])
    assert fold.stops[0].end is not None


def test_extensions_add_up():
    extended = [event(K.EXTENDED, f"10-{day} 10:00", approved_days=days) for day, days in ((16, 10), (17, 5), (18, None))]
    assert fold_all([event(K.ACCEPTED, "10-15 10:00"), *extended]).extension_days == 15


# Versions -----------------------------------------------------------------------------------------------------------

def test_a_higher_version_replaces_the_lower_in_every_order():
    first = event(K.ACCEPTED, "10-15 10:00", id="a", title="old")
    second = event(K.ACCEPTED, "10-16 10:00", id="a", version=2, title="new")
    third = event(K.VOIDED, "10-17 10:00", id="a", version=3)
    for order in permutations([first, second, third]):
        fold = fold_all(order)
        assert (fold.state, fold.accepted, fold.events) == (S.VOIDED, None, 1)
    assert fold_all([second, first]).title == "new"


def test_versions_of_two_sources_do_not_replace_each_other():
    hall, bureau = event(K.ACCEPTED, "10-15 10:00", id="1"), event(K.STEP, "10-16 10:00", id="1", version=2, source="bureau")
    assert fold_all([hall, bureau]).events == 2


def test_equal_times_are_judged_in_the_order_of_the_source():
    accepted = event(K.ACCEPTED, "10-15 10:00", order=1)
    concluded = event(K.CONCLUDED, "10-15 10:00", order=2)
    assert fold_all([concluded, accepted]).violations == []
    swapped = [msgspec.structs.replace(accepted, order=2), msgspec.structs.replace(concluded, order=1)]
    assert [code for code, _ in fold_all(swapped).violations] == ["before_acceptance", "event_after_end"]


# What stands in the head ---------------------------------------------------------------------------------------------

def test_what_an_event_leaves_out_stays_as_it_was_told_before():
    fold = fold_all([event(K.ACCEPTED, "10-15 10:00", title="桥", applicant="李", promised_limit="7wd"),
                     event(K.STEP, "10-16 10:00", item="", org=None),
                     event(K.STEP, "10-17 10:00", applicant="王", org="Water")])
    assert (fold.title, fold.applicant, fold.org, fold.item, fold.promised_limit) == ("桥", "王", "Water", "permit", "7wd")


def test_only_events_that_may_state_a_limit_do():
    fold = fold_all([event(K.ACCEPTED, "10-15 10:00", promised_limit="7wd"),
                     event(K.STEP, "10-16 10:00", promised_limit="99wd"),
                     event(K.EXTENDED, "10-17 10:00", statutory_limit="30wd")])
    assert (fold.promised_limit, fold.statutory_limit) == ("7wd", "30wd")


def test_an_online_filing_is_answered_by_the_first_thing_the_office_says():
    for kind in (K.PRE_ACCEPTED, K.RECEIVED, K.ACCEPTED, K.NOT_ACCEPTED, K.CORRECTION_NOTIFIED, K.RETURNED):
        fold = fold_all([event(K.SUBMITTED, "10-15 10:00"), event(kind, "10-16 10:00"), event(K.STEP, "10-17 10:00")])
        assert fold.answered is not None
        assert fold.answered.at == us("10-16 10:00")
    assert fold_all([event(K.SUBMITTED, "10-15 10:00"), event(K.STEP, "10-16 10:00")]).answered is None

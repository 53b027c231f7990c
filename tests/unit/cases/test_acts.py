"""Faults of acts: each found where it is, not where it is not, and the same whatever the order of delivery."""

from __future__ import annotations

from random import Random
from typing import get_args

import msgspec
import pytest

from cases.acts import MAX_LATE, differing, evidence_of, faults_of, kept_faults, kept_text, late_fault, late_of
from cases.areas import AreaContext
from cases.events import CaseEvent, EventData, EventKind, LateEvent
from cases.states import fold_all
from config.acts import Act
from config.calendars import load_calendars
from config.catalogue import Item
from config.item_details import FeeStandard, ItemDetails, Material, Published
from config.ladders import load_presets
from core.instants import HOUR_US
from core.limits import parse_limit
from tests.unit.cases.record import event, us

K = EventKind
CONTEXT = AreaContext(load_calendars()["cn"], load_presets()["kechuang"])
DETAILS = ItemDetails(
    posts={"承办": ("承办人",), "审核": ("审核人",), "批准": ("批准人",)},
    materials={"form": Material(code="form", name="申请表"), "map": Material(code="map", name="平面图", deferrable=True),
               "photo": Material(code="photo", name="照片", required=False)},
    fees={"fee": FeeStandard(code="fee", name="工本费", standard_fen=1000, unit="本", basis="文号")},
    ceilings={"hearing": 20})
ITEM = Item("permit", "许可", "Land", "permit", "promised", parse_limit("7wd"), parse_limit("20wd"), "法", "1",
            ("受理", "承办", "审核", "批准", "办结"), ("hearing",), True, DETAILS)
PAID = {"fee_code": "fee", "amount_fen": 1000, "receipt_no": "1"}


def did(step: str, when: str, who: str, post: str = "") -> CaseEvent:
    return msgspec.structs.replace(event(K.STEP, when, step=step, post=post or None), actor=who)


def life(**changed: CaseEvent | None) -> list[CaseEvent]:
    """A case without a fault; a part may be replaced or left out."""
    parts: dict[str, CaseEvent | None] = {
        "received": event(K.RECEIVED, "10-15 09:00", materials=("form", "map"), applicant="张三"),
        "accepted": event(K.ACCEPTED, "10-15 10:00"),
        "handled": did("承办", "10-16 10:00", "甲", "承办人"), "reviewed": did("审核", "10-17 10:00", "乙", "审核人"),
        "approved": did("批准", "10-18 10:00", "丙", "批准人"), "fee": event(K.FEE_CHARGED, "10-18 10:10", **PAID),
        "decided": event(K.DECIDED, "10-18 10:20", result="granted"), "concluded": event(K.CONCLUDED, "10-18 10:30")}
    return [one for one in {**parts, **changed}.values() if one is not None]


def found(events: list[CaseEvent], item: Item = ITEM) -> set[tuple[str, str]]:
    return {(fault.code, fault.subject) for fault in faults_of(fold_all(events), item, lambda _fold: CONTEXT)}


def with_details(**changed: object) -> Item:
    details = ItemDetails(**{name: changed.get(name, getattr(DETAILS, name)) for name in DETAILS.__slots__})
    return Item(*[details if name == "details" else getattr(ITEM, name) for name in ITEM.__slots__])


def test_a_life_by_the_rules_has_no_fault():
    assert found(life()) == set()


FAULTS = {
    "a step left out": (life(reviewed=None), (Act.STEP_SKIPPED, "审核")),
    "the last step left out": (life(approved=None), (Act.STEP_SKIPPED, "批准")),
    "a step of no flow": (life(extra=did("盖章", "10-16 12:00", "丁")), (Act.STEP_UNKNOWN, "盖章")),
    "steps in reverse": (life(handled=did("承办", "10-17 12:00", "甲")), (Act.STEP_REVERSED, "承办")),
    "a post not entitled": (life(approved=did("批准", "10-18 10:00", "丙", "承办人")), (Act.WRONG_POST, "批准")),
    "one person at two posts": (life(approved=did("批准", "10-18 10:00", "甲")), (Act.SAME_PERSON, "批准")),
    "a refusal without reason": (life(decided=event(K.DECIDED, "10-18 10:20", result="refused")),
                                 (Act.REFUSED_WITHOUT_REASON, "")),
    "not accepted without reason": ([event(K.RECEIVED, "10-15 09:00"), event(K.NOT_ACCEPTED, "10-15 10:00")],
                                    (Act.REFUSED_WITHOUT_REASON, "")),
    "a second correction": (life(one=event(K.CORRECTION_NOTIFIED, "10-15 09:10", materials=("form",)),
                                 two=event(K.CORRECTION_NOTIFIED, "10-15 09:20", materials=("map",))),
                            (Act.SECOND_CORRECTION, "")),
    "a paper nobody lists": (life(received=event(K.RECEIVED, "10-15 09:00", materials=("form", "map", "x"), applicant="张")),
                             (Act.MATERIAL_UNLISTED, "x")),
    "a paper nobody lists asked for": (life(one=event(K.CORRECTION_NOTIFIED, "10-15 09:10", materials=("x",))),
                                       (Act.MATERIAL_UNLISTED, "x")),
    "a required paper missing": (life(received=event(K.RECEIVED, "10-15 09:00", materials=("map",), applicant="张")),
                                 (Act.MATERIAL_MISSING, "form")),
    "a paper deferred that may not be": (
        life(received=event(K.RECEIVED, "10-15 09:00", materials=("map",), applicant="张"),
             accepted=event(K.ACCEPTED, "10-15 10:00", deferred=("form",))), (Act.MATERIAL_MISSING, "form")),
    "a fee without basis": (life(extra=event(K.FEE_CHARGED, "10-17 10:00", fee_code="x", amount_fen=5, receipt_no="2")),
                            (Act.FEE_WITHOUT_BASIS, "x")),
    "a fee above the standard": (life(fee=event(K.FEE_CHARGED, "10-18 10:10", **PAID | {"amount_fen": 2001, "quantity": 2})),
                                 (Act.FEE_ABOVE_STANDARD, "fee")),
    "a fee without receipt": (life(fee=event(K.FEE_CHARGED, "10-18 10:10", fee_code="fee", amount_fen=1000)),
                              (Act.FEE_WITHOUT_RECEIPT, "fee")),
    "no fee and no ground": (life(fee=event(K.FEE_CHARGED, "10-18 10:10", fee_code="fee", amount_fen=0)),
                             (Act.FEE_UNCHARGED, "fee")),
    "no fee at all": (life(fee=None), (Act.FEE_UNCHARGED, "")),
    "a fee after the end": (life(fee=event(K.FEE_CHARGED, "10-19 10:10", **PAID)), (Act.FEE_AFTER_END, "fee")),
    "a special procedure without notice": (
        life(one=event(K.SPECIAL_STARTED, "10-16 11:00", special_kind="hearing", approved_days=3),
             two=event(K.SPECIAL_ENDED, "10-16 12:00", special_kind="hearing")), (Act.SPECIAL_WITHOUT_NOTICE, "1")),
    "a special procedure of another kind": (
        life(one=event(K.SPECIAL_STARTED, "10-16 11:00", special_kind="auction", document_no="1"),
             two=event(K.SPECIAL_ENDED, "10-16 12:00", document_no="1")), (Act.SPECIAL_NOT_ALLOWED, "auction")),
    "a special procedure too long": (
        life(one=event(K.SPECIAL_STARTED, "10-16 11:00", special_kind="hearing", document_no="1", approved_days=21),
             two=event(K.SPECIAL_ENDED, "10-16 12:00", document_no="1")), (Act.SPECIAL_TOO_LONG, "1")),
    "a limit that is not the published one": (life(accepted=event(K.ACCEPTED, "10-15 10:00", promised_limit="9wd")),
                                              (Act.PUBLISHED_DIFFERS, "promised")),
    "nobody knows who applied": (life(received=event(K.RECEIVED, "10-15 09:00", materials=("form", "map"))),
                                 (Act.INCOMPLETE_DATA, "applicant")),
    "an extension asked for after the end": (
        life(ask=event(K.EXTENSION_REQUESTED, "11-13 10:00"), given=event(K.EXTENDED, "11-13 11:00", approved_days=5),
             approved=did("批准", "11-14 10:00", "丙"), fee=event(K.FEE_CHARGED, "11-14 10:10", **PAID),
             decided=event(K.DECIDED, "11-14 10:20", result="granted"), concluded=event(K.CONCLUDED, "11-14 10:30")),
        (Act.EXTENSION_LATE, "")),
    "a second extension": (life(one=event(K.EXTENDED, "10-16 11:00", approved_days=1),
                                two=event(K.EXTENDED, "10-16 12:00", approved_days=1)), (Act.EXTENSION_REPEATED, "")),
    "work on a case that is over": (life(extra=did("批准", "10-20 10:00", "丙")), (Act.EVENT_AFTER_END, ""))}


@pytest.mark.parametrize(("events", "fault"), FAULTS.values(), ids=FAULTS)
def test_the_fault_is_found_and_nothing_else(events, fault):
    assert found(events) == {fault}


@pytest.mark.parametrize("events", [events for events, _ in FAULTS.values()], ids=FAULTS)
def test_every_order_of_delivery_gives_the_same_faults(events):
    rng, expected = Random(1), faults_of(fold_all(events), ITEM, lambda _fold: CONTEXT)
    for _ in range(10):
        shuffled = rng.sample(events, len(events))
        assert faults_of(fold_all(shuffled), ITEM, lambda _fold: CONTEXT) == expected


def test_what_is_no_fault_though_it_looks_like_one():
    deferred = life(received=event(K.RECEIVED, "10-15 09:00", materials=("form",), applicant="张三"),
                    accepted=event(K.ACCEPTED, "10-15 10:00", deferred=("map",)))
    waived = life(fee=event(K.FEE_CHARGED, "10-18 10:10", fee_code="fee", amount_fen=0, waiver="小微企业"))
    reasoned = life(fee=None, decided=event(K.DECIDED, "10-18 10:20", result="refused", reason="不符合条件"))
    given_up = [*life()[:3], event(K.WITHDRAWN, "10-17 09:00")]
    assert [found(events) for events in (deferred, waived, reasoned, given_up)] == [set()] * 4


def test_a_hearing_that_is_due_is_held_before_the_decision():
    item = with_details(hearing=True)
    held = event(K.HEARING_HELD, "10-17 15:00")
    late = event(K.HEARING_HELD, "10-18 10:15")
    assert found(life(), item) == {(Act.HEARING_NOT_HELD, "")}
    assert found(life(hearing=held), item) == found(life(hearing=late), item) == set()
    special = life(one=event(K.SPECIAL_STARTED, "10-16 11:00", special_kind="hearing", document_no="1"),
                   two=event(K.SPECIAL_ENDED, "10-16 12:00", document_no="1"))
    assert found(special, item) == set()


def test_what_can_be_decided_on_the_spot_is():
    item = Item(*[{"category": "instant", "steps": ("受理", "办结"), "details": ItemDetails(), "fee": False}.get(
        name, getattr(ITEM, name)) for name in ITEM.__slots__])
    opened = event(K.ACCEPTED, "10-15 16:50", applicant="张三")
    assert found([opened, event(K.CONCLUDED, "10-15 17:10")], item) == set()
    assert found([opened, event(K.CONCLUDED, "10-16 09:10")], item) == {(Act.NOT_ON_THE_SPOT, "")}


DIFFERS = {
    "org": ([msgspec.structs.replace(one, org="Water") for one in life()], (Act.PUBLISHED_DIFFERS, "org")),
    "promised": (life(accepted=event(K.ACCEPTED, "10-15 10:00", promised_limit="9wd")), (Act.PUBLISHED_DIFFERS, "promised")),
    "materials": (life(received=event(K.RECEIVED, "10-15 09:00", materials=("form", "map", "x"), applicant="张")),
                  (Act.MATERIAL_UNLISTED, "x")),
    "steps": (life(extra=did("盖章", "10-16 12:00", "丁")), (Act.STEP_UNKNOWN, "盖章")),
    "fees": (life(fee=event(K.FEE_CHARGED, "10-18 10:10", **PAID | {"amount_fen": 1001})), (Act.FEE_ABOVE_STANDARD, "fee"))}
NOT_TOLD = {"name", "legal_basis"}  # no event carries them


@pytest.mark.parametrize(("events", "fault"), DIFFERS.values(), ids=DIFFERS)
def test_a_published_field_that_an_event_contradicts_is_a_fault(events, fault):
    assert found(events) == {fault}


def test_each_of_the_seven_published_fields_is_compared_or_known_not_to_be_told():
    assert {*DIFFERS} | NOT_TOLD == {*get_args(Published)}
    assert not NOT_TOLD & {*EventData.__struct_fields__, *CaseEvent.__struct_fields__}


def test_a_statutory_limit_other_than_the_published_one_is_a_fault_and_another_wording_of_it_is_none():
    assert found(life(accepted=event(K.ACCEPTED, "10-15 10:00", statutory_limit="30wd"))) == {
        (Act.PUBLISHED_DIFFERS, "statutory")}
    assert found(life(accepted=event(K.ACCEPTED, "10-15 10:00", promised_limit="7wd", statutory_limit="20wd"))) == set()


@pytest.mark.parametrize("name", get_args(Published))
def test_each_published_field_that_a_guide_lacks_is_a_fault(name):
    assert found(life(), with_details(unpublished=(name,))) == {(Act.PUBLISHED_EMPTY, name)}


def test_a_case_of_an_unknown_item_is_not_judged():
    assert faults_of(fold_all(life(reviewed=None)), None, lambda _fold: CONTEXT) == []


def test_data_that_came_a_day_late_are_listed_event_by_event():
    events, noon = life(), us("10-16 10:00")
    [late] = late_of(events, ITEM, noon)
    assert (late.kind, late.at, late.delay) == ("received", us("10-15 09:00"), 25 * HOUR_US)
    assert late_of(events[1:2], ITEM, us("10-15 10:00") + 24 * HOUR_US) == []
    assert late_of(events, None, us("10-30 10:00")) == []


def test_late_data_are_one_fault_of_a_case_that_grows_by_what_is_new():
    first = late_fault(late_of(life()[:2], ITEM, us("10-17 10:00")))
    more = late_of(life()[1:4], ITEM, us("10-20 10:00"))  # one of them was known
    grown = late_fault([*first.late, *more])
    assert [(fault.code, fault.subject, len(fault.late)) for fault in (first, grown)] == [
        (Act.LATE_DATA, "", 2), (Act.LATE_DATA, "", 4)]
    assert grown.late[:2] == first.late
    [[news], left] = differing([first], [grown])
    assert (news.late, news.at, left) == (grown.late[2:], us("10-16 10:00"), [])
    assert differing([grown], [grown]) == ([], [])
    assert kept_faults(kept_text([grown])) == [grown]


def test_what_is_kept_of_late_data_is_bounded():
    events = [LateEvent("hall", str(number), "step", "", number, 10**12) for number in range(3 * MAX_LATE)]
    fault = late_fault(events)
    assert fault.late == tuple(events[:MAX_LATE])
    assert differing([fault], [late_fault([*fault.late, *events])]) == ([], [])
    worse = LateEvent("hall", "worse", "step", "", 5, 2 * 10**12)
    [[news], left] = differing([fault], [late_fault([*fault.late, worse])])
    assert (news.late, left) == ((worse,), [])


def test_a_correction_redeems_and_what_is_kept_is_read_again():
    wrong = life(approved=did("批准", "10-18 10:00", "甲"))
    faults = faults_of(fold_all(wrong), ITEM, lambda _fold: CONTEXT)
    right = msgspec.structs.replace(did("批准", "10-18 10:00", "丙"), source_version=2)
    assert found([*wrong, right]) == set()
    assert kept_faults(kept_text(faults)) == faults
    assert kept_text([]) == ""
    evidence = evidence_of(faults[0], fold_all(wrong), ITEM)
    assert msgspec.json.decode(msgspec.json.encode(evidence))["path"][2][:2] == ["批准", "甲"]

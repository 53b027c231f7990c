"""One consultation, complaint or bad rating in memory: its states, what may be done in each, and by whom."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from core.access import Role
from core.errors import Conflict


class ComplaintState(StrEnum):
    """Where it stands."""

    RECEIVED = "received"    # 待受理
    HANDLING = "handling"    # 办理中
    REFUSED = "refused"      # 不予受理
    ANSWERED = "answered"    # 已答复，待回访
    CLOSED = "closed"        # 已办结


class ComplaintAction(StrEnum):
    """What is done to it; every one is a row of its log."""

    FILED = "filed"
    ACCEPT = "accept"
    REFUSE = "refuse"
    TRANSFER = "transfer"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    DENY_EXTENSION = "deny_extension"
    ANSWER = "answer"
    CALL_BACK = "call_back"
    NOTE = "note"
    IDENTITY_READ = "identity_read"
    OVERDUE = "overdue"


class Finding(StrEnum):
    """What was found about a complaint."""

    VERIFIED = "verified"    # 属实
    PARTLY = "partly"        # 部分属实
    UNFOUNDED = "unfounded"  # 不属实


class Satisfaction(StrEnum):
    """What the reporter says when called back."""

    SATISFIED = "satisfied"
    BASICALLY = "basically"
    DISSATISFIED = "dissatisfied"
    UNREACHED = "unreached"


OFFICERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER})
HANDLERS = OFFICERS | {Role.DEPARTMENT_USER}
APPROVERS = frozenset({Role.INSPECTOR, Role.LEADER})
READERS = HANDLERS | {Role.ADMINISTRATOR}
_DASHES = frozenset("−ー·•.．_＿")  # beside those Unicode calls dashes
_BETWEEN_NUMBERS = re.compile(r"[/,;、，；\n]")
_COUNTRY_CODE = re.compile(r"^(\+|00)?86(?=1\d{10}$)")
_S, _A = ComplaintState, ComplaintAction

# What may be done, in which states, by whom. A department user acts on what his unit is to handle, nothing else.
ALLOWED: dict[ComplaintAction, tuple[frozenset[ComplaintState], frozenset[Role]]] = {
    _A.ACCEPT: (frozenset({_S.RECEIVED}), OFFICERS),
    _A.REFUSE: (frozenset({_S.RECEIVED}), OFFICERS),
    _A.TRANSFER: (frozenset({_S.RECEIVED, _S.HANDLING}), OFFICERS),
    _A.ASK_EXTENSION: (frozenset({_S.HANDLING}), HANDLERS),
    _A.GRANT_EXTENSION: (frozenset({_S.HANDLING}), APPROVERS),
    _A.DENY_EXTENSION: (frozenset({_S.HANDLING}), APPROVERS),
    _A.ANSWER: (frozenset({_S.HANDLING}), HANDLERS),
    _A.CALL_BACK: (frozenset({_S.ANSWERED}), OFFICERS),
    _A.NOTE: (frozenset({_S.RECEIVED, _S.HANDLING, _S.ANSWERED}), HANDLERS),
}


def check_state(action: ComplaintAction, state: ComplaintState, no: str) -> None:
    """Raises Conflict when that cannot be done in this state."""
    if state not in ALLOWED[action][0]:
        raise Conflict("complaint_not_in_state", no=no, action=action.value, state=state.value)


class Reporter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who reported. Sealed as soon as it comes in; `original` is what he wrote when his name stood in it."""

    name: str = ""
    phone: str = ""
    address: str = ""
    id_number: str = ""
    original: str = ""

    @property
    def is_known(self) -> bool:
        return bool(self.name or self.phone or self.address or self.id_number)


@dataclass(frozen=True, slots=True)
class Filing:
    """What is filed. `kind` is consultation, complaint or rating; `about_case` the number of an application, if of one."""

    kind: str
    category: str
    org: str
    title: str
    content: str
    area: str = ""
    about_case: str = ""
    channel: str = "form"
    source: str = ""
    source_ref: str = ""


def without_identity(text: str, reporter: Reporter) -> str:
    """The text with whatever names the reporter blacked out: people sign what they write, and write a number as they please.

    Spaces and dashes within, full-width letters and digits, and case make no difference.
    """
    for told in sorted(_secrets(reporter), key=len, reverse=True):
        text = _blacked_out(text, told)
    return text


def _secrets(reporter: Reporter) -> set[str]:
    """What is looked for: every field as it reads without its form; of a telephone every number, without country code too."""
    phones = [_plain(one) for one in _BETWEEN_NUMBERS.split(reporter.phone)]
    phones += [_COUNTRY_CODE.sub("", one) for one in phones]
    found = {*phones, *(_plain(told) for told in (reporter.name, reporter.phone, reporter.address, reporter.id_number))}
    return {told for told in found if len(told) >= 2}


def _blacked_out(text: str, told: str) -> str:
    read = [(letter, place) for place, written in enumerate(text) for letter in _letters(written)]
    plain, parts, done = "".join(letter for letter, _ in read), [], 0
    at = plain.find(told)
    while at >= 0:
        first, last = read[at][1], read[at + len(told) - 1][1]
        parts += [text[done:first], "＊" * min(last + 1 - first, 6)]
        done, at = last + 1, plain.find(told, at + len(told))
    return "".join([*parts, text[done:]])


def _plain(text: str) -> str:
    return "".join(letter for written in text for letter in _letters(written))


def _letters(written: str) -> str:
    """How a character counts when a text is compared: one width, one case; spaces, dashes and what cannot be seen not at all.
    A new line does: what stands on two lines is not one number."""
    if written != "\n" and (written.isspace() or written in _DASHES or unicodedata.category(written) in ("Pd", "Cf")):
        return ""
    return unicodedata.normalize("NFKC", written).casefold()

"""What is done to a hosted case, from which state, and what an applicant hands in."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import msgspec

from approval.materials import Upload
from cases.fold import Fold, State
from cases.states import UNDER_WAY
from config.catalogue import Item
from core.access import Actor
from core.errors import Conflict, InvalidInput, TooLarge

Channel = Literal["web", "window", "project", "office"]  # office: opened by a unit ex officio
WORDS_MAX, TITLE_MAX, FIELDS_MAX, FIELD_MAX = 2000, 200, 60, 2000


class Act(StrEnum):
    """The acts of people on a hosted case. Every one is at least one event of the journal."""

    PRE_ACCEPT = "pre_accept"                # 预受理
    RECEIVE = "receive"                      # 收件
    ACCEPT = "accept"                        # 受理
    REFUSE = "refuse"                        # 不予受理
    ASK_CORRECTION = "ask_correction"        # 补正告知
    CORRECT = "correct"                      # 补正
    KEEP_FILE = "keep_file"                  # 扫描件入卷 (no event)
    CLAIM = "claim"                          # 领取任务 (no event: nothing has been done yet)
    HAND_OVER = "hand_over"                  # 转办
    COMPLETE = "complete"                    # 办理
    DROP_STEP_PAPER = "drop_step_paper"      # 撤下环节文书 (no event: the step tells of those it ends with)
    SEND_BACK = "send_back"                  # 回退
    START_SPECIAL = "start_special"          # 特别程序
    END_SPECIAL = "end_special"              # 结束特别程序
    ASK_EXTENSION = "ask_extension"          # 申请延期
    GRANT_EXTENSION = "grant_extension"      # 批准延期
    REFUSE_EXTENSION = "refuse_extension"    # 不批准延期 (no event: the limit stays)
    ASK_HEARING = "ask_hearing"              # 听证申请
    HOLD_HEARING = "hold_hearing"            # 听证
    SUPPLY = "supply"                        # 容缺补齐
    CHARGE = "charge"                        # 收费
    PAID = "paid"                            # 缴费
    CONFIRM_PAYMENT = "confirm_payment"      # 复核收款
    REFUSE_PAYMENT = "refuse_payment"        # 不予复核 (no event: the fee stays due)
    ASK_REVERSAL = "ask_reversal"            # 申请冲正 (no event: nothing changes yet)
    REVERSE_PAYMENT = "reverse_payment"      # 冲正
    REFUSE_REVERSAL = "refuse_reversal"      # 不予冲正 (no event: the payment stays)
    WAIVE = "waive"                          # 减免
    CONCLUDE = "conclude"                    # 办结
    END_LICENCE = "end_licence"              # 证照撤销、注销
    COLLECT = "collect"                      # 领取
    WITHDRAW = "withdraw"                    # 撤回
    RETURN = "return"                        # 退件
    VOID = "void"                            # 作废
    RATE = "rate"                            # 评价
    DISPATCH = "dispatch"                    # 分发 (of a project)
    REOPEN = "reopen"                        # 重办 (a part of a project that was through)
    BEGIN_ANEW = "begin_anew"                # 重新派发 (of a part that came to nothing)
    LEAVE_OUT = "leave_out"                  # 不再办理 (of such a part)
    MIGRATE = "migrate"                      # 版本迁移 (by an administrator's plan, not by the posts of a step)


_S, _A = State, Act
_BEFORE = frozenset({_S.SUBMITTED, _S.PRE_ACCEPTED, _S.RECEIVED})
_OPEN = _BEFORE | UNDER_WAY | {_S.CORRECTING}
_PAYABLE = UNDER_WAY | {_S.CONCLUDED, _S.COLLECTED}  # after the end: what is due again since a payment was taken back
FROM: Mapping[Act, frozenset[State]] = {
    _A.PRE_ACCEPT: frozenset({_S.SUBMITTED}), _A.RECEIVE: frozenset({_S.SUBMITTED, _S.PRE_ACCEPTED}),
    _A.ACCEPT: _BEFORE, _A.REFUSE: _BEFORE | {_S.CORRECTING}, _A.ASK_CORRECTION: _BEFORE,
    _A.CORRECT: frozenset({_S.CORRECTING}), _A.RETURN: frozenset({_S.CORRECTING}),
    _A.KEEP_FILE: _OPEN,
    _A.CLAIM: UNDER_WAY, _A.HAND_OVER: UNDER_WAY,  # after the decision: what serves and executes it
    _A.COMPLETE: frozenset({_S.ACCEPTED, _S.DECIDED}), _A.SEND_BACK: frozenset({_S.ACCEPTED, _S.DECIDED}),
    _A.DROP_STEP_PAPER: UNDER_WAY,
    _A.START_SPECIAL: frozenset({_S.ACCEPTED}), _A.END_SPECIAL: frozenset({_S.SUSPENDED}),
    _A.ASK_EXTENSION: frozenset({_S.ACCEPTED, _S.SUSPENDED}), _A.GRANT_EXTENSION: frozenset({_S.ACCEPTED, _S.SUSPENDED}),
    _A.REFUSE_EXTENSION: frozenset({_S.ACCEPTED, _S.SUSPENDED}),
    _A.ASK_HEARING: frozenset({_S.ACCEPTED, _S.SUSPENDED}), _A.HOLD_HEARING: frozenset({_S.ACCEPTED, _S.SUSPENDED}),
    _A.SUPPLY: UNDER_WAY, _A.CHARGE: UNDER_WAY,
    **dict.fromkeys((_A.WAIVE, _A.PAID, _A.CONFIRM_PAYMENT), _PAYABLE), _A.REFUSE_PAYMENT: frozenset(State),
    **dict.fromkeys((_A.ASK_REVERSAL, _A.REVERSE_PAYMENT, _A.REFUSE_REVERSAL), frozenset(State)),
    _A.CONCLUDE: frozenset({_S.ACCEPTED, _S.DECIDED}),
    _A.END_LICENCE: frozenset({_S.CONCLUDED, _S.COLLECTED}),
    _A.COLLECT: frozenset({_S.CONCLUDED}), _A.WITHDRAW: _OPEN - {_S.DECIDED}, _A.VOID: _OPEN,  # what is decided stands
    _A.RATE: frozenset({_S.CONCLUDED, _S.COLLECTED, _S.NOT_ACCEPTED, _S.WITHDRAWN, _S.RETURNED}),
    _A.DISPATCH: frozenset({_S.ACCEPTED}), _A.REOPEN: frozenset({_S.ACCEPTED, _S.DECIDED}),
    _A.BEGIN_ANEW: frozenset({_S.ACCEPTED}), _A.LEAVE_OUT: frozenset({_S.ACCEPTED}),
    _A.MIGRATE: _OPEN,
}


def is_owed(fold: Fold, code: str) -> bool:
    """Whether a fee that is due is to be paid: while the case is under way, and after its end where a payment of it was taken
    back. Who was refused, from the decision on, or gave up owes nothing more."""
    if fold.refused is not None:
        return False
    return fold.state in UNDER_WAY or (fold.state in _PAYABLE and any(fee.code == code for fee in fold.fees_reversed))


def check_state(act: Act, state: str, case_no: str) -> None:
    """Raises Conflict when that cannot be done to a case that stands there."""
    if state not in FROM[act]:
        raise Conflict("case_not_in_state", case_no=case_no, act=act.value, state=state)


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies. `identity_no` is an ID or credit code; `agent` files for him."""

    name: str
    kind: Literal["person", "company"] = "person"
    identity_no: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    agent: str = ""

    def check(self) -> None:
        """Raises InvalidInput naming the field."""
        if not self.name.strip() or len(self.name) > 128:
            raise InvalidInput("applicant_name_invalid", key="name", most=128)
        for key in ("identity_no", "phone", "email", "address", "agent"):
            if len(getattr(self, key)) > 256:
                raise TooLarge("field_too_long", key=key, most=256)
        if not (self.phone.strip() or self.email.strip()):
            raise InvalidInput("applicant_contact_missing", key="phone")


@dataclass(frozen=True, slots=True)
class Application:
    """What is filed: for which item, by whom, under which title, what the form says and which papers are in hand (codes)
    or sent as files."""

    item: str
    applicant: Applicant
    title: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    papers: tuple[str, ...] = ()
    uploads: tuple[Upload, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The papers in hand, on paper or as files."""
        return tuple(dict.fromkeys((*self.papers, *(one.code for one in self.uploads))))

    def check(self) -> None:
        """Raises InvalidInput naming the field."""
        self.applicant.check()
        if len(self.title) > TITLE_MAX:
            raise TooLarge("field_too_long", key="title", most=TITLE_MAX)
        if len(self.fields) > FIELDS_MAX:
            raise TooLarge("too_many_fields", key="fields", most=FIELDS_MAX)
        for key, value in self.fields.items():
            if len(value) > FIELD_MAX:
                raise TooLarge("field_too_long", key=key, most=FIELD_MAX)


class Draft(msgspec.Struct, frozen=True):
    """What the applicant has entered so far: the fields of the form by name, and the files sent."""

    item: str
    values: dict[str, str]
    uploads: tuple[Upload, ...] = ()

    def with_upload(self, upload: Upload) -> Draft:
        """The same bytes for the same paper are one file."""
        return msgspec.structs.replace(self, uploads=(*self._others(upload.code, upload.sha256), upload))

    def without_upload(self, code: str, sha256: str) -> Draft:
        """Raises InvalidInput when it is not there."""
        left = self._others(code, sha256)
        if len(left) == len(self.uploads):
            raise InvalidInput("material_not_found", name=sha256[:12])
        return msgspec.structs.replace(self, uploads=left)

    def only(self, asked: Container[str]) -> Draft:
        """Without the files for papers that are not among these."""
        return msgspec.structs.replace(self, uploads=tuple(one for one in self.uploads if one.code in asked))

    def left_over(self, asked: Container[str]) -> tuple[Upload, ...]:
        """The files for papers that are asked for no longer: they are handed in with nothing."""
        return tuple(one for one in self.uploads if one.code not in asked)

    def _others(self, code: str, sha256: str) -> tuple[Upload, ...]:
        return tuple(one for one in self.uploads if (one.code, one.sha256) != (code, sha256))


@dataclass(frozen=True, slots=True)
class Filed:
    """What the applicant is given: number and password are all he needs to follow his case. Shown this once."""

    case_no: str
    password: str = field(repr=False)


def channel_of(item: Item | None) -> Channel:
    """At a window for somebody, or, where the power is exercised ex officio only, by the unit itself."""
    return "office" if item is not None and "window" not in item.power.opened_by else "window"


def name_of(actor: Actor) -> str:
    """How the journal names a person: so that two of one name are two."""
    if not actor.display_name or actor.display_name == actor.name:
        return actor.name
    return f"{actor.display_name} {actor.name}"


def account_of(name: str) -> str:
    """The account of a person as the journal names him."""
    return name.rpartition(" ")[2]


def checked_words(words: str, key: str, *, required: bool = True) -> str:
    """A reason or an opinion without blanks around it. Raises InvalidInput when it is missing, TooLarge when it is too long."""
    told = words.strip()
    if required and not told:
        raise InvalidInput("words_missing", key=key)
    if len(told) > WORDS_MAX:
        raise TooLarge("field_too_long", key=key, most=WORDS_MAX)
    return told

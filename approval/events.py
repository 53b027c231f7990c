"""What hosted approval tells upwards: something happened of which the applicant is to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from approval.desk import Hosted


class Occasion(StrEnum):
    """Of what an applicant is told."""

    ACCEPTED = "accepted"            # 受理
    REFUSED = "refused"              # 不予受理
    CORRECTION = "correction"        # 要求补正
    FEE = "fee"                      # 待缴费
    SPECIAL = "special"              # 特别程序开始
    SPECIAL_ENDED = "special_ended"  # 特别程序结束
    EXTENDED = "extended"            # 延期
    COLLECT = "collect"              # 办结待领取
    CONCLUDED = "concluded"          # 办结, nothing to be collected
    PAYMENT_VOID = "payment_void"    # 收款冲正
    LICENCE_ENDED = "licence_ended"  # 证照撤销、注销
    ENDED = "ended"                  # 退件、作废


@dataclass(frozen=True, slots=True)
class ApplicantConcerned:
    """`key` names what happened, once for ever: the number of the paper given out, where there is one. `told` are the values
    of its sentence."""

    case: Hosted
    occasion: Occasion
    key: str
    told: Mapping[str, Any]

"""The acts an organ can be found at fault with (domain.md §5.2): one code each, judged at the moment of the event.

What an act costs (level, who is told, by when an answer is due) is the rule of a place: `acts:` in config/rules.
"""

from __future__ import annotations

from enum import StrEnum


class Act(StrEnum):
    """Codes of faults. The subject of one is a step, a material, a fee or a field; of some there is but one."""

    STEP_SKIPPED = "step_skipped"                    # 环节缺失、跳步
    STEP_REVERSED = "step_reversed"                  # 环节逆序
    STEP_UNKNOWN = "step_unknown"                    # 流程外环节
    WRONG_POST = "wrong_post"                        # 岗位不符
    SAME_PERSON = "same_person"                      # 一人多岗
    REFUSED_WITHOUT_REASON = "refused_without_reason"
    SECOND_CORRECTION = "second_correction"
    MATERIAL_UNLISTED = "material_unlisted"          # 增设材料
    MATERIAL_MISSING = "material_missing"            # 缺必收材料而受理
    FEE_WITHOUT_BASIS = "fee_without_basis"
    FEE_ABOVE_STANDARD = "fee_above_standard"
    FEE_WITHOUT_RECEIPT = "fee_without_receipt"
    FEE_UNCHARGED = "fee_uncharged"                  # 应收未收且无减免依据
    FEE_AFTER_END = "fee_after_end"
    NOT_ON_THE_SPOT = "not_on_the_spot"              # 即办件未当场办结
    HEARING_NOT_HELD = "hearing_not_held"
    SPECIAL_WITHOUT_NOTICE = "special_without_notice"
    SPECIAL_NOT_ALLOWED = "special_not_allowed"
    SPECIAL_TOO_LONG = "special_too_long"
    EXTENSION_LATE = "extension_late"
    EXTENSION_REPEATED = "extension_repeated"
    PUBLISHED_EMPTY = "published_empty"              # 公开字段缺失
    PUBLISHED_DIFFERS = "published_differs"          # 公开内容与系统不一致
    LATE_DATA = "late_data"                          # 迟报
    INCOMPLETE_DATA = "incomplete_data"              # 数据不全
    BEFORE_ACCEPTANCE = "before_acceptance"
    OUT_OF_ORDER = "out_of_order"
    EVENT_AFTER_END = "event_after_end"
    CLOSED_TWICE = "closed_twice"
    CONCLUDED_WHILE_SUSPENDED = "concluded_while_suspended"

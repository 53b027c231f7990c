"""What a paper would look like with other words: drawn with invented particulars, without number, code or signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from approval.receipts import About, ReceiptKind, Receipts
from config.catalogue import Catalogue
from config.paper_templates import PaperTemplate, PaperTemplates, power_and_kind
from core.child import Children
from papers.fonts import Fonts
from papers.pictures import draw

WIDTH = 900
NUMBER, CODE, DAY = "样本〔2026〕0号", "23456789ABCDEFGH", date(2026, 3, 16)
# What the places of a template hold in a specimen.
INVENTED = {
    "due": "2026年3月30日", "reason": "申请材料中的场地使用证明已过有效期", "kind": "专家评审", "days": "20",
    "name": "无线电频率占用费", "quantity": "1", "unit": "项", "amount": "500.00", "basis": "财税〔2026〕1号",
    "licence": "无线电台执照", "licence_no": "工信证〔2026〕7号", "identity_no": "91360500MA00000000",
    "term": "自2026年3月16日至2029年3月15日", "medium": "电子证照", "ending": "注销",
    "reference": "POS20260316001", "day": "2026-03-16", "receipt": "工信款〔2026〕1号"}


class Specimens:
    """Each is one of an item of the power its words are for, as the catalogue has it."""

    def __init__(self, receipts: Receipts, templates: PaperTemplates, fonts: Fonts, children: Children,
                 catalogue: Catalogue) -> None:
        self._receipts, self._templates, self._fonts, self._children = receipts, templates, fonts, children
        self._catalogue = catalogue

    def picture(self, name: str, content: Mapping[str, Any]) -> bytes:
        """The first page as PNG. Raises InvalidInput for a template that is not right, FontsMissing."""
        template = PaperTemplate(**self._templates.checked(name, content))
        power, kind = power_and_kind(name)
        about = self._about(power)
        told = {**INVENTED, "result": self._receipts.result(about.power, "granted"),
                "days": self._receipts.word("receipt.days.wd", n=10) if kind == ReceiptKind.EXTENDED else INVENTED["days"]}
        paper = self._receipts.specimen(kind, template, about, NUMBER, DAY, CODE, told)
        return draw(self._children, paper.as_pdf(self._fonts), "application/pdf", 1, WIDTH).png

    def _about(self, power: str) -> About:
        items = self._catalogue.items.values()
        item = next((one for one in items if one.kind == power), None) or next(iter(items))
        return About("360500-样本-0001", 0, "", item.org, item.code, item.kind, "新余市某某有限公司", "城南基站")

"""What a paper would look like with other words: drawn with invented particulars, without number, code or signature."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from approval.receipts import About, Receipts
from config.paper_templates import PaperTemplate, PaperTemplates
from core.child import Children
from papers.fonts import Fonts
from papers.pictures import draw

WIDTH = 900
NUMBER, CODE, DAY = "样本〔2026〕0号", "23456789ABCDEFGH", date(2026, 3, 16)
# What the places of a template hold in a specimen.
INVENTED = {
    "due": "2026年3月30日", "reason": "申请材料中的场地使用证明已过有效期", "kind": "专家评审", "days": "20", "result": "准予",
    "name": "无线电频率占用费", "quantity": "1", "unit": "项", "amount": "500.00", "basis": "财税〔2026〕1号"}


class Specimens:
    """`org` is the unit that seems to issue them."""

    def __init__(self, receipts: Receipts, templates: PaperTemplates, fonts: Fonts, children: Children, org: str,
                 item: str) -> None:
        self._receipts, self._templates, self._fonts, self._children = receipts, templates, fonts, children
        self._about = About("360500-样本-0001", 0, "", org, item, "新余市某某有限公司", "城南基站")

    def picture(self, kind: str, content: Mapping[str, Any]) -> bytes:
        """The first page as PNG. Raises InvalidInput for a template that is not right, FontsMissing."""
        template = PaperTemplate(**self._templates.checked(kind, content))
        paper = self._receipts.specimen(kind, template, self._about, NUMBER, DAY, CODE, INVENTED)
        return draw(self._children, paper.as_pdf(self._fonts), "application/pdf", 1, WIDTH).png

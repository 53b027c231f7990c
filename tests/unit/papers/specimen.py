"""A paper with everything in it."""

from __future__ import annotations

from datetime import date

from papers.official import Heading, Items, OfficialPaper, Paragraph, Table

PAPER = OfficialPaper(
    title="关于对市发展和改革委员会企业投资项目核准等办件超期问题进行督办的通知", number="新监督〔2026〕3号",
    issuer="新余市行政审批电子监察中心", addressee="市发展和改革委员会", date=date(2026, 3, 6),
    body=(
        Paragraph("经电子监察系统监测，你单位承办的下列办件已超过承诺时限，其中1件已超过法定时限。现就有关事项督办如下："),
        Heading("一、督办事项"),
        Table(("办件编号", "事项", "牌别", "应办结时间"),
              (("360500-2026-000123", "企业投资项目核准", "红牌", "2026-02-11 17:30"),
               ("360500-2026-000124", "社会团体成立登记", "黄牌", "2026-02-12 17:30")),
              caption="超期办件清单", widths=(3, 5, 1, 2.4)),
        Heading("二、办理要求"),
        Items(("立即办结上述办件；", "查明超期原因，说明责任人员；", "于2026年3月23日17:30前书面回复。")),
        Paragraph("逾期未回复的，将发出红牌，并追究有关人员责任。")),
    attachments=("办件监察证据清单", "监察规则"), copies_to="市政府办公室", printed_by="新余市行政审批电子监察中心")

"""Every code of the follow-up has its words in both languages, and stands in the glossary."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from config.follow_up import PAPER_KINDS, load_follow_up
from config.texts import LANGUAGES, load_texts
from supervision.complaints.matters import ComplaintAction, ComplaintState, Finding, Satisfaction
from supervision.complaints.service import LETTERS
from supervision.liability import FORMS, Exemption, Fault, Grade, Post, Responsibility
from supervision.liability_service import LiabilityState
from supervision.orders.matters import OrderAction, OrderKind, OrderState
from supervision.sampling import CallResult

RULES = load_follow_up().complaints
GLOSSARY = (Path(__file__).resolve().parents[3] / "docs" / "glossary.md").read_text(encoding="utf-8")
CODES: dict[str, Iterable[str]] = {
    "order_kind": OrderKind, "order_state": OrderState, "order_action": OrderAction, "complaint_kind": LETTERS,
    "complaint_category": RULES.categories, "complaint_body": RULES.bodies, "complaint_state": ComplaintState,
    "complaint_action": ComplaintAction, "complaint_finding": Finding, "complaint_satisfaction": Satisfaction,
    "liability.fault": Fault, "liability.responsibility": Responsibility, "liability.grade": Grade, "liability.post": Post,
    "liability.state": LiabilityState, "liability.exemption": Exemption, "sample_result": CallResult,
    "liability.form": [form for forms in FORMS.values() for form in forms],
}
IN_GLOSSARY = {"order_kind": OrderKind, "order_state": OrderState, "complaint_state": ComplaintState,
               "complaint_kind": LETTERS, "liability.responsibility": Responsibility, "liability.grade": Grade}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("group", CODES)
def test_every_code_has_its_words(group: str, language: str):
    texts = load_texts()[language]

    assert [code for code in CODES[group] if not texts.has(f"{group}.{code}")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cell_of_the_matrix_has_its_reason(language: str):
    texts = load_texts()[language]

    assert [(fault, post) for fault in Fault for post in Post if not texts.has(f"liability.reason.matrix.{fault}.{post}")] == []


@pytest.mark.parametrize("kind", PAPER_KINDS)
def test_every_kind_of_paper_can_be_composed(kind: str):
    texts = load_texts()["zh"]

    assert [part for part in ("title", "lead", "close") if not texts.has(f"paper.{kind}.{part}")] == []


@pytest.mark.parametrize("group", IN_GLOSSARY)
def test_the_glossary_explains_the_codes_with_the_same_chinese(group: str):
    texts = load_texts()["zh"]

    missing = [code for code in IN_GLOSSARY[group] if f"| {code} | {texts.get(f'{group}.{code}')} |" not in GLOSSARY]
    assert missing == []

"""Words of papers, edited: checked, versioned, for papers from their day on; what was issued never changes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from config.models import rejudgements
from config.paper_templates import PaperTemplate, PaperTemplates
from config.texts import load_texts
from config.versions import Kind, read_revision
from core.access import Actor, Role
from core.errors import InvalidInput
from dashboard.pages import documents
from dashboard.words import words_of
from papers.models import papers
from papers.official import OfficialPaper, Paragraph
from tests.hosting import HALL, Hall

ADMIN, SECOND = (Actor(name, frozenset({Role.ADMINISTRATOR})) for name in ("sun", "qian"))
TODAY = date(2026, 3, 16)
WORDS = {"title": "受理决定书", "clauses": "{org}决定受理你（单位）的申请。\n承诺于{due}前办结。",
         "closing": "请保持电话畅通。", "remedies": ""}


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def edit(hall: Hall, content: dict[str, Any] | None = None, since: date = TODAY, kind: str = "accepted") -> Any:
    return hall.services.editing.propose(Kind.PAPER, kind, content or WORDS, effective_from=since, reason="统一用语",
                                         actor=ADMIN)


def paper(hall: Hall, case_no: str) -> Any:
    """The last paper of a case, as the register has it."""
    number = hall.detail(case_no).receipts[-1].number
    with hall.services.database.read() as conn:
        return msgspec.json.decode(conn.scalar(select(papers.c.content).where(papers.c.number == number)), type=OfficialPaper)


def words(found: Any) -> str:
    return "\n".join(block.text for block in found.body if isinstance(block, Paragraph))


def test_without_an_edit_a_paper_says_what_was_shipped_and_names_version_0(hall: Hall):
    found = paper(hall, hall.accepted())
    assert (found.title, found.template) == ("受理通知书", "accepted/0")
    assert "决定予以受理。承诺办结期限为2026年3月30日" in words(found)


def test_an_edit_is_for_papers_from_its_day_on_and_what_was_issued_stays(hall: Hall):
    before = hall.accepted()
    old = hall.services.follow_up.papers.file(hall.detail(before).receipts[-1].number, "docx")
    edit(hall, since=date(2026, 3, 17))
    assert paper(hall, hall.accepted()).template == "accepted/0"
    hall.on(17)
    found = paper(hall, hall.accepted())
    assert (found.title, found.template) == ("受理决定书", "accepted/1")
    assert "局决定受理你（单位）的申请。\n承诺于2026年3月31日" in words(found) or "委员会决定受理" in words(found)
    assert words(found).index("请保持电话畅通") < words(found).index("校验码")
    assert paper(hall, before).template == "accepted/0"
    assert hall.services.follow_up.papers.file(hall.detail(before).receipts[-1].number, "docx") == old


def test_an_edit_has_no_case_judged_anew(hall: Hall):
    edit(hall)
    with hall.services.database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(rejudgements)) == 0


def test_where_two_administrators_are_needed_nothing_changes_before_the_second(tmp_path: Path):
    hall = Hall(tmp_path)
    for person in (ADMIN, SECOND):
        hall.services.accounts.create(person.name, "Admin-2026-pass", display_name=person.name,
                                      roles=[Role.ADMINISTRATOR])
    version = edit(hall)
    assert paper(hall, hall.accepted()).template == "accepted/0"
    hall.services.editing.confirm(Kind.PAPER, "accepted", version.number, actor=SECOND)
    assert paper(hall, hall.accepted()).template == "accepted/1"


@pytest.mark.parametrize(("field", "text", "code"), [
    ("title", "", "template_title_invalid"), ("title", "两行\n标题", "template_title_invalid"),
    ("title", "长" * 61, "template_title_invalid"), ("clauses", "", "template_place_missing"),
    ("clauses", "予以受理。", "template_place_missing"), ("clauses", "{due}{password}", "template_place_unknown"),
    ("closing", "{", "template_place_unknown"), ("remedies", "{due.__class__}", "template_place_unknown"),
    ("closing", "长" * 2001, "template_too_long")])
def test_what_would_make_a_wrong_paper_is_refused_at_its_field(hall: Hall, field: str, text: str, code: str):
    with pytest.raises(InvalidInput) as refusal:
        edit(hall, {**WORDS, field: text})
    assert (refusal.value.code, refusal.value.details["key"]) == (code, field)


def test_what_an_applicant_wrote_is_never_read_as_a_place():
    template = PaperTemplate("x", "{applicant} {reason}")
    assert template.filled(template.clauses, {"applicant": "{reason}", "reason": "r"}) == "{reason} r"


def test_every_kind_of_paper_can_be_edited_from_its_own_words(hall: Hall):
    for kind, template in hall.services.editing.shipped.papers.shipped.items():
        content = hall.services.editing.present(Kind.PAPER, kind)[1]
        assert hall.services.editing.shipped.papers.checked(kind, content) == content
        assert template.title


def test_the_remedies_of_a_refusal_name_the_terms_of_the_law(hall: Hall):
    case_no = hall.file()
    hall.approval.intake.refuse(case_no, hall.rev(case_no), "不属于本机关职权", HALL)
    assert "六十日内依法申请行政复议，或者在六个月内" in words(paper(hall, case_no))


def test_the_page_draws_the_finished_paper_while_it_is_written(hall: Hall):
    t = words_of(hall.services.texts, "zh")
    picture, problem = documents.drawn(hall.services, "accepted", WORDS, t)
    assert picture.startswith("data:image/png;base64,")
    assert problem == ""
    picture, problem = documents.drawn(hall.services, "accepted", {**WORDS, "clauses": "{nobody} {due}"}, t)
    assert picture == ""
    assert "{nobody}" in problem


def test_every_place_of_every_kind_is_named_in_both_languages(hall: Hall):
    templates = hall.services.editing.shipped.papers
    places = {place for kind in templates.shipped for place in templates.allowed(kind)}
    for language in load_texts().values():
        assert [place for place in places if not language.has(f"rules_page.place.{place}")] == []


def test_papers_of_a_power_with_words_of_its_own_are_edited_apart(hall: Hall):
    edit(hall, kind="penalty.decision", content={"title": "行政处罚决定书", "clauses": "决定：{result}。因为：{reason}。"})
    templates = hall.services.editing.shipped.papers
    with hall.services.database.read() as conn:
        revision = read_revision(conn)
        name, version, words = templates.find(conn, "decision", "penalty", TODAY, revision)
        others = [templates.find(conn, "decision", power, TODAY, revision)[:2] for power in ("permit", "inspection", "")]
    assert (name, version, words.clauses) == ("penalty.decision", 1, "决定：{result}。因为：{reason}。")
    assert others == [("decision", 0), ("inspection.decision", 0), ("decision", 0)]


def test_words_that_are_kept_hold_until_others_are_confirmed_or_their_day_comes(hall: Hall):
    templates = hall.services.editing.shipped.papers

    def found(day: date) -> int:
        with hall.services.database.read() as conn:
            return templates.find(conn, "accepted", "permit", day, read_revision(conn))[1]

    before = (found(TODAY), found(TODAY))
    edit(hall)
    assert (before, found(TODAY), found(TODAY - timedelta(days=1)), found(TODAY)) == ((0, 0), 1, 0, 1)


def test_remedies_of_a_licence_are_not_lent_to_papers_that_word_themselves():
    shipped = PaperTemplates(load_texts()["zh"]).shipped
    assert "复议" in shipped["decision"].remedies
    assert shipped["inspection.decision"].remedies == ""
    assert shipped["collection.decision"].remedies == shipped["decision"].remedies  # its title alone is its own
    assert "复议" in shipped["penalty.decision"].remedies


def test_every_shipped_template_can_be_drawn_and_saved_as_it_is(hall: Hall):
    templates = hall.services.editing.shipped.papers
    for name, template in templates.shipped.items():
        assert templates.checked(name, asdict(template)) == asdict(template)
    png, said = documents.drawn(hall.services, "penalty.decision", asdict(templates.shipped["penalty.decision"]),
                                words_of(hall.services.texts, "zh"))
    assert (png[:22], said) == ("data:image/png;base64,", "")

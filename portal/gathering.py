"""What an applicant has put together for a correction and not sent yet: a draft only his browser has the key of."""

from __future__ import annotations

from approval.corrections import Answer
from approval.matters import Draft
from config.item_form import PREFIX
from core.errors import NotFound
from portal.cookies import CORRECTION
from portal.desk import CaseView
from portal.parts import Portal

WORDS = "words"


def gathered(portal: Portal, seen: CaseView) -> Draft | None:
    """None where nothing is kept, or what is kept belongs to another item."""
    try:
        draft = kept_under(portal, seen, portal.cookies.draft(CORRECTION))
    except NotFound:
        return None
    return draft if draft.item == seen.head.item else None


def kept_under(portal: Portal, seen: CaseView, key: str) -> Draft:
    """What is gathered under that key for this notice: files for another one, which this browser opened before, are not. Raises
    NotFound."""
    return portal.desk.drafts.find(key).only({one.code for one in seen.asked})


def answer_of(seen: CaseView, draft: Draft | None, *, is_withheld: bool = False) -> Answer:
    """The answer this draft would be: a field it does not know says what it said before."""
    if draft is None:
        return Answer(rest_withheld=is_withheld)
    fields = {one.code: draft.values.get(f"{PREFIX}{one.code}", one.value) for one in seen.notice.fields}
    return Answer(tuple(one.code for one in draft.uploads), fields, draft.values.get(WORDS, ""), is_withheld)

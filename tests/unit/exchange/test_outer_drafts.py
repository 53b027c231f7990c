"""Two uploads at a time: both files are in the draft, whoever of them is scanned longer."""

from __future__ import annotations

from typing import IO

import pytest

from approval.materials import Upload
from tests.hosting import ITEM
from tests.pair import PDF, Pair


def test_a_file_that_came_while_another_was_scanned_is_not_lost(pair: Pair):
    drafts, key = pair.desk.drafts, pair.desk.drafts.begin(ITEM)
    others = list[Upload]()

    def meanwhile(_content: IO[bytes]) -> str:
        pair.site.drafts._materials._scan = None
        others.append(drafts.attach(key, "jishu", "技术.pdf", PDF + b"2"))
        return ""
    pair.site.drafts._materials._scan = meanwhile
    first = drafts.attach(key, "shenqing", "申请.pdf", PDF)
    assert set(drafts.find(key).uploads) == {first, *others}


@pytest.mark.parametrize("end", ["inside", "outside"])
def test_a_file_that_came_since_the_draft_was_looked_at_is_not_lost(pair: Pair, monkeypatch: pytest.MonkeyPatch, end: str):
    """The draft is looked at in the transaction that writes it; what was looked at before counts for nothing."""
    drafts = pair.hall.approval.drafts if end == "inside" else pair.site.drafts
    key = drafts.begin(ITEM)
    first = drafts.attach(key, "shenqing", "申请.pdf", PDF)
    before, second = drafts.find(key), drafts.attach(key, "jishu", "技术.pdf", PDF)
    with monkeypatch.context() as patch:
        patch.setattr(drafts, "find", lambda _key: before)
        third = drafts.attach(key, "yingye", "执照.pdf", PDF)
        drafts.detach(key, "shenqing", first.sha256)
    assert drafts.find(key).uploads == (second, third)

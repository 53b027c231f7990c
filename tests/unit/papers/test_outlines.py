"""Outlines written out by moving bytes draw what they drew before, in the faces of papers; what is unusual is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont

from papers import fonts as faces
from papers.fonts import EVERYDAY, FACES, Fonts
from papers.outlines import UnusualOutline, write_out

CHOSEN = frozenset("督办通知书一鼋鼍饕餮A，。") | frozenset(sorted(EVERYDAY)[::40])


def drawn(font: TTFont) -> dict[str, list[object]]:
    glyphs, found = font.getGlyphSet(), {}
    for name in font.getGlyphOrder():
        pen = RecordingPen()
        glyphs[name].draw(pen)
        found[name] = [glyphs[name].width, *pen.value]
    return found


@pytest.mark.parametrize("use", FACES)
def test_every_outline_is_what_it_was(use: str, tmp_path: Path):
    if Fonts().missing():
        pytest.skip("no Chinese fonts: scripts/setup test brings them")
    face = Fonts()._face(use)
    faces._write_copy(face, CHOSEN, tmp_path / "quick.otf")
    slow = faces._cut(face, CHOSEN, by_font_tools=True)
    slow.save(tmp_path / "slow.otf")
    slow.close()
    with TTFont(tmp_path / "quick.otf") as quick, TTFont(tmp_path / "slow.otf") as slow:
        assert len(quick.getGlyphOrder()) == len(CHOSEN) + 1
        assert drawn(quick) == drawn(slow)
    assert (tmp_path / "quick.otf").stat().st_size < 1.1 * (tmp_path / "slow.otf").stat().st_size, "subroutines were left in it"


def test_the_characters_of_gb_2312_are_all_there():
    assert len(EVERYDAY) == 6763
    assert {"啊", "座", "齄", "婷", "喆"} - EVERYDAY == {"喆"}


def font_of(*outlines: bytes, subroutines: tuple[bytes, ...] = ()) -> dict[str, object]:
    """As much of an opened CFF font as is looked at."""
    private = SimpleNamespace(Subrs=[SimpleNamespace(bytecode=code) for code in subroutines], rawDict={})
    glyphs = {str(place): SimpleNamespace(bytecode=code, private=private) for place, code in enumerate(outlines)}
    top = SimpleNamespace(GlobalSubrs=_Empty(), CharStrings=glyphs, Private=private)
    return {"CFF ": SimpleNamespace(cff=SimpleNamespace(topDictIndex=[top]))}


class _Empty(list[object]):
    items: list[object] = []  # as fontTools calls it


@pytest.mark.parametrize("code", [
    bytes((139, 139, 12, 10, 14)),             # add: where a number is computed, its bytes say nothing
    bytes((139, 139, 139, 139, 14)),           # endchar with a letter and an accent
    bytes((10, 14)),                           # a call of nothing
    bytes((139, 10, 14)),                      # a subroutine that is not there
])
def test_what_is_unusual_is_left_to_font_tools_and_untouched(code: bytes):
    font = font_of(bytes((32, 10, 14)), code, subroutines=(bytes((139, 22, 11)),))
    top = font["CFF "].cff.topDictIndex[0]  # type: ignore[attr-defined]
    with pytest.raises(UnusualOutline):
        write_out(font)
    assert [glyph.bytecode for glyph in top.CharStrings.values()] == [bytes((32, 10, 14)), code]
    assert len(top.Private.Subrs) == 1


def test_a_call_is_replaced_by_what_it_calls_and_bits_of_masks_are_skipped():
    subroutine = bytes((140, 141, 18, 11))   # two numbers and hstemhm
    outline = bytes((32, 10, 139, 139, 19, 10, 139, 22, 14))  # …, vstem implied, a mask whose bits look like a call
    font = font_of(outline, subroutines=(subroutine,))
    write_out(font)
    top = font["CFF "].cff.topDictIndex[0]  # type: ignore[attr-defined]
    assert top.CharStrings["0"].bytecode == bytes((140, 141, 18, 139, 139, 19, 10, 139, 22, 14))
    assert not hasattr(top.Private, "Subrs")
